"""What a decision reads: the case as it stands, who is there, what time it is, what is asked.

The rows are named tuples in the order of their tables' columns, so that reading and writing
need no mapping; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, Final, Literal, NamedTuple, TypeVar
from uuid import UUID

from rules import calendars, ladders, routing
from rules import pack as pack_

Scalar = str | int | bool | None
ActorKind = Literal["person", "resident", "ladder"]
HANDLER: Final = "handler"
"""Whom a rung tells that tells whoever has the turn."""
SUPERVISING: Final = frozenset({"supervise", "raise", "leader"})
"""What a rung does that brings in somebody above who handles the case."""
NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""The due date of a case without a running deadline, so that a keyset orders all cases."""


BOTH_SIDES: Final = ("applicant", "respondent")
"""Whom a paper to both sides must reach."""
PASSED: Final = "-"
"""Marks, among the words of `fired`, a rung whose criteria did not hold when its time came."""


class CaseRow(NamedTuple):
    """`case_file`, column by column."""

    id: UUID
    number: str
    process: str
    kind: str
    pack_hash: str
    state: str
    is_done: bool
    is_closed: bool
    version: int
    acted_version: int
    seq: int
    head: bytes
    category: str | None
    grade: str | None
    scale: str | None
    channel: str | None
    route: str | None
    petition_class: str | None
    confidentiality: str
    subject: str
    parties: int
    repeats: int
    origin_grid: str
    lead_office_id: UUID
    lead_kind: str
    level: int
    sender_id: UUID | None
    area_1: str | None
    area_2: str | None
    area_3: str | None
    area_4: str | None
    area_5: str | None
    area_6: str | None
    supervising_level: int | None
    supervision: str | None
    supervisor_id: UUID | None
    handler_id: UUID | None
    filer_id: UUID | None
    leader_id: UUID | None
    light: str
    is_stuck: bool
    cycle: int
    next_at: datetime | None
    due_at: datetime
    received_at: datetime
    opened_at: datetime
    done_at: datetime | None
    closed_at: datetime | None
    updated_at: datetime

    @property
    def areas(self) -> tuple[str, ...]:
        """The lead office's area and those above it, root first."""
        found = (self.area_1, self.area_2, self.area_3, self.area_4, self.area_5, self.area_6)
        return tuple(code for code in found if code is not None)


class DeadlineRow(NamedTuple):
    """`deadline`, column by column."""

    case_id: UUID
    no: int
    rule: str
    owner: str
    state: str
    cycle: int
    started_by: int
    start_at: datetime
    due_at: datetime
    due_on: date
    is_provisional: bool
    calendar_hash: str
    until_on: date | None = None
    extend_days: int = 0
    pauses: str = "[]"
    extensions: str = "[]"
    fired: str = ""
    blocked: str = ""
    next_at: datetime | None = None
    missed_at: datetime | None = None
    ended_at: datetime | None = None
    charged_office_id: UUID | None = None

    @property
    def is_open(self) -> bool:
        """Running or paused."""
        return self.ended_at is None

    @property
    def climbed(self) -> tuple[str, ...]:
        """The rungs that fired in this cycle, as `rung.repetition`."""
        return tuple([word for word in self.fired.split() if not word.endswith(PASSED)])

    @property
    def is_blocked(self) -> bool:
        """Whether a rung is due that nobody can take."""
        return bool(self.blocked)


_Row = TypeVar("_Row", CaseRow, DeadlineRow)
_PLACES: Final = {
    row: {name: place for place, name in enumerate(row._fields)} for row in (CaseRow, DeadlineRow)
}


def changed(row: _Row, **columns: Any) -> _Row:
    """The row with other values in some columns. Rows are so wide that `_replace` takes twice as
    long."""
    kind = type(row)
    places, values = _PLACES[kind], [*row]
    for name, value in columns.items():
        values[places[name]] = value
    return tuple.__new__(kind, values)


def plan_of(*, planned: datetime | None, agreed: datetime | None, proposed: datetime | None) -> str:
    """How far a plan is, by when it was approved, agreed to and proposed."""
    if planned is not None:
        return "approved"
    if agreed is not None:
        return "agreed"
    return "awaited" if proposed is None else "proposed"


