"""The shipped local packs: sound, whole, each value with tag and source, the national law in them
as it was."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable
from dataclasses import replace

import pytest

from rules import check, load, pack

ROOT = importlib.resources.files("rules") / "packs"
LOCAL = sorted(path.name for path in ROOT.iterdir() if path.name.startswith("cn-"))
LOCAL.remove("cn-national")
NATIONAL = load.release(load.NATIONAL)[0].pack


def test_at_least_four_published_ladders_are_shipped() -> None:
    assert {"cn-chongqing", "cn-dongzhi", "cn-gaotai", "cn-hotline"} <= set(LOCAL)


@pytest.fixture(scope="module", params=LOCAL)
def loaded(request: pytest.FixtureRequest) -> load.Loaded:
    return load.load(load.shipped(request.param))


@pytest.mark.long
def test_a_local_pack_is_sound_and_its_examples_come_out(loaded: load.Loaded) -> None:
    folder = load.calendar_folder(load.shipped(loaded.pack.name))
    faults = check.check(loaded.pack, load.load_calendar(folder), places=loaded.places)
    assert [f"{fault.file}:{fault.line} {fault.code}" for fault in faults] == []
    assert load.from_document(loaded.document) == loaded


def test_what_a_locality_adds_has_its_source_and_claims_no_law(loaded: load.Loaded) -> None:
    added = {
        name: rule for name, rule in loaded.pack.deadlines.items() if name not in NATIONAL.deadlines
    }
    assert added
    assert {rule.tag for rule in added.values()} <= {"practice", "local"}
    assert all(len(rule.source) > 5 for rule in added.values())
    tried = {example.deadline for example in loaded.pack.examples}
    assert {name for name, rule in added.items() if rule.limit.length} <= tried, "not worked out"


def _by_another_way(own: pack.Process, theirs: pack.Process, names: Iterable[str]) -> set[str]:
    """Actions of a place's own that do what one of these does: they lead where it leads, and ask
    for all that it asks for."""

    def does(action: pack.Action, known: pack.Action) -> bool:
        asked = {*action.needs, *action.needs_if}
        return action.to == known.to and {*known.needs, *known.needs_if} <= asked

    known = [theirs.actions[name] for name in names if theirs.actions[name].needs]
    return {
        name
        for name, action in own.actions.items()
        if name not in theirs.actions and any(does(action, it) for it in known)
    }


def test_no_locality_changes_a_national_limit(loaded: load.Loaded) -> None:
    """What the law gives stands in every local pack to the letter; what cannot come there
    may be left out, nothing may be added but what does the same by another way."""

    def law(found: pack.Pack) -> dict[str, pack.DeadlineRule]:
        return {name: rule for name, rule in found.deadlines.items() if rule.tag == "national"}

    def bare(found: pack.Pack) -> dict[str, pack.DeadlineRule]:
        return {
            name: replace(
                rule,
                starts=(),
                stops=(),
                pauses=tuple(replace(pause, ends=()) for pause in rule.pauses),
                runs_on=False,
            )
            for name, rule in law(found).items()
        }

    assert bare(loaded.pack) == bare(NATIONAL)
    for name, rule in law(loaded.pack).items():
        actions, national = loaded.pack.processes[rule.process].actions, NATIONAL.deadlines[name]
        here, there = loaded.pack.processes[rule.process], NATIONAL.processes[rule.process]
        ending = _by_another_way(here, there, national.stops)
        beginning = _by_another_way(here, there, national.starts)
        assert set(rule.stops) <= set(national.stops) | ending
        assert set(rule.starts) == set(national.starts) & set(actions) | beginning
        for own, theirs in zip(rule.pauses, national.pauses, strict=True):
            assert set(own.ends) == set(theirs.ends) & set(actions)
        assert rule.runs_on == national.runs_on
