"""Counts what was lost, what came twice and what came early, from what is stored at the end.

What should have fired is planned anew from the deadlines as they stand, by `rules.ladders` alone;
the engine's notes of what it has fired (`deadline.fired`, `next_at`) are not asked. A rung counts
by its row, by its event and by the notice to its target: the row's key cannot show a doubled event
or notice.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import select

from rules import ladders
from tests import office as small
from tests.workflow import look
from workflow import audit, auditor, db, read
from workflow.decide import DeadlineRow, EscalationRow, pauses
from workflow.decide.facts import PASSED
from workflow.tables import case as case_tables
from workflow.tables import delivery

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
_DEADLINE: Final = case_tables.Deadline.__table__  # type: ignore[attr-defined]
_RUNG: Final = case_tables.Escalation.__table__  # type: ignore[attr-defined]
_EVENT: Final = case_tables.Event.__table__.c  # type: ignore[attr-defined]
_NOTICE: Final = delivery.Notice.__table__.c  # type: ignore[attr-defined]

CASES: Final = select(_CASE.id, _CASE.pack_hash, _CASE.version, _CASE.acted_version, _CASE.seq)
EVENTS: Final = select(
    _EVENT.case_id, _EVENT.seq, _EVENT.at, _EVENT.name, _EVENT.action_id, _EVENT.payload
).order_by(_EVENT.case_id, _EVENT.seq)
NOTICES: Final = select(
    _NOTICE.case_id,
    _NOTICE.seq,
    _NOTICE.cause,
    _NOTICE.receiver_id,
    _NOTICE.state,
    _NOTICE.tries,
    _NOTICE.queued_at,
)
SHOWN: Final = 5
"""How many places are named of a kind of trouble."""


class Key(NamedTuple):
    """What may fire once: a rung and its repetition, or with rung -1 the limit itself."""

    case_id: UUID
    no: int
    cycle: int
    rung: int
    repetition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of what was due. `wrong` is what has no count of its own."""

    fired: int = 0
    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    early: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    late_s: tuple[float, ...] = ()
    """Of each rung that fired after a fault: seconds since it was planned, or since the fault was
    over where that was later."""

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(
            fired=self.fired + other.fired,
            lost=self.lost + other.lost,
            doubled=self.doubled + other.doubled,
            early=self.early + other.early,
            wrong=self.wrong + other.wrong,
            late_s=self.late_s + other.late_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Everything that the judgement is about, read at one moment."""

    deadlines: Mapping[tuple[UUID, int], DeadlineRow]
    planned: Mapping[Key, datetime]
    """When each thing should fire, whatever the moment."""
    blocked: frozenset[Key]
    """What nobody could take, and was told as such."""
    passed: frozenset[Key]
    """Rungs with criteria that did not hold."""
    rungs: Mapping[Key, EscalationRow]
    events: Sequence[Any]
    notices: Sequence[Any]
    cases: Sequence[Any]


def judge(
    district: small.District,
    *,
    at: datetime,
    faults: Sequence[tuple[datetime, datetime]] = (),
    sample: int = 20,
) -> Verdict:
    """The verdict on a whole office, all of which was swept at office time `at` or later, and at
    which nobody works now. Of `sample` cases every invariant is checked as well."""
    with db.snapshot(district.engine.database) as tx:
        stored = _stored(tx)
    return Verdict(
        fired=len(stored.rungs),
        lost=(*_lost(stored, at), *_unsaid(stored, at)),
        doubled=tuple(_doubled(stored)),
        early=tuple(_early(stored)),
        wrong=(*_wrong(stored), *_broken(district, stored, sample=sample)),
        late_s=tuple(late(((r.planned_at, r.fired_at) for r in stored.rungs.values()), faults)),
    )


def p99(values: Iterable[float]) -> float:
    """The value that one in a hundred exceeds."""
    found = sorted(values)
    return found[-1 - len(found) // 100] if found else 0.0


def short(found: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(found[:SHOWN]) + more


# --- what is stored, and what was planned


def _stored(tx: db.Tx) -> Stored:
    deadlines = [DeadlineRow(*row) for row in tx.execute(select(_DEADLINE))]
    packs = {row.id: row.pack_hash for row in tx.execute(CASES)}
    planned: dict[Key, datetime] = {}
    passed: set[Key] = set()
    for row in deadlines:
        limit = _key(row, -1, 0)
        planned[limit] = row.due_at
        for one in _plan(tx, row, pack_hash=packs[row.case_id]):
            key = _key(row, one.index, one.repetition)
            planned[key] = one.at
            if one.rung.when and f"{one.key}{PASSED}" in row.fired.split():
                passed.add(key)
    rungs = [EscalationRow(*row) for row in tx.execute(select(_RUNG))]
    return Stored(
        deadlines={(row.case_id, row.no): row for row in deadlines},
        planned=planned,
        blocked=frozenset(_blocked(deadlines)),
        passed=frozenset(passed),
        rungs={Key(r.case_id, r.deadline_no, r.cycle, r.rung, r.repetition): r for r in rungs},
        events=tx.execute(EVENTS).all(),
        notices=tx.execute(NOTICES).all(),
        cases=tx.execute(CASES).all(),
    )


def _plan(tx: db.Tx, row: DeadlineRow, *, pack_hash: str) -> tuple[ladders.Planned, ...]:
    """What `rules` plans for a deadline as it stands; a window of somebody else never climbs."""
    pack = read.rules(tx, pack_hash).pack
    rule = pack.deadlines[row.rule]
    if rule.ladder is None or rule.belongs_to is not None:
        return ()
    calendar = read.calendar(tx, row.calendar_hash)
    return ladders.plan(
        pack.ladders[rule.ladder],
        rule=rule,
        calendar=calendar,
        start_at=row.start_at,
        due_at=row.due_at,
        due_on=row.due_on,
        pauses=pauses.of_row(row, calendar=calendar),
        extend_days=row.extend_days,
    )


def _blocked(deadlines: Iterable[DeadlineRow]) -> Iterator[Key]:
    for row in deadlines:
        for word in row.blocked.split():
            rung, repetition = word.split(".")
            yield _key(row, int(rung), int(repetition))


def _key(row: DeadlineRow, rung: int, repetition: int) -> Key:
    return Key(row.case_id, row.no, row.cycle, rung, repetition)


# --- lost


def _lost(stored: Stored, at: datetime) -> Iterator[str]:
    """What was planned for a moment at which its deadline ran, and has not been recorded."""
    limits = {key for event in stored.events if (key := _limit_of(event, stored)) is not None}
    for key, planned_at in stored.planned.items():
        row = stored.deadlines[key.case_id, key.no]
        if planned_at > _ran_until(row, at) or key in stored.blocked or key in stored.passed:
            continue
        if key not in (limits if key.rung < 0 else stored.rungs):
            yield f"{_told(key)} of {row.rule}, planned for {planned_at:%F %T}"


def _ran_until(row: DeadlineRow, at: datetime) -> datetime:
    """The last moment at which something could fire on a deadline. What ended one, did so after
    all that was due then."""
    if row.ended_at is not None:
        return min(row.ended_at, at)
    if row.state == "paused":
        return min(datetime.fromisoformat(json.loads(row.pauses)[-1]["from"]), at)
    return at


def _limit_of(event: Any, stored: Stored) -> Key | None:
    """The limit that an event says has passed."""
    if event.name not in ("deadline_missed", "window_lapsed"):
        return None
    row = stored.deadlines[event.case_id, json.loads(event.payload)["no"]]
    return _key(row, -1, 0)


def _unsaid(stored: Stored, at: datetime) -> Iterator[str]:
    """Rungs whose target was not told by the decision that fired them, and notices that wait."""
    told = {(row.case_id, row.receiver_id, row.queued_at) for row in stored.notices}
    for key, rung in stored.rungs.items():
        target = rung.target_person_id
        if target is not None and (key.case_id, target, rung.fired_at) not in told:
            yield f"the notice of {_told(key)}"
    for row in stored.notices:
        if row.state == "queued" and row.queued_at <= at:
            yield f"the sending of notice {row.cause} of case {row.case_id} event {row.seq}"


# --- doubled


def _doubled(stored: Stored) -> Iterator[str]:
    acts = Counter((event.case_id, event.action_id) for event in stored.events)
    yield from (f"event {action} of case {case}" for (case, action), n in acts.items() if n > 1)
    notices = Counter((n.case_id, n.seq, n.cause, n.receiver_id) for n in stored.notices)
    for (case_id, seq, cause, _), n in notices.items():
        if n > 1:
            yield f"notice {cause} of case {case_id} event {seq}"
    for row in stored.notices:
        if row.state == "sent" and row.tries > 1:
            yield f"the sending of notice {row.cause} of case {row.case_id} event {row.seq}"


def combined(district: small.District, *, since: datetime) -> list[str]:
    """Persons who got more than one notice on one case from what time did at once."""
    with db.snapshot(district.engine.database) as tx:
        rows = tx.execute(NOTICES.where(_NOTICE.queued_at > since)).all()
    at_once = Counter(
        (row.case_id, row.receiver_id, row.queued_at)
        for row in rows
        if row.cause.startswith(("rung.", "deadline_missed", "window_lapsed"))
    )
    return [f"notices at once on case {case}" for (case, _, _), n in at_once.items() if n > 1]


# --- early, late


def _early(stored: Stored) -> Iterator[str]:
    for key, rung in stored.rungs.items():
        planned_at = max(stored.planned.get(key, rung.planned_at), rung.planned_at)
        if rung.fired_at < planned_at:
            yield f"{_told(key)}, planned for {planned_at:%F %T}, fired at {rung.fired_at:%F %T}"
    for event in stored.events:
        limit = _limit_of(event, stored)
        if limit is not None and event.at < stored.planned[limit]:
            yield f"{_told(limit)}, due at {stored.planned[limit]:%F %T}, told {event.at:%F %T}"


def late(
    done: Iterable[tuple[datetime, datetime]], faults: Sequence[tuple[datetime, datetime]]
) -> Iterator[float]:
    """Seconds of what was planned for one moment and done at another: from the first of them on,
    or from the end of the last fault before it was done. What was done in a fault is left out."""
    for planned_at, at in done:
        over = [end for _, end in faults if end <= at]
        is_hurt = any(begin <= at < end for begin, end in faults)
        if over and not is_hurt:
            yield (at - max(planned_at, over[-1])).total_seconds()


# --- wrong


def _wrong(stored: Stored) -> Iterator[str]:
    """Rows and events that do not agree, plans that were not kept, time that ran backwards."""
    told = {
        (event.case_id, event.seq): event for event in stored.events if event.name == "rung_fired"
    }
    for key, rung in stored.rungs.items():
        event = told.pop((rung.case_id, rung.seq), None)
        if event is None or event.action_id != _action_id(key) or event.at != rung.fired_at:
            yield f"{_told(key)} has no event of its own"
        if stored.planned.get(key) != rung.planned_at:
            yield f"{_told(key)} was planned for another moment than its deadline says"
    yield from (f"event {seq} of case {case_id} has no rung" for case_id, seq in told)
    blocked = {(e.case_id, e.action_id) for e in stored.events if e.name == "rung_blocked"}
    for key in stored.blocked:
        word = f"blocked:{key.no}:{key.rung}.{key.repetition}:"
        if not any(case == key.case_id and act.startswith(word) for case, act in blocked):
            yield f"{_told(key)} is blocked, and nobody was told"
    yield from _out_of_order(stored)
    for case in stored.cases:
        if not 0 < case.acted_version <= case.version <= case.seq:
            yield f"case {case.id} has versions {case.acted_version}, {case.version}"


def _out_of_order(stored: Stored) -> Iterator[str]:
    """Within a case time never runs backwards; on a deadline the earlier rung is told first."""
    times: dict[UUID, datetime] = {}
    for event in stored.events:
        if event.at < times.get(event.case_id, event.at):
            yield f"event {event.seq} of case {event.case_id} is older than the one before"
        times[event.case_id] = event.at
    climbed: dict[tuple[UUID, int], list[EscalationRow]] = defaultdict(list)
    for rung in sorted(stored.rungs.values(), key=lambda rung: (rung.case_id, rung.seq)):
        climbed[rung.case_id, rung.deadline_no].append(rung)
    for (case_id, no), rungs in climbed.items():
        moments = [rung.planned_at for rung in rungs]
        if moments != sorted(moments):
            yield f"the rungs of deadline {no} of case {case_id} are out of order"


def _broken(district: small.District, stored: Stored, *, sample: int) -> Iterator[str]:
    """Chains, counts and, of some cases, everything that must hold of a stored case."""
    database, seals = district.engine.database, district.engine.seals
    for fault in audit.verify(database, seals).faults:
        yield f"{fault.place} {fault.what}"
    step = max(len(stored.cases) // sample, 1)
    for case in stored.cases[::step]:
        try:
            look.hold(district, case.id)
        except AssertionError as error:
            yield f"case {case.id}: {str(error).splitlines()[0] if str(error) else error!r}"
    try:
        look.counts_agree(district)
    except AssertionError:
        yield "the roll-up is not the count of the cases"
    yield from _audited(district)


def _audited(district: small.District) -> Iterator[str]:
    """What the auditor finds on cases, in a round of its own after the one it is in. Nothing else
    may write meanwhile."""
    while not auditor.run(district.engine).is_round_done:
        pass
    while True:
        report = auditor.run(district.engine)
        yield from (
            f"the auditor: {one.kind} {one.subject}" for one in report.findings if one.case_id
        )
        if report.is_round_done:
            return


def _action_id(key: Key) -> str:
    return f"ladder:{key.no}:{key.rung}:{key.cycle}:{key.repetition}"


def _told(key: Key) -> str:
    what = "the limit" if key.rung < 0 else f"rung {key.rung}.{key.repetition}"
    return f"{what} of deadline {key.no} of case {key.case_id}"
