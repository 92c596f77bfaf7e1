"""Documents with one thing less, and what the check says of each."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from rules import calendars, check, errors, load, pack
from tests.mutation import harmless

Path = tuple[str | int, ...]
"""The way to a thing in a pack's document: keys, and places in lists from 0."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one mutant. `by` are the codes that objected, or the rule it is harmless by."""

    path: Path
    outcome: Literal["objected", "harmless", "survived"]
    by: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """`deadlines / petition.handle / when / 0`."""
        return " / ".join(map(str, self.path))


@dataclass(slots=True)
class Figures:
    """All verdicts, counted."""

    verdicts: list[Verdict] = field(default_factory=list)

    def count(self, outcome: str) -> int:
        """How many mutants came out so."""
        return sum(one.outcome == outcome for one in self.verdicts)

    def by(self, outcome: str) -> Counter[str]:
        """By which code or rule, the first of each mutant."""
        return Counter(one.by[0] for one in self.verdicts if one.outcome == outcome)

    @property
    def survived(self) -> list[Verdict]:
        """What nobody saw."""
        return [one for one in self.verdicts if one.outcome == "survived"]


def paths(document: Any, *, above: Path = ()) -> Iterator[Path]:
    """The way to every key and every place in a list, the outer before the inner."""
    if isinstance(document, dict):
        below: Sequence[str | int] = list(document)
    else:
        below = range(len(document)) if isinstance(document, list) else []
    for key in below:
        yield (*above, key)
        yield from paths(document[key], above=(*above, key))


class Bench:
    """One sound pack, from which things are taken away."""

    def __init__(self, loaded: load.Loaded, calendar: calendars.Calendar) -> None:
        self.document: Any = json.loads(loaded.document)
        self.pack, self.calendar = loaded.pack, calendar

    def judge(self, path: Path) -> Verdict:
        """Takes one thing away and asks."""
        try:
            mutant = self.mutant(path)
        except errors.PackInvalid as invalid:
            return _objected(path, invalid.pack_faults)
        faults = check.check(mutant, self.calendar)
        if faults:
            return _objected(path, faults)
        rule = harmless.rule_of(self.document, path)
        if rule is None:
            return Verdict(path, "survived")
        return Verdict(path, "harmless", (rule.name,))

    def mutant(self, path: Path) -> pack.Pack:
        """The pack with one thing less. Of a section that can be read without the whole, only
        that is read; the rest is as it was. Raises: PackInvalid."""
        section, document = str(path[0]), without(self.document, path)
        if section not in ALONE or len(path) == 1:
            return whole(document)
        sections = (section, *ALONE[section])
        read = whole({"processes": {}} | {key: document[key] for key in ("pack", *sections)})
        return dataclasses.replace(self.pack, **{key: getattr(read, key) for key in sections})


ALONE: Final[Mapping[str, tuple[str, ...]]] = {
    "deadlines": ("processes",),
    "delivery": (),
    "examples": (),
    "fields": ("categories",),
    "ladders": (),
    "notices": (),
    "offices": (),
    "papers": (),
    "processes": ("deadlines",),
    "provisions": (),
    "rights": (),
    "roles": (),
    "routing": (),
}
"""Sections that hang on no other when they are read, or on those named: a choice field on the
categories, and a clock without a name is called after the action that stops it."""


def whole(document: Any) -> pack.Pack:
    """The pack of a document, read as one out of the database. Raises: PackInvalid."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return load.from_document.__wrapped__(text).pack


def without(document: Any, path: Path) -> Any:
    """The document with one thing less; only what lies on the way is made anew."""
    mutant: Any = dict(document)
    node = mutant
    for key in path[:-1]:
        node[key] = copy.copy(node[key])
        node = node[key]
    del node[path[-1]]
    return mutant


def _objected(path: Path, faults: Sequence[errors.PackFault]) -> Verdict:
    return Verdict(path, "objected", tuple(dict.fromkeys(fault.code for fault in faults)))
