"""What a person entered, read against the pack: typed, bounded, normalised, or refused.

All faults come at once. Text stays plain text: no mark-up is taken out, it is escaped where it
is shown.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from rules import errors, pack

Value = str | int | bool

MAX_TEXT = 4000
"""Characters of a text field that sets no `max`."""
ONE_LINE = 120
"""A text field of at most this many characters is one line."""
MAX_INT = 2**31 - 1
_MAX_UNKNOWN = 20

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INT = re.compile(r"-?\d{1,15}", re.ASCII)
_AREA = re.compile(r"[0-9A-Za-z-]{1,32}", re.ASCII)
_PHONE = re.compile(r"\+?[0-9](?:[0-9() -]{3,18})[0-9]", re.ASCII)
# Control characters but tab and newline, halves of surrogates, and marks that turn text round.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def read(
    action: pack.Action,
    fields: Mapping[str, pack.Field],
    values: Mapping[str, object],
    *,
    today: date | None = None,
    received_on: date | None = None,
) -> dict[str, Value]:
    """The action's values, checked and normalised; an optional field left empty is left out, as is
    a box not ticked that no answer asks for.

    With `today` (the office's local date) and `received_on` it also checks `past_only` and
    `future_only`; without them these stay unchecked, and what the act fills by itself unfilled.
    Raises: Invalid field.* for the first fault, the others in its `also`.
    """
    unknown = values.keys() - {*asked(action)}
    faults = [
        errors.Invalid("field.unknown", field=shown(name))
        for name in sorted(unknown, key=str)[:_MAX_UNKNOWN]
    ]
    result: dict[str, Value] = {}
    if action.today is not None and today is not None:
        result[action.today] = today.isoformat()
    for name in asked(action):
        why = action.needs_if.get(name)  # what it asks after is among `needs`, so it is read by now
        is_needed = name in action.needs or (why and str(result.get(why.field)) in why.values)
        try:
            value = _read_one(fields[name], values.get(name))
            if value is None and is_needed:
                raise errors.Invalid("field.missing")
            if value is not None:
                _check_day(fields[name], value, today=today, received_on=received_on)
                result[name] = value
        except errors.Invalid as fault:
            if why is None or is_needed or fault.code != "field.must_be_true":
                faults.append(errors.Invalid(fault.code, field=name, also=(), **fault.params))
    if faults:
        first, *rest = faults
        raise errors.Invalid(first.code, field=first.field, also=rest, **first.params)
    return result


def asked(action: pack.Action) -> tuple[str, ...]:
    """What whoever acts is asked for, needed fields first."""
    return tuple([name for name in (*action.needs, *action.takes) if name != action.today])


def shown(name: object) -> str:
    """A name from outside, short and printable enough to be told back."""
    return "".join(char if char.isprintable() else "?" for char in str(name)[:60])


def _read_one(field: pack.Field, value: object) -> Value | None:
    """One value by its field's type; None where nothing was entered."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return _READERS[field.type](field, value)


def _string(value: object) -> str:
    """A text in one Unicode form, with plain line ends and no control characters."""
    if not isinstance(value, str):
        raise errors.Invalid("field.type", expected="text")
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    found = _CONTROL.search(text)
    if found is not None:
        raise errors.Invalid("field.control_character", position=found.start() + 1)
    return unicodedata.normalize("NFC", text).strip()


def token(value: object) -> str:
    """A short machine-made text: a code, an id, a date.

    Raises: Invalid field.type, field.control_character, field.too_long.
    """
    text = _string(value)
    if len(text) > ONE_LINE:
        raise errors.Invalid("field.too_long", max=ONE_LINE, length=len(text))
    return text


def _text(field: pack.Field, value: object) -> str:
    most = MAX_TEXT if field.max is None else field.max
    if isinstance(value, str) and len(value) > 4 * most + ONE_LINE:
        # told before any work is done on it
        raise errors.Invalid("field.too_long", max=most, length=len(value))
    text = _string(value)
    if most <= ONE_LINE:
        text = " ".join(text.split())
    if len(text) > most:
        raise errors.Invalid("field.too_long", max=most, length=len(text))
    if field.min is not None and len(text) < field.min:
        raise errors.Invalid("field.too_short", min=field.min, length=len(text))
    if field.personal == "phone" and not _PHONE.fullmatch(text):
        raise errors.Invalid("field.phone")
    return text


def _int(field: pack.Field, value: object) -> int:
    if isinstance(value, str) and _INT.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise errors.Invalid("field.type", expected="int")
    least = -MAX_INT if field.min is None else field.min
    most = MAX_INT if field.max is None else field.max
    if value < least:
        raise errors.Invalid("field.too_small", min=least)
    if value > most:
        raise errors.Invalid("field.too_large", max=most)
    return value


def _paper(_field: pack.Field, value: object) -> int:
    """The number of a paper in its case; whether it is there is for the engine to say."""
    if isinstance(value, str) and _INT.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_INT:
        raise errors.Invalid("field.id", expected="paper")
    return value


def _bool(field: pack.Field, value: object) -> bool:
    words = {"true": True, "false": False}
    if isinstance(value, str):
        value = words.get(value.strip().lower())
    if not isinstance(value, bool):
        raise errors.Invalid("field.type", expected="bool")
    if field.must_be_true and not value:
        raise errors.Invalid("field.must_be_true")
    return value


def day(text: str) -> date:
    """A date written `2026-03-20`. Raises: Invalid field.date."""
    try:
        found = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or not 1900 <= found.year <= 2199:
        raise errors.Invalid("field.date")
    return found


def _date(_field: pack.Field, value: object) -> str:
    return day(token(value)).isoformat()


def _instant(_field: pack.Field, value: object) -> str:
    try:
        at = datetime.fromisoformat(token(value))
        at = at.astimezone(UTC) if at.tzinfo is not None else at
    except (ValueError, OverflowError):
        raise errors.Invalid("field.instant") from None
    if at.tzinfo is None or not 1900 <= at.year <= 2199:
        raise errors.Invalid("field.instant")
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _choice(field: pack.Field, value: object) -> str:
    text, choices = token(value), field.choices or {}
    if text not in choices:
        allowed = ", ".join(list(choices)[:12])
        raise errors.Invalid("field.choice", allowed=allowed if len(choices) <= 12 else "")
    return text


def _area(_field: pack.Field, value: object) -> str:
    text = token(value)
    if not _AREA.fullmatch(text):
        raise errors.Invalid("field.area")
    return text


def _id(field: pack.Field, value: object) -> str:
    """An id of an office, a person or a file; whether it is there is for the engine to say."""
    if isinstance(value, uuid.UUID):
        return str(value)
    try:
        return str(uuid.UUID(token(value)))
    except ValueError:
        raise errors.Invalid("field.id", expected=field.type) from None


_READERS: Mapping[pack.FieldType, Callable[[pack.Field, object], Value]] = {
    "text": _text,
    "int": _int,
    "bool": _bool,
    "date": _date,
    "instant": _instant,
    "choice": _choice,
    "area": _area,
    "office": _id,
    "person": _id,
    "file": _id,
    "paper": _paper,
}


def _check_day(
    field: pack.Field, value: Value, *, today: date | None, received_on: date | None
) -> None:
    """Hold a date to today and to the day the case was received."""
    if field.type != "date" or not isinstance(value, str):
        return
    day = date.fromisoformat(value)
    if field.past_only and today is not None and day > today:
        raise errors.Invalid("field.in_future", latest=today.isoformat())
    if field.past_only and received_on is not None and day < received_on:
        raise errors.Invalid("field.before_case", earliest=received_on.isoformat())
    if field.future_only and today is not None and day < today:
        raise errors.Invalid("field.in_past", earliest=today.isoformat())
