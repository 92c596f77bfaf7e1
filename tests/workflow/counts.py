"""Counting the statements of one thing after the other, and holding each to its bound."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import pytest

from rules import errors
from tests import conftest
from tests.workflow import ways
from workflow import db, read
from workflow.queries import places

Bounds = Mapping[str, tuple[int, int]]
"""What is sent at most, by name: (SQLite, PostgreSQL)."""
_T = TypeVar("_T")


@dataclass(slots=True)
class Counts:
    """What was counted in one test. Of a call the name is that of the function, with a word for
    the case where there are several: no bound can be another's."""

    database: db.Database
    statements: conftest.Statements
    found: dict[str, int] = field(default_factory=dict)

    def of(self, case: str, call: partial[_T]) -> _T:
        """Counts one call, and gives what it gives."""
        return self.block(called(call, case), call)

    def refused(self, case: str, call: partial[Any]) -> None:
        """Counts one call that is refused."""
        with self.statements(self.database) as sent, pytest.raises(errors.GridcaseError):
            call()
        self.found[called(call, case)] = sent.count

    def block(self, name: str, block: Callable[[], _T]) -> _T:
        """Counts whatever is done, under any name."""
        with self.statements(self.database) as sent:
            answer = block()
        self.found[name] = sent.count
        return answer

    def grow_not(self, few: str, many: str) -> None:
        """What was done for few sent as much as for many: all that are named with `few` are there
        with `many` as well."""
        word = re.compile(rf"\b{few}\b")
        named = {name: word.sub(many, name) for name in self.found if word.search(name)}
        assert named, few
        grown = {n: (self.found[n], self.found[m]) for n, m in named.items()}
        assert {n: pair for n, pair in grown.items() if pair[0] != pair[1]} == {}

    def hold(self, bounds: Bounds) -> None:
        """Prints the table, then holds every count to its bound."""
        column, dialect = (1, "postgresql") if self.database.is_postgres else (0, "sqlite")
        for name, n in self.found.items():
            print(f"{name:48}{dialect:12}{n:4}{bounds.get(name, (0, 0))[column]:4}")
        assert self.found.keys() == bounds.keys()
        more = {name: n for name, n in self.found.items() if n > bounds[name][column]}
        assert more == {}, "the SQL of each, in the order of the table, is below"


def forget() -> None:
    """As in a process that has just started: nothing is kept in memory."""
    for kept in (read._RULES, read._CALENDARS, read._LINES, places._PLACES):
        kept.clear()


def called(call: partial[Any], case: str) -> str:
    """What a call is counted as."""
    name = ways.name_of(call.func)
    return f"{name}, {case}" if case else name
