"""What the invented cases are about. No names, no door numbers: those stand in sealed values.

The matters themselves are in `matters.csv` beside this file.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

_FILE: Final = "matters.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """A matter: category, subject line, what happened, what would settle it."""

    process: str
    category: str
    subject: str
    story: str
    settles: str


@cache
def of(process: str) -> tuple[Matter, ...]:
    """The matters of one process."""
    text = (resources.files("api.demo") / _FILE).read_text("utf-8")
    rows = (Matter(**row) for row in csv.DictReader(text.splitlines()))
    return tuple(matter for matter in rows if matter.process == process)


PLACES: Final = ("居民楼", "小区广场", "沿街门面", "老家属院", "村道旁", "活动中心")
SESSIONS: Final = (
    "双方到场，各讲了一遍经过，对责任没有一致意见，约定各自再想一想。",
    "到现场看过，双方同意先分清事实，再谈费用。",
    "分别谈话后再一起谈，情绪缓和，差距缩小。",
    "请来懂行的邻居一起看，双方对原因没有异议，只差金额。",
    "一方要求较高，另一方只愿承担一部分，下次再谈。",
)
APART: Final = (
    "双方金额相差较大，都不愿再让。",
    "一方坚持走法律途径。",
    "对责任各执一词，没有新的证据。",
)
VISITS: Final = (
    "已按协议做好，双方没有新的意见。",
    "看过现场，已经恢复。",
    "电话联系双方，都说已经办妥。",
)
WORDS: Final = ("谢谢调解员跑了好几趟。", "处理得比较公道。", "希望再快一点。", "能坐下来谈就好。")
MEASURES: Final = (
    "带队到现场核实，请相关单位一起定方案，每周通一次进度。",
    "先解决安全问题，再分步处理费用；指定专人联系双方。",
    "约双方面谈，请律师到场说明法律规定，力争一次谈成。",
)
