"""Guards: typed against the facts, refused with a place, true or false and nothing else."""

from __future__ import annotations

import pytest

from rules import errors, guards, pack

NAME = pack.Text(zh="字段", en="Field")
FIELDS = {
    "heads": pack.Field(type="int", name=NAME),
    "told": pack.Field(type="bool", name=NAME),
    "visited_on": pack.Field(type="date", name=NAME),
    "note": pack.Field(type="text", name=NAME),
    "tone": pack.Field(type="choice", name=NAME),
    "story": pack.Field(type="text", name=NAME, personal="free_text", seen_by="story"),
}


def code_of(test: str, allowed: tuple[str, ...] = tuple(FIELDS)) -> errors.Invalid:
    """The error that compiling raises."""
    with pytest.raises(errors.Invalid) as caught:
        guards.compile_guard(test, FIELDS, allowed)
    return caught.value


@pytest.mark.parametrize(
    ("test", "facts", "result"),
    [
        ("fields.heads >= 2", {"fields.heads": 2}, True),
        ("fields.heads >= 2", {"fields.heads": 1}, False),
        ("fields.told", {"fields.told": True}, True),
        ("fields.visited_on < '2026-03-24'", {"fields.visited_on": "2026-03-20"}, True),
        ("case.route == '6' && case.parties > 1", {"case.route": "6", "case.parties": 2}, True),
        ("!case.category.startsWith('07')", {"case.category": "0701"}, False),
        ("case.route != '6'", {"case.route": None}, True),
        ("case.state in ['filed', 'case.unknown']", {"case.state": "filed"}, True),
    ],
)
def test_guard_when_facts_are_there(test: str, facts: dict[str, object], result: bool) -> None:
    guard = guards.compile_guard(test, FIELDS, FIELDS)
    assert guards.holds(guard, facts) is result


def test_names_when_compiled_are_the_facts_it_reads() -> None:
    guard = guards.compile_guard("fields.heads > 1 || case.route == 'fields.x'", FIELDS, FIELDS)
    assert guard.names == {"fields.heads", "case.route"}


def test_guard_when_compiled_twice_is_one() -> None:
    one = guards.compile_guard("fields.heads > 1", FIELDS, FIELDS)
    assert guards.compile_guard("fields.heads > 1", FIELDS, ("heads",)) is one


@pytest.mark.parametrize(
    ("test", "code"),
    [
        ("fields.sides > 1", "guard.unknown_fact"),
        ("case.colour == 'red'", "guard.unknown_fact"),
        ("fields.story == 'x'", "guard.sealed_field"),
        ("fields.heads >= ", "guard.syntax"),
        ("fields.heads == '1'", "guard.syntax"),
        ("colour == 'red'", "guard.syntax"),
        ("fields.heads + 1", "guard.not_bool"),
        ("has(fields.heads)", "guard.partial"),
        ("true || " * 100 + "true", "guard.too_long"),
        ("[1, 2].all(x, x > 0)", "guard.loop"),
        ("['a'] . exists ( x, x == case.route)", "guard.loop"),
        ("[1].map(x, [1].map(y, x + y)) == [[2]]", "guard.loop"),
        ("10 / fields.heads > 1", "guard.partial"),
        ("fields.heads % 2 == 0", "guard.partial"),
        ("fields.heads * fields.heads > 1", "guard.partial"),
        ("fields.heads > 9223372036854775807", "guard.partial"),
        ("case.route.matches('(')", "guard.partial"),
        ("int(case.route) > 1", "guard.partial"),
        ("['a'][1] == case.route", "guard.partial"),
        ("[1, 2].// x\nall(x, x > 0)", "guard.partial"),
    ],
)
def test_guard_when_wrong_is_refused(test: str, code: str) -> None:
    assert code_of(test).code == code


def test_guard_when_a_text_has_the_word_of_a_loop_is_none() -> None:
    guard = guards.compile_guard("case.route != '.all('", FIELDS, FIELDS)
    assert guards.holds(guard, {"case.route": "6"})


def test_compared_when_asked_tells_every_text_a_fact_is_held_to() -> None:
    test = (
        "case.route == '6' || '1' != case.route || case.category.startsWith('07')"
        """ || case.state in ['a', "b"] || case.grade == case.scale"""
    )
    assert set(guards.compared(guards.compile_guard(test, FIELDS, FIELDS))) == {
        ("case.route", "6", False),
        ("case.route", "1", False),
        ("case.category", "07", True),
        ("case.state", "a", False),
        ("case.state", "b", False),
    }


def test_guard_when_syntax_is_wrong_tells_the_column() -> None:
    fault = code_of("fields.heads == '1'")
    assert (fault.params["line"], fault.params["column"]) == (1, 14)


def test_of_what_an_action_takes_a_guard_reads_a_choice_and_empty_where_none_was_made() -> None:
    action = pack.Action(name=NAME, needs=("heads",), takes=("note", "tone", "told"))
    assert guards.readable(action, FIELDS) == ("heads", "tone")
    guard = guards.compile_guard("fields.tone != ''", FIELDS, ("tone",))
    assert guards.holds(guard, {"fields.tone": None}) is False
    assert guards.holds(guard, {"fields.tone": "calm"}) is True


def test_guard_when_field_is_not_needed_is_refused() -> None:
    fault = code_of("fields.note == 'x'", allowed=("heads",))
    assert (fault.code, fault.params["name"]) == ("guard.not_needed", "fields.note")


@pytest.mark.parametrize(
    ("test", "facts"),
    [
        ("fields.heads > 1", {}),
        ("fields.heads > 1", {"fields.heads": None}),
        ("fields.heads > 1", {"fields.heads": "2"}),
        ("fields.told", {"fields.told": "true"}),
    ],
)
def test_guard_when_it_cannot_be_judged_is_an_error(test: str, facts: dict[str, object]) -> None:
    guard = guards.compile_guard(test, FIELDS, FIELDS)
    with pytest.raises(errors.Invalid) as caught:
        guards.holds(guard, facts)
    assert caught.value.code == "guard.broken"


def test_holds_when_a_value_is_equal_but_of_another_type_is_judged_anew() -> None:
    guard = guards.compile_guard("fields.told", FIELDS, FIELDS)
    assert guards.holds(guard, {"fields.told": True})
    with pytest.raises(errors.Invalid) as caught:
        guards.holds(guard, {"fields.told": 1})
    assert caught.value.code == "guard.broken"
