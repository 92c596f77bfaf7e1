"""A decision in the making: collects what changes, so that guards and effects only look.

One draft belongs to one `decide` call; nothing outside sees it half done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from rules import calendars, ladders, telling
from rules import pack as pack_
from workflow import machine
from workflow.decide.decision import (
    AttachmentRow,
    Count,
    Counted,
    Decision,
    EscalationRow,
    Event,
    LinkRow,
    Notice,
    OfficeRow,
    PaperRow,
    PartyRow,
    Personal,
    RecusalRow,
    ServiceRow,
)
from workflow.decide.facts import (
    NEVER,
    ActorKind,
    AssignmentRow,
    CaseRow,
    DeadlineRow,
    Facts,
    Scalar,
    asked_of,
    changed,
    guard_facts,
)

SIDES: Final[tuple[pack_.Side, ...]] = ("applicant", "respondent", "representative")

GRAVITY: Final = tuple(reversed(telling.GRAVEST_FIRST))
"""What time causes, the gravest last."""


class Draft:
    """What one decision has collected so far."""

    def __init__(self, *, rules: machine.Rules, facts: Facts, case: CaseRow) -> None:
        self.rules = rules
        self.facts = facts
        self.case = case
        self.flow = rules.flow(case.process)
        # Within a case time never runs backwards, whatever a clock says.
        self.at: datetime = max(facts.now, case.updated_at)
        self.seq = case.seq
        """The number of the event recorded last."""
        self.deadlines: dict[int, DeadlineRow] = {row.no: row for row in facts.deadlines}
        """In order of number: they are read in it, and a new one has the next."""
        self.assignments: dict[int, AssignmentRow] = {row.no: row for row in facts.assignments}
        self._touched: dict[int, DeadlineRow] = {}
        self._assigned: dict[int, AssignmentRow] = {}
        self._events: list[Event] = []
        self._escalations: list[EscalationRow] = []
        self._parties: list[PartyRow] = []
        self._links: list[LinkRow] = []
        self._recusals: list[RecusalRow] = []
        self._offices: list[OfficeRow] = []
        self.papers: list[PaperRow] = []
        self.planned: tuple[str, ...] = ()
        """The papers that the act at hand makes."""
        self.services: list[ServiceRow] = []
        self.attachments: list[AttachmentRow] = []
        self._notices: list[Notice] = []
        self._apart = 0
        self._tally: list[Count] = []
        self._tried: set[tuple[int, ladders.Planned]] = set()

    # -- what has been tried ------------------------------------------------------------

    def keep(self) -> dict[str, Any]:
        """What `restore` brings back."""
        return {
            name: value.copy() if isinstance(value, dict | list | set) else value
            for name, value in vars(self).items()
        }

    def restore(self, kept: Mapping[str, Any]) -> None:
        """As it stood at `keep`."""
        vars(self).update(kept)

    def tried(self, row: DeadlineRow, rung: ladders.Planned) -> None:
        """Remembers a rung that nobody can take, so that this decision tries it once."""
        self._tried.add((row.no, rung))

    def has_tried(self, row: DeadlineRow, rung: ladders.Planned) -> bool:
        """Whether this decision has found that nobody can take a rung."""
        return (row.no, rung) in self._tried

    def untried(self, row: DeadlineRow, rungs: Sequence[ladders.Planned]) -> ladders.Planned | None:
        """The first of some rungs that it has not tried."""
        if not self._tried:
            return rungs[0] if rungs else None
        return next((rung for rung in rungs if not self.has_tried(row, rung)), None)

    # -- the case -----------------------------------------------------------------------

    def change(self, **columns: Any) -> None:
        """Sets columns of the case row."""
        self.case = changed(self.case, **columns)

    @property
    def events(self) -> tuple[Event, ...]:
        """What this decision has recorded so far."""
        return tuple(self._events)

    @property
    def state(self) -> pack_.State:
        """The pack's state in which the case stands."""
        return self.flow.process.states[self.case.state]

    def is_end(self, state: str) -> bool:
        """Whether a state of the process, or what was before it, ends the matter."""
        found = self.flow.process.states.get(state)
        return found is not None and found.end

    @property
    def today(self) -> date:
        """The local date of the decision."""
        return calendars.local_date(self.facts.calendar, self.at)

    def guard_facts(self, fields: Mapping[str, Scalar] | None = None) -> dict[str, object]:
        """The facts that guards may read."""
        facts = guard_facts(self.case, self.assignments.values())
        for name, value in (fields or {}).items():
            facts[f"fields.{name}"] = value
        return facts

    # -- events and what hangs on them ----------------------------------------------------

    def record(
        self,
        name: str,
        *,
        action_id: str,
        actor_kind: ActorKind,
        payload: Mapping[str, object],
        actor_id: UUID | None = None,
        post_id: UUID | None = None,
        personal: tuple[Personal, ...] = (),
    ) -> int:
        """Adds an event and gives its number."""
        self.seq += 1
        event = Event(
            seq=self.seq,
            at=self.at,
            name=name,
            action_id=action_id,
            actor_kind=actor_kind,
            actor_id=actor_id,
            post_id=post_id,
            payload=payload,
            personal=personal,
        )
        self._events.append(event)
        return self.seq

    def add_to_event(
        self, payload: Mapping[str, object], personal: tuple[Personal, ...] = ()
    ) -> None:
        """More of the event recorded last: what is known only when the clocks have moved."""
        last = self._events[-1]
        self._events[-1] = last._replace(
            payload={**last.payload, **payload}, personal=(*last.personal, *personal)
        )

    def put_deadline(self, row: DeadlineRow) -> None:
        """Opens or changes a deadline."""
        self.deadlines[row.no] = self._touched[row.no] = row

    def put_assignment(self, row: AssignmentRow) -> None:
        """Opens or changes a leader's assignment."""
        self.assignments[row.no] = self._assigned[row.no] = row

    def escalate(self, row: EscalationRow) -> None:
        """Records a rung that fired."""
        self._escalations.append(row)

    def add_parties(self, sides: Iterable[pack_.Side]) -> None:
        """Adds the sides that the filing names, in a fixed order."""
        named = set(sides)
        rows = [
            PartyRow(case_id=self.case.id, no=no, side=side)
            for no, side in enumerate(SIDES, start=1)
            if side in named
        ]
        self._parties.extend(rows)
        self.change(parties=self.case.parties + len(rows))

    def add_link(self, row: LinkRow) -> None:
        """Links an earlier case."""
        self._links.append(row)

    def recuse(self, person: UUID, *, seq: int) -> None:
        """From now on a person neither sees, handles nor receives the case: where they handled
        it nobody does, where they watched it the ladder does. Invariant: 8."""
        self._recusals.append(RecusalRow(case_id=self.case.id, person_id=person, seq=seq))
        self.facts = replace(self.facts, recused=self.facts.recused | {person})
        self._let_go()

    def exclude(self, office: UUID) -> None:
        """From now on an office complained about, and its line below, neither see, handle nor
        receive the case. `relate` writes it down. Invariant: 8."""
        self.facts = self.facts.barring(frozenset({office}))
        self._let_go()

    def relate(self, office: UUID, *, relation: Literal["complained", "parted"], seq: int) -> None:
        """Remembers an office in a relation to the case, once."""
        row = OfficeRow(case_id=self.case.id, office_id=office, relation=relation, seq=seq)
        self._offices.append(row)

    def _let_go(self) -> None:
        if self.case.handler_id in self.facts.recused:
            self.change(handler_id=None)
        if self.case.supervisor_id in self.facts.recused:
            self.change(supervisor_id=None, supervision="ladder")

    def notify(
        self, receivers: Iterable[UUID], *, seq: int, cause: str, words: Mapping[str, Scalar]
    ) -> None:
        """Tells each person once per event; recused ones never."""
        told = [notice.receiver_id for notice in self._notices if notice.seq == seq]
        for receiver in receivers:
            if receiver not in told and receiver not in self.facts.recused:
                told.append(receiver)
                facts = {"number": self.case.number, "process": self.case.process, **words}
                self._notices.append(
                    Notice(seq=seq, cause=cause, receiver_id=receiver, words=facts)
                )

    def tell_apart(self) -> None:
        """What is told from here on is no part of what was told before: neither stands for the
        other in one notice."""
        self._apart = len(self._notices)

    def told_apart(self) -> tuple[Notice, ...]:
        """The notices since `tell_apart`, as they would go out."""
        return _combined(self._notices[self._apart :])

    def hush(self) -> None:
        """Tells nobody of what came since `tell_apart`."""
        del self._notices[self._apart :]

    def count(self, what: Counted, *, office_id: UUID, n: int = 1, on: date | None = None) -> None:
        """Adds to what an office answers for, in the month of a local day, or of today."""
        day = on or self.today
        month = day.year * 100 + day.month
        if n:
            self._tally.append(Count(office_id=office_id, month=month, what=what, n=n))

    def open_deadlines(self) -> list[DeadlineRow]:
        """Running and paused ones, in order of number."""
        return [row for row in self.deadlines.values() if row.ended_at is None]

    def most_urgent(self, seq: int) -> DeadlineRow | None:
        """What a notice of an event speaks of: of the running deadlines an office's before any
        other, of these one that the event started, of these the one that ends first. A paper that
        waits to be served is not what anybody else is told of."""
        rules = self.rules.pack.deadlines
        found = [row for row in self.deadlines.values() if row.state == "running"]
        running = [row for row in found if not rules[row.rule].unserved] or found
        own = [row for row in running if row.owner == "office"] or running
        new = [row for row in own if row.started_by == seq]
        return min(new or own, key=lambda row: row.due_at, default=None)

    def finish(self, *, is_act: bool = False) -> Decision:
        """The decision. What the case row says of its events and deadlines is set here, once;
        where a person acted, that nobody's older version counts any more."""
        running, looks, is_stuck = [], [], False
        for row in self.deadlines.values():
            if row.ended_at is not None:
                continue
            is_stuck = is_stuck or row.is_blocked
            if row.next_at is not None:
                looks.append(row.next_at)
            if row.state == "running":
                running.append(row)
        own = [row for row in running if row.owner == "office"]
        version = self.case.version + 1
        self.case = changed(
            self.case,
            version=version,
            acted_version=version if is_act else self.case.acted_version,
            seq=self.seq,
            updated_at=self.at if self._events else self.case.updated_at,
            light=_light(own),
            is_stuck=is_stuck,
            next_at=min(looks, default=None),
            due_at=min([row.due_at for row in own or running], default=NEVER),
        )
        return Decision(
            before=self.facts.case,
            case=self.case,
            events=tuple(self._events),
            deadlines=tuple(self._touched.values()),
            assignments=tuple(self._assigned.values()),
            escalations=tuple(self._escalations),
            parties=tuple(self._parties),
            links=tuple(self._links),
            recusals=tuple(self._recusals),
            offices=tuple(self._offices),
            notices=(*_combined(self._notices[: self._apart]), *self.told_apart()),
            papers=tuple(self.papers),
            services=tuple(self.services),
            attachments=tuple(self.attachments),
            tally=tuple(self._tally),
        )

    # -- who is there ---------------------------------------------------------------------

    def holders(self, role: str, *, office_id: UUID | None = None) -> list[UUID]:
        """Who holds a role at the lead office (or another); the deputy where nobody does, or
        the holder is away or recused."""
        office = office_id or self.case.lead_office_id
        posts = self.facts.line.by_role.get(role, ())
        return self._there(post for post in posts if post.office_id == office)

    def _there(self, posts: Iterable[ladders.Post]) -> list[UUID]:
        people = [self._able(post.holder) or self._able(post.deputy) for post in posts]
        return [person for person in people if person is not None]

    def _able(self, person: UUID | None) -> UUID | None:
        return None if person in self.facts.recused else person

    def owner_role(self) -> str | None:
        """The role whose turn it is: the first owner that has a post at the lead office; where
        none has, the first: another office of the line decides, as on an objection."""
        owners, lead = self.state.owner, self.case.lead_office_id
        for role in owners:
            for post in self.facts.line.by_role.get(role, ()):
                if post.office_id == lead:
                    return role
        return owners[0] if owners else None

    def handlers(self) -> list[UUID]:
        """Whose turn it is: the named handler, else those who hold the owner's role. While the
        named one is away it is also the turn of who stands in, whom the ladder addresses."""
        named = self.case.handler_id
        at_role = self._at_role()
        if named is None:
            return at_role
        lead = self.case.lead_office_id
        left = [p for p in self.facts.line.posts if p.office_id == lead and named in p.away]
        return [named, *((self._there(left) or at_role) if left else ())]

    def _at_role(self) -> list[UUID]:
        """Who of the owner's role has the turn: at the lead office or where it was sent on, else
        whom the ladder asks."""
        role, posts = self.owner_role(), self.facts.line.by_role
        if role is None:
            return []
        office, level = asked_of(self.case, role, posts)
        if any(post.office_id == office for post in posts.get(role, ())):
            return self.holders(role, office_id=office)
        found = ladders.target(
            "handler",
            posts=posts,
            lead_office=office,
            level=level,
            owner_role=role,
            excluded=self.facts.recused,
            from_level=level,
        )
        return [] if found is None else [found.person_id]

    def post(self, post_id: UUID) -> ladders.Post | None:
        """A post of the line."""
        return next((post for post in self.facts.line.posts if post.id == post_id), None)


def _light(own: list[DeadlineRow]) -> str:
    """By the office's own running clocks."""
    light = "green" if own else "grey"
    for row in own:
        if row.missed_at is not None:
            return "red"
        if row.climbed:
            light = "yellow"
    return light


def _combined(notices: list[Notice]) -> tuple[Notice, ...]:
    """One notice a receiver for all that time has done at once, after a downtime: the gravest,
    saying how many others it stands for. What a person did is told on its own."""
    if len(notices) < 2:
        return tuple(notices)
    timed = [notice for notice in notices if notice.cause in GRAVITY]
    by_time: dict[UUID, list[Notice]] = {}
    for notice in timed:
        by_time.setdefault(notice.receiver_id, []).append(notice)
    kept = {
        receiver: max(found, key=lambda one: (GRAVITY.index(one.cause), one.seq))
        for receiver, found in by_time.items()
    }
    return tuple(
        _standing_for(notice, others=len(by_time[notice.receiver_id]) - 1)
        if notice.cause in GRAVITY
        else notice
        for notice in notices
        if notice.cause not in GRAVITY or notice is kept[notice.receiver_id]
    )


def _standing_for(notice: Notice, *, others: int) -> Notice:
    return notice._replace(words={**notice.words, "others": others}) if others else notice
