"""The ways in: every public command and query, for tests that must not miss one."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Final

from workflow import auditor, commands, outbox, queries, scheduler, sweep

RINGS: Final = (sweep, outbox, auditor, scheduler)
_OPENED: Final = re.compile(r"\b(Database|Engine)\b")


def commands_and_queries() -> set[str]:
    """Every command and query; what works inside another's transaction is a part of that one."""
    found = [name_of(function) for it in (queries, commands) for function in _public(it)]
    assert len(found) == len(set(found)), "two of one name"
    return set(found)


def rings() -> set[str]:
    """What nobody asks for, but a bell."""
    return {name_of(function) for it in RINGS for function in _public(it)}


def name_of(function: Callable[..., Any]) -> str:
    """`office.appoint`, `board.board`, `sweep.tick`."""
    module = re.sub(r"^workflow\.(commands\.|queries\.)?", "", function.__module__)
    return f"{module}.{function.__name__}"


def _public(package: ModuleType) -> Iterator[Callable[..., Any]]:
    """The functions that open the database themselves."""
    inside = pkgutil.walk_packages(getattr(package, "__path__", ()), f"{package.__name__}.")
    for module in (package, *(importlib.import_module(info.name) for info in inside)):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            is_own = function.__module__ == module.__name__ and not name.startswith("_")
            given = inspect.signature(function).parameters.values()
            if is_own and any(_OPENED.search(str(one.annotation)) for one in given):
                yield function
