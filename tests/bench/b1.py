"""B1: one action, persisted: the engine beside two bare programs that write the same rows.

`plain` knows beforehand what it will write: BEGIN, lock the case, one plain statement a table,
COMMIT. `reading` also reads the facts that the engine reads, and makes payload and chain hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from tests import office as small
from tests.bench import bare, loader, measure, town
from workflow import access, db, ids, read, write
from workflow.commands import act
from workflow.db import rows as rows_
from workflow.decide import CaseRow, Command, Scalar, decide

FILED_AT: Final = "2026-03-20 09:00"
NOW: Final = "2026-03-20 16:00"
COUNT: Final = 600
"""Actions a round of each program."""
THREADS: Final[Mapping[measure.Dialect, tuple[int, ...]]] = {"postgresql": (8,), "sqlite": (1, 8)}

EVENT: Final = rows_.CHILDREN["events"]
EVENT_ACTION, EVENT_PAYLOAD = (
    list(EVENT.columns.keys()).index(name) for name in ("action_id", "payload")
)
MOMENT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
# The installation, two rare things, and the case.
FACTS: Final = (
    "select i.*, exists (select 1 from recusal where case_id = %s), "
    "exists (select 1 from event where action_id = %s and case_id = %s), c.*, c.head "
    "from installation i join case_file c on c.id = %s"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One action to measure, and the life that brings a case to it."""

    action: str
    role: str
    life: loader.Life
    fields: Mapping[str, Scalar]


