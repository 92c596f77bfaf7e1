"""The law row by row, by the text it stands in, with what keeps each row, in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from api import texts
from api.rulebook import clocks, labels
from api.rulebook.clocks import Basis
from rules import pack as pack_

_TEXT: Final = re.compile(r"(.*?)第[0-9〇一二三四五六七八九十百、]+条")
"""A source up to its article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBy:
    """A line of the pack that keeps a row. `clock` where it is one."""

    title: str
    clock: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LawRow:
    """What a law asks for, and what keeps it, or why nothing does."""

    name: str
    says: str
    basis: Basis
    kept_by: tuple[KeptBy, ...]
    not_kept: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """The rows of one text."""

    title: str
    rows: tuple[LawRow, ...]


def laws(pack: pack_.Pack, words: texts.Words) -> tuple[Law, ...]:
    """The rows that bind everywhere or are kept here, by text. What another place or text asks
    for and this pack does not take over is no rule of this office."""
    found: dict[str, list[LawRow]] = {}
    for name, row in pack.provisions.items():
        if row.tag != "national" and not row.kept_by:
            continue
        title = _title(row.source)
        kept = tuple(dict.fromkeys(_kept(pack, it, words) for it in row.kept_by))
        found.setdefault(title, []).append(
            LawRow(
                name=name,
                says=words.text(row.words),
                basis=clocks.basis(row.tag, row.source, words),
                kept_by=kept,
                not_kept=words.text(row.not_kept),
            )
        )
    return tuple(
        Law(title=title, rows=tuple(rows))
        for title, rows in sorted(found.items(), key=lambda it: -len(it[1]))
    )


def _title(source: str) -> str:
    found = _TEXT.match(source)
    return found[1] if found and found[1] else source


def _kept(pack: pack_.Pack, reference: str, words: texts.Words) -> KeptBy:
    kind, _, name = reference.partition(" ")
    told = _NAMES[kind](pack, name, words) if kind in _NAMES else name
    owner = _owner_of(pack, name) if kind == "clock" else None
    return KeptBy(title=told, clock=owner)


def _owner_of(pack: pack_.Pack, name: str) -> str | None:
    """The clock of a name, or the one that the extension of that name makes longer."""
    if name in pack.deadlines:
        return name
    longer = (
        key for key, it in pack.deadlines.items() if it.extension and it.extension.name == name
    )
    return next(longer, None)


def _clock(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    rule = pack.deadlines[_owner_of(pack, name) or name]
    is_longer = rule.extension is not None and rule.extension.name == name
    text = rule.extension.text if rule.extension is not None and is_longer else rule.name
    return words.get("clock “{name}”", name=words.text(text))


def _action(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    process, _, rest = name.partition(".")
    action = pack.processes[process].actions[rest.partition(".")[0]]
    return words.get("act “{name}”", name=words.text(action.name))


def _guard(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    """A condition of an act; the reference goes on with its words."""
    act = _action(pack, name.partition(" ")[0], words)
    return words.get("a condition of {act}", act=act)


def _within(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    return words.get("the time for {act}", act=_action(pack, name, words))


def _outside(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    return words.get("what {act} waits for", act=_action(pack, name, words))


def _effect(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    act = _action(pack, name.rpartition(".")[0], words)
    return words.get("what {act} leaves behind", act=act)


def _ends(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    """The latest end of a clock; the reference goes on with the one that it ends with."""
    return words.get("the end of {clock}", clock=_clock(pack, name.partition(" ")[0], words))


def _starts(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    """The start of a clock; the reference goes on with the act."""
    return words.get("the start of {clock}", clock=_clock(pack, name.partition(" ")[0], words))


def _when(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    """A condition of a clock; the reference goes on with its words."""
    return words.get("a condition of {act}", act=_clock(pack, name.partition(" ")[0], words))


def _pause(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    """A pause of a clock; the reference goes on with the act that begins it."""
    clock, _, action = name.rpartition(".")
    pause = next(it for it in pack.deadlines[clock].pauses if it.starts == action)
    return words.get("pause “{name}”", name=words.text(pause.name))


def _state(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    process, _, rest = name.partition(".")
    return words.get("step “{name}”", name=words.text(pack.processes[process].states[rest].name))


def _field(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    key, _, value = name.partition(".")
    choice = (pack.fields[key].choices or {}).get(value)
    title = words.text(pack.fields[key].name)
    if choice is not None:
        title = words.get("{field}: {text}", field=title, text=words.text(choice.name))
    return words.get("entry “{name}”", name=title)


def _needs(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    return _field(pack, name.split(".")[2], words)


def _restricts(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    return words.get("a case restricted by {entry}", entry=_field(pack, name, words))


def _recuses(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    entry = _field(pack, name, words)
    return words.get("the step back of whoever handled it, by {entry}", entry=entry)


def _paper(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    """A paper; its reference may go on with an act of it."""
    paper = pack.papers.get(name) or pack.papers[name.rpartition(".")[0]]
    return words.get("paper “{name}”", name=words.text(paper.name))


def _overtakes(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    """What makes a paper untrue; the reference goes on with the act."""
    paper = _paper(pack, name.partition(" ")[0], words)
    return words.get("what overtakes the {paper}", paper=paper)


def _role(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    role = labels.roles(pack, (name.partition(".")[0],), words)
    return words.get("what the {role} may see and do", role=role)


def _engine(name: str, words: texts.Words) -> str:
    """What the program does for every pack."""
    known = {
        "chain": words.get("the chain of events, which nobody can change"),
        "counting.cutoff": words.get("how days are counted: a day ends at midnight"),
        "counting.first_day": words.get("how days are counted: not the first"),
        "counting.hours": words.get("how hours are counted"),
        "counting.month": words.get("how months are counted"),
        "counting.roll": words.get("how days are counted: a last day that is off"),
        "look_up": words.get("the look-up by number and code"),
        "no_scoring": words.get("no place where people are ranked or listed"),
        "readings": words.get("the record of who has read personal details"),
        "tally": words.get("the count of what is late, by office"),
    }
    return known.get(name, name)


_NAMES: Final[Mapping[str, Callable[[pack_.Pack, str, texts.Words], str]]] = {
    "action": _action,
    "after": _outside,
    "below": _field,
    "clock": _clock,
    "effect": _effect,
    "ends": _ends,
    "engine": lambda _pack, name, words: _engine(name, words),
    "field": _field,
    "guard": _guard,
    "ladder": lambda _pack, _name, words: words.get("the ladder when it is late"),
    "needs": _needs,
    "not_before": _field,
    "notice": lambda _pack, _name, words: words.get("a notice in the program"),
    "objected": _field,
    "outside": _outside,
    "overtakes": _overtakes,
    "paper": _paper,
    "pause": _pause,
    "recounts": _starts,
    "recuses": _recuses,
    "restricts": _restricts,
    "right": _role,
    "role": _role,
    "route": lambda _pack, _name, words: words.get("where the case is sent"),
    "runs_on": _starts,
    "starts": _starts,
    "state": _state,
    "when": _when,
    "within": _within,
}
"""How each kind of reference is told; one that is not known yet is shown as it is written."""
