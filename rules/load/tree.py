"""YAML as located nodes: every text, list and mapping knows its file, line and key.

Read from the parser's events, so that all scalars stay text (`01` keeps its zero, `on` is not
true) and nothing a pack has no need of gets in: anchors, aliases, tags, doubled keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import yaml

from rules import errors

MAX_DEPTH = 16
"""Levels of nesting; a pack needs eight."""

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class Place(NamedTuple):
    """Where a node was written. `key` is its path inside the file, `actions.accept.to`. (Each of
    ten thousands of nodes has one: a tuple is made in a fraction of a dataclass's time.)"""

    file: str
    line: int
    key: str

    def under(self, key: str, *, line: int | None = None) -> Place:
        """The place of what stands under this one's `key`."""
        path = f"{self.key}.{key}" if self.key else key
        return Place(self.file, self.line if line is None else line, path)


class Word(str):
    """A scalar, always text."""

    place: Place

    def __new__(cls, text: str, place: Place) -> Word:
        word = super().__new__(cls, text)
        word.place = place
        return word


class Many(list["Node"]):
    """A list."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


class Table(dict[str, "Node"]):
    """A mapping."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place

    def copy(self) -> Table:
        table = Table(self.place)
        table.update(self)
        return table


Node: TypeAlias = Word | Many | Table


@dataclass(slots=True)
class Faults:
    """The faults of a pack, collected so that all are told at once."""

    found: list[errors.PackFault] = field(default_factory=list)
    places: set[Place] = field(default_factory=set)

    def add(self, code: str, place: Place, **params: errors.Param) -> None:
        """Note one fault; the second at the same place is left out."""
        if place in self.places:
            return
        self.places.add(place)
        self.found.append(
            errors.PackFault(
                file=place.file,
                line=place.line,
                key=place.key,
                code=code,
                params=tuple(params.items()),
            )
        )

    def stop(self) -> None:
        """Raises: PackInvalid if there is any fault."""
        if self.found:
            raise errors.PackInvalid(sorted(self.found, key=lambda f: (f.file, f.line)))


def read(text: str, *, file: str, faults: Faults) -> Node | None:
    """One YAML document as nodes; None, with the fault noted, where it cannot be read."""
    reader = _Reader(file=file, faults=faults)
    try:
        return reader.document(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        place = Place(file=file, line=line, key="")
        faults.add("pack.yaml", place, problem=str(fault.problem or fault.context))
    except yaml.YAMLError:
        faults.add("pack.control_character", Place(file=file, line=1, key=""))
    except _TooDeep as fault:
        faults.add("pack.too_deep", fault.place, max=MAX_DEPTH)
    return None


def located(value: object, place: Place) -> Node:
    """Stored JSON as nodes, ordered. What is no text, list or mapping becomes text."""
    if isinstance(value, dict):
        table = Table(place)
        table.update({key: located(value[key], place.under(key)) for key in sorted(value)})
        return table
    if isinstance(value, list):
        many = Many(place)
        many.extend(located(child, place.under(str(n))) for n, child in enumerate(value, start=1))
        return many
    return Word(str(value), place)


def ordered(node: Node) -> Node:
    """The same with the keys of every mapping sorted: the one order a pack is built in."""
    if isinstance(node, Table):
        table = Table(node.place)
        table.update({key: ordered(node[key]) for key in sorted(node)})
        return table
    if isinstance(node, Many):
        many = Many(node.place)
        many.extend(ordered(child) for child in node)
        return many
    return node


def plain(node: Node) -> Any:
    """The nodes as built-in types."""
    if isinstance(node, Table):
        return {str(key): plain(child) for key, child in node.items()}
    if isinstance(node, Many):
        return [plain(child) for child in node]
    return str(node)


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


class _TooDeep(Exception):
    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Turns parser events into nodes."""

    file: str
    faults: Faults

    def document(self, events: Iterator[Any]) -> Node | None:
        node: Node | None = None
        top = Place(file=self.file, line=1, key="")
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                if node is not None:
                    self.faults.add("pack.two_documents", top.under("---", line=_line(event)))
                    return node
                node = self.node(event, events, top, 0)
        return node

    def node(self, event: Any, events: Iterator[Any], place: Place, depth: int) -> Node:
        """The node that begins with this event; takes its further events."""
        if depth > MAX_DEPTH:
            raise _TooDeep(place)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            self.faults.add("pack.alias", place)
        elif event.tag is not None:
            self.faults.add("pack.tag", place)
        if isinstance(event, yaml.MappingStartEvent):
            return self.table(events, place, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.many(events, place, depth)
        return self.word(event, place)

    def word(self, event: Any, place: Place) -> Word:
        text = getattr(event, "value", "*")
        if not text.strip():
            self.faults.add("pack.empty", place)
        if not text.replace("\n", "").replace("\u3000", "").isprintable():
            self.faults.add("pack.control_character", place)
        return Word(text.strip(), place)

    def many(self, events: Iterator[Any], place: Place, depth: int) -> Many:
        many = Many(place)
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            below = place.under(str(len(many) + 1), line=_line(event))
            many.append(self.node(event, events, below, depth + 1))
        return many

    def table(self, events: Iterator[Any], place: Place, depth: int) -> Table:
        table = Table(place)
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                self.faults.add("pack.wrong_shape", place.under("?", line=line), expected="text")
                self.node(event, events, place.under("?", line=line), depth + 1)
                self.node(next(events), events, place.under("?", line=line), depth + 1)
                continue
            key = self.word(event, place.under(event.value.strip() or "?", line=line))
            node = self.node(next(events), events, key.place, depth + 1)
            if key in table:
                self.faults.add("pack.doubled_key", key.place, key=str(key))
                continue
            table[str(key)] = node
        return table
