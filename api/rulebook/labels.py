"""The words of a process's drawing in one language."""

from __future__ import annotations

from typing import Final

from api import texts
from rules import pack as pack_
from rules import picture

FEW: Final = 3
"""So many states are named as exceptions rather than all others as where an act is open."""


def labels(pack: pack_.Pack, name: str, graph: picture.Graph, words: texts.Words) -> picture.Labels:
    """What stands in the drawing of the process `name`."""
    process = pack.processes[name]
    clocks = {key: rule for key, rule in pack.deadlines.items() if rule.process == name}
    told = {key: clock(pack, rule, words) for key, rule in clocks.items()}
    return picture.Labels(
        states={key: words.text(state.name) for key, state in process.states.items()},
        owners={key: owner(pack, state, words) for key, state in process.states.items()},
        actions={key: words.text(action.name) for key, action in process.actions.items()},
        roles={key: roles(pack, action.by, words) for key, action in process.actions.items()},
        clocks=told,
        paused={key: words.get("{clock} (stands still)", clock=it) for key, it in told.items()},
        windows=frozenset(key for key, rule in clocks.items() if rule.belongs_to is not None),
        groups={group.states: where(process, group.states, words) for group in graph.groups},
    )


def owner(pack: pack_.Pack, state: pack_.State, words: texts.Words) -> str:
    """Whose turn it is in a state; empty where it is nobody's."""
    if not state.owner:
        return ""
    return words.get("With: {roles}", roles=roles(pack, state.owner, words))


def roles(pack: pack_.Pack, names: tuple[str, ...], words: texts.Words) -> str:
    """Roles in words."""
    return joined([words.text(pack.roles[name].name) for name in names], words)


def joined(parts: list[str], words: texts.Words) -> str:
    """Several things in a row."""
    return ("、" if words.is_zh else ", ").join(parts)


def clock(pack: pack_.Pack, rule: pack_.DeadlineRule, words: texts.Words) -> str:
    """A clock's name with its length."""
    return words.get(
        "{clock}: {length}", clock=words.text(rule.name), length=limit(pack, rule, words)
    )


def limit(pack: pack_.Pack, rule: pack_.DeadlineRule, words: texts.Words) -> str:
    """How long a clock runs: a length, or until the day that a field names."""
    length = rule.limit.length
    if length is not None:
        return words.length(length.n, length.unit)
    return words.get(
        "until the day set in “{field}”", field=field_name(pack, rule.limit.until, words)
    )


def field_name(pack: pack_.Pack, reference: str | None, words: texts.Words) -> str:
    """The name of the field that `fields.<name>` means."""
    name = (reference or "").removeprefix("fields.")
    field = pack.fields.get(name)
    return name if field is None else words.text(field.name)


def where(process: pack_.Process, states: tuple[str, ...], words: texts.Words) -> str:
    """The states in which a group of actions is open, told by the exceptions if these are few."""
    open_ = [name for name, state in process.states.items() if not state.end]
    if set(states) == set(process.states):
        return words.get("At any time, also when the case is closed")
    others = [words.text(process.states[name].name) for name in open_ if name not in states]
    named = [words.text(process.states[name].name) for name in states]
    rests = [name for name in states if process.states[name].end and not process.states[name].owner]
    if rests or len(others) > FEW:
        return words.get("At any time in: {states}", states=joined(named, words))
    if not others:
        return words.get("At any time until the case is closed")
    return words.get(
        "At any time until the case is closed, but not in: {states}", states=joined(others, words)
    )
