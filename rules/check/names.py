"""Offices stand somewhere, and names are words that conditions, addresses and tables can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rules import pack
from rules.check.report import Report

PSEUDO: Final = frozenset({"resident", "third_party", "ladder"})
"""Who needs no post: a resident and who was invited come by number and code, the ladder acts when
a time has come."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,40}")


def check(rules: pack.Pack, report: Report) -> None:
    """Notes offices of no kind, level or role that there is, and names that do not fit."""
    file = "offices.yaml"
    if not rules.offices:
        report.add("check.no_offices", file, "")
    for number, row in enumerate(rules.offices, start=1):
        if row.kind not in rules.office_kinds:
            report.add("check.unknown_office_kind", file, f"{number}.kind", name=row.kind)
        if row.level not in rules.levels:
            report.add("check.unknown_level", file, f"{number}.level", name=row.level)
        for role in row.posts:
            if role not in rules.roles:
                report.add("check.unknown_role", file, f"{number}.posts", name=role)
            elif role in PSEUDO:
                report.add("check.no_post_role", file, f"{number}.posts", role=role)
    for file, key, name in _names(rules):
        if not all(_NAME.fullmatch(part) for part in name.split(".")):
            report.add("check.name", file, key, name=name[:60])


def _names(rules: pack.Pack) -> Iterator[tuple[str, str, str]]:
    """Every name a pack gives, with its file and key; only clocks have dots in theirs."""
    for name, process in rules.processes.items():
        yield f"{name}.yaml", "process", _whole(name)
        for key in process.states:
            yield f"{name}.yaml", f"states.{key}", _whole(key)
        for key in process.actions:
            yield f"{name}.yaml", f"actions.{key}", _whole(key)
    for file, names in (
        ("fields.yaml", rules.fields),
        ("roles.yaml", rules.roles),
        ("routing.yaml", rules.routing),
        ("ladders.yaml", rules.ladders),
    ):
        for key in names:
            yield file, key, _whole(key)
    for key in rules.deadlines:
        yield "deadlines.yaml", key, key


def _whole(name: str) -> str:
    """A name in which a dot is as wrong as any other mark."""
    return name.replace(".", "?")
