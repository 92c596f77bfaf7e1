"""The figures as programs read them: `python -m tests.bench --json`, rows of the same keys from
every bench, and what is said of a bench or a database that is not there."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

import pytest

from tests.bench import __main__ as command
from tests.bench import measure

ROOT: Final = Path(__file__).parents[2]
KEYS: Final = ("name", "ratio", "floor", "ours", "unit", "spread", "database")
DATABASES: Final = {"none", *get_args(measure.Dialect)}
SMALLEST: Final = ("B6", "--rounds", "1", "--size", "10")
"""It has figures with a floor and one without, and needs no database."""


def _bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.bench", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def _is_row(row: dict[str, Any]) -> bool:
    """Whether these are the keys, in their order, each of its kind."""
    if tuple(row) != KEYS:
        return False
    low, high = row["spread"]
    measured = row["ours"] if row["ratio"] is None else row["ratio"]
    return (
        all(isinstance(row[key], str) and row[key] for key in ("name", "unit", "database"))
        and all(type(value) is float for value in (row["ours"], low, high))
        and row["database"] in DATABASES
        and (row["ratio"] is None) == (row["floor"] is None)
        and all(row[key] is None or type(row[key]) is float for key in ("ratio", "floor"))
        and low <= measured <= high
    )


@pytest.mark.long
def test_the_command_when_asked_for_json_writes_rows_and_nothing_else() -> None:
    done = _bench(*SMALLEST, "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row for row in rows if not _is_row(row)] == []
    assert {row["ratio"] is None for row in rows} == {True, False}
    told = done.stderr.splitlines()
    assert told[0].startswith("# "), "the machine"
    assert len(told) == 1 + len(rows)
    for line, row in zip(told[1:], rows, strict=True):
        assert line.startswith(row["name"])


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "wrong", "there_is"),
    [
        (("B9", "--json"), "B9", "B1, B2, B4, B6, B7"),
        (("B1", "--database", "oracle", "--json"), "oracle", "sqlite"),
    ],
)
def test_the_command_when_asked_for_what_is_not_there_names_what_is(
    arguments: tuple[str, ...], wrong: str, there_is: str
) -> None:
    done = _bench(*arguments)
    last = (done.stdout + done.stderr).splitlines()[-1]
    assert done.returncode == 2
    assert wrong in last
    assert there_is in last
    assert "Traceback" not in done.stderr


def test_a_row_is_the_same_whether_there_is_a_floor_or_not() -> None:
    figures = [
        measure.compared("B1", floor=[2.0, 4.0], ours=[3.0, 5.0], unit="a/s", database="sqlite"),
        measure.plain("B4", ours=[3.0, 5.0], unit="ms (lower)", database="postgresql"),
    ]
    beside, alone = json.loads(measure.rows(figures))
    assert _is_row(beside)
    assert _is_row(alone)
    assert (beside["ratio"], beside["spread"]) == (1.375, [1.25, 1.5])
    assert (alone["ratio"], alone["ours"], alone["spread"]) == (None, 4.0, [3.0, 5.0])


@pytest.mark.parametrize("name", sorted(command.PURE | command.STORED))
def test_every_bench_gives_figures_that_the_row_builder_made(name: str) -> None:
    run = (command.PURE | command.STORED)[name]
    assert get_type_hints(run)["return"] == list[measure.Figure]
    module = Path(sys.modules[run.__module__].__file__ or "")
    called = {
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.Call)
    }
    assert called & {"measure.compared", "measure.plain"}
    assert "measure.Figure" not in called
