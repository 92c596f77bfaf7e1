"""The one policy: who may see a case, act on it, read its fields. No second place decides.

The active pack's rights say, per role, which relation between post and case opens what.
`may_see` and `may_act` judge one object, `visible` is the same judgement as SQL; a property
holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, get_args
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, exists, not_, or_, select

from rules import pack as pack_
from rules import papers
from workflow.decide import CaseRow
from workflow.tables import case as case_tables

ActorKind = Literal["person", "resident", "third_party"]

PERSONAL_RELATIONS: Final = frozenset(get_args(pack_.PersonRelation))
"""Relations of a person, not of a post: together they are the seat *what is mine*."""
MINE: Final = frozenset({"handler", "filer", "leader"})
"""What a person is to do, which lists show first; one watches by name in a seat further back."""
NAMED: Final = PERSONAL_RELATIONS | {"office", "sender", "resident", "invited"}
"""Relations that reach a restricted case: those who work on it, and nobody by area."""

BY_CODE: Final[Mapping[pack_.Relation, ActorKind]] = {
    "resident": "resident",
    "invited": "third_party",
}
"""Relations of those who come with number and code, and open the one case that these stand for."""
FOR_RESIDENTS: Final = frozenset({"applicant", "both"})
"""Whose papers number and code open."""
ADMINISTRATOR: Final = "administrator"
"""The role that keeps accounts and settings, and opens no case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPost:
    """A post that somebody holds, or stands in for."""

    id: UUID
    role: str
    office_id: UUID
    office_name: str
    office_kind: str
    area: str
    depth: int
    scope: str
    scope_depth: int
    scope_name: str
    line: tuple[UUID, ...] = ()
    """The office and what it answers to, up to the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks. A resident, and who was invited, is known by one case alone."""

    kind: ActorKind
    person_id: UUID | None = None
    name: str = ""
    posts: tuple[HeldPost, ...] = ()
    case_id: UUID | None = None
    invitation: int | None = None
    language: str | None = None
    beside: frozenset[UUID] = frozenset()
    """Offices that they belong or answer to by posts which are left out of `posts`."""

    @property
    def line(self) -> frozenset[UUID]:
        """Every office that this person belongs to or answers to."""
        return self.beside.union(*(post.line for post in self.posts))

    def is_kept_from(self, barred: frozenset[UUID]) -> bool:
        """Whether these persons and offices, who must not see a case, include this one: the
        person, or an office that they are under. Invariant: 8."""
        return bool(barred) and (self.person_id in barred or not barred.isdisjoint(self.line))

    @property
    def roles(self) -> frozenset[str]:
        """The roles in which they can act."""
        if self.kind != "person":
            return frozenset({self.kind})
        return frozenset(post.role for post in self.posts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One place from which a list is seen: a post's relation, or one of *what is mine*. `named`
    are the seats by which restricted cases are seen from an area."""

    key: str
    kind: str
    value: str | UUID
    post: HeldPost | None = None
    processes: tuple[str, ...] = ()
    named: tuple[Seat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """The permission to act: in which post, or none for a resident."""

    post: HeldPost | None = field(default=None)


def rights_of(pack: pack_.Pack, role: str) -> Iterator[pack_.Right]:
    """The rows of the policy for one role."""
    return (right for right in pack.rights if right.role == role)


# -- one object ---------------------------------------------------------------------------------


def may_see(
    pack: pack_.Pack, actor: Actor, case: CaseRow, *, recused: frozenset[UUID] = frozenset()
) -> bool:
    """Whether the case exists for this actor. `recused` are the persons who must not see it,
    and the offices complained about."""
    return any(True for _ in _openings(pack, actor, case, recused=recused, acting=False))


def may_act(
    pack: pack_.Pack,
    actor: Actor,
    case: CaseRow,
    *,
    action: pack_.Action,
    recused: frozenset[UUID] = frozenset(),
) -> Leave | None:
    """The seat in which this actor may do the action, state and guards aside. A third party has
    none, whatever a pack says: an event is of a person, a resident or the ladder."""
    if actor.kind == "third_party":
        return None
    # Whoever sees a case may say that they must not.
    acting = action.recuses != "actor"
    for right, post in _openings(pack, actor, case, recused=recused, acting=acting):
        if right.role in action.by:
            return Leave(post=post)
    return None


def may_file(
    pack: pack_.Pack, actor: Actor, *, process: str, grid: tuple[str, ...]
) -> Leave | None:
    """The seat in which this actor may open a case in a grid, given with what lies above it."""
    action = pack.processes[process].actions.get("file_case")
    for post in actor.posts:
        in_scope = post.scope in grid
        if action and in_scope and post.role in action.by and _covers(pack, post.role, process):
            return Leave(post=post)
    return None


def watching(pack: pack_.Pack, actor: Actor) -> Actor:
    """The person in the posts that have a board, and in no others."""
    boards = {right.role for right in pack.rights if right.board}
    posts = tuple(post for post in actor.posts if post.role in boards)
    return replace(actor, posts=posts, beside=actor.line)


def field_rights(
    pack: pack_.Pack, actor: Actor, case: CaseRow, *, recused: frozenset[UUID] = frozenset()
) -> Mapping[str, pack_.FieldRight]:
    """How each kind of personal field reads for this actor: open, masked; absent is hidden."""
    found: dict[str, pack_.FieldRight] = {}
    for right, _ in _openings(pack, actor, case, recused=recused, acting=False):
        for name, how in (right.fields or {}).items():
            if found.get(name) != "open":
                found[name] = how
    return found


def knows_paper(
    rights: Mapping[str, pack_.FieldRight], paper: pack_.Paper, pack: pack_.Pack, actor: Actor
) -> bool:
    """Whether a paper is there for this actor, who has these field rights on its case. Invariant:
    7."""
    if actor.kind == "resident":
        return may_open_paper(rights, paper, pack, actor)
    return paper.seen_by in rights


def may_open_paper(
    rights: Mapping[str, pack_.FieldRight], paper: pack_.Paper, pack: pack_.Pack, actor: Actor
) -> bool:
    """Whether this actor may read what a paper says: who reads each of its sealed fields open. A
    resident reads only what is addressed to whom number and code belong to."""
    if actor.kind == "third_party" or (actor.kind == "resident" and paper.to not in FOR_RESIDENTS):
        return False
    return all(rights.get(right) == "open" for right in papers.rights(paper, pack.fields))


def may_open_file(
    rights: Mapping[str, pack_.FieldRight],
    paper: pack_.Paper | None,
    pack: pack_.Pack,
    actor: Actor,
    *,
    is_own: bool = False,
) -> bool:
    """Whether this actor may look at the receipt of a paper, or at the file of a material: who
    opens the paper and reads what is known of the parties open, for a picture masks no name and no
    number; a material may show anything, and opens to who reads everything open, and to who
    attached it. Never a resident: it may be the other side's."""
    if actor.kind != "person" or (is_own and paper is None):
        return actor.kind == "person"
    fields = (field for field in pack.fields.values() if field.party or paper is None)
    may_read = all(rights.get(field.seen_by) == "open" for field in fields if field.seen_by)
    return may_read and (paper is None or may_open_paper(rights, paper, pack, actor))


def may_attach(
    pack: pack_.Pack,
    actor: Actor,
    case: CaseRow,
    *,
    by: Iterable[pack_.Action],
    recused: frozenset[UUID] = frozenset(),
) -> Leave | None:
    """The seat in which this actor may do one of the actions that serve a paper, or that by which a
    material came in, state aside: a receipt comes back by post when the case has long moved on."""
    if actor.kind != "person":
        return None
    for action in by:
        leave = may_act(pack, actor, case, action=action, recused=recused)
        if leave:
            return leave
    return None


def keeps(pack: pack_.Pack, actor: Actor) -> tuple[HeldPost, ...]:
    """The posts by which somebody keeps the absences of others, of everybody whose posts lie in
    their scope: those that watch an area and act on it, and the administrator's."""
    watching = {right.role for right in pack.rights if right.board and "area" in right.acts}
    return tuple(post for post in actor.posts if post.role in {*watching, ADMINISTRATOR})


def _covers(pack: pack_.Pack, role: str, process: str) -> bool:
    return any(not r.processes or process in r.processes for r in rights_of(pack, role))


def _openings(
    pack: pack_.Pack, actor: Actor, case: CaseRow, *, recused: frozenset[UUID], acting: bool
) -> Iterator[tuple[pack_.Right, HeldPost | None]]:
    """Every row of the policy that relates this actor to this case."""
    if actor.is_kept_from(recused):
        return
    for right, post in _rows(pack, actor):
        if right.processes and case.process not in right.processes:
            continue
        for relation in right.acts if acting else right.sees:
            if _holds(relation, actor=actor, post=post, case=case):
                yield right, post


def _rows(pack: pack_.Pack, actor: Actor) -> Iterator[tuple[pack_.Right, HeldPost | None]]:
    if actor.kind != "person":
        yield from ((right, None) for right in rights_of(pack, actor.kind))
        return
    for post in actor.posts:
        yield from ((right, post) for right in rights_of(pack, post.role))


def _holds(relation: pack_.Relation, *, actor: Actor, post: HeldPost | None, case: CaseRow) -> bool:
    if relation in BY_CODE:
        return actor.kind == BY_CODE[relation] and actor.case_id == case.id
    if actor.person_id is None or post is None:
        return False
    if case.confidentiality != "normal" and relation not in NAMED:
        return False
    if relation in PERSONAL_RELATIONS:
        return bool(getattr(case, f"{relation}_id") == actor.person_id)
    if relation == "grid":
        return post.scope == case.origin_grid
    if relation == "office":
        return post.office_id == case.lead_office_id
    if relation == "sender":
        return post.office_id == case.sender_id
    areas = case.areas
    return post.scope_depth <= len(areas) and areas[post.scope_depth - 1] == post.scope


# -- the same as SQL ------------------------------------------------------------------------------

_CASE = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
_RECUSAL = case_tables.Recusal.__table__.c  # type: ignore[attr-defined]
_ABOUT = case_tables.OfficeTie.__table__.c  # type: ignore[attr-defined]


def kept_from(case_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the actor of `asker` must not see the case of this id. Index: both keys, which
    begin with the case. Invariant: 8."""
    recused = select(1).where(
        _RECUSAL.case_id == case_id, _RECUSAL.person_id == bindparam("seat_person")
    )
    complained = select(1).where(_ABOUT.case_id == case_id, *BARRED_LINE)
    return or_(exists(recused), exists(complained))


BARRED_LINE: Final[tuple[ColumnElement[bool], ...]] = (
    _ABOUT.relation == "complained",
    _ABOUT.office_id.in_(bindparam("seat_line", expanding=True)),
)
"""Of rows of `office_tie`: those that keep the actor of `asker` from their case."""

_NOT_RECUSED = not_(kept_from(_CASE.id))
_OPEN = _CASE.confidentiality == "normal"
_VALUE: Final[BindParameter[Any]] = bindparam("seat_value")

_NAMES: Final[Mapping[str, ColumnElement[Any]]] = {
    "office": _CASE.lead_office_id,
    "sender": _CASE.sender_id,
    "handler": _CASE.handler_id,
    "filer": _CASE.filer_id,
    "leader": _CASE.leader_id,
    "supervisor": _CASE.supervisor_id,
}
NAMING: Final[Mapping[str, ColumnElement[bool]]] = {
    kind: column.in_(bindparam(f"named_{kind}", expanding=True)) for kind, column in _NAMES.items()
}
"""Per kind of seat, whether somebody is named in a case by it: `binds` brings the values."""

VISIBLE: Final[Mapping[str, ColumnElement[bool]]] = {
    "grid": and_(_CASE.origin_grid == _VALUE, _OPEN, _NOT_RECUSED),
    "office": and_(_CASE.lead_office_id == _VALUE, _NOT_RECUSED),
    "sender": and_(_CASE.sender_id == _VALUE, _NOT_RECUSED),
    "handler": and_(_CASE.handler_id == _VALUE, _NOT_RECUSED),
    "filer": and_(_CASE.filer_id == _VALUE, _NOT_RECUSED),
    "leader": and_(_CASE.leader_id == _VALUE, _NOT_RECUSED),
    "supervisor": and_(_CASE.supervisor_id == _VALUE, _NOT_RECUSED),
} | {
    f"area_{n}": and_(_CASE[f"area_{n}"] == _VALUE, or_(_OPEN, *NAMING.values()), _NOT_RECUSED)
    for n in range(1, 7)
}
"""Per kind of seat, one equality that an index serves, and the exclusions. Of the restricted
cases of an area a person sees those in which they are named."""

_OF_PROCESS = _CASE.process.in_(bindparam("seat_processes", expanding=True))


def visible(seat: Seat) -> ColumnElement[bool]:
    """The filter of one seat; `binds` brings its values."""
    found = VISIBLE[seat.kind]
    return and_(found, _OF_PROCESS) if seat.processes else found


def restricted(seat: Seat) -> ColumnElement[bool]:
    """The restricted cases of an area, whoever is named in them: for what may be told without
    telling of a case. Those that the person is kept from are left out here as well."""
    inside = and_(_CASE[seat.kind] == _VALUE, not_(_OPEN), _NOT_RECUSED)
    return and_(inside, _OF_PROCESS) if seat.processes else inside


def binds(actor: Actor, seat: Seat) -> dict[str, object]:
    """The values of a seat's filter."""
    values: dict[str, object] = {"seat_value": seat.value, **asker(actor)}
    if seat.processes:
        values["seat_processes"] = list(seat.processes)
    if seat.kind.startswith("area_"):
        for kind in NAMING:
            values[f"named_{kind}"] = [one.value for one in seat.named if one.kind == kind]
    return values


def asker(actor: Actor) -> dict[str, object]:
    """The values of `kept_from`."""
    return {"seat_person": actor.person_id, "seat_line": sorted(actor.line)}


def seats(pack: pack_.Pack, actor: Actor) -> tuple[Seat, ...]:
    """The seats of an actor: what is mine first, then each post's own reach."""
    found: dict[tuple[str, object], Seat] = {}
    for right, post in _rows(pack, actor):
        for relation in right.sees:
            seat = _seat(right, relation, actor=actor, post=post)
            if seat is not None:
                key = (seat.kind, seat.value)
                found[key] = _wider(found.get(key), seat)
    by_name = (with_named(seat, found.values()) for seat in found.values())
    return tuple(sorted(by_name, key=lambda s: s.kind not in MINE))


def with_named(seat: Seat, others: Iterable[Seat]) -> Seat:
    """An area's seat with those of the same person that name them, as far as these reach
    whatever it shows."""
    if not seat.kind.startswith("area_"):
        return seat
    shown = set(seat.processes)
    reaching = (
        one
        for one in others
        if one.kind in NAMING and (not one.processes or (shown and shown <= set(one.processes)))
    )
    return replace(seat, named=tuple(reaching))


def _wider(one: Seat | None, other: Seat) -> Seat:
    """Two rows of the policy that open the same seat open what either opens."""
    if one is None:
        return other
    if not one.processes or not other.processes:
        return replace(one, processes=())
    return replace(one, processes=tuple(dict.fromkeys(one.processes + other.processes)))


def _seat(
    right: pack_.Right, relation: pack_.Relation, *, actor: Actor, post: HeldPost | None
) -> Seat | None:
    if post is None or actor.person_id is None or relation in BY_CODE:
        return None
    if relation in PERSONAL_RELATIONS:
        return Seat(key=relation, kind=relation, value=actor.person_id, processes=right.processes)
    kind, value = {
        "grid": ("grid", post.scope),
        "office": ("office", post.office_id),
        "sender": ("sender", post.office_id),
        "area": (f"area_{post.scope_depth}", post.scope),
    }[relation]
    return Seat(
        key=f"{relation}.{post.id}",
        kind=kind,
        value=value,  # type: ignore[arg-type]
        post=post,
        processes=right.processes,
    )
