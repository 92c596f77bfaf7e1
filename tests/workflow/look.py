"""What is stored of one case, read whole, and the invariants that must hold of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select

from rules import due, errors
from tests import office
from workflow import audit, db, read
from workflow.decide import (
    NEVER,
    AssignmentRow,
    CaseRow,
    DeadlineRow,
    EscalationRow,
    clocks,
    pauses,
    reached_all,
)
from workflow.queries import case as case_query
from workflow.tables import case as case_tables
from workflow.tables import delivery
from workflow.tables import paper as paper_tables

_EVENT: Final = case_tables.Event.__table__  # type: ignore[attr-defined]
_CASE: Final = case_tables.CaseFile.__table__  # type: ignore[attr-defined]
_ROLL_UP: Final = case_tables.RollUp.__table__  # type: ignore[attr-defined]
_RECUSAL: Final = case_tables.Recusal.__table__  # type: ignore[attr-defined]
_PAPER: Final = paper_tables.Paper.__table__  # type: ignore[attr-defined]
_SERVICE: Final = paper_tables.Service.__table__  # type: ignore[attr-defined]
_NOTICE: Final = delivery.Notice.__table__  # type: ignore[attr-defined]

GRAIN: Final = (
    "lead_office_id",
    "origin_grid",
    "process",
    "state",
    "light",
    "confidentiality",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """One case with everything keyed by its id."""

    case: CaseRow
    deadlines: tuple[DeadlineRow, ...]
    assignments: tuple[AssignmentRow, ...]
    rungs: tuple[EscalationRow, ...]
    events: tuple[Any, ...]

    @property
    def names(self) -> list[str]:
        """The names of the events, in order."""
        return [event.name for event in self.events]

    def payloads(self, name: str) -> list[dict[str, Any]]:
        """The payloads of the events of one name."""
        return [json.loads(event.payload) for event in self.events if event.name == name]

    def deadline(self, rule: str) -> DeadlineRow:
        """The latest deadline of a rule."""
        return [row for row in self.deadlines if row.rule == rule][-1]

    def rungs_of(self, rule: str) -> list[EscalationRow]:
        """What fired on the deadlines of a rule, in order."""
        numbers = {row.no for row in self.deadlines if row.rule == rule}
        return [rung for rung in self.rungs if rung.deadline_no in numbers]


def whole(district: office.District, case_id: UUID) -> Whole:
    """Reads one case."""
    with db.snapshot(district.engine.database) as tx:
        case = read.case_row(tx, case_id)
        assert case is not None
        key, keys = {"case_id": case_id}, {"case_ids": [case_id]}
        return Whole(
            case=case,
            deadlines=tuple(DeadlineRow(*row) for row in tx.execute(read.DEADLINES, keys)),
            assignments=tuple(AssignmentRow(*row) for row in tx.execute(read.ASSIGNMENTS, keys)),
            rungs=tuple(EscalationRow(*row) for row in tx.execute(case_query.FIRED, key)),
            events=tuple(tx.execute(case_query.EVENTS, key)),
        )


def case_ids(district: office.District) -> list[UUID]:
    """Every case there is, oldest first."""
    with db.snapshot(district.engine.database) as tx:
        return list(tx.execute(select(_CASE.c.id).order_by(_CASE.c.id)).scalars())


def notices(district: office.District, case_id: UUID) -> list[Any]:
    """The outbox of one case."""
    with db.snapshot(district.engine.database) as tx:
        rows = tx.execute(
            select(_NOTICE).where(_NOTICE.c.case_id == case_id).order_by(_NOTICE.c.seq, _NOTICE.c.n)
        )
        return list(rows)


def unserved(district: office.District, case_id: UUID) -> list[int]:
    """The papers of a case that the act of serving papers may serve."""
    with db.snapshot(district.engine.database) as tx:
        row = read.case_row(tx, case_id)
        assert row is not None
        papers = read.rules(tx, row.pack_hash).pack.papers
        served: dict[int, set[str]] = defaultdict(set)
        services = select(_SERVICE.c.paper_no, _SERVICE.c.side)
        for no, side in tx.execute(services.where(_SERVICE.c.case_id == case_id)):
            served[no].add(side)
        made = select(_PAPER.c.no, _PAPER.c.name, _PAPER.c.seq).where(_PAPER.c.case_id == case_id)
        acts = tx.execute(select(_EVENT.c.seq, _EVENT.c.name).where(_EVENT.c.case_id == case_id))
        done = [(act.seq, act.name) for act in acts]
        return [
            row.no
            for row in tx.execute(made)
            if "serve_paper" in papers[row.name].served_by and not reached_all(served[row.no])
            if not {name for seq, name in done if seq > row.seq} & {*papers[row.name].overtaken_by}
        ]


def recuse(district: office.District, case_id: UUID, *people: str) -> None:
    """Recuses persons from a case. No command does this yet, so it is an insert."""
    with db.transaction(district.engine.database) as tx:
        tx.execute(
            insert(_RECUSAL),
            [{"case_id": case_id, "person_id": district.people[name], "seq": 1} for name in people],
        )


def state_of(found: Whole) -> tuple[object, ...]:
    """What a refused act must leave as it was."""
    return (found.case, found.deadlines, found.assignments, found.rungs, len(found.events))


# --- invariants


def hold(district: office.District, case_id: UUID) -> Whole:
    """Every invariant that one stored case must meet, whatever happened to it."""
    found = whole(district, case_id)
    with db.snapshot(district.engine.database) as tx:
        house = read.house(tx)
        facts = read.many_facts(tx, [found.case], at=house)[case_id]
        pack = read.rules(tx, found.case.pack_hash).pack
    _folds(found, pack)
    _runs(found)
    _waits(found, now=facts.now)
    _climbed(found, facts.calendars, pack)
    for row in found.deadlines:
        calendar = facts.calendars[row.calendar_hash]
        _recomputes(row, pack.deadlines[row.rule], calendar=calendar)
    return found


def _folds(found: Whole, pack: Any) -> None:
    """I4: state, lead office, done and closed are what the events say."""
    moved = [
        payload
        for event in found.events
        if "state" in (payload := json.loads(event.payload)) and "lead" in payload
    ]
    assert found.case.state == moved[-1]["state"], "I4 state is not the fold of the events"
    assert str(found.case.lead_office_id) == moved[-1]["lead"], "I4 lead office"
    repeats = [payload["repeats"] for payload in moved if "repeats" in payload]
    assert found.case.repeats == (repeats[-1] if repeats else 0), "I4 earlier cases"
    state = pack.processes[found.case.process].states[found.case.state]
    running = any(row.is_open for row in found.deadlines)
    assert found.case.is_closed == (found.case.closed_at is not None)
    assert found.case.is_closed == (state.end and not running), "closed"
    after = {row.rule for row in found.deadlines if row.is_open} if state.end else set()
    assert all(pack.deadlines[rule].unserved for rule in after), "only a paper outlives an end"
    assert found.case.is_done == state.done == (found.case.done_at is not None), "done"
    assert [event.seq for event in found.events] == list(range(1, found.case.seq + 1))
    times = [event.at for event in found.events]
    assert times == sorted(times), "event times run backwards"
    ids = [event.action_id for event in found.events]
    assert len(ids) == len(set(ids)), f"I2 action ids twice: {ids}"


def _runs(found: Whole) -> None:
    """I9: a closed case rests; an open one has something that runs, or stands in the queue."""
    running = [row for row in found.deadlines if row.is_open]
    if found.case.is_closed:
        assert running == [], "I9 a closed case runs"
        assert all(row.state == "ended" for row in found.assignments)
    else:
        assert running, f"I9 nothing runs in {found.case.state}"


def _waits(found: Whole, *, now: datetime) -> None:
    """The case waits for the earliest of its deadlines and shows their worst light."""
    running = [row for row in found.deadlines if row.is_open]
    waits = [row.next_at for row in running if row.next_at is not None]
    earliest, seen = min(waits, default=None), found.case.next_at
    # An appointment wakes a stuck case at once, whatever else was overdue.
    woken = earliest and seen and max(earliest, seen) <= now
    assert seen == earliest or woken, "next_at"
    assert found.case.is_stuck == any(row.is_blocked for row in running), "stuck"
    for row in running:
        if row.state == "running" and not row.is_blocked and row.missed_at is None:
            assert row.next_at is not None
            assert row.next_at <= row.due_at
        if row.state == "paused":
            assert not row.is_blocked, "a paused clock is not stuck"
    own = [row for row in running if row.owner == "office" and row.state == "running"]
    if not own:
        expected = "grey"
    elif any(row.missed_at for row in own):
        expected = "red"
    else:
        expected = "yellow" if any(row.climbed for row in own) else "green"
    assert found.case.light == expected, "light"
    shown = own or [row for row in running if row.state == "running"]
    assert found.case.due_at == min((row.due_at for row in shown), default=NEVER)


def _climbed(found: Whole, calendars: Any, pack: Any) -> None:
    """I3: what fired was planned; none early, none twice, recorded in order."""
    for row in found.deadlines:
        fired = [rung for rung in found.rungs if rung.deadline_no == row.no]
        keys = [f"{rung.rung}.{rung.repetition}" for rung in fired]
        assert list(row.climbed) == keys, "I3 fired"
        assert len(set(keys)) == len(keys), "I3 twice"
        assert all(rung.fired_at >= rung.planned_at for rung in fired), "I3 early"
        # What nobody could take comes when somebody can; all else in order.
        stuck = {(one["rung"], one["repetition"]) for one in _of(found, "rung_blocked", row.no)}
        planned = [r.planned_at for r in fired if (r.rung, r.repetition) not in stuck]
        if not _of(found, "deadline_moved", row.no):  # what follows a move follows another plan
            assert planned == sorted(planned), "I3 order"
        if row.owner != "office":
            assert fired == []
            assert row.missed_at is None
        plan = clocks.plan_of(pack, row, calendar=calendars[row.calendar_hash])
        assert set(keys) <= {rung.key for rung in plan}, "I3 not planned"
        if row.state == "running" and not row.is_blocked:
            left = [rung.at for rung in clocks.unfired(row.fired, plan)]
            due_at = [] if row.missed_at else [row.due_at]
            assert row.next_at == min(left + due_at, default=None), "I3 skipped"
        if row.missed_at is not None:
            assert row.missed_at >= row.due_at, "missed early"
            assert row.charged_office_id is not None
    missed = [payload["no"] for payload in found.payloads("deadline_missed")]
    for payload in found.payloads("deadline_moved"):
        if payload["forgiven"]:
            missed.remove(payload["no"])
    assert sorted(missed) == sorted(row.no for row in found.deadlines if row.missed_at)


def _of(found: Whole, name: str, no: int) -> list[Any]:
    return [payload for payload in found.payloads(name) if payload["no"] == no]


def _recomputes(row: DeadlineRow, rule: Any, *, calendar: Any) -> None:
    """I5: the stored due date comes out again, and its explanation sums to the limit, or to what
    lies before the end of another clock."""
    stood = pauses.of_row(row, calendar=calendar)
    again = due.due(
        rule,
        calendar=calendar,
        start_at=row.start_at,
        pauses=stood,
        extend_days=row.extend_days,
        until=row.until_on,
    )
    assert (again.due_at, again.due_on) == (row.due_at, row.due_on), f"I5 {row.rule}"
    assert row.extend_days == sum(note["days"] for note in json.loads(row.extensions)), "I6"
    spans = due.explain(
        rule,
        calendar=calendar,
        start_at=row.start_at,
        pauses=stood,
        extend_days=row.extend_days,
        until=row.until_on,
    )
    assert spans[-1].last_on == row.due_on
    length = rule.limit.length
    if length is not None and length.unit != "month":
        each = 60 if length.unit.endswith("hour") else 1  # spans of hours are in minutes
        whole = (length.n + row.extend_days) * each
        counted = sum(span.counted for span in spans)
        is_cut = row.until_on is not None and row.due_on == max(row.until_on, spans[0].first_on)
        assert counted <= whole if is_cut else counted == whole, "I5 spans"


def counts_agree(district: office.District) -> None:
    """The roll-up equals what the case rows say."""
    columns = [_CASE.c[name] for name in GRAIN]
    with db.snapshot(district.engine.database) as tx:
        cases = {
            tuple(row[:-1]): row[-1]
            for row in tx.execute(select(*columns, func.count()).group_by(*columns))
        }
        kept = {
            tuple(row[:-1]): row[-1]
            for row in tx.execute(select(*(_ROLL_UP.c[name] for name in GRAIN), _ROLL_UP.c.n))
            if row[-1]
        }
    assert kept == cases


def chain_holds(district: office.District) -> audit.Report:
    """I4: every chain verifies."""
    report = audit.verify(district.engine.database, district.engine.seals)
    assert report.faults == ()
    return report


def refused(call: Any, /, *args: Any, **kwargs: Any) -> errors.GridcaseError:
    """The error that a call raises; it must be one of ours."""
    try:
        call(*args, **kwargs)
    except errors.GridcaseError as error:
        return error
    raise AssertionError("nothing was refused")


def local(at: datetime) -> str:
    """An instant as the office's wall clock shows it."""
    return at.astimezone(office.ZONE).strftime("%Y-%m-%d %H:%M")


def order(found: Whole) -> Sequence[tuple[str, str]]:
    """What time did, in the order of the events: effect and planned moment."""
    lines = []
    for event in found.events:
        payload = json.loads(event.payload)
        if event.name == "rung_fired":
            lines.append((payload["effect"], payload["planned_at"]))
        elif event.name in ("deadline_missed", "window_lapsed"):
            lines.append((event.name, payload["due_at"]))
    return lines
