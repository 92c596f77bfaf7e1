"""A pack laid upon the one it extends. Mappings go key by key; a value or a list replaces the
whole of what stood there, unless it says which part of it changes.

    deadlines.yaml   dispute.accept: {limit: 1 working day}    one value of one clock
    deadlines.yaml   dispute.first_session: (none)             taken away
    ladders.yaml     default: {3: {at: 2 working days after}}  the third rung, one value of it
    dispute.yaml     from: {add: [filed], remove: [mediating]} a list with more and with less
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.load import tree

NOTHING = "(none)"
"""Written as a value: what the pack below has under this key is taken away."""
ADD, REMOVE = "add", "remove"
LANGUAGES = {"zh", "en"}
"""A text has both: one of them alone would stand beside another's words."""


def merged(base: tree.Table, over: tree.Table, faults: tree.Faults) -> tree.Table:
    """The document of `over` upon that of `base`. What both wrote stands where `over` wrote it:
    the base is sound by itself, so a fault of the whole is looked for there."""
    table = tree.Table(over.place)
    table.update(base)
    if base.keys() == LANGUAGES and over and over.keys() < LANGUAGES:
        faults.add("pack.one_language", over.place)
    for key, node in over.items():
        if node == NOTHING:
            _take_away(table, key, node.place, faults)
        elif key in base:
            table[key] = _upon(base[key], node, faults)
        elif isinstance(node, tree.Table) and node.keys() == {ADD}:
            table[key] = _upon(tree.Many(node.place), node, faults)  # no list is an empty one
        else:
            table[key] = node
            refuse_nothing(node, faults)
    return table


def refuse_nothing(node: tree.Node, faults: tree.Faults) -> None:
    """Notes each `(none)` below which there is nothing to take away."""
    for found in _walk(node):
        if found == NOTHING:
            faults.add("pack.nothing_to_remove", found.place)


def _upon(base: tree.Node, over: tree.Node, faults: tree.Faults) -> tree.Node:
    if isinstance(over, tree.Table):
        if isinstance(base, tree.Table):
            return merged(base, over, faults)
        if isinstance(base, tree.Many) or (over and over.keys() <= {ADD, REMOVE}):
            return _list_upon(_listed(base), over, faults)
    refuse_nothing(over, faults)
    return over


def _listed(node: tree.Node) -> tree.Many:
    """One value alone is a list of one, as everywhere in a pack."""
    if isinstance(node, tree.Many):
        return node
    many = tree.Many(node.place)
    many.append(node)
    return many


def _list_upon(base: tree.Many, over: tree.Table, faults: tree.Faults) -> tree.Many:
    """Items by their number in the base, then what is removed, then what is added."""
    items: list[tree.Node | None] = list(base)
    for key, node in over.items():
        if key in (ADD, REMOVE):
            continue
        number = int(key) if key.isdecimal() and len(key) < 4 else 0
        if not 1 <= number <= len(base):
            faults.add("pack.no_such_item", node.place, text=key, count=len(base))
        elif node == NOTHING:
            items[number - 1] = None
        else:
            items[number - 1] = _upon(base[number - 1], node, faults)
    many = tree.Many(over.place)
    many.extend(item for item in items if item is not None)
    if REMOVE in over:
        for wanted in _listed(over[REMOVE]):
            _drop(many, wanted, faults)
    if ADD in over:
        added = _listed(over[ADD])
        refuse_nothing(added, faults)
        many.extend(added)
    return many


def _drop(many: tree.Many, wanted: tree.Node, faults: tree.Faults) -> None:
    """Removes every item that is `wanted`, or that has all that it says."""
    kept = [item for item in many if not _is_like(item, wanted)]
    if len(kept) == len(many):
        faults.add("pack.nothing_to_remove", wanted.place)
    many[:] = kept


def _is_like(item: tree.Node, wanted: tree.Node) -> bool:
    if isinstance(item, tree.Table) and isinstance(wanted, tree.Table):
        return all(key in item and item[key] == node for key, node in wanted.items())
    return item == wanted


def _take_away(table: tree.Table, key: str, place: tree.Place, faults: tree.Faults) -> None:
    if key not in table:
        faults.add("pack.nothing_to_remove", place)
    table.pop(key, None)


def _walk(node: tree.Node) -> Iterator[tree.Node]:
    yield node
    if not isinstance(node, tree.Word):
        for child in node.values() if isinstance(node, tree.Table) else node:
            yield from _walk(child)
