"""What the figures of a board say: lights by area, level and office, who holds what, the ladder
lately, the days, and what offices answer for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from rules import pack as pack_
from workflow import read
from workflow.queries import places, worklist
from workflow.queries.board import figures

LIGHTS: Final = ("green", "yellow", "red", "grey")
EFFECTS: Final = ("warn", "urge", "supervise", "raise", "leader")
TALLIES: Final = ("missed", "returned", "paused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lights:
    """Open cases by light."""

    green: int = 0
    yellow: int = 0
    red: int = 0
    grey: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.green + self.yellow + self.red + self.grey


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaLine:
    """An area below the one looked at, with the open cases led in it."""

    code: str
    name: str
    lights: Lights


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelLine:
    """The open cases led by offices of one level: `depth` is that of their areas, 1 at the top,
    `level` its name as areas have it."""

    depth: int
    level: str
    lights: Lights


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeLine:
    """An office with what it leads, what it has received but not accepted, and since when the
    oldest of these waits."""

    office_id: UUID
    name: str
    lights: Lights
    unaccepted: int
    waits_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerLine:
    """A person with the open cases of the office in their hands; None: nobody's yet."""

    person_id: UUID | None
    name: str | None
    lights: Lights


@dataclass(frozen=True, slots=True, kw_only=True)
class RungCount:
    """How often an effect fired lately, and the worst lateness in seconds."""

    effect: str
    n: int
    max_late_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Open and overdue cases at the beginning of a local day. Restricted cases are not counted;
    those that the person is recused from are: the past has no names."""

    counted_on: date
    open: int
    overdue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What an office answers for in one month: limits missed while it held the case, cases that
    were returned, days on which clocks of its cases stood still."""

    missed: int = 0
    returned: int = 0
    paused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FairLine:
    """An office's account, this month and the last."""

    office_id: UUID
    name: str
    now: Month
    before: Month


@dataclass(frozen=True, slots=True, kw_only=True)
class StillLine:
    """Cases whose clock stands still now: since which pause, and the state that lists them
    (`process.state`)."""

    reason: pack_.Text
    state: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """All that the figures of a place say."""

    total: Lights
    levels: tuple[LevelLine, ...]
    areas: tuple[AreaLine, ...]
    offices: tuple[OfficeLine, ...]
    handlers: tuple[HandlerLine, ...]
    still: tuple[StillLine, ...]
    stuck_count: int
    queued_notices: int
    dead_notices: int
    ladder: tuple[RungCount, ...]
    trend: tuple[Day, ...]
    fairness: tuple[FairLine, ...]


def read_figures(
    found: Sequence[figures.Figure],
    *,
    at: read.House,
    place: places.Place,
    office: places.Seated | None,
) -> dict[str, Any]:
    """The values of `Lines`, for the board that has more."""
    by = _grouped(found, lambda row: row.what)
    pack = at.rules.pack
    here = {it.id for it in place.offices} if office is None else {office.id}
    opened = [row for row in by.get("open", ()) if row.office_id in here and not _is_end(pack, row)]
    counted = {name: sum(row.n for row in by.get(name, ())) for name in ("stuck", "queued", "dead")}
    return {
        "total": _lights(opened),
        "levels": _levels(opened, place),
        "areas": _areas(opened, place),
        "offices": _offices(opened, by.get("waiting", ()), pack=pack, place=place),
        "handlers": _handlers(by.get("held", ())),
        "still": _still(opened, pack),
        "stuck_count": counted["stuck"],
        "queued_notices": counted["queued"],
        "dead_notices": counted["dead"],
        "ladder": _ladder(by.get("fired", ())),
        "trend": _trend(by.get("trend", ())),
        "fairness": _fairness(by.get("tally", ()), place=place, month=figures.month_of(at.today)),
    }


_Key = TypeVar("_Key", bound=Hashable)


def _grouped(
    rows: Iterable[figures.Figure], key: Callable[[figures.Figure], _Key]
) -> dict[_Key, list[figures.Figure]]:
    grouped: dict[_Key, list[figures.Figure]] = {}
    for row in rows:
        grouped.setdefault(key(row), []).append(row)
    return grouped


def _is_end(pack: pack_.Pack, row: figures.Figure) -> bool:
    """Whether the cases of a row are closed: the roll-up keeps them too. One whose last paper
    waits to be served is not, and has a light."""
    process = pack.processes.get(row.process)
    state = process.states.get(row.word) if process else None
    return state is not None and state.end and row.light == "grey"


def _lights(rows: Iterable[figures.Figure]) -> Lights:
    sums = dict.fromkeys(LIGHTS, 0)
    for row in rows:
        sums[row.light] += row.n
    return Lights(**sums)


