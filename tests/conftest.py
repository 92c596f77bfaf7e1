"""Fixtures of the whole suite: an odd time zone, both databases, a browser.

A test that asks for `database` or `database_url` runs on SQLite and on PostgreSQL. One that is
about a single dialect says `@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)`.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count, groupby, islice
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args

import hypothesis
import pytest
from playwright import sync_api
from sqlalchemy import event, make_url

from tests import postgres
from workflow import db

Dialect = Literal["sqlite", "postgresql"]

# The tests sit where no office is: a naive time is off by half a day, and is seen.
os.environ["TZ"] = "America/New_York"
time.tzset()
# A developer's own installation is not the tests' business.
OURS: Final = ("GRIDCASE_TEST_", "GRIDCASE_CHROMIUM")
for _name in [name for name in os.environ if name.startswith("GRIDCASE_")]:
    if not _name.startswith(OURS):
        del os.environ[_name]

# A busy machine is no fault: how long a test may take is for the benches to say.
hypothesis.settings.register_profile("unhurried", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("unhurried")

NO_BROWSER: Final = "no Chromium found"
BROWSERS: Final = (
    "chromium-headless-shell",  # the same engine without windows: a page costs half
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
QUIET: Final = (
    "--no-sandbox",  # root has none; only our own pages are opened
    "--disable-gpu",
    "--in-process-gpu",  # what draws in its stead needs no process of its own
    "--disable-quic",
    "--disable-background-networking",  # nothing looks for the world outside
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

# Pages and API reach a database through the engine alone; the story goes all the way on both.
ABOVE: Final = Path(__file__).parent / "api"
THROUGH: Final = frozenset({"test_story_api.py"})

# Files of tests lie in memory where there is room: SQLite waits for the disk at every commit, and
# what must survive a power cut is not for these tests to say. pytest reads the variable.
if "PYTEST_DEBUG_TEMPROOT" not in os.environ and (_memory := postgres.memory()) is not None:
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(_memory)

# A process that a test starts reads what was compiled once, whatever the developer's shell says.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

_SERVER_URL: Final = "gridcase_postgres_url"
_CONTROLLER: Final = pytest.StashKey[tuple[ExitStack, postgres.Server]]()
_NUMBERS: Final = count(1)
_T = TypeVar("_T")


# --- the run


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are cores: a test also waits, for a database, a
    browser or a process."""
    return len(os.sched_getaffinity(0)) * 3 // 2


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long`: each test is in exactly one of the two runs."""
    parser.addoption(
        "--long",
        action="store_true",
        help="instead of the suite, what it leaves out: pages and API on PostgreSQL, every page "
        "in every form, the plans of all statements, the longest properties and races",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The suite or its long part; the slow ones first, and not all at one process."""
    wanted = config.getoption("long")
    config.hook.pytest_deselected(items=[item for item in items if is_long(item) != wanted])
    items[:] = [item for item in items if is_long(item) == wanted]
    slow = [item for item in items if is_slow(item)]
    rest = [item for item in items if not is_slow(item)]
    files = [list(found) for _, found in groupby(slow, key=lambda item: item.path)]
    hands = getattr(config, "workerinput", {"workercount": 1})["workercount"]
    items[:] = dealt(files, rest, hands)


def is_long(item: pytest.Item) -> bool:
    """Whether the suite leaves a test to `--long`: one marked so, be it as a whole or in a variant
    that the mark names; and what is above the engine on PostgreSQL, for the engine itself is
    tried on both databases by either run."""
    variant = _variant(item)
    if "postgresql" in variant and item.path.parent == ABOVE and item.path.name not in THROUGH:
        return True
    marks = list(item.iter_markers("long"))
    return any(not mark.args or variant & set(mark.args) for mark in marks)


def is_slow(item: pytest.Item) -> bool:
    """Whether a test takes long by itself, so that it had better begin early."""
    marks = item.iter_markers("long")
    return item.get_closest_marker("slow") is not None or any(not mark.args for mark in marks)


def _variant(item: pytest.Item) -> set[str]:
    """Its parameters, in words: `test_x[postgresql-zh-CN]` has postgresql, zh and CN."""
    return set(item.nodeid.partition("[")[2].rstrip("]").split("-"))


def dealt(slow: Sequence[list[_T]], rest: Sequence[_T], hands: int) -> list[_T]:
    """In the order in which each process has slow tests at its head: pytest-xdist gives each the
    same number of tests in a row, and lets who is done take from the end of who is not. Slow tests
    of a file stay together."""
    left, found = iter(rest), list[_T]()
    total = sum(map(len, slow)) + len(rest)
    for n in range(hands):
        own = [item for file in slow[n::hands] for item in file]
        share = (total - len(found)) // (hands - n)
        found += [*own, *islice(left, max(0, share - len(own)))]
    return [*found, *left]


def pytest_collection_finish() -> None:
    """What imports and collection made stays: it need not be looked through again and again."""
    gc.collect()
    gc.freeze()


# --- PostgreSQL: one server a session, shared by the processes of pytest-xdist


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Before a worker starts: the server runs in the controller, which outlives them all."""
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    if _CONTROLLER not in config.stash:
        stack = ExitStack()
        config.stash[_CONTROLLER] = (stack, stack.enter_context(postgres.server()))
    node.workerinput[_SERVER_URL] = config.stash[_CONTROLLER][1].url  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops the controller's server."""
    if _CONTROLLER in config.stash:
        config.stash[_CONTROLLER][0].close()


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[postgres.Server]:
    """The session's PostgreSQL, started when the first test asks for it."""
    shared: dict[str, str] = getattr(request.config, "workerinput", {})
    if _SERVER_URL in shared:
        yield postgres.Server(url=shared[_SERVER_URL])
        return
    with postgres.server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres_server: postgres.Server) -> Iterator[str]:
    """An empty PostgreSQL database without tables, one for the session and process."""
    name = _fresh_name()
    yield postgres_server.create(name)
    postgres_server.drop(name)


# --- a database for each test, copied from one that was migrated once


@pytest.fixture(params=get_args(Dialect))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Which database: every test that depends on it runs on both."""
    found: Dialect = request.param
    return found


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file that nobody has open."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: postgres.Server) -> Iterator[str]:
    """The name of a migrated, empty PostgreSQL database that nobody is connected to."""
    name = _fresh_name()
    _migrate(postgres_server.create(name))
    yield name
    postgres_server.drop(name)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, dialect: Dialect) -> Iterator[str]:
    """The address of a migrated, empty database of its own; for tests with several processes."""
    if dialect == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        path = folder / "gridcase.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    kept: postgres.Kept = request.getfixturevalue("postgres_kept")
    yield kept.url()
    kept.clear()


@pytest.fixture(scope="session")
def postgres_kept(
    postgres_server: postgres.Server, postgres_template: str
) -> Iterator[postgres.Kept]:
    """The PostgreSQL database of one test after the other."""
    kept = postgres.Kept(server=postgres_server, template=postgres_template, name=_fresh_name())
    yield kept
    kept.drop()


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, dialect: Dialect) -> Iterator[str]:
    """The address of a database without tables, for the migrations' own tests."""
    if dialect == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        yield f"sqlite:///{folder / 'empty.db'}"
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name = _fresh_name()
    yield server.create(name)
    server.drop(name)


@pytest.fixture
def database(database_url: str, dialect: Dialect) -> Iterator[db.Database]:
    """A migrated, empty database of its own, open; by the process's one engine of that dialect,
    which keeps the statements it has compiled from test to test."""
    if dialect not in _ENGINES:
        _ENGINES[dialect] = db.open(database_url)
        event.listen(_ENGINES[dialect].engine, "do_connect", _lead)
    opened = replace(_ENGINES[dialect], url=database_url)
    _LEADS[opened.engine.dialect] = database_url
    yield opened
    db.close(opened)


_ENGINES: Final[dict[Dialect, db.Database]] = {}
_LEADS: Final[dict[Any, str]] = {}
"""Where the next connection of an engine leads."""


def _lead(dialect: Any, _entry: Any, values: list[Any], named: dict[str, Any]) -> None:
    values[:], there = dialect.create_connect_args(make_url(_LEADS[dialect]))
    named.update(there)


def _migrate(url: str) -> None:
    opened = db.open(url)
    try:
        db.upgrade(opened)
    finally:
        db.close(opened)


def _fresh_name() -> str:
    """A database name that no other process uses, this session's or another's."""
    return f"gridcase_test_{os.getpid()}_{next(_NUMBERS)}"


# --- statements, counted


@dataclass(frozen=True, slots=True)
class Sent:
    """The statements a block has sent, BEGIN and COMMIT apart; one with many rows is one."""

    sql: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many."""
        return len(self.sql)


@contextmanager
def listening(database: db.Database, note: Callable[[str, Any], None]) -> Iterator[None]:
    """Tells every statement that is sent inside, with its values; of many rows the first's. Rows
    go one by one to SQLite alone: see `db.add_rows`."""

    def heard(_c: Any, _cursor: Any, sql: str, values: Any, _context: Any, many: bool) -> None:
        assert not (many and database.is_postgres), sql
        note(sql, values[0] if many else values)

    event.listen(database.engine, "before_cursor_execute", heard)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", heard)


Statements = Callable[[db.Database], AbstractContextManager[Sent]]


@pytest.fixture
def statements(request: pytest.FixtureRequest) -> Statements:
    """`with statements(database) as sent: ...`, then `assert sent.count <= 2`; a test that fails
    shows the SQL of each block."""

    @contextmanager
    def counted(database: db.Database) -> Iterator[Sent]:
        sent = Sent()

        def note(sql: str, _values: Any) -> None:
            if not sql.upper().startswith("BEGIN"):
                sent.sql.append(sql)

        try:
            with listening(database, note):
                yield sent
        finally:
            told = "\n".join(f"{n}. {sql}" for n, sql in enumerate(sent.sql, 1))
            request.node.add_report_section("call", "statements", told)

    return counted


# --- a browser


@pytest.fixture(scope="session")
def browser() -> Iterator[sync_api.Browser]:
    """A headless Chromium. None found: skips, and says so once; with CI=true it fails."""
    with sync_api.sync_playwright() as playwright:
        found = chromium_path(playwright)
        if found is None:
            if os.environ.get("CI") == "true":
                pytest.fail(f"{NO_BROWSER}, and CI=true")
            pytest.skip(NO_BROWSER)
        chromium = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield chromium
        chromium.close()


def chromium_path(playwright: sync_api.Playwright) -> str | None:
    """The one named in the environment, else the machine's, else playwright's own."""
    named = os.environ.get("GRIDCASE_CHROMIUM")
    if named:
        return named
    for name in BROWSERS:
        found = shutil.which(name)
        if found:
            return found
    own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A loud line for each thing that was not tested: reasons that begin with `!!!`."""
    skipped = terminalreporter.stats.get("skipped", [])
    loud = {str(report.longrepr[2]) for report in skipped if "!!!" in str(report.longrepr)}
    for reason in sorted(loud):
        terminalreporter.write_line(reason.removeprefix("Skipped: "), red=True, bold=True)
    n = sum(NO_BROWSER in str(report.longrepr) for report in skipped)
    if n:
        terminalreporter.write_line(
            f"!!! {NO_BROWSER}: {n} browser tests did not run. "
            "Install chromium, or name one in GRIDCASE_CHROMIUM.",
            red=True,
            bold=True,
        )
