"""Values of an action: typed, bounded, normalised, or refused with all faults at once."""

from __future__ import annotations

import unicodedata
import uuid
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import errors, fields, pack

NAME = pack.Text(zh="字段", en="Field")
CHOICES = {"a": pack.Choice(name=NAME), "b": pack.Choice(name=NAME)}


def one(**settings: Any) -> dict[str, pack.Field]:
    """A field `x` with these settings."""
    return {"x": pack.Field(name=NAME, **settings)}


def read(value: object, **settings: Any) -> object:
    """What reading gives for the needed field `x`."""
    action = pack.Action(name=NAME, needs=("x",))
    return fields.read(action, one(**settings), {"x": value})["x"]


def fault(value: object, **settings: Any) -> errors.Invalid:
    """The error that reading raises for the needed field `x`."""
    with pytest.raises(errors.Invalid) as caught:
        read(value, **settings)
    assert caught.value.field == "x"
    return caught.value


@pytest.mark.parametrize(
    ("settings", "value", "result"),
    [
        ({"type": "text"}, "  楼上漏水\r\n第二天  ", "楼上漏水\n第二天"),
        ({"type": "text", "max": 60}, "楼上\n漏水 \t 了", "楼上 漏水 了"),
        ({"type": "text"}, "<b>急</b>", "<b>急</b>"),
        ({"type": "text"}, unicodedata.normalize("NFD", "café"), "café"),
        ({"type": "text", "personal": "phone"}, "+86 139-0000-0000", "+86 139-0000-0000"),
        ({"type": "int"}, "12", 12),
        ({"type": "int", "min": 0}, 0, 0),
        ({"type": "bool"}, True, True),
        ({"type": "bool"}, "false", False),
        ({"type": "date"}, " 2026-03-20 ", "2026-03-20"),
        ({"type": "instant"}, "2026-03-20T16:00:00+08:00", "2026-03-20T08:00:00Z"),
        ({"type": "choice", "choices": CHOICES}, "a", "a"),
        ({"type": "area"}, "420303001001", "420303001001"),
        ({"type": "person"}, "{" + str(uuid.UUID(int=7)).upper() + "}", str(uuid.UUID(int=7))),
        ({"type": "office"}, uuid.UUID(int=8), str(uuid.UUID(int=8))),
    ],
)
def test_read_when_valid(settings: dict[str, Any], value: object, result: object) -> None:
    assert read(value, **settings) == result


@pytest.mark.parametrize(
    ("settings", "value", "code"),
    [
        ({"type": "text"}, None, "field.missing"),
        ({"type": "text"}, " \n ", "field.missing"),
        ({"type": "text"}, 5, "field.type"),
        ({"type": "text"}, ["a"], "field.type"),
        ({"type": "text", "max": 3}, "四个字呢", "field.too_long"),
        ({"type": "text", "min": 3}, "两字", "field.too_short"),
        ({"type": "text"}, "a" * 100_000, "field.too_long"),
        ({"type": "text"}, "楼上\x00漏水", "field.control_character"),
        ({"type": "text"}, "楼上\x1b[31m", "field.control_character"),
        ({"type": "text"}, "\ud800", "field.control_character"),
        ({"type": "text"}, "abc\u202etxt", "field.control_character"),
        ({"type": "text", "personal": "phone"}, "call me", "field.phone"),
        ({"type": "int"}, "a few", "field.type"),
        ({"type": "int"}, True, "field.type"),
        ({"type": "int"}, 1.5, "field.type"),
        ({"type": "int"}, "9" * 5000, "field.type"),
        ({"type": "int"}, 10**12, "field.too_large"),
        ({"type": "int", "min": 1}, 0, "field.too_small"),
        ({"type": "int", "max": 30}, 31, "field.too_large"),
        ({"type": "bool"}, "perhaps", "field.type"),
        ({"type": "bool"}, 1, "field.type"),
        ({"type": "bool", "must_be_true": True}, False, "field.must_be_true"),
        ({"type": "date"}, "2026-02-30", "field.date"),
        ({"type": "date"}, "20260320", "field.date"),
        ({"type": "date"}, "2026-3-2", "field.date"),
        ({"type": "date"}, "0001-01-01", "field.date"),
        ({"type": "date"}, "２０２６-03-20", "field.date"),
        ({"type": "instant"}, "2026-03-20T16:00:00", "field.instant"),
        ({"type": "instant"}, "yesterday", "field.instant"),
        ({"type": "choice", "choices": CHOICES}, "c", "field.choice"),
        ({"type": "choice", "choices": CHOICES}, "A", "field.choice"),
        ({"type": "area"}, "42/03", "field.area"),
        ({"type": "office"}, "the office", "field.id"),
        ({"type": "file"}, "a" * 100_000, "field.too_long"),
    ],
)
def test_read_when_invalid(settings: dict[str, Any], value: object, code: str) -> None:
    assert fault(value, **settings).code == code


