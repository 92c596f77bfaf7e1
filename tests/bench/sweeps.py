"""The floors of B4: a first rung, the warning, fired on every due case; as a program that hashes
and writes set by set, and as SQL alone."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects import postgresql

from tests.bench import bare, town
from workflow import db
from workflow.db import rows as rows_
from workflow.tables import office

_POST: Final = office.Post.__table__.c  # type: ignore[attr-defined]
_OFFICE: Final = office.Office.__table__.c  # type: ignore[attr-defined]
_PG: Final = postgresql.dialect()  # type: ignore[no-untyped-call]

CHAINED: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
CLAIM: Final = (
    "select c.id, c.number, c.process, c.state, c.light, c.confidentiality, c.version, c.seq, "
    "c.head, c.lead_office_id, c.origin_grid, d.no, d.rule, d.cycle, d.due_at, d.due_on, d.next_at "
    "from case_file c join deadline d on d.case_id = c.id and d.next_at <= %s "
    "where c.next_at <= %s order by c.next_at limit %s"
)
# Everything that the statements below need, for one batch.
DUE: Final = (
    "select c.id as case_id, c.seq + 1 as n, c.number, c.process, c.state, c.light, "
    "c.confidentiality, c.head, c.lead_office_id, c.origin_grid, d.no, d.rule, d.cycle, "
    "d.due_at as until, d.due_on, d.next_at as planned, p.id as post_id, p.holder_id, o.depth, "
    "{at} as now from case_file c "
    "join deadline d on d.case_id = c.id and d.next_at <= {at} "
    "join office o on o.id = c.lead_office_id "
    "join post p on p.office_id = o.id and p.role = 'case_desk' "
    "where c.next_at <= {at} order by c.next_at limit {batch}"
)
GRAIN: Final = "lead_office_id, origin_grid, process, state, light, confidentiality"
WRITES: Final = (
    "update case_file set version = version + 1, seq = n, light = 'yellow', next_at = until, "
    "updated_at = now from due where case_file.id = due.case_id",
    "update deadline set fired = '0.0', next_at = until from due "
    "where deadline.case_id = due.case_id and deadline.no = due.no",
    "insert into event (case_id, seq, month, at, name, action_id, actor_kind, payload, "
    "commitments, prev_hash, hash) select case_id, n, 202603, now, 'rung_fired', "
    "'ladder:' || no || ':0:1:0', 'ladder', {payload}, '{{}}', head, head from due",
    "insert into escalation select case_id, no, 0, cycle, 0, n, 'warn', planned, now, depth, "
    "post_id, holder_id, false from due",
    "insert into notice (case_id, seq, n, month, cause, receiver_id, words, state, tries, "
    "next_try_at, queued_at) select case_id, n, 1, 202603, 'rung.warn', holder_id, {words}, "
    "'queued', 0, now, now from due",
    f"insert into roll_up ({GRAIN}, n) select {GRAIN}, sum(k) from ("
    f"select {GRAIN}, -1 as k from due union all "
    f"select {GRAIN.replace('light', chr(39) + 'yellow' + chr(39) + ' as light')}, 1 from due) u "
    f"where true group by {GRAIN} order by {GRAIN} "
    f"on conflict ({GRAIN}) do update set n = roll_up.n + excluded.n",
)
PAYLOAD: Final = (
    "{json}('deadline', rule, 'no', no, 'rung', 0, 'effect', 'warn', 'planned_at', planned, "
    "'lateness_s', 0, 'target', holder_id, 'level', depth, 'at_top', false){text}"
)
WORDS: Final = (
    "{json}('number', number, 'process', process, 'deadline', rule, 'due_on', due_on){text}"
)


class Floor:
    """The two bare programs; `at` is the moment for which they claim."""

    def __init__(
        self, connections: bare.Connections, place: town.Town, *, at: datetime, batch: int
    ) -> None:
        self._connections = connections
        self._at, self._batch = at, batch
        self._targets = _targets(place, connections)
        locking = " for update of c skip locked"
        self._is_postgres = connections.dialect == "postgresql"
        self._claim = connections.mark(CLAIM + (locking if self._is_postgres else ""))
        self._statements = _one_statement() if self._is_postgres else _several_statements()

    def sql(self) -> int:
        """SQL alone. Gives how many rungs fired."""
        bound = {"at": self._connections.value(self._at), "batch": self._batch}
        first, *others = self._statements
        total = 0
        while True:
            with self._connections.transaction() as cursor:
                cursor.execute(first, bound)
                for statement in others:
                    cursor.execute(statement)
                fired: int = cursor.fetchone()[0]
                if not self._is_postgres:
                    cursor.execute("drop table due")
            total += fired
            if fired < self._batch:
                return total

    def set_based(self) -> int:
        """Claim, hash, write set by set. Gives how many rungs fired."""
        total = 0
        at = self._connections.value(self._at)
        while True:
            with self._connections.transaction() as cursor:
                cursor.execute(self._claim, (at, at, self._batch))
                claimed = cursor.fetchall()
                if claimed:
                    self._write(cursor, claimed)
            total += len(claimed)
            if len(claimed) < self._batch:
                return total

    def _write(self, cursor: Any, claimed: Sequence[Any]) -> None:
        cases, deadlines, events, rungs, notices = [], [], [], [], []
        counts: Counter[tuple[object, ...]] = Counter()
        at = self._connections.value(self._at)
        for row in claimed:
            (case_id, number, process, state, light, confidentiality, version, seq) = row[:8]
            head, office_id, grid, no, rule, cycle, due_at, due_on, planned = row[8:]
            post_id, person_id, level = self._targets[office_id]
            payload = _canonical(
                {
                    "deadline": rule,
                    "no": no,
                    "rung": 0,
                    "effect": "warn",
                    "planned_at": str(planned),
                    "lateness_s": 60,
                    "target": str(person_id),
                    "level": level,
                    "at_top": False,
                }
            )
            action = f"ladder:{no}:0:{cycle}:0"
            made = _hash(case_id, seq + 1, self._at, action, payload=payload, head=head)
            cases.append((version + 1, seq + 1, made, "yellow", due_at, at, case_id))
            deadlines.append(("0.0", due_at, case_id, no))
            event = (case_id, seq + 1, MONTH, at, "rung_fired", action, "ladder", None, None)
            events.append((*event, payload, "{}", head, made))
            rung = (case_id, no, 0, cycle, 0, seq + 1, "warn", planned, at, level)
            rungs.append((*rung, post_id, person_id, False))
            words = {"number": number, "process": process, "deadline": rule, "due_on": str(due_on)}
            notice = (case_id, seq + 1, 1, MONTH, "rung.warn", person_id, _canonical(words))
            notices.append((*notice, "queued", 0, at, at, None, None))
            counts[office_id, grid, process, state, light, confidentiality] -= 1
            counts[office_id, grid, process, state, "yellow", confidentiality] += 1
        moved = ("version", "seq", "head", "light", "next_at", "updated_at")
        self._update(cursor, "case_file", moved, ("id",), cases)
        self._update(cursor, "deadline", ("fired", "next_at"), ("case_id", "no"), deadlines)
        self._insert(cursor, "event", events)
        self._insert(cursor, "escalation", rungs)
        self._insert(cursor, "notice", notices)
        summed = [(*key, n) for key, n in sorted(counts.items(), key=str) if n]
        self._insert(cursor, "roll_up", summed, tail=COUNT_UP)

    def _insert(self, cursor: Any, table: str, rows: Sequence[bare.Row], *, tail: str = "") -> None:
        names = list(TABLES[table].columns.keys())
        if self._is_postgres:
            listed = ", ".join(names)
            text = f"insert into {table} ({listed}) select {listed} from {_unnest(table, names)}"
            cursor.execute(text + tail, [list(values) for values in zip(*rows, strict=True)])
        else:
            cursor.executemany(
                self._connections.mark(bare.insert(table, names, rows=1)) + tail, rows
            )

    def _update(
        self,
        cursor: Any,
        table: str,
        names: Sequence[str],
        key: Sequence[str],
        rows: Sequence[bare.Row],
    ) -> None:
        if self._is_postgres:
            sets = ", ".join(f"{name} = u.{name}" for name in names)
            where = " and ".join(f"t.{name} = u.{name}" for name in key)
            text = (
                f"update {table} t set {sets} from {_unnest(table, [*names, *key])} where {where}"
            )
            cursor.execute(text, [list(values) for values in zip(*rows, strict=True)])
        else:
            sets = ", ".join(f"{name} = ?" for name in names)
            where = " and ".join(f"{name} = ?" for name in key)
            cursor.executemany(f"update {table} set {sets} where {where}", rows)


MONTH: Final = 202603
COUNT_UP: Final = f" on conflict ({GRAIN}) do update set n = roll_up.n + excluded.n"
TABLES: Final = {
    table.name: table for table in (rows_.CASE, rows_.ROLL_UP, *rows_.CHILDREN.values())
}


def _targets(
    place: town.Town, connections: bare.Connections
) -> Mapping[object, tuple[object, object, int]]:
    """Who is warned, by office."""
    wanted = (
        select(_POST.office_id, _POST.id, _POST.holder_id, _OFFICE.depth)
        .join_from(_POST.id.table, _OFFICE.id.table, _OFFICE.id == _POST.office_id)
        .where(_POST.role == "case_desk")
    )
    value = connections.value
    with db.snapshot(place.engine.database) as tx:
        return {
            value(row.office_id): (value(row.id), value(row.holder_id), row.depth)
            for row in tx.execute(wanted)
        }


def _one_statement() -> tuple[str, ...]:
    due = DUE.format(at="%(at)s::timestamptz", batch="%(batch)s") + " for update of c skip locked"
    shape = {"json": "json_build_object", "text": "::text"}
    texts = {"payload": PAYLOAD.format(**shape), "words": WORDS.format(**shape)}
    writes = [f"w{n} as ({write.format(**texts)})" for n, write in enumerate(WRITES)]
    writes[0] = writes[0].replace("version = version + 1", "version = case_file.version + 1")
    return (f"with due as materialized ({due}), {', '.join(writes)} select count(*) from due",)


def _several_statements() -> tuple[str, ...]:
    shape = {"json": "json_object", "text": ""}
    texts = {"payload": PAYLOAD.format(**shape), "words": WORDS.format(**shape)}
    return (
        f"create temp table due as {DUE.format(at=':at', batch=':batch')}",
        *(write.format(**texts) for write in WRITES),
        "select count(*) from due",
    )


def _unnest(table: str, names: Sequence[str]) -> str:
    columns = TABLES[table].c
    types = [columns[name].type.compile(dialect=_PG) for name in names]
    plain = ["text" if kind.startswith("VARCHAR") else kind for kind in types]
    arrays = ", ".join(f"%s::{kind}[]" for kind in plain)
    return f"unnest({arrays}) as u({', '.join(names)})"


def _hash(
    case_id: object, seq: int, at: datetime, action: str, *, payload: str, head: bytes
) -> bytes:
    facts = {
        "case": str(case_id),
        "seq": seq,
        "at": at.astimezone(UTC).strftime(CHAINED),
        "name": "rung_fired",
        "action": action,
        "kind": "ladder",
        "actor": None,
        "post": None,
        "payload": payload,
        "commitments": "{}",
        "prev": head.hex(),
    }
    return hashlib.sha256(_canonical(facts).encode()).digest()


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
