"""People who act on cases at the very moment at which the ladder does."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select

from rules import errors
from tests.bench import loader
from tests.faults import judge
from tests.faults.scene import PATIENCE_S, Scene
from workflow import access, ids, read
from workflow.commands import act
from workflow.tables import case as case_tables

THREADS: Final = 4
WORKERS: Final = 2
WITHDRAWN_OF: Final = 4
"""One case in so many is withdrawn, which ends its clocks; the others are accepted."""
SEEN: Final = 1
"""The version that people saw before the ladder moved the case on."""

_EVENT: Final = case_tables.Event.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Somebody's act, kept by whoever sends it: what was answered must be stored."""

    actor: access.Actor
    request: act.Request


def acts(scene: Scene) -> None:
    """Every case that is due is acted on while it is swept. Each act is answered and stored once,
    whatever the ladder did to the case in between; each rung that was due by then has fired."""
    filed = scene.fill(lives=[loader.FILED])
    asked = _asked(scene, filed)
    scene.start(WORKERS)
    for n, _ in enumerate(scene.mornings()):
        _send_all(scene, asked[n :: scene.size.mornings])
    _compare(scene, asked)


def _asked(scene: Scene, filed: Sequence[UUID]) -> list[Asked]:
    cases = scene.read(lambda tx: [read.case_row(tx, case_id) for case_id in filed])
    desks = {grid.code: grid.actors["case_desk"] for grid in scene.place.grids}
    return [
        Asked(actor=desks[case.origin_grid], request=_request(case.id, n))
        for n, case in enumerate(cases)
        if case is not None
    ]


def _request(case_id: UUID, n: int) -> act.Request:
    is_last = not n % WITHDRAWN_OF
    return act.Request(
        case_id=case_id,
        action_id=ids.uuid7(),
        action="withdraw" if is_last else "accept",
        fields={"withdraw_reason": "双方已自行和解。"} if is_last else {},
        version=SEEN,
    )


def _send_all(scene: Scene, asked: Sequence[Asked]) -> None:
    """All of them, from several threads that begin together."""
    together = threading.Barrier(THREADS)

    def send_share(n: int) -> list[str]:
        together.wait()
        return [fault for one in asked[n::THREADS] if (fault := _send(scene, one))]

    with ThreadPoolExecutor(THREADS) as pool:
        for faults in pool.map(send_share, range(THREADS)):
            scene.found += faults


def _send(scene: Scene, asked: Asked) -> str | None:
    """Sends an act as a phone does: again, under the same id, where the answer was *busy*."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            act.act(scene.place.engine, asked.actor, asked.request)
        except errors.Busy as error:
            if time.monotonic() > until:
                return f"an act found the office busy for {PATIENCE_S:.0f} s: {error.code}"
        except errors.GridcaseError as error:
            return f"an act was refused: {error.code}"
        else:
            return None


def _compare(scene: Scene, asked: Sequence[Asked]) -> None:
    """What was answered with what is stored. `judge` finds what is there twice."""
    wanted = select(_EVENT.action_id).where(_EVENT.actor_kind == "person")
    stored = scene.read(lambda tx: set(tx.execute(wanted).scalars()))
    missing = [one.request for one in asked if str(one.request.action_id) not in stored]
    lost = tuple(f"act {one.action} on case {one.case_id}" for one in missing)
    scene.seen += judge.Verdict(lost=lost)
