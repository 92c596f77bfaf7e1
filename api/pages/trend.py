"""The trend of a board as a picture: two lines over days, drawn by the template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workflow.queries import board as board_query

CHART: Final = (600, 160)
"""Width and height of the trend, in SVG units, without its labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The trend as a picture: two lines, and the marks of its axes."""

    open: str
    overdue: str
    marks: tuple[tuple[float, int], ...]
    first: board_query.Day
    last: board_query.Day


def chart(days: Sequence[board_query.Day]) -> Chart | None:
    """None of less than two days: a line needs them."""
    if len(days) < 2:
        return None
    top = _round_up(max(day.open for day in days))
    return Chart(
        open=_path([day.open for day in days], top),
        overdue=_path([day.overdue for day in days], top),
        marks=tuple((round(_y(n, top), 1), n) for n in (0, top // 2, top)),
        first=days[0],
        last=days[-1],
    )


def _round_up(n: int) -> int:
    """An even number at or above it, for a mark in the middle."""
    step: int = max(2, 10 ** (len(str(n)) - 1))
    return max(step, -(-n // step) * step)


def _y(n: int, top: int) -> float:
    return CHART[1] * (1 - n / top)


def _path(numbers: Sequence[int], top: int) -> str:
    step = CHART[0] / (len(numbers) - 1)
    points = (f"{round(i * step, 1)} {round(_y(n, top), 1)}" for i, n in enumerate(numbers))
    return f"M{' L'.join(points)}"
