"""An action's fields, three ways: JSON Schema, inputs of a page, values of a sent form.

Nothing is judged here: `rules.fields.read` judges. What cannot be parsed is passed on as text,
so that one place reports it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from api import problems, texts
from rules import errors, fields, pack

Scalar = str | int | bool
Kind = Literal[
    "text",
    "textarea",
    "int",
    "date",
    "datetime",
    "radios",
    "select",
    "checkbox",
    "person",
    "office",
    "area",
    "file",
]

TEXTAREA_ABOVE = fields.ONE_LINE
"""Texts that may be longer than this keep their line breaks and get a box of several lines."""
RADIOS_UP_TO = 6
"""Choices up to this many are all shown; more go into a list."""
_INT = re.compile(r"[+-]?[0-9]{1,18}")
_LOCAL_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?")
_TRUE = frozenset({"on", "true", "1", "yes"})
_FALSE = frozenset({"off", "false", "0", "no"})
_FULL_WIDTH = str.maketrans("０１２３４５６７８９－＋", "0123456789-+")


# ---- JSON Schema


def schema(
    action: pack.Action, declared: Mapping[str, pack.Field], words: texts.Words
) -> dict[str, object]:
    """The JSON Schema (2020-12) of an action's fields, titled in the words' language.

    `declared` are the pack's fields. The bounds are those of `rules.fields.read`.
    """
    told: dict[str, object] = {
        "type": "object",
        "properties": {name: _property(declared[name], words) for name in fields.asked(action)},
        "required": [name for name in fields.asked(action) if name in action.needs],
        "additionalProperties": False,
    }
    return told | ({"allOf": _needed_if(action)} if action.needs_if else {})


def _needed_if(action: pack.Action) -> list[dict[str, object]]:
    """What an answer makes needed, each answer once."""
    needed: dict[pack.NeededIf, list[str]] = {}
    for name, asked in action.needs_if.items():
        needed.setdefault(asked, []).append(name)
    return [
        {
            "if": {
                "properties": {asked.field: {"enum": list(asked.values)}},
                "required": [asked.field],
            },
            "then": {"required": names},
        }
        for asked, names in needed.items()
    ]


def _property(field: pack.Field, words: texts.Words) -> dict[str, object]:
    """One field's schema."""
    told: dict[str, object] = {"title": words.text(field.name)}
    if field.hint is not None:
        told["description"] = words.text(field.hint)
    return told | _TYPES[field.type] | _bounds(field) | _choices(field, words) | _role(field)


_TYPES: Mapping[pack.FieldType, dict[str, object]] = {
    "text": {"type": "string"},
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "instant": {"type": "string", "format": "date-time"},
    "choice": {"type": "string"},
    "area": {"type": "string", "x-gridcase-ref": "area"},
    "office": {"type": "string", "format": "uuid", "x-gridcase-ref": "office"},
    "person": {"type": "string", "format": "uuid", "x-gridcase-ref": "person"},
    "file": {"type": "string", "format": "uuid", "x-gridcase-ref": "file"},
    "paper": {"type": "integer", "minimum": 1, "x-gridcase-ref": "paper"},
}


def _bounds(field: pack.Field) -> dict[str, object]:
    if field.type == "text":
        return {"minLength": field.min or 1, "maxLength": field.max or fields.MAX_TEXT}
    if field.type == "int":
        least = -fields.MAX_INT if field.min is None else field.min
        return {
            "minimum": least,
            "maximum": fields.MAX_INT if field.max is None else field.max,
        }
    return {"const": True} if field.must_be_true else {}


def _choices(field: pack.Field, words: texts.Words) -> dict[str, object]:
    if field.choices is None:
        return {}
    return {
        "oneOf": [
            {"const": value, "title": words.text(choice.name)}
            for value, choice in field.choices.items()
        ]
    }


def _role(field: pack.Field) -> dict[str, object]:
    return {} if field.role is None else {"x-gridcase-role": field.role}


# ---- inputs of a page


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing to choose. `hint` stands below it, small."""

    value: str
    label: str
    hint: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """The answer to another field that makes one needed, in words and for a script."""

    words: str
    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input as a template draws it. `value` is what was typed before, as text; `needed` says
    what makes one needed that is not `required`."""

    name: str
    id: str
    kind: Kind
    label: str
    hint: str = ""
    required: bool = False
    needed: Needed | None = None
    value: str = ""
    options: tuple[Option, ...] = ()
    min: str = ""
    max: str = ""
    error: str = ""
    autocomplete: str = "off"
    inputmode: str = ""


def inputs(
    action: pack.Action,
    declared: Mapping[str, pack.Field],
    words: texts.Words,
    *,
    values: Mapping[str, object] | None = None,
    error: errors.GridcaseError | None = None,
    options: Mapping[str, Sequence[Option]] | None = None,
    only: Sequence[str] | None = None,
) -> tuple[Input, ...]:
    """The inputs of an action in its own order, needed ones first.

    `values` are shown as typed; `error` is what `rules.fields.read` or a command raised;
    `options` are the persons, offices, areas or categories to choose from, by field; `only`
    picks and orders some fields (a step of a form).
    """
    names = only if only is not None else fields.asked(action)
    faults = {} if error is None else problems.field_errors(error, words, labels(declared, words))
    return tuple(
        _input(
            name,
            declared[name],
            words,
            required=name in action.needs,
            needed=_needed(action.needs_if.get(name), declared, words),
            value=_shown((values or {}).get(name)),
            error=faults.get(name, ""),
            options=(options or {}).get(name),
        )
        for name in names
    )


