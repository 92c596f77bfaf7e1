"""Cases of one matter: the earlier one that a number names, what is linked to a case, what is
likely to be the same, and where a merged one goes on. What somebody may not see does not exist for
them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, Select, bindparam, false, select, true, union_all

from rules import pack as pack_
from workflow import access, db, ids, read
from workflow.decide import CaseRow, Command, Earlier
from workflow.decide import links as decided
from workflow.tables import case as case_tables
from workflow.tables import personal as personal_tables

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
_EVENT: Final = case_tables.Event.__table__.c  # type: ignore[attr-defined]
_LINK: Final = case_tables.Link.__table__.c  # type: ignore[attr-defined]
_VALUES: Final = personal_tables.SealedValue.__table__  # type: ignore[attr-defined]
_OWN: Final = _VALUES.alias("own").c
_THEIRS: Final = _VALUES.alias("theirs").c

APPLICANT: Final = 1
"""The number of the side whose matter it is."""
FOUND_BY: Final = ("phone", "id_number")
"""What makes two cases likely to be one person's: a name alone does not."""
MOST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """Another case of the same matter."""

    case_id: UUID
    number: str
    subject: str
    process: pack_.Text
    state: pack_.Text
    opened_at: datetime
    is_closed: bool
    is_over: bool
    """Its matter is settled or has ended: no case is merged into it."""
    is_earlier: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GoesOn:
    """That a matter is dealt with in an earlier case, for the resident of the one that was merged:
    nothing by which that case could be found, or known whose it is or what became of whom."""

    is_told: bool
    """Whether it may be said if that case has ended: not where fewer people see it than this one,
    nor while it is settled and not closed."""
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Cases that belong together with one, oldest first: `linked` to it, earlier and later; and
    `likely` earlier ones, of whoever gave the same phone or id number."""

    linked: tuple[CaseRow, ...] = ()
    likely: tuple[CaseRow, ...] = ()


_ID: Final[BindParameter[Any]] = bindparam("case_id")
# Index: the primary key.
HELD: Final = select(_CASE.id).where(_CASE.id == _ID).with_for_update(read=True)
# Index: the key of event, of one case.
MERGED: Final = (
    select(_EVENT.payload)
    .where(_EVENT.case_id == _ID, _EVENT.name.in_(bindparam("names", expanding=True)))
    .order_by(_EVENT.seq.desc())
    .limit(1)
)
# Index: the unique number.
BY_NUMBER: Final = select(_CASE.id).where(_CASE.number == bindparam("number"))


def _behind() -> Select[Any]:
    """What each of some cases hangs on, directly and through others: root, case, whether direct."""
    direct = select(
        _LINK.case_id.label("root"), _LINK.other_case_id.label("other"), _LINK.case_id.label("via")
    ).where(_LINK.case_id.in_(bindparam("case_ids", expanding=True)))
    chain = direct.cte("chain", recursive=True)
    further = select(chain.c.root, _LINK.other_case_id, _LINK.case_id).where(
        _LINK.case_id == chain.c.other
    )
    whole = chain.union(further)
    return select(whole.c.root, whole.c.other, whole.c.via)


BEHIND: Final = _behind()
# Index: the key of link; link_other_case.
_EARLIER: Final = select(_LINK.other_case_id.label("id"), true().label("is_linked")).where(
    _LINK.case_id == _ID
)
_LATER: Final = select(_LINK.case_id, true()).where(_LINK.other_case_id == _ID)
LINKED: Final = union_all(_EARLIER, _LATER)
# Index: the key of sealed_value; sealed_finder.
_LIKELY: Final = (
    select(_THEIRS.case_id, false())
    .join(_OWN.case_id.table, _OWN.finder == _THEIRS.finder)
    .where(
        _OWN.case_id == _ID,
        _OWN.party_no == APPLICANT,
        _OWN.kind.in_(FOUND_BY),
        _THEIRS.party_no == APPLICANT,
        _THEIRS.case_id != _ID,
    )
    .limit(bindparam("most"))
)
AROUND: Final = union_all(_EARLIER, _LATER, _LIKELY.subquery().select())


def earlier(
    tx: db.Tx,
    rights: pack_.Pack,
    actor: access.Actor,
    command: Command,
    *,
    kind: str,
    holds: bool,
) -> Earlier | None:
    """The case that a command names as the earlier one, with what decides how often the matter
    came; None where it is not there for this person. `holds`: where it takes the other in, it stays
    as it is until the end of the transaction."""
    is_merge = kind == decided.MERGE
    number = ids.read_number(str(command.fields.get(decided.NUMBER) or ""))
    found = tx.execute(BY_NUMBER, {"number": number}).scalar() if number else None
    if found is None:
        return None
    if is_merge and holds:
        tx.execute(HELD, {"case_id": found})
    cases = _visible(tx, rights, actor, [found])
    if not cases:
        return None
    rows = tx.execute(BEHIND, {"case_ids": [command.case_id, found]}).all()
    return Earlier(
        case=cases[0],
        is_merge=is_merge,
        is_over=_is_over(_state(tx, cases[0])),
        sees_more=is_merge and _sees_more(tx, found, than=command.case_id),
        linked=frozenset(row.other for row in rows if row.via == row.root == command.case_id),
        before=frozenset(row.other for row in rows if row.root == command.case_id),
        behind=frozenset(row.other for row in rows if row.root == found),
    )


def around(
    tx: db.Tx, rights: pack_.Pack, actor: access.Actor, case: CaseRow, *, can_link: bool
) -> Around:
    """What belongs together with a case, as far as somebody may see it; to who comes with a code
    the one case is all there is."""
    if actor.kind != "person":
        return Around()
    keys: dict[str, object] = {"case_id": case.id}
    if can_link:
        keys["most"] = MOST
    rows = tx.execute(AROUND if can_link else LINKED, keys).all()
    linked = {row.id for row in rows if row.is_linked}
    seen = _visible(tx, rights, actor, {row.id for row in rows})
    return Around(
        linked=tuple(one for one in seen if one.id in linked),
        likely=tuple(
            one
            for one in seen
            if one.id not in linked and (one.opened_at, one.id) < (case.opened_at, case.id)
        ),
    )


def goes_on(tx: db.Tx, actor: access.Actor, case: CaseRow) -> GoesOn | None:
    """Where a resident's case was merged: how it stands at the end of all merges. None for anybody
    else, who has the links. Invariants: 7, 8."""
    last = _merged_into(tx, case) if actor.kind == "resident" else None
    while last and (further := _merged_into(tx, last)):
        last = further
    if last is None:
        return None
    is_told = (
        last.confidentiality != decided.RESTRICTED
        and (last.is_closed or not _is_over(_state(tx, last)))
        and not _sees_more(tx, case.id, than=last.id)
    )
    return GoesOn(is_told=is_told, ended_at=last.closed_at if is_told else None)


def _merged_into(tx: db.Tx, case: CaseRow) -> CaseRow | None:
    process = read.rules(tx, case.pack_hash).pack.processes[case.process]
    names = [
        name
        for name, action in process.actions.items()
        if action.link == decided.MERGE and action.to == case.state
    ]
    row = tx.execute(MERGED, {"case_id": case.id, "names": names}).first() if names else None
    if row is None:  # it came to this end by another way
        return None
    (found,) = tx.execute(read.CASES, {"case_ids": [UUID(json.loads(row.payload)["linked"])]})
    return CaseRow(*found)


def seen(payload: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """What an event says, without a linked case that is out of sight. Invariant: 7."""
    if "linked" not in payload or payload["linked"] in known:
        return payload
    fields = {key: value for key, value in payload["fields"].items() if key != decided.NUMBER}
    left = {key: value for key, value in payload.items() if key not in ("linked", "repeats")}
    return left | {"fields": fields}


def view(tx: db.Tx, other: CaseRow, case: CaseRow) -> LinkView:
    """One of them, as the page of the other shows it."""
    process, state = (
        read.rules(tx, other.pack_hash).pack.processes[other.process],
        _state(tx, other),
    )
    return LinkView(
        case_id=other.id,
        number=other.number,
        subject=other.subject,
        process=process.name,
        state=state.name,
        opened_at=other.opened_at,
        is_closed=other.is_closed,
        is_over=_is_over(state),
        is_earlier=(other.opened_at, other.id) < (case.opened_at, case.id),
    )


def _sees_more(tx: db.Tx, case_id: UUID, *, than: UUID) -> bool:
    """Whether somebody is kept out of the second case and not of the first."""
    out = read.kept_out(tx, [case_id, than])
    return not out.get(than, frozenset()) <= out.get(case_id, frozenset())


def _state(tx: db.Tx, case: CaseRow) -> pack_.State:
    """By the rules that the case runs under."""
    return read.rules(tx, case.pack_hash).pack.processes[case.process].states[case.state]


def _is_over(state: pack_.State) -> bool:
    return state.done or state.end


def _visible(
    tx: db.Tx, rights: pack_.Pack, actor: access.Actor, wanted: Iterable[UUID]
) -> tuple[CaseRow, ...]:
    keys = {"case_ids": list(wanted)}
    if not keys["case_ids"]:
        return ()
    hidden = read.kept_out(tx, keys["case_ids"])
    cases = (CaseRow(*row) for row in tx.execute(read.CASES, keys))
    seen = (
        case
        for case in cases
        if access.may_see(rights, actor, case, recused=hidden.get(case.id, frozenset()))
    )
    return tuple(sorted(seen, key=lambda case: (case.opened_at, case.id)))