KINDS: Final = (
    # Case, event, three deadlines, a notice, two counts.
    Kind(action="accept", role="case_desk", life=loader.FILED, fields={}),
    # Case, event and a sealed value: the case stays where it is.
    Kind(
        action="record_session",
        role="mediator",
        life=loader.HEARD,
        fields={
            "session_on": "2026-03-20",
            "attended": "both",
            "rights_told": True,
            "session_open": "closed",
            "minutes": "再次面谈。",
        },
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One action on one case: as it is asked of the engine, and as the floors will write it."""

    actor: access.Actor
    request: act.Request
    sheet: Sheet


def run(
    dialect: measure.Dialect, *, rounds: int, size: int | None, say: Callable[[str], None]
) -> list[measure.Figure]:
    """Every kind of action, with as many threads as the database is used with."""
    with town.opened(dialect, start=NOW) as place:
        return [
            figure
            for threads in THREADS[dialect]
            for kind in KINDS
            for figure in _kind(
                place, kind, dialect=dialect, threads=threads, rounds=rounds, count=size or COUNT
            )
        ]


def _kind(
    place: town.Town,
    kind: Kind,
    *,
    dialect: measure.Dialect,
    threads: int,
    rounds: int,
    count: int,
) -> list[measure.Figure]:
    filed = small.local(FILED_AT)
    need = 3 * (rounds + 1) * count
    made = loader.load(place, kind.life, count=need, filed_at=filed, now=filed)
    connections = bare.Connections(place.engine.database.url)
    jobs = iter(_jobs(place, kind, made, connections=connections))
    floor = Floor(connections)

    def program(work: Callable[[Job], object]) -> measure.Program:
        return lambda _: measure.each(work, [next(jobs) for _ in range(count)], threads=threads)

    found = measure.interleaved(
        {
            "plain": program(floor.plain),
            "reading": program(floor.reading),
            "ours": program(lambda job: act.act(place.engine, job.actor, job.request)),
        },
        rounds=rounds,
    )
    connections.close()
    return [
        measure.compared(
            f"B1 {kind.action}, threads: {threads}, to {name}",
            floor=found[name],
            ours=found["ours"],
            unit="actions/s",
            database=dialect,
        )
        for name in ("plain", "reading")
    ]


def _jobs(
    place: town.Town, kind: Kind, made: Sequence[UUID], *, connections: bare.Connections
) -> list[Job]:
    """What the engine will do and what it will write, decided beforehand for the floors."""
    people = {grid.code: grid.actors[kind.role] for grid in place.grids}
    found = []
    with db.snapshot(place.engine.database) as tx:
        house = read.house(tx)
        for start in range(0, len(made), loader.BATCH):
            keys = {"case_ids": list(made[start : start + loader.BATCH])}
            cases = [CaseRow(*row) for row in tx.execute(read.CASES, keys)]
            facts = read.many_facts(tx, cases, at=house)
            for case in cases:
                actor = people[case.origin_grid]
                command = Command(
                    case_id=case.id,
                    action_id=str(ids.uuid7()),
                    action=kind.action,
                    fields=kind.fields,
                    actor_id=actor.person_id,
                    post_id=actor.posts[0].id,
                )
                decision = decide(house.rules, command, facts[case.id])
                request = act.Request(
                    case_id=case.id,
                    action_id=UUID(command.action_id),
                    action=kind.action,
                    fields=kind.fields,
                )
                rows = write.rows(decision, seals=place.engine.seals)
                sheet = _sheet(connections, case, rows)
                found.append(Job(actor=actor, request=request, sheet=sheet))
    return found


# --- the floors


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The statements that write one action, with the driver's values."""

    case_id: object
    update: str
    changed: tuple[object, ...]
    event: tuple[object, ...]
    payload: Mapping[str, object]
    others: tuple[tuple[str, tuple[object, ...]], ...]


def _sheet(connections: bare.Connections, before: CaseRow, rows: db.Rows) -> Sheet:
    """One update of what changes, one insert or upsert for each table that has rows."""
    (after,) = rows.cases
    changed = {
        name: new
        for name, old, new in zip(CaseRow._fields, before, after, strict=True)
        if old != new and name != "head"
    }
    sets = ", ".join(f"{name} = %s" for name in ("head", *changed))
    others = []
    for name, table, found in rows_.present(rows):
        if name != "events":
            key = [column.name for column in table.primary_key] if name in rows_.UPSERTED else []
            text = bare.insert(table.name, table.columns.keys(), rows=len(found), key=key)
            others.append((text, [value for row in found for value in row]))
    others.extend(_count(row) for row in sorted(rows.roll_up, key=lambda row: str(row[1:-1])))
    value, mark = connections.value, connections.mark
    return Sheet(
        case_id=value(before.id),
        update=mark(f"update case_file set {sets} where id = %s"),
        changed=tuple(value(new) for new in changed.values()),
        event=tuple(value(one) for one in rows.events[0]),
        payload=json.loads(str(rows.events[0][EVENT_PAYLOAD])),
        others=tuple((mark(text), tuple(map(value, values))) for text, values in others),
    )


def _count(row: rows_.Row) -> tuple[str, list[object]]:
    key = [column.name for column in rows_.ROLL_UP.primary_key]
    text = bare.insert("roll_up", [*key, "n"], rows=1)
    return f"{text} on conflict ({', '.join(key)}) do update set n = roll_up.n + excluded.n", [
        *row[1:]
    ]


class Floor:
    """The two bare programs."""

    def __init__(self, connections: bare.Connections) -> None:
        mark, locking = connections.mark, connections.locking()
        self._connections = connections
        self._lock = mark(f"select version, seq, head from case_file where id = %s{locking}")
        self._facts = mark(f"{FACTS}{locking and ' for update of c'}")
        self._deadlines = mark("select * from deadline where case_id = %s order by no")
        self._event = mark(bare.insert("event", EVENT.columns.keys(), rows=1))

    def plain(self, job: Job) -> None:
        """Lock, update, insert, upsert."""
        sheet = job.sheet
        with self._connections.transaction() as cursor:
            cursor.execute(self._lock, (sheet.case_id,))
            cursor.fetchone()
            self._write(cursor, sheet, event=sheet.event)

    def reading(self, job: Job) -> None:
        """The same, from facts that are read, with a payload and a hash that are made."""
        sheet = job.sheet
        with self._connections.transaction() as cursor:
            keys = (sheet.case_id, sheet.event[EVENT_ACTION], sheet.case_id, sheet.case_id)
            cursor.execute(self._facts, keys)
            *_, head = cursor.fetchone()
            cursor.execute(self._deadlines, (sheet.case_id,))
            cursor.fetchall()
            payload = _canonical(sheet.payload)
            linked = (payload, sheet.event[EVENT_PAYLOAD + 1], head)
            made = _hash(sheet.event, *linked)
            self._write(cursor, sheet, event=(*sheet.event[:EVENT_PAYLOAD], *linked, made))

    def _write(self, cursor: Any, sheet: Sheet, *, event: tuple[object, ...]) -> None:
        cursor.execute(sheet.update, (event[-1], *sheet.changed, sheet.case_id))
        cursor.execute(self._event, event)
        for text, values in sheet.others:
            cursor.execute(text, values)


def _hash(event: Sequence[object], payload: str, commitments: object, head: bytes) -> bytes:
    case_id, seq, _, at, name, action_id, actor_kind, actor_id, post_id, *_ = event
    moment = at.astimezone(UTC).strftime(MOMENT) if isinstance(at, datetime) else at
    facts = {
        "case": str(case_id),
        "seq": seq,
        "at": moment,
        "name": name,
        "action": action_id,
        "kind": actor_kind,
        "actor": str(actor_id),
        "post": str(post_id),
        "payload": payload,
        "commitments": commitments,
        "prev": head.hex(),
    }
    return hashlib.sha256(_canonical(facts).encode()).digest()


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
