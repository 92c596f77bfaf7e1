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
    excluded: frozenset[UUID] = frozenset(),
) -> Office:
    """The office this route leads to.

    `origin` are the area codes of the origin grid, root first; `lead` the office that handles
    the case now, `named` the one a field names, `own` that of the acting post. The `excluded`
    and every office below them in their line are passed over, so such a case goes one up.
    Raises: route.none (no such office there), route.no_lead, route.named_missing,
        route.unknown, route.kind.
    Invariant: I8.
    """
    barred = _with_line(excluded, offices if own is None else [*offices, own])
    free = [office for office in offices if office.id not in barred]
    if rule.place == "field":
        return _named(rule, free, named)
    if rule.place == "own" and own is not None and own.kind in rule.kinds and own.id not in barred:
        return own
    if rule.place == "superior":
        return _superior(rule, offices=offices, free=free, lead=_lead(lead))
    if rule.place == "next":
        rule = _beyond(rule, _lead(lead))
    found = _nearest(rule, free, _places(rule, origin=origin, lead=lead))
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


def _named(rule: pack.Route, offices: Sequence[Office], named: UUID | None) -> Office:
    if named is None:
        raise errors.Invalid("route.named_missing", field=rule.field)
    for office in offices:
        if office.id == named:
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
        if office.kind in rule.kinds and office in free:
            return office
        seen.add(above)
        above = office.superior
    raise _none(rule)


def _with_line(excluded: frozenset[UUID], offices: Sequence[Office]) -> frozenset[UUID]:
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
