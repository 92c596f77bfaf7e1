"""The way of one case on the drawing of its process: where it was, is, and goes if all goes as
hoped. Read from the events that the page has anyway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api import texts
from api.rulebook import edition, labels, pictures
from rules import picture
from workflow.queries import case as case_query


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """The drawing with the case on it, and the same in a sentence."""

    drawing: picture.Picture
    told: str


def walked(view: case_query.CaseView, ahead: Sequence[str], words: texts.Words) -> Walked:
    """The way of a case; `ahead` are the states still to come."""
    found = edition.Edition(pack=view.pack, hash=view.case.pack_hash)
    marks = _marks(view, ahead)
    return Walked(
        drawing=pictures.marked(found, view.case.process, words.language, marks),
        told=_told(view, marks, ahead, words),
    )


def rules_of(view: case_query.CaseView) -> str:
    """The address of the rules that a case started under."""
    return f"/rules/{view.case.pack_hash}"


def _marks(view: case_query.CaseView, ahead: Sequence[str]) -> picture.Marks:
    done: list[str] = []
    taken: set[tuple[str, str]] = set()
    here = ""
    for event in view.events:
        state = event.payload.get("state")
        if isinstance(state, str) and state in view.process.states:
            taken.add((here, event.name))
            done.append(state)
            here = state
    return picture.Marks(
        done=frozenset(done),
        now=view.case.state,
        next=frozenset(ahead),
        taken=frozenset(taken),
    )


def _told(
    view: case_query.CaseView, marks: picture.Marks, ahead: Sequence[str], words: texts.Words
) -> str:
    states = view.process.states
    passed = [name for name in states if name in marks.done and name != marks.now]
    return words.get(
        "Passed: {passed}. Now: {now}. Ahead: {ahead}.",
        passed=_named(view, passed, words),
        now=words.text(view.state.name),
        ahead=_named(view, ahead, words),
    )


def _named(view: case_query.CaseView, names: Sequence[str], words: texts.Words) -> str:
    told = [words.text(view.process.states[name].name) for name in names]
    return labels.joined(told, words) if told else words.get("nothing")
