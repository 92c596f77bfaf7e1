"""A game on a district: whatever may happen to cases, drawn step by step.

Moves are plain values under the names of the test district, so that the same game can be
played on another database and end the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import strategies as st

from rules import calendars, errors
from tests import office, strategies
from tests.workflow import look
from workflow import access, db, ids, machine, read, sweep
from workflow.commands import act
from workflow.commands import office as office_commands
from workflow.decide import Scalar, guard_facts
from workflow.queries import office as office_query
from workflow.queries import search

EXPECTED: Final = frozenset(
    {
        "service.before_paper",
        "action.asked_already",
        "action.not_asked",
        "action.not_while",
        "action.condition",
        "action.too_early",
        "action.unserved",
        "action.window_over",
        "action.wrong_state",  # time has moved the case on first
        "action.not_yours",
        "case.unknown",  # the ladder has moved it out of reach meanwhile
        "deadline.extension_cap",
        "deadline.extension_late",
        "deadline.not_running",
        "leader.already",
        "leader.no_plan",
        "leader.none",
        "leader.own_plan",
        "link.unknown",  # a number made up
        "leader.not_you",  # the ladder has named another leader first
        "route.complained",
        "route.no_one_above",
        "route.none",
        "supervision.already",
        "supervision.higher",
        "supervision.none",
        "field.before",
        "field.office_below",
        "field.person",
        "field.person_now",
    }
)
"""Refusals that a well-formed action may meet."""
POSTS: Final = (
    "desk",
    "mediator",
    "street_mediator",
    "supervisor",
    "district_supervisor",
    "leader",
)
"""The posts that fall vacant in a game."""
FILERS: Final = (("officer", "dispute"), ("desk", "dispute"), ("petition_officer", "petition"))
OFFICE: Final = "@office "
CATEGORIES: Final = ("0201", "0502", "0701")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One action of somebody: `by` is a name, `resident` the resident of the case. Fields name
    people as `@name` and offices, of which some are called like a person, as `@office name`."""

    case: int
    action: str
    by: str
    fields: Mapping[str, Scalar]