class AssignmentRow(NamedTuple):
    """`assignment`, column by column."""

    case_id: UUID
    no: int
    state: str
    person_id: UUID
    post_id: UUID | None
    opened_at: datetime
    opened_by: int
    planned_at: datetime | None
    responsible_id: UUID | None
    until_on: date | None
    ended_at: datetime | None
    duties: str = ""
    proposed_at: datetime | None = None
    agreed_at: datetime | None = None
    contacts: int = 0
    contacted_on: date | None = None
    outcome: str | None = None

    @property
    def plan(self) -> str:
        """How far the plan is: awaited, proposed, agreed or approved; empty where it is over."""
        if self.state == "ended":
            return ""
        return plan_of(planned=self.planned_at, agreed=self.agreed_at, proposed=self.proposed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The offices on the way from the origin grid to the root, and their posts whose scope
    holds that grid. `level` is the area's own: a case begins in a grid."""

    origin: tuple[str, ...]
    level: str
    offices: tuple[routing.Office, ...]
    posts: tuple[ladders.Post, ...]
    by_role: ladders.Posts = field(init=False, repr=False, compare=False)
    """The same posts: a line is kept, and asked for one role after another."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_role", ladders.by_role(self.posts))


def reached_all(sides: AbstractSet[str]) -> bool:
    """Whether services to these sides reached everybody whom a paper is to; one that names no
    side did."""
    return "" in sides or sides >= {*BOTH_SIDES}


def is_overtaken(paper: pack_.Paper, since: AbstractSet[str]) -> bool:
    """Whether one of the acts since it was made has made a paper untrue: nobody serves it then."""
    return not since.isdisjoint(paper.overtaken_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierPaper:
    """A paper that the case has already. `served` are the sides to whom it was served, as
    `reached_all` reads them; `is_overtaken`: nobody serves it any more, by the act at hand or an
    earlier one."""

    no: int
    name: str
    number: str
    made_at: datetime
    served: frozenset[str] = frozenset()
    is_overtaken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFacts:
    """What making or serving a paper must know beside the case; read for such actions alone.

    `values` are the fields of all earlier acts, the latest of each name, sealed ones opened;
    `history` what was done, when, and by which event; `names` those of offices, persons and areas
    by id or code; `last` the last serial that an office has given in a series this year.
    `is_draft`: the papers are only looked at, and bear no number.
    """

    values: Mapping[str, Scalar]
    history: tuple[tuple[str, datetime, int], ...]
    papers: tuple[EarlierPaper, ...]
    services: int
    names: Mapping[str, str]
    last: Mapping[tuple[UUID, str], int]
    actor: str
    is_draft: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a decision may know. `now` is office time, read with the rest; `notices`
    are the active pack's by what they tell of, whatever pack the case runs under."""

    now: datetime
    line: Line
    notices: Mapping[str, Sequence[pack_.Notice]]
    calendar: calendars.Calendar
    calendars: Mapping[str, calendars.Calendar]
    case: CaseRow | None = None
    deadlines: tuple[DeadlineRow, ...] = ()
    assignments: tuple[AssignmentRow, ...] = ()
    recused: frozenset[UUID] = frozenset()
    """Who must not see, handle or receive the case: persons, and the offices complained about."""
    barred: frozenset[UUID] = frozenset()
    """The offices complained about, with all of the line that answer to them."""
    parted: frozenset[UUID] = frozenset()
    """The offices that were sent the case and objected."""
    papers: PaperFacts | None = None

    def barring(self, offices: frozenset[UUID]) -> Facts:
        """The facts without the posts of offices complained about and of those below them; who
        is in one of these posts is out in every other. Invariant: 8."""
        if not offices:
            return self
        barred = self.barred | routing.with_line(offices, self.line.offices)
        out = {
            person
            for post in self.line.posts
            if post.office_id in barred
            for person in (post.holder, post.deputy, *post.away)
            if person is not None
        }
        posts = tuple(post for post in self.line.posts if post.office_id not in barred)
        return replace(
            self,
            line=replace(self.line, posts=posts),
            recused=self.recused | offices | out,
            barred=barred,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What only the first action of a case brings."""

    process: str
    origin_grid: str
    number: str
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The case that a link names. `is_merge`: it is to take the case at hand in; `is_over`: its
    matter is settled or has ended; `sees_more`: somebody who is kept out of the case at hand is not
    kept out of it. `linked` is what the case at hand is linked to already, `before` what it hangs
    on through all links, `behind` what the named one hangs on."""

    case: CaseRow
    is_merge: bool
    is_over: bool
    sees_more: bool
    linked: frozenset[UUID] = frozenset()
    before: frozenset[UUID] = frozenset()
    behind: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Who wants what. `post_id` is the post in which the person acts; `version` is the
    case as they saw it, None where they do not say."""

    case_id: UUID
    action_id: str
    action: str
    fields: Mapping[str, Scalar] = field(default_factory=dict)
    actor_kind: ActorKind = "person"
    actor_id: UUID | None = None
    post_id: UUID | None = None
    version: int | None = None
    opening: Opening | None = None
    earlier: Earlier | None = None


def asked_of(case: CaseRow, role: str, posts: ladders.Posts) -> tuple[UUID, int]:
    """The office of which a role is asked, with its level: the lead office; where that has no such
    post, the office that sent the case on, if it has one."""
    lead, sender = case.lead_office_id, case.sender_id
    if sender is not None:
        levels = {post.office_id: post.level for post in posts.get(role, ())}
        if sender in levels and lead not in levels:
            return sender, levels[sender]
    return lead, case.level


class Search(NamedTuple):
    """Where a rung looks for whom to tell: `office_id` is asked first, at its `level`, and the
    search goes up from `from_level`. `at_top`: a raise found no level above that has a post of
    the role it tells, be it vacant."""

    office_id: UUID
    level: int
    from_level: int
    at_top: bool = False


def search_of(case: CaseRow, rung: pack_.Rung, role: str | None, line: Line) -> Search:
    """At the lead office; where a handler is told and there is none yet, at the one of which
    `role`, the owner's, is asked. What puts a case under supervision goes up from where it is
    watched already."""
    office, own = case.lead_office_id, case.level
    if role is not None and rung.tell == HANDLER and case.handler_id is None:
        office, own = asked_of(case, role, line.by_role)
    if rung.do not in SUPERVISING:
        return Search(office_id=office, level=own, from_level=own)
    level = case.supervising_level or case.level
    if rung.do != "raise":
        return Search(office_id=office, level=own, from_level=level)
    is_above = any(post.level < level for post in line.by_role.get(rung.tell, ()))
    return Search(office_id=office, level=own, from_level=level - is_above, at_top=not is_above)


def is_led_by(case: CaseRow, office: UUID, line: Line) -> bool:
    """Whether this office leads the case, or one that answers to it does."""
    return case.lead_office_id in routing.with_line(frozenset({office}), line.offices)


def may_take_below(field: pack_.Field, case: CaseRow, facts: Facts) -> frozenset[UUID]:
    """The offices below the lead office that the field may name."""
    fits = {office.id for office in facts.line.offices if office.kind in field.below}
    below = routing.below(case.lead_office_id, facts.line.offices)
    return (below & fits) - facts.barred - (frozenset() if field.objected else facts.parted)


def guard_facts(case: CaseRow, assignments: Collection[AssignmentRow] = ()) -> dict[str, object]:
    """The facts about a case that guards may read."""
    plans = [row.plan for row in assignments if row.plan]
    return {
        "case.plan": plans[-1] if plans else "",
        "case.process": case.process,
        "case.state": case.state,
        "case.category": case.category or "",
        "case.grade": case.grade or "",
        "case.scale": case.scale or "",
        "case.channel": case.channel or "",
        "case.route": case.route or "",
        "case.petition_class": case.petition_class or "",
        "case.parties": case.parties,
        "case.repeats": case.repeats,
        "case.level": case.level,
        "case.lead_office_kind": case.lead_kind,
    }
