"""An action's fields as schema, inputs and values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import jsonschema_rs
import pytest

from api import forms, texts
from rules import errors, pack

ZH = texts.Words(language="zh-CN")
EN = texts.Words(language="en")


def both(zh: str, en: str) -> pack.Text:
    return pack.Text(zh=zh, en=en)


FIELDS = {
    "story": pack.Field(type="text", name=both("经过", "Story"), max=4000, personal="free_text"),
    "place": pack.Field(type="text", name=both("地点", "Place"), max=80),
    "phone": pack.Field(type="text", name=both("电话", "Phone"), max=20, personal="phone"),
    "heads": pack.Field(
        type="int", name=both("人数", "Heads"), hint=both("含代表", "With you"), min=1, max=500
    ),
    "told": pack.Field(type="bool", name=both("已告知", "Told"), must_be_true=True),
    "willing": pack.Field(type="bool", name=both("愿意", "Willing")),
    "on": pack.Field(type="date", name=both("日期", "Date")),
    "at": pack.Field(type="instant", name=both("时间", "Time")),
    "grade": pack.Field(
        type="choice",
        name=both("级别", "Grade"),
        choices={
            "a": pack.Choice(name=both("甲", "A")),
            "b": pack.Choice(name=both("乙", "B")),
        },
    ),
    "mediator": pack.Field(type="person", name=both("调解员", "Mediator"), role="mediator"),
}
ACTION = pack.Action(
    name=both("上报", "File"),
    needs=("story", "heads", "told", "willing", "grade"),
    takes=("place", "phone", "on", "at", "mediator"),
)


def test_schema_when_made_is_valid_and_bounds_values() -> None:
    told = forms.schema(ACTION, FIELDS, EN)
    checker = jsonschema_rs.Draft202012Validator(told)
    good = {"story": "x", "heads": 2, "told": True, "willing": False, "grade": "a"}
    assert checker.is_valid(good)
    bad: list[dict[str, object]] = [
        {"heads": 0},
        {"heads": "2"},
        {"told": False},
        {"grade": "c"},
        {"story": ""},
        {"story": "x" * 4001},
        {"unknown": 1},
    ]
    for change in bad:
        assert not checker.is_valid({**good, **change}), change
    assert not checker.is_valid({"story": "x"})


def test_schema_when_in_a_language_titles_choices() -> None:
    zh = forms.schema(ACTION, FIELDS, ZH)["properties"]
    assert isinstance(zh, dict)
    assert zh["grade"]["oneOf"][0] == {"const": "a", "title": "甲"}
    assert zh["heads"]["title"] == "人数"
    assert zh["heads"]["description"] == "含代表"
    assert zh["mediator"]["x-gridcase-role"] == "mediator"


def test_field_when_an_answer_makes_it_needed_is_told_so_in_schema_and_input() -> None:
    asked = pack.NeededIf(field="grade", values=("a", "b"))
    action = replace(ACTION, needs_if={"place": asked, "on": asked})
    told = forms.schema(action, FIELDS, EN)
    checker = jsonschema_rs.Draft202012Validator(told)
    given = {"story": "x", "heads": 2, "told": True, "willing": False, "grade": "a"}
    assert not checker.is_valid({**given, "place": "here"})
    assert checker.is_valid({**given, "place": "here", "on": "2026-11-26"})
    assert "allOf" not in forms.schema(ACTION, FIELDS, EN)
    for words, line in (
        (EN, "Required where “Grade” is “A / B”"),
        (ZH, "「级别」选「甲 / 乙」时必填"),
    ):
        drawn = {it.name: it for it in forms.inputs(action, FIELDS, words)}
        assert drawn["place"].needed == forms.Needed(words=line, field="grade", values=("a", "b"))
        assert not drawn["place"].required
        assert drawn["phone"].needed is None


def test_inputs_when_drawn_have_a_kind_and_nothing_chosen() -> None:
    drawn = {it.name: it for it in forms.inputs(ACTION, FIELDS, ZH)}
    assert {name: it.kind for name, it in drawn.items()} == {
        "story": "textarea",
        "heads": "int",
        "told": "checkbox",
        "willing": "radios",
        "grade": "radios",
        "place": "text",
        "phone": "text",
        "on": "date",
        "at": "datetime",
        "mediator": "person",
    }
    assert not any(option.chosen for it in drawn.values() for option in it.options)
    assert [option.label for option in drawn["willing"].options] == ["是", "否"]
    assert drawn["phone"].inputmode == "tel"
    assert drawn["story"].required
    assert not drawn["place"].required


def test_inputs_when_dated_are_bound_by_office_time() -> None:
    today = texts.Words(now=datetime(2026, 11, 23, 6, tzinfo=UTC))
    visited = pack.Field(type="date", name=both("上门", "Visited"), past_only=True)
    until = pack.Field(type="date", name=both("最迟", "Until"), future_only=True)
    action = pack.Action(name=both("登记", "Record"), needs=("visited", "until"))
    drawn = forms.inputs(action, {"visited": visited, "until": until}, today)
    assert (drawn[0].min, drawn[0].max) == ("", "2026-11-23")
    assert (drawn[1].min, drawn[1].max) == ("2026-11-23", "")


def test_inputs_when_sent_back_keep_what_was_typed_and_tell_the_fault() -> None:
    error = errors.Invalid(
        "request.missing", field="story", also=[errors.Invalid("request.value", field="heads")]
    )
    drawn = {
        it.name: it
        for it in forms.inputs(
            ACTION,
            FIELDS,
            EN,
            values={"heads": "many", "grade": "b", "willing": False},
            error=error,
            options={"mediator": [forms.Option(value="1", label="Wang")]},
        )
    }
    assert drawn["heads"].value == "many"
    assert drawn["story"].error == "This is missing. Please add it."
    assert [option.chosen for option in drawn["grade"].options] == [False, True]
    assert [option.chosen for option in drawn["willing"].options] == [False, True]
    assert drawn["mediator"].options[0].label == "Wang"
    assert forms.summary(error, FIELDS, ZH) == (
        ("f-story", "经过：缺少这一项"),
        ("f-heads", "人数：填写的内容不对"),
    )


@pytest.mark.parametrize(
    ("field", "sent", "read"),
    [
        ("heads", " 12 ", 12),
        ("heads", "１２", 12),
        ("heads", "-3", -3),
        ("heads", "12.5", "12.5"),
        ("heads", "9" * 5000, "9" * 5000),
        ("heads", "many", "many"),
        ("told", "on", True),
        ("told", "true", True),
        ("willing", "false", False),
        ("willing", "perhaps", "perhaps"),
        ("on", " 2026-11-26 ", "2026-11-26"),
        ("on", "26.11.2026", "26.11.2026"),
        ("at", "2026-11-26T15:00", "2026-11-26T15:00:00+08:00"),
        ("at", "2026-13-26T15:00", "2026-13-26T15:00"),
        ("story", "a\r\nb", "a\nb"),
        ("story", "<b>x</b>", "<b>x</b>"),
        ("grade", "zzz", "zzz"),
    ],
)
def test_values_when_sent_become_scalars_or_stay_text(field: str, sent: str, read: object) -> None:
    assert forms.read_form(ACTION, FIELDS, {field: sent}) == {field: read}


def test_values_when_empty_or_foreign_are_absent() -> None:
    sent = {"story": "  ", "csrf": "x", "other": "y", "place": ""}
    assert forms.read_form(ACTION, FIELDS, sent) == {}
