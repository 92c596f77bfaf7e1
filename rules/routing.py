"""Which office a case goes to: found from a place, by kind, past the offices complained about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from rules import errors, pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An office as routing sees it. `ancestors` are the codes of its areas from the
    installation's root down to its own; `level` is their number."""

    id: UUID
    kind: str
    area: str
    level: int
    superior: UUID | None
    ancestors: tuple[str, ...]


def route(
    rule: pack.Route,
    *,
    offices: Sequence[Office],
    origin: tuple[str, ...],
    lead: Office | None,
    named: UUID | None,
    own: Office | None = None,
    sender: Office | None = None,
    excluded: frozenset[UUID] = frozenset(),
    parted: frozenset[UUID] = frozenset(),
) -> Office:
    """The office this route leads to.

    `origin` are the area codes of the origin grid, root first; `lead` the office that handles
    the case now, `named` the one a field names, `own` that of the acting post, `sender` the one
    that sent the case on, `parted` those that objected. Where it would be one of the `excluded`
    or an office below them in their line, the case goes up: to the nearest of the kinds above
    it, else up its own line; beside it only to an office of a kind that comes first.
    Raises: route.none (no such office there), route.no_lead, route.named_missing,
        route.unknown, route.complained, route.kind.
    Invariant: I8.
    """
    barred = with_line(excluded, offices if own is None else [*offices, own])
    asked = _Asked(
        offices=offices,
        origin=origin,
        lead=lead,
        named=named,
        known=own if rule.place == "own" else sender if rule.place == "sender" else None,
        parted=parted,
    )
    if rule.place == "field":
        return _named(rule, asked, barred)
    first = _found(rule, asked, frozenset())
    if first.id not in barred:
        return first
    try:
        other = _found(rule, asked, barred)
    except errors.NotNow:
        other = first
    if other.level < first.level or _precedes(rule, other, first):
        return other
    return _above(first, offices, barred)


