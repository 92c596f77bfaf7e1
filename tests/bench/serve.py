"""The servers of B2, each one process: the application, the same whose act does nothing, and a
raw ASGI handler.

python -m tests.bench.serve ours|web|bare URL PORT
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

import uvicorn
from psycopg_pool import AsyncConnectionPool

from api import app, observe
from tests.bench import bare
from workflow import access, settings
from workflow.commands import act
from workflow.decide import DeadlineRow
from workflow.engine import Engine

POOL: Final = 8
"""Connections of the floor; ours takes as many as an installation does by default."""
SECRET: Final = bytes(range(32)).hex()
SESSION: Final = "select person_id from login_session where token_hash = %s and expires_at > now()"
CASE: Final = "select version, seq, head, filer_id from case_file where id = %s"
# What accepting a case writes, guarded by its version: case, event, deadlines, notice, counts.
ACCEPT: Final = """
with moved as (
  update case_file set state = 'accepted', version = version + 1, acted_version = version + 1,
    seq = seq + 1, head = %(hash)s, updated_at = now(), next_at = now() + interval '1 day',
    due_at = now() + interval '2 days'
  where id = %(id)s and version = %(version)s returning *
), e as (
  insert into event (case_id, seq, month, at, name, action_id, actor_kind, actor_id, payload,
    commitments, prev_hash, hash)
  select id, seq, 202603, updated_at, 'accept', %(action_id)s, 'person', %(actor)s, %(payload)s,
    '{}', %(prev)s, head from moved
), met as (
  update deadline set state = 'met', ended_at = now(), next_at = null
  where case_id in (select id from moved) and no = 1 returning *
), d as (
  insert into deadline
  select (jsonb_populate_record(null::deadline, to_jsonb(met) || to_jsonb(o))).*
  from met, (values (2, 'dispute.name_mediator', 'running', 2, null::timestamptz),
                    (3, 'mediation.general', 'running', 2, null)) as o(no, rule, state, started_by,
                    ended_at)
), n as (
  insert into notice (case_id, seq, n, month, cause, receiver_id, words, state, tries,
    next_try_at, queued_at)
  select id, seq, 1, 202603, 'accept', filer_id, %(words)s, 'queued', 0, now(), now() from moved
), r as (
  insert into roll_up (lead_office_id, origin_grid, process, state, light, confidentiality, n)
  select lead_office_id, origin_grid, process, s.state, light, confidentiality, s.k
  from moved, (values ('accepted', 1), ('filed', -1)) as s(state, k)
  on conflict (lead_office_id, origin_grid, process, state, light, confidentiality)
  do update set n = roll_up.n + excluded.n
)
select version from moved
"""


def _opened(no: int, rule: str) -> str:
    """A deadline like the first one, under another number and rule, on SQLite."""
    changed = {"no": no, "rule": f"'{rule}'", "state": "'running'", "started_by": 2}
    changed |= {"ended_at": "null"}
    values = ", ".join(str(changed.get(name, name)) for name in DeadlineRow._fields)
    return f"""insert into deadline ({", ".join(DeadlineRow._fields)})
    select {values} from deadline where case_id = :id and no = 1"""


def _counted(state: str, n: int) -> str:
    """One case more or fewer in a state, on SQLite."""
    return f"""insert into roll_up (lead_office_id, origin_grid, process, state, light,
    confidentiality, n) select lead_office_id, origin_grid, process, '{state}', light,
    confidentiality, {n} from case_file where id = :id
    on conflict (lead_office_id, origin_grid, process, state, light, confidentiality)
    do update set n = roll_up.n + excluded.n"""


MOVE: Final = """
update case_file set state = 'accepted', version = version + 1, acted_version = version + 1,
  seq = seq + 1, head = :hash, updated_at = :now, next_at = :tomorrow, due_at = :tomorrow
where id = :id and version = :version
"""
WRITE: Final = (
    """insert into event (case_id, seq, month, at, name, action_id, actor_kind, actor_id, payload,
    commitments, prev_hash, hash) values (:id, :seq, 202603, :now, 'accept', :action_id, 'person',
    :actor, :payload, '{}', :prev, :hash)""",
    """update deadline set state = 'met', ended_at = :now, next_at = null
    where case_id = :id and no = 1""",
    _opened(2, "dispute.name_mediator"),
    _opened(3, "mediation.general"),
    """insert into notice (case_id, seq, n, month, cause, receiver_id, words, state, tries,
    next_try_at, queued_at) values (:id, :seq, 1, 202603, 'accept', :filer, :words, 'queued', 0,
    :now, :now)""",
    _counted("accepted", 1),
    _counted("filed", -1),
)
"""The same as ACCEPT on SQLite, which changes one table a statement: `MOVE`, then these."""


class Store(Protocol):
    """What the handler keeps cases in."""

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def accept(self, token: str, case_id: str, sent: Any) -> int | None:
        """The case's new version; None where nobody calls or it has moved. `token` is hashed."""


