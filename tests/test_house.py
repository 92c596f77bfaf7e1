"""The house rules, checked: clocks, keys, sizes, docstrings, documents, a pack to live in."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main
from pydantic_core import PydanticUndefined
from sqlmodel import SQLModel

from api import cli
from api.cli import answer
from rules import errors, load
from rules import pack as pack_
from workflow import settings
from workflow.tables import case, delivery, office, paper, personal, watch

ROOT = Path(__file__).parents[1]
LAYERS = ("rules", "workflow", "api")
CLOCKS = frozenset(
    {
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "time.time",
        "time.time_ns",
        "time.monotonic",
        "time.localtime",
        "time.gmtime",
    }
)
CASE_TABLES = frozenset(
    {
        "event",
        "deadline",
        "escalation",
        "link",
        "office_tie",
        "assignment",
        "party",
        "recusal",
        "sealed_value",
        "notice",
        "delivery",
        "paper",
        "service",
        "attachment",
    }
)
START = (
    "api/cli/answer.py",
    "api/cli/installation.py",
    "api/cli/web.py",
    "api/demo/dataset.py",
    "workflow/db/__init__.py",
    "workflow/queries/installation.py",
    "workflow/settings.py",
)
"""The files that can refuse a start."""
DOORS = ("workflow/channels.py",)
"""Where the library of an extra is let in."""
LONG_FILE = 480
LONG_FUNCTION = 75


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _files(*layers: str) -> list[Path]:
    return sorted(
        path
        for layer in layers
        for path in (ROOT / layer).rglob("*.py")
        if "versions" not in path.parts
    )


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_nothing_below_the_edges_reads_a_clock() -> None:
    """Office time is an argument; the system's is read in `workflow.clock` alone."""
    found = [
        f"{_name(path)}:{node.lineno} {ast.unparse(node)}"
        for path in _files("rules", "workflow")
        if _name(path) != "workflow/clock.py"
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute) and _reads_clock(node)
    ]
    assert found == []


def _reads_clock(node: ast.Attribute) -> bool:
    text = ast.unparse(node)
    return any(text == name or text.endswith(f".{name}") for name in CLOCKS)


def test_pure_code_asks_for_no_randomness_and_no_environment() -> None:
    banned = {"random", "secrets", "os", "uuid4", "uuid1", "socket", "subprocess"}
    found = [
        f"{_name(path)}: {name}"
        for path in [*_files("rules"), *_files("workflow/decide"), ROOT / "workflow/machine.py"]
        for name in _imported(path)
        if name.split(".")[0] in banned
    ]
    assert found == []


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
            yield node.module or ""


def test_transactions_open_in_commands_sweep_relay_and_scheduler_alone() -> None:
    allowed = (
        "workflow/commands/",
        "workflow/sweep.py",
        "workflow/outbox/",
        "workflow/db/",
        "workflow/auditor.py",
        "workflow/scheduler.py",
    )
    found = [
        f"{_name(path)}:{node.lineno}"
        for path in _files("workflow", "api")
        if not _name(path).startswith(allowed)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "db.transaction"
    ]
    assert found == []


def test_what_belongs_to_a_case_is_keyed_by_it_first() -> None:
    assert {case, delivery, office, paper, personal, watch}  # their tables are known
    tables = SQLModel.metadata.tables
    keyed = {name for name, table in tables.items() if "case_id" in table.primary_key.columns}
    assert keyed == CASE_TABLES
    for name in CASE_TABLES:
        assert next(iter(tables[name].primary_key.columns)).name == "case_id", name
        assert next(iter(tables[name].columns)).name == "case_id", name


