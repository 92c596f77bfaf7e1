"""Whatever happens to cases, in whatever order: the invariants hold after every step."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests import office, postgres, strategies
from tests.workflow import play
from workflow import db, ids

STEPS = 20
EXAMPLES = int(os.environ.get("GRIDCASE_TEST_EXAMPLES", "30"))
"""More on purpose: `GRIDCASE_TEST_EXAMPLES=500` draws other games each time."""
MOST_CASES = 2
PHASES = (Phase.explicit, Phase.generate)
"""No shrinking: every step is a real command, and a long game is read as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A SQLite district, laid once and copied for every game."""

    path: Path
    district: office.District

    @contextmanager
    def game(self, path: Path) -> Iterator[play.Game]:
        """A fresh game on a copy."""
        shutil.copyfile(self.path, path)
        database = db.open(f"sqlite:///{path}", pool_size=2)
        engine = replace(self.district.engine, database=database)
        try:
            yield play.Game(district=replace(self.district, engine=engine))
        finally:
            db.close(database)


@pytest.fixture(scope="module")
def table(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Table:
    """The district of all games."""
    path = tmp_path_factory.mktemp("table") / "district.db"
    shutil.copyfile(sqlite_template, path)
    database = db.open(f"sqlite:///{path}")
    district = office.build(database)
    db.close(database)
    return Table(path=path, district=district)


class Cases(RuleBasedStateMachine):
    """One or two cases, everybody of the district, and time."""

    table: ClassVar[Table]
    folder: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self._opened = self.table.game(self.folder / "game.db")
        self.game = self._opened.__enter__()

    def teardown(self) -> None:
        self._opened.__exit__(None, None, None)

    @precondition(lambda self: len(self.game.cases) < MOST_CASES)
    @rule(
        filer=st.sampled_from(play.FILERS),
        category=st.sampled_from(play.CATEGORIES),
        confidentiality=st.sampled_from(["normal", "normal", "restricted"]),
    )
    def files(self, filer: tuple[str, str], category: str, confidentiality: str) -> None:
        fields = {"category": category, "confidentiality": confidentiality}
        self.game.file(ids.uuid7(), *filer, fields)

    @precondition(lambda self: self.game.cases)
    @rule(data=st.data())
    def acts(self, data: st.DataObject) -> None:
        move = drawn(self.game, data)
        if move is not None:
            event(f"{move.action}: {self.game.act(move)}")

    @precondition(lambda self: self.game.last)
    @rule()
    def sends_again(self) -> None:
        self.game.repeat()

    @precondition(lambda self: self.game.cases)
    @rule(span=strategies.SPANS)
    def waits_and_sweeps(self, span: timedelta) -> None:
        self.game.wait(span)
        self.game.sweep()

    @precondition(lambda self: self.game.cases)
    @rule(span=strategies.SPANS)
    def waits_unswept(self, span: timedelta) -> None:
        self.game.wait(span)

    @rule(post=st.sampled_from(play.POSTS), is_held=st.booleans())
    def appoints(self, post: str, is_held: bool) -> None:
        self.game.appoint(post, is_held=is_held)

    @invariant()
    def holds(self) -> None:
        self.game.hold()


def drawn(game: play.Game, data: st.DataObject) -> play.Move | None:
    """A valid move of somebody on one of the cases."""
    case = data.draw(st.integers(0, len(game.cases) - 1), label="case")
    moves = game.moves(case)
    if not moves:
        return None
    action, by = data.draw(st.sampled_from(moves), label="action")
    fields = game.fields(case, action)
    if fields is None:
        return None
    return play.Move(case=case, action=action, by=by, fields=data.draw(fields, label="fields"))


@pytest.mark.long
def test_I4_the_invariants_hold_after_every_step(table: Table, tmp_path: Path) -> None:
    cases = type("Cases", (Cases,), {"table": table, "folder": tmp_path})
    run_state_machine_as_test(
        cases,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=EXAMPLES == 30,
            phases=PHASES,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


# --- the same game on both databases


@pytest.fixture
def other(postgres_server: postgres.Server, postgres_template: str) -> Iterator[Any]:
    """Makes the same district on PostgreSQL, afresh."""
    made: list[tuple[str, db.Database]] = []

    def make() -> play.Game:
        name = f"{postgres_template}_game_{len(made)}"
        database = db.open(postgres_server.create(name, template=postgres_template))
        made.append((name, database))
        return play.Game(district=office.build(database))

    yield make
    for name, database in made:
        db.close(database)
        postgres_server.drop(name)


@pytest.mark.long
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_I12_both_databases_give_the_same_answers(
    table: Table, tmp_path: Path, other: Any, data: st.DataObject
) -> None:
    twin = other()
    with table.game(tmp_path / f"{ids.uuid7()}.db") as game:
        # Both stand at the same second of the office's wall clock.
        moment = max(game.district.now(), twin.district.now()) + timedelta(minutes=2)
        for one in (game, twin):
            start = moment.replace(second=2, microsecond=0)
            one.wait(start - one.district.now() + timedelta(seconds=1))
        filer = data.draw(st.sampled_from(play.FILERS))
        case_id, fields = ids.uuid7(), {"category": data.draw(st.sampled_from(play.CATEGORIES))}
        for one in (game, twin):
            one.file(case_id, *filer, fields)
        for _ in range(12 if game.cases else 0):
            _step(game, twin, data)
            assert game.told() == twin.told()


def _step(game: play.Game, twin: play.Game, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["act", "act", "act", "wait", "appoint"]))
    if kind == "wait":
        span = data.draw(strategies.SPANS)
        for one in (game, twin):
            one.wait(span)
            one.sweep()
    elif kind == "appoint":
        post, is_held = data.draw(st.sampled_from(play.POSTS)), data.draw(st.booleans())
        for one in (game, twin):
            one.appoint(post, is_held=is_held)
    else:
        move = drawn(game, data)
        if move is not None:
            assert game.act(move) == twin.act(move)
