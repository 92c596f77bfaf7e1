"""What hypothesis may draw: values for an action's fields, posts, spans of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from hypothesis import strategies as st

from rules import pack as pack_
from workflow.decide import Scalar

TEXTS: Final = st.sampled_from(
    [
        "双方各执一词。",
        "修好漏点，赔偿 2400 元。",
        "<b>x</b> & 'y'",
        "a",
        "Ä ö 😀",
        "第一行\n第二行",
    ]
)

SPANS: Final = st.sampled_from(
    [
        timedelta(minutes=1),
        timedelta(minutes=7),
        timedelta(hours=9),
        timedelta(days=1),
        timedelta(days=3, hours=2),
        timedelta(days=8),
        timedelta(days=35),
    ]
)
"""How far a step moves office time: from a slip to a long downtime."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What fields of this case may name now."""

    people: Mapping[str, Sequence[str]]
    """Persons by field, under their ids or under names that the test puts in place."""
    offices: Mapping[str, Sequence[str]]
    """Offices by field."""
    today: date
    received_on: date
    papers: Sequence[int] = ()
    """Those that wait to be served."""


def fields(
    action: pack_.Action, pack: pack_.Pack, *, choices: Choices
) -> st.SearchStrategy[dict[str, Scalar]]:
    """Valid values for an action: all it needs, some of what it takes, and what one of these may
    make necessary."""
    needed = {name: value(name, pack.fields[name], choices=choices) for name in action.needs}
    taken = {
        name: value(name, pack.fields[name], choices=choices)
        for name in action.takes
        if pack.fields[name].type != "office" or choices.offices.get(name)
    }
    # what an answer makes needed is there whatever the answer
    needed |= {name: taken.pop(name) for name in action.needs_if}
    return st.fixed_dictionaries(needed, optional=taken)


def value(name: str, field: pack_.Field, *, choices: Choices) -> st.SearchStrategy[Scalar]:
    """One valid value of a field."""
    if field.type == "text":
        return TEXTS.map(lambda text: (text * (field.min or 1))[: field.max])
    if field.type == "int":
        low, high = field.min or 0, field.max if field.max is not None else 10
        return st.integers(low, min(high, low + 29))
    if field.type == "bool":
        return st.just(True) if field.must_be_true else st.booleans()
    if field.type == "choice":
        return st.sampled_from(sorted(field.choices or {}))
    if field.type == "date":
        return _day(field, choices).map(lambda day: day.isoformat())
    if field.type == "person":
        return st.sampled_from(choices.people[name])
    if field.type == "office":
        return st.sampled_from(choices.offices[name])
    if field.type == "paper":
        return st.sampled_from(choices.papers)
    raise NotImplementedError(field.type)


def _day(field: pack_.Field, choices: Choices) -> st.SearchStrategy[date]:
    if field.past_only:
        return st.dates(choices.received_on, choices.today)
    if field.future_only:
        return st.dates(choices.today, choices.today + timedelta(days=40))
    return st.dates(choices.today - timedelta(days=40), choices.today + timedelta(days=40))


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A post to add for somebody: the office by its key, the scope one below it, or none."""

    role: str
    office: str
    is_deputy: bool


def posts(roles: Sequence[str], offices: Sequence[str]) -> st.SearchStrategy[tuple[Held, ...]]:
    """The posts of one person: none, one, or several at several places."""
    held = st.builds(
        Held,
        role=st.sampled_from(list(roles)),
        office=st.sampled_from(list(offices)),
        is_deputy=st.booleans(),
    )
    return st.lists(held, max_size=3, unique_by=lambda one: (one.role, one.office)).map(tuple)