def test_read_when_too_long_tells_both_numbers() -> None:
    assert fault("a" * 61, type="text", max=60).params == {"max": 60, "length": 61}


def test_read_when_several_faults_tells_all_at_once() -> None:
    action = pack.Action(name=NAME, needs=("x", "y"), takes=("z",))
    declared = {**one(type="int"), "y": pack.Field(name=NAME, type="date")}
    declared["z"] = pack.Field(name=NAME, type="text", max=2)
    with pytest.raises(errors.Invalid) as caught:
        fields.read(action, declared, {"x": "?", "z": "long", "bogus\x07": 1})
    assert [(f.code, f.field) for f in caught.value.faults] == [
        ("field.unknown", "bogus?"),
        ("field.type", "x"),
        ("field.missing", "y"),
        ("field.too_long", "z"),
    ]


def test_read_when_optional_is_empty_leaves_it_out() -> None:
    action = pack.Action(name=NAME, takes=("x",))
    for value in (None, "", "  "):
        assert fields.read(action, one(type="date"), {"x": value}) == {}
    assert fields.read(action, one(type="date"), {}) == {}


@pytest.mark.parametrize(
    ("settings", "day", "code"),
    [
        ({"past_only": True}, "2026-03-21", "field.in_future"),
        ({"past_only": True}, "2026-03-09", "field.before_case"),
        ({"future_only": True}, "2026-03-19", "field.in_past"),
        ({"past_only": True}, "2026-03-20", None),
        ({"past_only": True}, "2026-03-10", None),
        ({"future_only": True}, "2026-03-20", None),
        ({}, "2030-01-01", None),
    ],
)
def test_read_when_days_are_known(settings: dict[str, bool], day: str, code: str | None) -> None:
    action = pack.Action(name=NAME, needs=("x",))
    declared = one(type="date", **settings)
    today, received_on = date(2026, 3, 20), date(2026, 3, 10)
    assert fields.read(action, declared, {"x": day}) == {"x": day}
    if code is None:
        fields.read(action, declared, {"x": day}, today=today, received_on=received_on)
        return
    with pytest.raises(errors.Invalid) as caught:
        fields.read(action, declared, {"x": day}, today=today, received_on=received_on)
    assert caught.value.code == code


TYPES = st.sampled_from(
    ["text", "int", "bool", "date", "instant", "choice", "area", "office", "person", "file"]
)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=40),
    st.dates().map(str),
    st.datetimes().map(str),
    st.uuids().map(str),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


@given(
    kind=TYPES,
    values=st.dictionaries(st.sampled_from(["x", "y", "", "\x00"]), ANYTHING, max_size=4),
    personal=st.sampled_from([None, "phone", "name"]),
    most=st.sampled_from([None, 0, 3, 200]),
)
def test_read_of_anything_gives_scalars_or_our_own_error(
    kind: Any, values: dict[str, object], personal: Any, most: int | None
) -> None:
    action = pack.Action(name=NAME, needs=("x",), takes=("y",))
    field = pack.Field(name=NAME, type=kind, max=most, personal=personal, choices=CHOICES)
    try:
        result = fields.read(action, {"x": field, "y": field}, values)
    except errors.GridcaseError:
        return
    assert set(result) <= {"x", "y"}
    assert "x" in result
    for value in result.values():
        assert type(value) in {str, int, bool}
        if isinstance(value, str):
            assert value == unicodedata.normalize("NFC", value).strip()
            value.encode()
            assert "\x00" not in value


@given(value=ANYTHING, kind=TYPES)
def test_read_again_gives_the_same(value: object, kind: Any) -> None:
    action = pack.Action(name=NAME, needs=("x",))
    declared = one(type=kind, choices=CHOICES)
    try:
        result = fields.read(action, declared, {"x": value})
    except errors.GridcaseError:
        return
    assert fields.read(action, declared, dict(result)) == result