class OnPostgres:
    """Connections that stay open, and one statement for all tables."""

    def __init__(self, url: str) -> None:
        kwargs = {"autocommit": True}
        self._pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            url, min_size=POOL, max_size=POOL, kwargs=kwargs, open=False
        )

    async def open(self) -> None:
        await self._pool.open(wait=True)

    async def close(self) -> None:
        await self._pool.close()

    async def accept(self, token: str, case_id: str, sent: Any) -> int | None:
        async with self._pool.connection() as connection:
            found = await (await connection.execute(SESSION, (token,))).fetchone()
            case = await (await connection.execute(CASE, (case_id,))).fetchone()
            if found is None or case is None:
                return None
            values = _values(case_id, case, sent)
            values |= {"id": case_id, "action_id": sent["id"], "actor": found[0]}
            moved = await (await connection.execute(ACCEPT, values)).fetchone()
        return None if moved is None else int(moved[0])


class OnSqlite:
    """One connection, used by the server's own thread: SQLite has one writer anyway."""

    def __init__(self, url: str) -> None:
        self._connections = bare.Connections(url)

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        self._connections.close()

    async def accept(self, token: str, case_id: str, sent: Any) -> int | None:
        key, now = bare.as_sqlite(UUID(case_id)), datetime.now(UTC)
        with self._connections.transaction() as cursor:
            session = SESSION.replace("%s", "?").replace("now()", "?")
            found = cursor.execute(session, (token, bare.as_sqlite(now))).fetchone()
            case = cursor.execute(CASE.replace("%s", "?"), (key,)).fetchone()
            if found is None or case is None:
                return None
            values = _values(case_id, case, sent) | {
                "id": key,
                "seq": case[1] + 1,
                "action_id": sent["id"],
                "actor": found[0],
                "filer": case[3],
                "now": bare.as_sqlite(now),
                "tomorrow": bare.as_sqlite(now + timedelta(days=1)),
            }
            if not cursor.execute(MOVE, values).rowcount:
                return None
            for statement in WRITE:
                cursor.execute(statement, values)
        return int(case[0]) + 1


def _values(case_id: str, case: Any, sent: Any) -> dict[str, Any]:
    version, seq, head, _ = case
    payload = json.dumps({"fields": sent["fields"], "state": "accepted"}, sort_keys=True)
    linked = f"{case_id}{seq + 1}{sent['id']}{payload}{head.hex()}".encode()
    return {
        "version": version,
        "hash": hashlib.sha256(linked).digest(),
        "prev": head,
        "payload": payload,
        "words": json.dumps({"process": "dispute"}),
    }


class Bare:
    """The handler: who calls, the case, one guarded statement. It knows no rule and no right."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        token = dict(scope["headers"]).get(b"authorization", b"").removeprefix(b"Bearer ")
        case_id = scope["path"].split("/")[4]
        hashed = hashlib.sha256(token).hexdigest()
        version = await self._store.accept(hashed, case_id, json.loads(body))
        answer = json.dumps({"case_id": case_id, "version": version}).encode()
        headers = [(b"content-type", b"application/json")]
        status = 409 if version is None else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        await self._store.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._store.close()
        await send({"type": "lifespan.shutdown.complete"})


def _nothing(engine: Engine, actor: access.Actor, request: act.Request) -> act.Receipt:
    """The receipt of an act that was not done."""
    del engine, actor
    return act.Receipt(
        case_id=request.case_id,
        number="480371526",
        state="accepted",
        version=2,
        seq=2,
        at=datetime.now(UTC),
    )


def main(kind: str, url: str, port: str) -> None:
    """Serves until it is stopped."""
    served: Any = Bare(OnSqlite(url) if url.startswith("sqlite") else OnPostgres(url))
    if kind != "bare":
        observe.configure_logging()
        chosen = settings.Settings(
            data_dir=Path(tempfile.mkdtemp(prefix="gridcase-bench-")),
            database_url=url,
            secret_key=SECRET,
        )
        served = app.create_app(chosen)
    if kind == "web":
        act.act = _nothing
    uvicorn.run(
        served,
        host="127.0.0.1",
        port=int(port),
        log_level="critical",
        access_log=False,
        timeout_keep_alive=600,  # the other's round may take longer than a client is kept
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
