"""The district: 湖北省十堰市张湾区 with its ten streets and 121 communities, under real codes.

Source: `areas-420303-zhangwan.csv` beside this file, taken from the 统计用区划代码 of 国家统计局
(code, level, name, parent). Towns and development zones stand at street level, as they do
there. The three grids under each community are ours: community code + 3 digits.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib import resources
from typing import Final

from workflow.commands import office

CITY: Final = "4203"
DISTRICT: Final = "420303"
STREET: Final = "420303001"
"""花果街道, where the story plays."""
COMMUNITY: Final = "420303001002"
"""花果园社区, where it begins."""
GRID: Final = COMMUNITY + "001"

_FILE: Final = "areas-420303-zhangwan.csv"
_GRIDS: Final = 3
_SUFFIXES: Final = (("社区居民委员会", "社区"), ("村委会", "村"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Areas:
    """The district's areas by level, parents first."""

    all: tuple[office.NewArea, ...]

    def at(self, level: str) -> tuple[office.NewArea, ...]:
        """The areas of one level."""
        return tuple(area for area in self.all if area.level == level)


def read() -> Areas:
    """The areas of the file, with three grids under each community."""
    text = (resources.files("api.demo") / _FILE).read_text("utf-8")
    given = tuple(
        office.NewArea(
            code=row["code"],
            name=_short(row["name"]),
            level=row["level"],
            parent_code=row["parent_code"] or None,
        )
        for row in csv.DictReader(text.splitlines())
    )
    grids = (grid for area in given if area.level == "community" for grid in _grids(area))
    return Areas(all=(*given, *grids))


def _grids(community: office.NewArea) -> tuple[office.NewArea, ...]:
    return tuple(
        office.NewArea(
            code=f"{community.code}{n:03}",
            name=f"{community.name}第{n}网格",
            level="grid",
            parent_code=community.code,
        )
        for n in range(1, _GRIDS + 1)
    )


def _short(name: str) -> str:
    """花果园社区居民委员会 is the committee; the area is 花果园社区."""
    for ending, short in _SUFFIXES:
        if name.endswith(ending):
            return name.removesuffix(ending) + short
    return name