def _precedes(rule: pack.Route, one: Office, other: Office) -> bool:
    """Whether a route would rather have the one's kind than the other's."""
    return rule.kinds.index(one.kind) < rule.kinds.index(other.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a route is found from."""

    offices: Sequence[Office]
    origin: tuple[str, ...]
    lead: Office | None
    named: UUID | None
    known: Office | None
    parted: frozenset[UUID]


def _found(rule: pack.Route, asked: _Asked, barred: frozenset[UUID]) -> Office:
    """The office, past the barred ones."""
    offices, lead, known = asked.offices, asked.lead, asked.known
    free = [office for office in offices if office.id not in barred]
    if known is not None and known.kind in rule.kinds and known.id not in barred:
        return known
    if rule.place == "superior":
        return _superior(rule, offices=offices, free=free, lead=_lead(lead))
    if rule.place == "common":
        return _common(rule, offices=offices, free=free, lead=_lead(lead), parted=asked.parted)
    if rule.place == "next":
        rule = _beyond(rule, _lead(lead))
    places = _places(rule, origin=asked.origin, lead=lead)
    if rule.place == "own":  # what somebody else files goes to the kind meant for it, however far
        by_kind = (_nearest(replace(rule, kinds=(kind,)), free, places) for kind in rule.kinds)
        found = next((office for office in by_kind if office is not None), None)
    else:
        found = _nearest(rule, free, places)
    if found is None:
        raise _none(rule)
    return found


def _places(rule: pack.Route, *, origin: tuple[str, ...], lead: Office | None) -> tuple[str, ...]:
    """The areas to look in, one after the other."""
    if rule.place == "here":
        return (_lead(lead).area,)
    if rule.place == "next":
        return _lead(lead).ancestors[::-1]
    if rule.place == "above":
        return _lead(lead).ancestors[-2::-1]
    return origin[::-1]


def _beyond(rule: pack.Route, lead: Office) -> pack.Route:
    """The route with the kinds that come after the lead office's."""
    passed = rule.kinds.index(lead.kind) + 1 if lead.kind in rule.kinds else 0
    return replace(rule, kinds=rule.kinds[passed:])


def _nearest(rule: pack.Route, offices: Iterable[Office], places: tuple[str, ...]) -> Office | None:
    """The first area with an office of these kinds; in it the kind named first, of one kind the
    office with the lowest id, so that the answer hangs on no order of rows."""
    fits = [office for office in offices if office.kind in rule.kinds]
    for area in places:
        there = [office for office in fits if office.area == area]
        if there:
            return min(there, key=lambda office: (rule.kinds.index(office.kind), office.id))
    return None


def _named(rule: pack.Route, asked: _Asked, barred: frozenset[UUID]) -> Office:
    if asked.named is None:
        raise errors.Invalid("route.named_missing", field=rule.field)
    if asked.named in barred:
        raise errors.Invalid("route.complained", field=rule.field)
    for office in asked.offices:
        if office.id == asked.named:
            if office.kind not in rule.kinds:
                raise errors.Invalid("route.kind", field=rule.field, kinds=_kinds(rule))
            return office
    raise errors.Invalid("route.unknown", field=rule.field)


def _superior(
    rule: pack.Route, *, offices: Sequence[Office], free: Sequence[Office], lead: Office
) -> Office:
    """The lead office's superior; where that is barred, or of no fitting kind, the next above."""
    by_id = {office.id: office for office in offices}
    seen = {lead.id}
    above = lead.superior
    while above is not None and above not in seen and above in by_id:
        office = by_id[above]
        if _may_stand_over(rule, office, lead) and office in free:
            return office
        seen.add(above)
        above = office.superior
    raise _none(rule)


def _may_stand_over(rule: pack.Route, office: Office, lead: Office) -> bool:
    """An office of the first kind stands over all; one of another kind over its own: of a station
    its department, and of a desk none."""
    return office.kind in {rule.kinds[0], lead.kind} and office.kind in rule.kinds


def _common(
    rule: pack.Route,
    *,
    offices: Sequence[Office],
    free: Sequence[Office],
    lead: Office,
    parted: frozenset[UUID],
) -> Office:
    """The office above the lead office and all that objected that is nearest to the first; where
    there is none, the highest."""
    below = [lead.id, *sorted(parted)]
    fits = [one for one in free if _may_stand_over(rule, one, lead) and one.id not in below]
    lines = [_line(one, offices)[1:] for one in below]
    shared = [one for one in lines[0] if all(one in line for line in lines)]
    for one in shared:
        for office in fits:
            if office.id == one:
                return office
    if not fits:
        raise _none(rule)
    return min(fits, key=lambda one: (one.level, rule.kinds.index(one.kind), one.id))


def _line(one: UUID, offices: Sequence[Office]) -> list[UUID]:
    """An office and what it answers to, up to the top."""
    by_id = {office.id: office for office in offices}
    line: list[UUID] = []
    at: UUID | None = one
    while at is not None and at not in line:
        line.append(at)
        at = by_id[at].superior if at in by_id else None
    return line


def _above(office: Office, offices: Sequence[Office], barred: frozenset[UUID]) -> Office:
    """The first office up the line that is not barred, of whatever kind."""
    by_id = {one.id: one for one in offices}
    for one in _line(office.id, offices):
        if one in by_id and one not in barred:
            return by_id[one]
    raise errors.NotNow("route.no_one_above")


def below(office: UUID, offices: Sequence[Office]) -> frozenset[UUID]:
    """The offices that answer to one, directly or not."""
    return with_line(frozenset({office}), offices) - {office}


def with_line(excluded: frozenset[UUID], offices: Sequence[Office]) -> frozenset[UUID]:
    """The excluded offices and all that answer to them."""
    barred = set(excluded)
    grew = bool(barred)
    while grew:
        below = {office.id for office in offices if office.superior in barred} - barred
        barred |= below
        grew = bool(below)
    return frozenset(barred)


def _lead(lead: Office | None) -> Office:
    if lead is None:
        raise errors.Invalid("route.no_lead")
    return lead


def _none(rule: pack.Route) -> errors.NotNow:
    return errors.NotNow("route.none", kinds=_kinds(rule))


def _kinds(rule: pack.Route) -> str:
    return ", ".join(rule.kinds)