@dataclass(slots=True)
class Game:
    """One district in play. `cases` are ids in the order of filing."""

    district: office.District
    cases: list[UUID] = field(default_factory=list)
    codes: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    actors: dict[str, access.Actor] = field(default_factory=dict)
    last: tuple[access.Actor, act.Request, act.Receipt] | None = None

    # --- moves

    def file(self, case_id: UUID, by: str, process: str, fields: Mapping[str, Scalar]) -> None:
        """Somebody files a case under an id drawn outside."""
        usual = office.DISPUTE if process == "dispute" else office.PETITION
        request = act.Request(
            case_id=case_id,
            action_id=ids.uuid7(),
            action="file_case",
            fields={**usual, **fields},
            filing=act.Filing(process=process, origin_grid=office.GRID),
        )
        if not self.actor(by).posts:
            return  # their post has fallen vacant
        receipt = act.act(self.district.engine, self.actor(by), request)
        assert receipt.code is not None
        self.cases.append(case_id)
        self.codes[case_id] = (receipt.number, receipt.code)
        self.last = (self.actor(by), request, receipt)

    def act(self, move: Move) -> str:
        """Somebody acts. Gives the state after, or the code of the refusal."""
        case_id = self.cases[move.case]
        actor = self.actor(move.by, case_id=case_id)
        request = act.Request(
            case_id=case_id,
            action_id=ids.uuid7(),
            action=move.action,
            fields={name: self._id(value) for name, value in move.fields.items()},
        )
        before = look.state_of(look.whole(self.district, case_id))
        try:
            receipt: act.Receipt | errors.GridcaseError = act.act(
                self.district.engine, actor, request
            )
        except errors.GridcaseError as error:
            receipt = error
        if isinstance(receipt, errors.GridcaseError):
            assert receipt.code in EXPECTED, (move, receipt)
            assert look.state_of(look.whole(self.district, case_id)) == before
            return receipt.code
        self.last = (actor, request, receipt)
        return receipt.state

    def repeat(self) -> None:
        """The last act is sent again: nothing happens."""
        if self.last is None:
            return
        actor, request, first = self.last
        before = look.state_of(look.whole(self.district, request.case_id))
        with db.snapshot(self.district.engine.database) as tx:
            barred = read.recused(tx, request.case_id)
        if actor.is_kept_from(barred):
            # Who is out is told nothing any more, not even that they acted.
            with pytest.raises(errors.NotFound):
                act.act(self.district.engine, actor, request)
            return
        again = act.act(self.district.engine, actor, request)
        assert again.is_repeat
        assert (again.seq, again.number, again.code) == (first.seq, first.number, first.code)
        assert look.state_of(look.whole(self.district, request.case_id)) == before

    def wait(self, span: timedelta) -> None:
        """Time passes and nobody sweeps."""
        with db.transaction(self.district.engine.database) as tx:
            office_commands.advance(tx, seconds=int(span.total_seconds()))

    def sweep(self) -> sweep.TickReport:
        """One sweep, after which nothing is due."""
        now = self.district.now()
        report = sweep.run(self.district.engine)
        assert report.failed == 0
        for case_id in self.cases:
            next_at = self.district.case(case_id).next_at
            assert next_at is None or next_at > now, "I3 left behind"
        assert sweep.run(self.district.engine).fired == 0
        return report

    def appoint(self, post: str, *, is_held: bool) -> None:
        """A post falls vacant, or its holder comes back."""
        people = self.district.people
        office_commands.appoint(
            self.district.engine.database,
            self.district.posts[post],
            holder_id=people[post] if is_held else None,
        )
        self.actors.clear()

    # --- who may do what

    def actor(self, name: str, *, case_id: UUID | None = None) -> access.Actor:
        """Somebody of the district, or the resident of a case."""
        if name == "resident":
            assert case_id is not None
            return search.by_code(self.district.engine, *self.codes[case_id])
        if name not in self.actors:
            self.actors[name] = self.district.actor(name)
        return self.actors[name]

    def moves(self, case: int) -> list[tuple[str, str]]:
        """Every action that somebody may do now, with who."""
        case_id = self.cases[case]
        with db.snapshot(self.district.engine.database) as tx:
            house = read.house(tx)
            row = read.case_row(tx, case_id)
            assert row is not None
            flow = read.rules(tx, row.pack_hash).flow(row.process)
        offered = machine.offered(flow, state=row.state, facts=guard_facts(row))
        return [
            (action, name)
            for action in offered
            for name in (*self.district.people, "resident")
            if access.may_act(
                house.rules.pack,
                self.actor(name, case_id=case_id),
                row,
                action=flow.process.actions[action],
            )
        ]

    def fields(self, case: int, action: str) -> st.SearchStrategy[dict[str, Scalar]] | None:
        """Valid fields for an action; None where nobody can be named in one of them."""
        case_id, database = self.cases[case], self.district.engine.database
        with db.snapshot(database) as tx:
            house = read.house(tx)
            row = read.case_row(tx, case_id)
            assert row is not None
            facts = read.many_facts(tx, [row], at=house)[case_id]
        pack = house.rules.pack
        rule = pack.processes[row.process].actions[action]
        found = office_query.candidates(
            database, actions={"": rule}, pack=pack, case=row, facts=facts
        )[""]
        names = {str(key): f"@{name}" for name, key in self.district.people.items()}
        names |= {str(key): f"{OFFICE}{name}" for name, key in self.district.offices.items()}
        people = {key: [names[one.value] for one in choices] for key, choices in found.items()}
        if any(not people.get(name) for name in rule.needs if name in found):
            return None
        waiting = look.unserved(self.district, case_id)
        if not waiting and any(pack.fields[name].type == "paper" for name in rule.needs):
            return None
        choices = strategies.Choices(
            papers=waiting,
            people=people,
            offices={
                name: keys for name, keys in people.items() if pack.fields[name].type == "office"
            },
            today=calendars.local_date(house.calendar, house.now),
            received_on=calendars.local_date(house.calendar, row.received_at),
        )
        return strategies.fields(rule, pack, choices=choices)

    def _id(self, value: Scalar) -> Scalar:
        if not isinstance(value, str) or not value.startswith("@"):
            return value
        if value.startswith(OFFICE):
            return str(self.district.offices[value.removeprefix(OFFICE)])
        return str(self.district.people[value[1:]])

    # --- what is left

    def hold(self) -> None:
        """Every invariant, of every case and of the whole."""
        for case_id in self.cases:
            look.hold(self.district, case_id)
        look.counts_agree(self.district)
        look.chain_holds(self.district)

    def told(self) -> list[Any]:
        """Everything stored of the cases, ids as names, instants to the minute, to compare."""
        names: dict[UUID, str] = {key: f"office {n}" for n, key in self.district.offices.items()}
        names |= {key: f"post {name}" for name, key in self.district.posts.items()}
        names |= {key: f"person {name}" for name, key in self.district.people.items()}
        return [_plain(look.whole(self.district, case_id), names) for case_id in self.cases]


LEFT_OUT: Final = frozenset({"number", "head", "calendar_hash", "hash", "prev_hash"})
WITH_ACTION_ID: Final = frozenset({"ladder"})


def _plain(found: look.Whole, names: Mapping[UUID, str]) -> Any:
    events = [
        {
            "name": event.name,
            "kind": event.actor_kind,
            "actor": names.get(event.actor_id),
            "post": names.get(event.post_id),
            "id": event.action_id if event.actor_kind in WITH_ACTION_ID else None,
            "at": look.local(event.at),
            "payload": _named(json.loads(event.payload), names),
            "sealed": sorted(json.loads(event.commitments)),
        }
        for event in found.events
    ]
    rows = (found.case, *found.deadlines, *found.assignments, *found.rungs)
    return [*({k: _value(v, names) for k, v in _columns(row)} for row in rows), *events]


def _columns(row: Any) -> list[tuple[str, object]]:
    return [(key, value) for key, value in row._asdict().items() if key not in LEFT_OUT]


def _value(value: object, names: Mapping[UUID, str]) -> object:
    if isinstance(value, UUID):
        return names.get(value, "case")
    if isinstance(value, datetime):
        return look.local(value)
    if isinstance(value, str) and value.startswith("["):
        return [_named(note, names) for note in json.loads(value)]
    return value


def _named(payload: dict[str, Any], names: Mapping[UUID, str]) -> dict[str, Any]:
    """A payload with names for ids and minutes for instants."""
    known = {str(key): name for key, name in names.items()}
    found: dict[str, Any] = {}
    for key, value in payload.items():
        if isinstance(value, dict):
            found[key] = _named(value, names)
        elif isinstance(value, str):
            found[key] = known.get(value, value[:16] if "T" in value[:11] else value)
        elif key != "lateness_s":
            found[key] = value
    return found