def test_instants_and_days_say_what_they_are() -> None:
    """`_at` an instant, `_on` a local day, and the other way round."""
    for table in SQLModel.metadata.tables.values():
        for column in table.columns:
            kind = type(column.type).__name__
            stamp = column.name == "at" or column.name.endswith("_at")
            stamp |= column.name == "locked_until"
            assert ("DateTime" in kind) == stamp, f"{table.name}.{column.name}"
            assert (kind == "Date") == column.name.endswith("_on"), f"{table.name}.{column.name}"


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{_name(path)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_and_functions_stay_small(capsys: pytest.CaptureFixture[str]) -> None:
    for layer in (*LAYERS, "tests"):
        files = {_name(path): len(path.read_text("utf-8").splitlines()) for path in _files(layer)}
        files = {name: lines for name, lines in files.items() if lines > 1}
        functions = dict(pair for path in _files(layer) for pair in _functions(path))
        long_file = max(files, key=lambda name: files[name])
        long_function = max(functions, key=lambda name: functions[name])
        with capsys.disabled():
            print(
                f"\nsizes: {layer} files={len(files)}",
                f"median={statistics.median(files.values()):.0f}",
                f"longest={files[long_file]} ({long_file})",
                f"functions={len(functions)}",
                f"median={statistics.median(functions.values()):.0f}",
                f"longest={functions[long_function]} ({long_function})",
                end="",
            )
        if layer != "tests":
            assert files[long_file] <= LONG_FILE, long_file
            assert functions[long_function] <= LONG_FUNCTION, long_function
            assert statistics.median(functions.values()) <= 14


def test_public_names_of_the_engine_say_what_they_mean() -> None:
    """A docstring on every module, public class and public function of rules and workflow."""
    found = []
    for path in _files("rules", "workflow"):
        tree = _tree(path)
        if not ast.get_docstring(tree):
            found.append(_name(path))
        found += [
            f"{_name(path)}:{node.name}"
            for node in tree.body
            if isinstance(node, ast.ClassDef | ast.FunctionDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]
    assert found == []


def test_nothing_is_imported_inside_a_function() -> None:
    """But for an extra's library, in its one door."""
    found = [
        f"{_name(path)}:{inner.lineno}"
        for path in _files("rules", "workflow")
        if _name(path) not in DOORS
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert found == []


def test_migrations_are_a_folder_of_scripts() -> None:
    assert not (ROOT / "workflow/migrations/__init__.py").exists()
    names = sorted(path.name for path in (ROOT / "workflow/migrations/versions").glob("*.py"))
    assert [name[:4] for name in names] == [f"{n:04d}" for n in range(1, len(names) + 1)]


@pytest.fixture(scope="module")
def pack() -> pack_.Pack:
    """The shipped pack."""
    return load.release(load.NATIONAL)[0].pack


def test_I10_every_action_has_somebody_who_may_do_it(pack: pack_.Pack) -> None:
    fired = {rule.on_lapse for rule in pack.deadlines.values()}
    fired |= {rung.action for ladder in pack.ladders.values() for rung in ladder}
    for process, found in pack.processes.items():
        for name, action in found.actions.items():
            for role in action.by:
                if role == "ladder":
                    assert name in fired, f"{process}.{name} is fired by nothing"
                else:
                    assert _acts(pack, role, process), f"{process}.{name} by {role}"


def _acts(pack: pack_.Pack, role: str, process: str) -> bool:
    return any(
        right.acts and (not right.processes or process in right.processes)
        for right in pack.rights
        if right.role == role
    )


def test_I10_every_field_that_is_sealed_opens_to_somebody(pack: pack_.Pack) -> None:
    opened = {
        name for right in pack.rights for name, how in (right.fields or {}).items() if how == "open"
    }
    for name, field in pack.fields.items():
        assert field.personal is None or field.seen_by in opened, name


def test_every_notice_answers_to_something_that_happens(pack: pack_.Pack) -> None:
    causes = {"deadline_missed", "window_lapsed", "deadline_moved"}
    causes |= {name for process in pack.processes.values() for name in process.actions}
    causes |= {f"rung.{effect}" for effect in get_args(pack_.Effect)}  # local ladders have more
    assert {notice.on for notice in pack.notices} <= causes


def test_every_step_of_a_ladder_is_told(pack: pack_.Pack) -> None:
    told = {notice.on for notice in pack.notices}
    for ladder in pack.ladders.values():
        for rung in ladder:
            assert f"rung.{rung.do}" in told


# -- what the README tells of settings and commands ---------------------------------------------


def _rows(first: str) -> dict[str, list[str]]:
    """The README's table rows whose first cell begins so, by that cell."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "README.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith(f"| `{first}"):
            name = cells[0].strip("`")
            assert name not in found, f"{name} stands twice"
            found[name] = cells[1:]
    return found


def test_every_setting_is_documented_with_its_default_and_what_it_takes() -> None:
    told = _rows(settings.PREFIX)
    fields = settings.Settings.model_fields
    names = {f"{settings.PREFIX}{name.upper()}": name for name in fields}
    assert sorted(told.keys() ^ names.keys()) == []
    for shown, name in names.items():
        meaning, default, takes = told[shown]
        assert meaning, shown
        assert takes == answer.allowed(name).en, shown
        if fields[name].default not in {None, PydanticUndefined}:
            assert default == str(fields[name].default), shown
        assert default, shown


def test_every_command_is_documented_with_its_options() -> None:
    commands = {
        f"gridcase {' '.join(path)}": found
        for path, found in _commands(typer.main.get_command(cli.app))
    }
    told = _rows("gridcase ")
    assert sorted(told.keys() ^ commands.keys()) == []
    for name, command in commands.items():
        meaning, options = told[name]
        assert meaning, name
        here = {option for one in command.params for option in one.opts if option[0] == "-"}
        assert sorted({part.strip("`") for part in options.split()} ^ here) == ["--lang"], name
        assert command.help, name


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that call it."""
    below = getattr(command, "commands", {})
    for name, found in below.items():
        yield from _commands(found, (*path, name))
    if not below:
        yield path, command


def test_every_refusal_of_a_start_is_documented_with_its_exit_code() -> None:
    table = (ROOT / "docker/README.md").read_text("utf-8").split("## What a start refuses")[1]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if "` | " in line]
    told = {code.strip("`"): int(exit_) for _, code, exit_, _ in rows}
    raised = {
        code: answer.exit_code(getattr(errors, node.func.attr)(code))
        for name in START
        for node in ast.walk(_tree(ROOT / name))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "errors"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(code := node.args[0].value, str)
    }
    assert {code: told.get(code) for code in raised} == raised
