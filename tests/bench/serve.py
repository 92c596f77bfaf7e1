"""The two servers of B2, each one process: the application, and a raw ASGI handler.

python -m tests.bench.serve ours|bare URL PORT
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import uvicorn
from psycopg_pool import AsyncConnectionPool

from api import app, observe
from workflow import settings

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


class Bare:
    """The handler: who calls, the case, one guarded statement. It knows no rule and no right."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: AsyncConnectionPool[Any] | None = None

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
        answer = await self._accept(token, case_id, json.loads(body))
        headers = [(b"content-type", b"application/json")]
        status = 200 if answer else 409
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        kwargs = {"autocommit": True}
        self._pool = AsyncConnectionPool(
            self._url, min_size=POOL, max_size=POOL, kwargs=kwargs, open=False
        )
        await self._pool.open(wait=True)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _accept(self, token: bytes, case_id: str, sent: Any) -> object:
        assert self._pool is not None
        async with self._pool.connection() as connection:
            hashed = hashlib.sha256(token).hexdigest()
            found = await (await connection.execute(SESSION, (hashed,))).fetchone()
            case = await (await connection.execute(CASE, (case_id,))).fetchone()
            if found is None or case is None:
                return None
            version, seq, head, _ = case
            payload = json.dumps({"fields": sent["fields"], "state": "accepted"}, sort_keys=True)
            linked = f"{case_id}{seq + 1}{sent['id']}{payload}{head.hex()}".encode()
            values = {
                "id": case_id,
                "version": version,
                "hash": hashlib.sha256(linked).digest(),
                "prev": head,
                "action_id": sent["id"],
                "actor": found[0],
                "payload": payload,
                "words": json.dumps({"process": "dispute"}),
            }
            moved = await (await connection.execute(ACCEPT, values)).fetchone()
        return moved and {"case_id": case_id, "version": moved[0]}


def main(kind: str, url: str, port: str) -> None:
    """Serves until it is stopped."""
    served: Any = Bare(url)
    if kind == "ours":
        observe.configure_logging()
        chosen = settings.Settings(
            data_dir=Path(tempfile.mkdtemp(prefix="gridcase-bench-")),
            database_url=url,
            secret_key=SECRET,
        )
        served = app.create_app(chosen)
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
