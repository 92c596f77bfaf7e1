"""What the database means to do with a statement: the plan, and the tables it reads whole.

An index read from one end to the other counts as the whole table too, unless the index is
partial: those hold only what waits. So does the index of a seat of which only the seat is fixed:
the root's has every case there ever was. SQLite plans without values, the same for every seat;
PostgreSQL knows how many cases a seat has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import text

from tests import conftest
from tests.bench import bulk
from workflow import db
from workflow.db import rows as rows_

EXPLAINED: Final = ("select", "with", "insert", "update", "delete")
# What SQLite writes in capitals is no table: `SCAN CONSTANT ROW`.
_SCAN: Final = re.compile(r"^SCAN ([a-z]\w*)(?: USING (?:COVERING )?INDEX (\w+))?")
_SEARCH: Final = re.compile(r"^SEARCH (\w+) USING (?:COVERING )?INDEX (\w+) \((.*)\)")
_MADE: Final = re.compile(r"^(?:CO-ROUTINE|MATERIALIZE) (\w+)")
# The indexes of the lists: a seat, then open before closed.
_SEATS: Final = frozenset(
    index.name for index in rows_.CASE.indexes if "is_closed" in index.columns.keys()[1:2]
)
MILLION: Final = 1_000_000
MOST: Final = 100_000
"""Of a million cases, what a seat may read."""
_READS: Final = {"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan"}


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement that the product sent, with the values it sent along."""

    name: str
    sql: str
    values: Any


@dataclass(slots=True)
class Record:
    """Every statement, with the name of who sent it first; another value makes it another."""

    sent: dict[tuple[str, str], Sent] = field(default_factory=dict)

    @contextmanager
    def of(self, name: str, database: db.Database) -> Iterator[None]:
        """Records what is sent inside."""

        def note(sql: str, values: Any) -> None:
            if sql.lstrip().lower().startswith(EXPLAINED):
                self.sent.setdefault((sql, str(values)), Sent(name, sql, values))

        with conftest.listening(database, note):
            yield


@dataclass(frozen=True, slots=True)
class Whole:
    """A table that a statement reads whole."""

    name: str
    table: str
    sql: str
    plan: str

    def __str__(self) -> str:
        return f"{self.name} reads the whole of {self.table}:\n{self.sql}\n{self.plan}\n"


def wholes(tx: db.Tx, record: Record, *, small: Mapping[str, str]) -> list[Whole]:
    """The statements that read a table whole which is not small."""
    partial = _partial(tx)
    explain = _postgres if tx.dialect.name == "postgresql" else _sqlite
    found = []
    for sent in record.sent.values():
        plan, read = explain(tx, sent, partial)
        found += [
            Whole(sent.name, table, sent.sql, plan) for table in sorted(read) if table not in small
        ]
    return found


def _partial(tx: db.Tx) -> frozenset[str]:
    """The indexes that hold only some rows."""
    if tx.dialect.name == "postgresql":
        wanted = "select indexrelid::regclass::text from pg_index where indpred is not null"
    else:
        wanted = "select name from sqlite_master where type = 'index' and sql like '% WHERE %'"
    return frozenset(tx.execute(text(wanted)).scalars())


def _postgres(tx: db.Tx, sent: Sent, partial: frozenset[str]) -> tuple[str, set[str]]:
    (found,) = tx.exec_driver_sql(f"explain (format json) {sent.sql}", sent.values).one()
    plan = found[0]["Plan"] if isinstance(found, list) else json.loads(found)[0]["Plan"]
    read = {table for node in _nodes(plan) for table in _read_whole(node, partial)}
    return "\n".join(_outline(plan)), read


def _outline(plan: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    told = ("Node Type", "Relation Name", "Index Name", "Index Cond", "Plan Rows", "Total Cost")
    yield "  " * depth + ", ".join(str(plan[word]) for word in told if word in plan)
    for child in plan.get("Plans", ()):
        yield from _outline(child, depth + 1)


def _nodes(plan: Mapping[str, Any], table: str | None = None) -> Iterator[Mapping[str, Any]]:
    """A plan's nodes; the index part of a bitmap scan learns its table from the heap part."""
    here = plan.get("Relation Name", table)
    yield {**plan, "Relation Name": here}
    for child in plan.get("Plans", ()):
        yield from _nodes(child, here)


def _read_whole(node: Mapping[str, Any], partial: frozenset[str]) -> Iterator[str]:
    if node["Node Type"] not in _READS:
        return
    index, condition = node.get("Index Name"), node.get("Index Cond")
    if condition is None and index not in partial:
        yield node["Relation Name"]
    is_seat = condition is not None and index in _SEATS and "is_closed" not in condition
    if is_seat and node["Plan Rows"] > MOST:
        yield node["Relation Name"]


def _sqlite(tx: db.Tx, sent: Sent, partial: frozenset[str]) -> tuple[str, set[str]]:
    rows = tx.exec_driver_sql(f"explain query plan {sent.sql}", sent.values)
    lines = [str(row[-1]) for row in rows]
    made = {match[1] for line in lines if (match := _MADE.match(line))}
    scans = [match for line in lines if (match := _SCAN.match(line))]
    searches = [match for line in lines if (match := _SEARCH.match(line))]
    read = {match[1] for match in scans if match[2] not in partial} - made
    read |= {match[1] for match in searches if match[2] in _SEATS and "is_closed" not in match[3]}
    return "\n".join(lines), read


# -- what the planners see ---------------------------------------------------------------------


def spread(database: db.Database, *, cases: int) -> None:
    """PostgreSQL counts the pages itself. Rows that stand apart fill nearly as many as a million
    would: what a scan costs, and what it costs to fetch rows here and there, keep their ratio."""
    if not database.is_postgres or cases >= MILLION:
        return
    with db.transaction(database) as tx:
        for table in bulk.TABLES:
            tx.exec_driver_sql(f"alter table {table.name} set (fillfactor = 10)")


def as_of_a_million(tx: db.Tx, *, cases: int) -> None:
    """PostgreSQL plans by rows a page and the pages that are there: see `spread`. SQLite, which
    the product never tells to count, plans by rules of thumb; told, it reads a table that we
    write."""
    more = max(1, MILLION // cases)
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(
            "update pg_class set reltuples = reltuples * %s where relkind in ('r', 'i') "
            "and relnamespace = 'public'::regnamespace and reltuples > %s",
            (more, cases // 1000),
        )
        return
    tx.exec_driver_sql("analyze")
    rows = tx.exec_driver_sql("select tbl, idx, stat from sqlite_stat1").all()
    for table, index, stat in rows:
        columns = tx.exec_driver_sql(f"pragma index_info({index})").all() if index else []
        by_case = bool(columns) and columns[0][2] == "case_id"
        tx.exec_driver_sql(
            "update sqlite_stat1 set stat = ? where tbl = ? and idx is ?",
            (_grown(stat, more=more, by_case=by_case), table, index),
        )
    tx.exec_driver_sql("analyze sqlite_schema")


def _grown(stat: str, *, more: int, by_case: bool) -> str:
    """`rows, rows per first column, per first two, ...`: what hangs on one case stays as much."""
    rows, *each = (int(word) for word in stat.split() if word.isdigit())
    grown = each if by_case else [n * more if n > 1 else n for n in each]
    return " ".join(map(str, [rows * more, *grown]))
