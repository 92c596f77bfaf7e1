"""The papers of a pack: short forms resolved, and nothing but names to fill let in."""

from __future__ import annotations

from rules import papers
from rules.load import tree

LANGUAGES = ("zh", "en")
_LISTS = ("made_by", "served_by", "overtaken_by", "when")


def paper(node: tree.Node, faults: tree.Faults) -> tree.Node:
    """One paper in the shape of its dataclass; a template that is more than text with names to
    fill is a fault at its place."""
    if not isinstance(node, tree.Table):
        return node
    table = node.copy()
    for key in _LISTS:
        table = _listed(table, key)
    for language in LANGUAGES:
        sheet = table.get(language)
        if isinstance(sheet, tree.Table):
            table[language] = _sheet(sheet, faults)
    return table


def _listed(table: tree.Table, key: str) -> tree.Table:
    word = table.get(key)
    if isinstance(word, tree.Word):
        many = tree.Many(word.place)
        many.append(word)
        table[key] = many
    return table


def _sheet(node: tree.Table, faults: tree.Faults) -> tree.Node:
    """Every text of a sheet is looked at; a bare text in its body is a paragraph."""
    for word in _words(node):
        found = papers.fault(word)
        if found is not None:
            faults.add("pack.template", word.place, excerpt=found)
    table = _listed(node.copy(), "sign")
    body = table.get("body")
    if isinstance(body, tree.Many):
        blocks = tree.Many(body.place)
        blocks.extend(_block(child) for child in body)
        table["body"] = blocks
    return table


def _block(node: tree.Node) -> tree.Node:
    if not isinstance(node, tree.Word):
        return node
    table = tree.Table(node.place)
    table["text"] = node
    return table


def _words(node: tree.Node) -> list[tree.Word]:
    if isinstance(node, tree.Word):
        return [node]
    children = node.values() if isinstance(node, tree.Table) else node
    return [word for child in children for word in _words(child)]
