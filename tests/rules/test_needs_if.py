"""What an answer makes needed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rules import errors, fields, pack

TEXT = pack.Text(zh="字段", en="Field")
FORM = pack.Field(
    type="choice",
    name=TEXT,
    choices={"written": pack.Choice(name=TEXT), "oral": pack.Choice(name=TEXT)},
)
DECLARED = {
    "form": FORM,
    "facts": pack.Field(type="text", name=TEXT, max=20),
    "sealed": pack.Field(type="bool", name=TEXT, must_be_true=True),
}
ACTION = pack.Action(
    name=TEXT,
    needs=("form",),
    takes=("facts",),
    needs_if={"facts": pack.NeededIf(field="form", values=("written",))},
)


def test_field_when_another_makes_it_needed_is_missed() -> None:
    with pytest.raises(errors.Invalid) as refused:
        fields.read(ACTION, DECLARED, {"form": "written", "facts": " "})
    assert (refused.value.code, refused.value.field) == ("field.missing", "facts")
    told = {"form": "written", "facts": "漏水"}
    assert fields.read(ACTION, DECLARED, told) == told


def test_field_when_another_does_not_make_it_needed_may_be_left_out() -> None:
    assert fields.read(ACTION, DECLARED, {"form": "oral"}) == {"form": "oral"}


def test_field_when_it_is_wrong_is_told_once() -> None:
    with pytest.raises(errors.Invalid) as refused:
        fields.read(ACTION, DECLARED, {"form": "written", "facts": "x" * 30})
    assert [fault.code for fault in refused.value.faults] == ["field.too_long"]


@pytest.mark.parametrize("given", [False, "false"])
def test_box_when_nobody_has_to_tick_it_is_left_empty(given: object) -> None:
    asked = pack.NeededIf(field="form", values=("written",))
    action = replace(ACTION, takes=("sealed",), needs_if={"sealed": asked})
    assert fields.read(action, DECLARED, {"form": "oral", "sealed": given}) == {"form": "oral"}
    with pytest.raises(errors.Invalid) as refused:
        fields.read(action, DECLARED, {"form": "written", "sealed": given})
    assert (refused.value.code, refused.value.field) == ("field.must_be_true", "sealed")
