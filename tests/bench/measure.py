"""Programs side by side: run in turn, round after round, and compared round by round.

A machine that others share swings by a factor within minutes; the ratio of two programs that
ran one after the other does not.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Final, Literal, TypeVar

from workflow.db import sqlite

ROUNDS: Final = 5
Dialect = Literal["sqlite", "postgresql"]
Program = Callable[[int], float]
"""One pass of a program, given the pass's number: a rate or a time."""
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured path. `ratio` is ours to the floor's, None where there is no floor;
    `spread` the lowest and highest ratio (or figure) of any round."""

    name: str
    ratio: float | None
    floor: float | None
    ours: float
    unit: str
    spread: tuple[float, float]
    database: str


def interleaved(
    programs: Mapping[str, Program], *, rounds: int, passes: int = 1
) -> dict[str, list[float]]:
    """Each program's figures: of a round, the median of its passes, in each of which all run in
    turn. Every pass begins with another one, so that none has the warm place for itself; a round
    before the first warms all up and is not counted."""
    names = list(programs)
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds + 1):
        taken: dict[str, list[float]] = {name: [] for name in names}
        for step in range(number * passes, (number + 1) * passes):
            turn = step % len(names)
            for name in names[turn:] + names[:turn]:
                taken[name].append(programs[name](step))
        if number:
            for name, figures in taken.items():
                found[name].append(statistics.median(figures))
    return found


def compared(
    name: str,
    *,
    floor: Sequence[float],
    ours: Sequence[float],
    unit: str,
    database: str,
) -> Figure:
    """Ours beside the floor: the median of the ratios of each round."""
    ratios = [mine / bare for mine, bare in zip(ours, floor, strict=True)]
    return Figure(
        name=name,
        ratio=statistics.median(ratios),
        floor=statistics.median(floor),
        ours=statistics.median(ours),
        unit=unit,
        spread=(min(ratios), max(ratios)),
        database=database,
    )


def plain(name: str, *, ours: Sequence[float], unit: str, database: str) -> Figure:
    """A figure that stands alone."""
    return Figure(
        name=name,
        ratio=None,
        floor=None,
        ours=statistics.median(ours),
        unit=unit,
        spread=(min(ours), max(ours)),
        database=database,
    )


def line(figure: Figure) -> str:
    """`name ratio floor ours`, with unit, spread and database."""
    ratio = "-" if figure.ratio is None else f"{figure.ratio:.2f}"
    floor = "-" if figure.floor is None else _short(figure.floor)
    low, high = (_short(value) for value in figure.spread)
    return (
        f"{figure.name:<44} {ratio:>7} {floor:>9} {_short(figure.ours):>9}  "
        f"{figure.unit}, {low} to {high}, {figure.database}"
    )


def rows(figures: Sequence[Figure]) -> str:
    """The figures as JSON."""
    return json.dumps([asdict(figure) for figure in figures], indent=1)


def machine() -> str:
    """Where this was measured, and how busy it was."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{_cpu()}, {os.cpu_count()} cores, load {load}, "
        f"Python {platform.python_version()}, SQLite {sqlite.DRIVER.sqlite_version}"
    )


def each(work: Callable[[_Item], object], items: Sequence[_Item], *, threads: int) -> float:
    """How many items a second so many threads get through: the median of all stretches of one
    item a thread, so that a machine standing still spoils a stretch and not the figure."""
    shares = [items[n::threads] for n in range(threads)]
    begun = time.perf_counter()

    def run(share: Sequence[_Item]) -> list[float]:
        ends = []
        for item in share:
            work(item)
            ends.append(time.perf_counter())
        return ends

    with ThreadPoolExecutor(threads) as pool:
        ends = sorted(end for found in pool.map(run, shares) for end in found)
    stretch = threads
    marks = [begun, *ends[stretch - 1 :: stretch]]
    return statistics.median(stretch / (end - start) for start, end in itertools.pairwise(marks))


def cpu_us(work: Callable[[], object], *, times: int) -> float:
    """Microseconds of CPU that one call takes."""
    begun = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - begun) / times * 1e6


@contextmanager
def told(what: str, *, say: Callable[[str], None]) -> Iterator[None]:
    """Says what takes long, and how long it took."""
    begun = time.perf_counter()
    yield
    say(f"# {what}: {time.perf_counter() - begun:.1f} s")


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = [row.partition(":")[2].strip() for row in file if row.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()
