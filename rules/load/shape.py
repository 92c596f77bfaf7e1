"""The words of a pack as the shape of its dataclasses: `3 working days` becomes a length.

Only words and short forms are resolved here; types, unknown and missing keys are for the
dataclasses themselves to judge.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from rules.load import sheets, tree

SECTIONS = (
    "fields",
    "deadlines",
    "ladders",
    "roles",
    "rights",
    "routing",
    "notices",
    "categories",
    "examples",
    "delivery",
    "offices",
    "provisions",
    "papers",
)
"""The files of a pack beside pack.yaml and its processes."""

LISTS = frozenset({"notices", "examples", "offices"})
"""Those that hold a list; the others are mappings by name."""

OPTIONAL = frozenset({"delivery", "provisions", "papers"})
"""Those that a pack may be without, other than empty."""

_UNITS: Mapping[str, str] = {
    "working day": "working_day",
    "calendar day": "calendar_day",
    "month": "month",
    "working hour": "working_hour",
    "wall hour": "wall_hour",
    "working minute": "working_minute",
    "wall minute": "wall_minute",
}
_LONGEST: Mapping[str, int] = {
    "working_day": 3650,
    "calendar_day": 3650,
    "month": 120,
    "working_hour": 87_600,
    "wall_hour": 87_600,
    "working_minute": 99_999,
    "wall_minute": 99_999,
}
"""Ten years: what is longer is a slip, and would be found when a case is filed."""
_LENGTH = re.compile(r"([0-9]{1,5}) ([a-z ]+?)s?")
_PERCENT = re.compile(r"([0-9]{1,3}) ?%")
_MOMENT = re.compile(r"(.+) (before|after)")

_Step = Callable[[tree.Node], tree.Node]


def shaped(root: tree.Node, faults: tree.Faults) -> tree.Table:
    """The whole document in the shape of `pack.Pack`; faults are noted."""
    document = root if isinstance(root, tree.Table) else tree.Table(root.place)
    shaper = _Shaper(document, faults)
    top = tree.Table(document.place)
    head = document.get("pack")
    if isinstance(head, tree.Table):
        top.place = head.place
        top.update(head)
    top["processes"] = shaper.processes()
    steps: Mapping[str, _Step] = {
        "fields": shaper.field,
        "deadlines": shaper.deadline,
        "ladders": lambda ladder: _each(ladder, shaper.rung),
        "notices": lambda notice: _as_lists(notice, "tell"),
        "offices": lambda row: _as_lists(row, "posts"),
        "routing": lambda route: _as_lists(route, "kinds"),
        "provisions": lambda provision: _as_lists(provision, "kept_by"),
        "papers": lambda paper: sheets.paper(paper, faults),
    }
    for name in SECTIONS:
        node = document.get(name)
        if node is None and name in OPTIONAL:
            continue
        if node is None:
            empty = tree.Place(file=f"{name}.yaml", line=1, key="")
            node = tree.Many(empty) if name in LISTS else tree.Table(empty)
        top[name] = _each(node, steps[name]) if name in steps else node
    top["rights"] = _rights(top["rights"])
    return top


def _each(node: tree.Node, step: _Step) -> tree.Node:
    """`step` done to every child of a mapping or list."""
    if isinstance(node, tree.Table):
        table = tree.Table(node.place)
        table.update({key: step(child) for key, child in node.items()})
        return table
    if isinstance(node, tree.Many):
        many = tree.Many(node.place)
        many.extend(step(child) for child in node)
        return many
    return node


def _as_lists(node: tree.Node, *keys: str) -> tree.Node:
    """A single name where a list may stand, as a list of one."""
    if not isinstance(node, tree.Table):
        return node
    table = node.copy()
    for key in keys:
        word = table.get(key)
        if isinstance(word, tree.Word):
            many = tree.Many(word.place)
            many.append(word)
            table[key] = many
    return table


def _needed(node: tree.Node) -> tree.Node:
    return _as_lists(node, "values")


def _pair(place: tree.Place, **values: str) -> tree.Table:
    table = tree.Table(place)
    table.update({key: tree.Word(value, place) for key, value in values.items()})
    return table


def _rights(node: tree.Node) -> tree.Node:
    """Rights by role as a list; each knows its role."""
    if not isinstance(node, tree.Table):
        return node
    many = tree.Many(node.place)
    for role in sorted(node):
        right = _as_lists(node[role], "sees", "acts", "processes")
        if isinstance(right, tree.Table):
            right["role"] = tree.Word(role, right.place)
        many.append(right)
    return many


class _Shaper:
    """One document's short forms resolved."""

    def __init__(self, document: tree.Table, faults: tree.Faults) -> None:
        self.document = document
        self.faults = faults

    # --- words

    def length(self, node: tree.Node) -> tree.Node:
        """`3 working days` as number and unit."""
        if not isinstance(node, tree.Word):
            return node
        found = _LENGTH.fullmatch(node)
        if found is None or found[2] not in _UNITS:
            self.faults.add("pack.length", node.place, text=str(node)[:60])
            return _pair(node.place, n="1", unit="working_day")
        longest = _LONGEST[_UNITS[found[2]]]
        if int(found[1]) > longest:
            self.faults.add("pack.length_long", node.place, text=str(node), max=longest)
        if int(found[1]) == 0:
            self.faults.add("pack.length_zero", node.place, text=str(node))
        return _pair(node.place, n=found[1], unit=_UNITS[found[2]])

    def moment(self, node: tree.Node) -> tree.Node:
        """`75 %`, `when due`, `1 working day after` as a moment of a ladder."""
        if not isinstance(node, tree.Word):
            return node
        percent, around = _PERCENT.fullmatch(node), _MOMENT.fullmatch(node)
        if node == "when due":
            return _pair(node.place, kind="due")
        if percent is not None and 1 <= int(percent[1]) <= 100:
            return _pair(node.place, kind="percent", percent=percent[1])
        if around is None:
            self.faults.add("pack.moment", node.place, text=str(node))
            return _pair(node.place, kind="due")
        table = _pair(node.place, kind=around[2])
        table["length"] = self.length(tree.Word(around[1], node.place))
        return table

    def replaced(self, table: tree.Table, key: str, step: _Step) -> None:
        if key in table:
            table[key] = step(table[key])

    def renamed(self, table: tree.Table, old: str, new: str) -> None:
        """A word of the YAML under the name its dataclass has for it."""
        if new in table:
            self.faults.add("pack.unknown_key", table[new].place, key=new)
        if old in table:
            table[new] = table.pop(old)

    # --- sections

    def processes(self) -> tree.Node:
        node = self.document.get("processes")
        if not isinstance(node, tree.Table):
            return tree.Table(self.document.place)
        table = tree.Table(node.place)
        table.update({name: self.process(name, child) for name, child in node.items()})
        return table

    def process(self, name: str, node: tree.Node) -> tree.Node:
        if not isinstance(node, tree.Table):
            return node
        table = node.copy()
        own = table.pop("process", None)
        if own != name:
            place = node.place.under("process") if own is None else own.place
            self.faults.add("pack.process_name", place, expected=name)
        self.replaced(table, "states", lambda states: _each(states, self.state))
        self.replaced(table, "actions", lambda actions: _each(actions, self.action))
        return table

    def state(self, node: tree.Node) -> tree.Node:
        return _as_lists(node, "owner", "main")

    def action(self, node: tree.Node) -> tree.Node:
        if not isinstance(node, tree.Table):
            return node
        table = node.copy()
        if "from" not in table:
            self.faults.add("pack.missing_key", node.place.under("from"), key="from")
        self.renamed(table, "from", "source")
        if table.get("source") == "nothing":
            table["source"] = tree.Many(table["source"].place)
        self.replaced(table, "when", lambda when: _each(when, self.condition))
        self.replaced(table, "needs_if", lambda asked: _each(asked, _needed))
        return _as_lists(table, "source", "by", "needs", "takes", "duties")

    def condition(self, node: tree.Node) -> tree.Node:
        if not isinstance(node, tree.Table):
            return node
        table = node.copy()
        self.renamed(table, "if", "test")
        self.renamed(table, "else", "otherwise")
        return table

    def field(self, node: tree.Node) -> tree.Node:
        """`choices` is a list, so that its order is kept; `categories` stands for all of them."""
        node = _as_lists(node, "below")
        if not isinstance(node, tree.Table) or "choices" not in node:
            return node
        table, choices = node.copy(), node["choices"]
        if choices == "categories":
            table["choices"] = self.document.get("categories", tree.Table(choices.place))
        elif isinstance(choices, tree.Many):
            table["choices"] = self.choices(choices)
        else:
            self.faults.add("pack.wrong_shape", choices.place, expected="list")
            del table["choices"]
        return table

    def choices(self, node: tree.Many) -> tree.Node:
        table = tree.Table(node.place)
        for item in node:
            value = item.get("value") if isinstance(item, tree.Table) else None
            if not isinstance(item, tree.Table) or not isinstance(value, tree.Word):
                self.faults.add("pack.missing_key", item.place.under("value"), key="value")
            elif value in table:
                self.faults.add("pack.doubled_key", value.place, key=str(value))
            else:
                choice = item.copy()
                del choice["value"]
                table[str(value)] = choice
        return table

    def deadline(self, node: tree.Node) -> tree.Node:
        if not isinstance(node, tree.Table):
            return node
        listed = _as_lists(node, "starts", "stops", "when", "recounts", "no_later_than")
        table = listed.copy() if isinstance(listed, tree.Table) else node
        self.replaced(table, "limit", self.limit)
        self.replaced(table, "pauses", lambda pauses: _each(pauses, self.pause))
        self.replaced(table, "extension", self.with_max)
        self.replaced(table, "on_miss", self.asked)
        if "name" not in table:
            self.name_by_stop(table)
        return table

    def pause(self, node: tree.Node) -> tree.Node:
        return self.with_max(_as_lists(node, "ends"))

    def name_by_stop(self, table: tree.Table) -> None:
        """A clock without a name is called after the action that first stops it."""
        stops = table.get("stops")
        first = stops[0] if isinstance(stops, tree.Many) and stops else None
        node: tree.Node | None = self.document.get("processes")
        for key in (table.get("process"), "actions", first, "name"):
            is_there = isinstance(node, tree.Table) and isinstance(key, str)
            node = node.get(str(key)) if is_there and isinstance(node, tree.Table) else None
        table["name"] = node or _pair(table.place, zh=table.place.key, en=table.place.key)

    def limit(self, node: tree.Node) -> tree.Node:
        if isinstance(node, tree.Word):
            table = tree.Table(node.place)
            table["length"] = self.length(node)
            return table
        return node

    def with_max(self, node: tree.Node) -> tree.Node:
        if not isinstance(node, tree.Table):
            return node
        table = node.copy()
        self.replaced(table, "max", self.length)
        return table

    def asked(self, node: tree.Node) -> tree.Node:
        """`on_miss: ask ACTION`: asked of the handler, never fired."""
        if isinstance(node, tree.Word) and node.startswith("ask "):
            return tree.Word(node.removeprefix("ask "), node.place)
        self.faults.add("pack.on_miss", node.place, text=str(node))
        return node

    def rung(self, node: tree.Node) -> tree.Node:
        if not isinstance(node, tree.Table):
            return node
        listed = _as_lists(node, "when")
        table = listed.copy() if isinstance(listed, tree.Table) else node
        self.replaced(table, "at", self.moment)
        self.replaced(table, "every", self.length)
        return table