def _levels(opened: Sequence[figures.Figure], place: places.Place) -> tuple[LevelLine, ...]:
    offices = {office.id: office for office in place.offices}
    grouped = _grouped(opened, lambda row: len(offices[row.office_id].path))
    names = {len(office.path): office.level for office in place.offices}
    return tuple(
        LevelLine(depth=depth, level=names[depth], lights=_lights(grouped.get(depth, ())))
        for depth in sorted(names)
    )


def _areas(opened: Sequence[figures.Figure], place: places.Place) -> tuple[AreaLine, ...]:
    paths = {office.id: office.path for office in place.offices}
    grouped = _grouped(opened, lambda row: "".join(paths[row.office_id][place.depth :][:1]))
    return tuple(
        AreaLine(code=area.code, name=area.name, lights=_lights(grouped.get(area.code, ())))
        for area in place.below
    )


def _offices(
    opened: Sequence[figures.Figure],
    waiting: Sequence[figures.Figure],
    *,
    pack: pack_.Pack,
    place: places.Place,
) -> tuple[OfficeLine, ...]:
    """The most overdue first."""
    states = set(worklist.unaccepted(pack))
    since = _grouped((row for row in waiting if row.at is not None), lambda row: row.office_id)
    lines_ = [
        OfficeLine(
            office_id=office_id,
            name=place.names[office_id],
            lights=lights,
            unaccepted=sum(row.n for row in rows if (row.process, row.word) in states),
            waits_since=min((row.at for row in since.get(office_id, ())), default=None),
        )
        for office_id, rows in _grouped(opened, lambda row: row.office_id).items()
        if (lights := _lights(rows)).total
    ]
    return tuple(sorted(lines_, key=lambda it: (-it.lights.red, -it.lights.total, it.name)))


def _handlers(held: Sequence[figures.Figure]) -> tuple[HandlerLine, ...]:
    """The most overdue first; what nobody holds at the end."""
    lines_ = [
        HandlerLine(person_id=person_id, name=rows[0].name, lights=_lights(rows))
        for person_id, rows in _grouped(held, lambda row: row.person_id).items()
    ]
    return tuple(
        sorted(
            lines_,
            key=lambda it: (it.name is None, -it.lights.red, -it.lights.total, it.name or ""),
        )
    )


def _still(opened: Sequence[figures.Figure], pack: pack_.Pack) -> tuple[StillLine, ...]:
    """By the state into which the start of a pause leads."""
    reasons = _pausing(pack)
    grouped = _grouped(opened, lambda row: (row.process, row.word))
    return tuple(
        StillLine(reason=reason, state=".".join(state), n=n)
        for state, reason in reasons.items()
        if (n := sum(row.n for row in grouped.get(state, ())))
    )


def _pausing(pack: pack_.Pack) -> Mapping[tuple[str, str], pack_.Text]:
    found: dict[tuple[str, str], pack_.Text] = {}
    for rule in pack.deadlines.values():
        for pause in rule.pauses:
            state = pack.processes[rule.process].actions[pause.starts].to
            if state is not None:
                found[rule.process, state] = pause.name
    return found


def _ladder(fired: Sequence[figures.Figure]) -> tuple[RungCount, ...]:
    grouped = _grouped(fired, lambda row: row.word)
    return tuple(
        RungCount(
            effect=effect,
            n=sum(row.n for row in rows),
            max_late_s=max((int((row.until - row.at).total_seconds()) for row in rows), default=0),
        )
        for effect in (*EFFECTS, *sorted(grouped.keys() - set(EFFECTS)))
        for rows in [grouped.get(effect, [])]
    )


def _trend(days: Sequence[figures.Figure]) -> tuple[Day, ...]:
    found = sorted(days, key=lambda row: row.counted_on)
    return tuple(Day(counted_on=row.counted_on, open=row.n, overdue=row.red) for row in found)


def _fairness(
    tallies: Sequence[figures.Figure], *, place: places.Place, month: int
) -> tuple[FairLine, ...]:
    """The offices that answer for something, by name: no ranking."""
    lines_ = [
        FairLine(
            office_id=office_id,
            name=place.names[office_id],
            now=_month(row for row in rows if row.month == month),
            before=_month(row for row in rows if row.month < month),
        )
        for office_id, rows in _grouped(tallies, lambda row: row.office_id).items()
    ]
    return tuple(sorted(lines_, key=lambda it: it.name))


def _month(rows: Iterable[figures.Figure]) -> Month:
    return Month(**{row.word: row.n for row in rows})