def summary(
    error: errors.GridcaseError, declared: Mapping[str, pack.Field], words: texts.Words
) -> tuple[tuple[str | None, str], ...]:
    """The lines of an error summary: the input to go to (None where the fault has none), and
    what is wrong with it."""
    titles = labels(declared, words)
    return tuple(
        (
            f"f-{fault.field}" if fault.field in declared else None,
            problems.detail(fault, words, titles),
        )
        for fault in error.faults
    )


def labels(declared: Mapping[str, pack.Field], words: texts.Words) -> dict[str, str]:
    """The titles of fields in the words' language."""
    return {name: words.text(field.name) for name, field in declared.items()}


def _input(
    name: str,
    field: pack.Field,
    words: texts.Words,
    *,
    required: bool,
    needed: Needed | None,
    value: str,
    error: str,
    options: Sequence[Option] | None,
) -> Input:
    kind = _kind(field, options)
    return Input(
        name=name,
        id=f"f-{name}",
        kind=kind,
        label=words.text(field.name),
        hint=words.text(field.hint),
        required=required,
        needed=needed,
        value=value,
        options=_options(field, words, value=value, given=options),
        min=_least(field, words),
        max=_most(field, words),
        error=error,
        inputmode=_inputmode(field),
    )


def _needed(
    asked: pack.NeededIf | None, declared: Mapping[str, pack.Field], words: texts.Words
) -> Needed | None:
    """What makes a field needed, by the name of the other field and of its answers."""
    if asked is None:
        return None
    choices = declared[asked.field].choices or {}
    answers = " / ".join(words.text(choices[value].name) for value in asked.values)
    told = words.get(
        "Required where “{field}” is “{answers}”",
        field=words.text(declared[asked.field].name),
        answers=answers,
    )
    return Needed(words=told, field=asked.field, values=asked.values)


def _kind(field: pack.Field, options: Sequence[Option] | None) -> Kind:
    """How a field is asked for."""
    if field.type == "text":
        if options is not None:
            return "select"
        is_long = field.personal == "free_text" or (field.max or fields.MAX_TEXT) > TEXTAREA_ABOVE
        return "textarea" if is_long else "text"
    if field.type == "bool":
        # a yes or no that matters is asked, never a box that is silently left empty
        return "checkbox" if field.must_be_true else "radios"
    if field.type == "choice":
        many = len(options if options is not None else field.choices or ())
        return "radios" if many <= RADIOS_UP_TO else "select"
    return _PLAIN_KINDS[field.type]


_PLAIN_KINDS: Mapping[pack.FieldType, Kind] = {
    "int": "int",
    "date": "date",
    "instant": "datetime",
    "area": "area",
    "office": "office",
    "person": "person",
    "file": "file",
    "paper": "select",
}


def _options(
    field: pack.Field, words: texts.Words, *, value: str, given: Sequence[Option] | None
) -> tuple[Option, ...]:
    """What can be chosen, with what was chosen before marked."""
    if given is not None:
        offered = [(option.value, option.label, option.hint) for option in given]
    elif field.type == "bool" and not field.must_be_true:
        offered = [("true", words.get("Yes"), ""), ("false", words.get("No"), "")]
    else:
        offered = [(key, words.text(it.name), "") for key, it in (field.choices or {}).items()]
    return tuple(
        Option(value=key, label=label, hint=hint, chosen=key == value)
        for key, label, hint in offered
    )


def _least(field: pack.Field, words: texts.Words) -> str:
    """The least value of a number, the first day of a date."""
    if field.type == "int" and field.min is not None:
        return str(field.min)
    is_bound = field.type == "date" and field.future_only and words.today is not None
    return str(words.today) if is_bound else ""


def _most(field: pack.Field, words: texts.Words) -> str:
    """The greatest value of a number, the last day of a date."""
    if field.type == "int" and field.max is not None:
        return str(field.max)
    is_bound = field.type == "date" and field.past_only and words.today is not None
    return str(words.today) if is_bound else ""


def _inputmode(field: pack.Field) -> str:
    if field.type == "int":
        return "numeric"
    return "tel" if field.personal == "phone" else ""


def _shown(value: object) -> str:
    """A value as an input shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


# ---- values of a sent form


def read_form(
    action: pack.Action,
    declared: Mapping[str, pack.Field],
    form: Mapping[str, object],
    *,
    zone: ZoneInfo = texts.DEFAULT_ZONE,
) -> dict[str, object]:
    """The action's fields of a form-encoded body as JSON scalars for `rules.fields.read`.

    Empty is absent; what does not parse stays the text it was. Other names of the form (token,
    version, ids) are not looked at.
    """
    read: dict[str, object] = {}
    for name in fields.asked(action):
        sent = form.get(name)
        if isinstance(sent, str) and sent.strip():
            read[name] = _scalar(declared[name], sent, zone)
    return read


def _scalar(field: pack.Field, sent: str, zone: ZoneInfo) -> Scalar:
    """One typed text as the scalar its field expects."""
    if field.type in ("int", "paper"):
        digits = sent.strip().translate(_FULL_WIDTH)
        return int(digits) if _INT.fullmatch(digits) else sent
    if field.type == "bool":
        said = sent.strip().lower()
        return True if said in _TRUE else False if said in _FALSE else sent
    if field.type == "instant":
        return _instant(sent.strip(), zone)
    # a browser sends CRLF; a line break is one character, or lengths differ from what was typed
    return sent.replace("\r\n", "\n") if field.type == "text" else sent.strip()


def _instant(sent: str, zone: ZoneInfo) -> str:
    """A local date and time, as `datetime-local` sends it, with its zone's offset."""
    if not _LOCAL_INSTANT.fullmatch(sent):
        return sent
    try:
        return datetime.fromisoformat(sent).replace(tzinfo=zone).isoformat()
    except ValueError:
        return sent
