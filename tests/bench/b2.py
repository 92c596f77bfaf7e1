"""B2: accepting a case over HTTP, 16 clients, one worker process: the application beside a raw
ASGI handler that asks who calls, reads the case and writes by one guarded statement. The same
application whose act does nothing tells what the web alone takes."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from hashlib import sha256
from queue import SimpleQueue
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select

from tests import office as small
from tests.bench import loader, measure, town
from workflow import clock, db, ids
from workflow.db import rows as rows_
from workflow.tables import office

CLIENTS: Final = 16
COUNT: Final = 480
SERVERS: Final = {"ours": "ours", "web": "web", "raw ASGI": "bare"}
START_S: Final = 30.0
FILED_AT: Final = "2026-03-20 09:00"
NOW: Final = "2026-03-20 16:00"
_SESSION: Final = office.LoginSession.__table__  # type: ignore[attr-defined]


def run(
    dialect: measure.Dialect, *, rounds: int, size: int | None, say: Callable[[str], None]
) -> list[measure.Figure]:
    """`size` requests a round."""
    count = size or COUNT
    with town.opened(dialect, start=NOW) as place, ExitStack() as stack:
        filed = small.local(FILED_AT)
        need = len(SERVERS) * (rounds + 1) * count
        with measure.told(f"{need} cases loaded", say=say):
            made = loader.load(place, loader.FILED, count=need, filed_at=filed, now=filed)
        jobs = iter(_jobs(place, made))
        url = place.engine.database.url
        clients = {
            name: Clients(stack.enter_context(served(kind, url))) for name, kind in SERVERS.items()
        }

        def program(name: str) -> measure.Program:
            return lambda _: measure.each(
                clients[name].post, [next(jobs) for _ in range(count)], threads=CLIENTS
            )

        found = measure.interleaved({name: program(name) for name in clients}, rounds=rounds)
    return [
        measure.compared(
            f"B2 {what}, {CLIENTS} clients, to raw ASGI",
            floor=found["raw ASGI"],
            ours=found[name],
            unit="requests/s",
            database=dialect,
        )
        for name, what in (("ours", "POST accept"), ("web", "all but the act"))
    ]


Job = tuple[str, bytes, Mapping[str, str]]
"""Path, body and headers of one request."""


def _jobs(place: town.Town, made: list[UUID]) -> list[Job]:
    tokens = _sign_in(place)
    with db.snapshot(place.engine.database) as tx:
        columns = rows_.CASE.c
        grids = dict(
            tx.execute(select(columns.id, columns.origin_grid).where(columns.seq == 1))
            .tuples()
            .all()
        )
    found: list[Job] = []
    for case_id in made:
        headers = {
            "Authorization": f"Bearer {tokens[grids[case_id]]}",
            "Content-Type": "application/json",
            "If-Match": '"1"',
        }
        body = json.dumps({"id": str(ids.uuid7()), "fields": {}}).encode()
        found.append((f"/api/v1/cases/{case_id}/actions/accept", body, headers))
    return found


def _sign_in(place: town.Town) -> dict[str, str]:
    """A token for the desk of each grid, as if its clerk had logged in."""
    now = clock.system()
    by_person = {grid.actors["case_desk"].person_id: "" for grid in place.grids}
    tokens = {person: secrets.token_urlsafe(32) for person in by_person}
    with db.transaction(place.engine.database) as tx:
        tx.execute(
            insert(_SESSION),
            [
                {
                    "token_hash": sha256(token.encode()).hexdigest(),
                    "person_id": person,
                    "kind": "token",
                    "created_at": now,
                    "seen_at": now,
                    "expires_at": now + timedelta(days=1),
                }
                for person, token in tokens.items()
            ],
        )
    return {grid.code: tokens[grid.actors["case_desk"].person_id] for grid in place.grids}


class Clients:
    """Connections that stay open, one for each client at work."""

    def __init__(self, port: int) -> None:
        self._free: SimpleQueue[http.client.HTTPConnection] = SimpleQueue()
        for _ in range(CLIENTS):
            self._free.put(http.client.HTTPConnection("127.0.0.1", port))

    def post(self, job: Job) -> None:
        """One request, which must succeed."""
        path, body, headers = job
        connection = self._free.get()
        connection.request("POST", path, body, dict(headers))
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, (answer.status, text[:500])
        self._free.put(connection)


@contextmanager
def served(kind: str, url: str) -> Iterator[int]:
    """A server in a process of its own; gives its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.bench.serve", kind, url, str(port)]
    # Its log is written, as in an office, and thrown away.
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=START_S)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        assert process.poll() is None, "the server ended at once: run tests.bench.serve by hand"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"no answer on port {port}")
