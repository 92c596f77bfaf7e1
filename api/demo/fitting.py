"""A step of a plan under a pack that asks for more, for less or for other values than the national
one, for which the plans are made."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from rules import fields as fields_
from rules import pack
from workflow.decide import Scalar

_LATER: Final = timedelta(days=10)
WORDS: Final = "演示数据"


def fitted(
    sent: Mapping[str, Scalar],
    action: pack.Action,
    fields: Mapping[str, pack.Field],
    *,
    today: date,
    dice: random.Random,
) -> dict[str, Scalar]:
    """The values as this pack takes them: what it does not ask for is left out, what it needs and
    the plan does not know is made up. Nobody is named that the plan did not name."""
    found = {
        name: _value(fields[name], value, dice=dice)
        for name, value in sent.items()
        if name in fields_.asked(action)
    }
    for name in action.needs:
        if (
            name not in found
            and name != action.today
            and (value := _made_up(fields[name], today=today, dice=dice)) is not None
        ):
            found[name] = value
    return found


def _value(field: pack.Field, value: Scalar, *, dice: random.Random) -> Scalar:
    if field.type == "choice" and field.choices and value not in field.choices:
        return dice.choice(sorted(field.choices))
    return value


def _made_up(field: pack.Field, *, today: date, dice: random.Random) -> Scalar:
    if field.type == "choice" and field.choices:
        return dice.choice(sorted(field.choices))
    if field.type == "bool":
        return True
    if field.type == "int":
        return field.min or 0
    if field.type == "date":
        return (today + _LATER if field.future_only else today).isoformat()
    return (WORDS * (field.min or 1))[: field.max] if field.type == "text" else None
