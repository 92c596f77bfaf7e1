"""The mail server is dead for a day, by the office's clock; the ladder climbs on."""

from __future__ import annotations

import json
import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update

from tests import office as small
from tests.bench import town
from tests.faults import judge, letters, processes
from tests.faults.processes import HIT_S
from tests.faults.scene import Scene
from tests.workflow import outside, receivers
from workflow import access, db
from workflow.commands import contacts
from workflow.tables import delivery

WORKERS: Final = 2
MORNING: Final = "10:00"
"""When the server is still there: who is told at once is told, the digest waits."""
DIES: Final = "16:00"
REFUSED: Final = ((0, "17:30"), (1, "08:30"))
"""Days after it died, and moments: the digest is ready, limits have passed in the quiet."""
HANGS: Final = (1, "09:30")
"""It takes connections and says nothing; red cards have fired."""
BACK: Final = (1, "16:00")
DIGEST: Final = (1, "17:00")
DAYS: Final = (
    ("2026-03-25", "2026-03-26"),
    ("2026-03-27", "2026-03-30"),
    ("2026-03-31", "2026-04-01"),
)
"""It dies on the first and is back on the second of each: on the first a rung fires, so that
somebody waits for the digest."""
SHORT_OF_TIME: Final = 1
"""On how many of them the short form kills the server."""
DIGEST_OF: Final = 3
"""One person in so many wants all at a set time."""
CUT_AT: Final = 2
"""With the mail that is the so manieth, all who send are killed or frozen."""

_LEDGER: Final = delivery.Delivery.__table__.c  # type: ignore[attr-defined]
TRIES: Final = select(func.coalesce(func.sum(_LEDGER.tries), 0))
UNDER_WAY: Final = select(_LEDGER.message_id).distinct().where(_LEDGER.state == "sending")
WAITING: Final = select(_LEDGER.receiver_id).where(delivery.IN_TRANSIT)
LET_BACK_OFF_PASS: Final = (
    update(delivery.Delivery).where(_LEDGER.state == "waiting").values(next_try_at=db.DATABASE_TIME)
)


@dataclass(slots=True)
class _Post:
    """The mail server of a scene: its port, and what has ever come there."""

    scene: Scene
    port: int
    mails: list[letters.Mail] = field(default_factory=list)
    cut: set[UUID] = field(default_factory=set)
    """Mails whose sender was killed, or stood still for longer than its lease or than it waits for
    an answer, before it could record them."""

    def note_cut(self) -> None:
        """Whoever sends now stands still."""
        self.cut |= _under_way(self.scene)

    @contextmanager
    def open(self, *, cut: Callable[[Scene], None] | None = None) -> Iterator[threading.Event]:
        """It takes mails inside. With `cut` this is done once to those who send, when it has
        taken one and has not yet said so; the event tells of it."""
        lock, was_cut, before = threading.Lock(), threading.Event(), len(self.mails)

        def taken() -> None:
            with lock:
                at, new = self.scene.now(), server.got[len(self.mails) - before :]
                self.mails += (letters.taken(got, at=at) for got in new)
                if cut and not was_cut.is_set() and len(self.mails) - before >= CUT_AT:
                    cut(self.scene)
                    was_cut.set()

        with receivers.mail(port=self.port) as server:
            server.taken = taken
            yield was_cut

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Nobody listens inside, and nobody else gets the port."""
        with closing(socket.socket()) as held:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind((receivers.HOST, self.port))
            yield

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It takes connections inside, and never says a word."""
        with closing(socket.create_server((receivers.HOST, self.port))):
            yield


def mail(scene: Scene) -> None:
    """The mail server is dead for a day and its workers are killed meanwhile: afterwards everybody
    gets what is due, combined, each notice once."""
    addresses, at = addresses_of(scene.place), scene.now()
    scene.fill()
    with receivers.mail() as server:
        post = _Post(scene=scene, port=server.port)
        template = server.template()
    scene.workers.settings["GRIDCASE_CHANNELS"] = json.dumps({"mail": template})
    with post.open():
        scene.start(WORKERS)
        _await_sent(scene)
    for days in DAYS[: None if scene.size.is_long else SHORT_OF_TIME]:
        with post.open(cut=partial(processes.stand_still, told=post.note_cut)) as was_cut:
            with scene.fault():  # nobody swept since the last one
                scene.jump(f"{days[0]} {MORNING}")
                _outlive(scene, post, was_cut)
            _await_sent(scene)
        with scene.fault():
            scene.jump(f"{days[0]} {DIES}")
            waiting = _dead(scene, post, days)
        before = len(post.mails)
        with post.open(cut=_slay) as was_cut:
            _let_back_off_pass(scene)
            _recover(scene, post, was_cut)
            _await_sent(scene)
            back = post.mails[before:]
            twice = tuple(letters.uncombined(waiting, back, addresses=addresses))
            scene.seen += judge.Verdict(doubled=twice)
            with scene.fault():
                scene.jump(_at(days, DIGEST))
            at = _await_sent(scene, since=small.local(_at(days, DIGEST)))
    scene.workers.kill_all()
    scene.seen += letters.judged(
        scene.place.district,
        post.mails,
        addresses=addresses,
        at=at,
        cut=post.cut,
        faults=scene.faults,
    )


def addresses_of(place: town.Town) -> dict[UUID, str]:
    """Everybody in the office gives an address; some want to be told at a set time."""
    district = place.district
    people: dict[UUID, access.Actor] = {}
    for actor in (
        *(actor for grid in place.grids for actor in grid.actors.values()),
        *(district.actor(name) for name in district.people),
    ):
        if actor.person_id is not None:
            people[actor.person_id] = actor
    addresses = {person: f"person-{n}@example.org" for n, person in enumerate(people)}
    for n, (person, actor) in enumerate(people.items()):
        contacts.set_contact(
            district.engine,
            actor,
            "mail",
            rhythm="at_once" if n % DIGEST_OF else "digest",
            address=addresses[person],
            language="zh-CN",
            offered=["mail"],
        )
    return addresses


def _dead(scene: Scene, post: _Post, days: tuple[str, str]) -> Counter[UUID]:
    """A day without the server; a worker is killed in each hour that is looked at, and all of
    them in the midst of a try. How many notices wait for whom at its end."""
    with post.refusing():
        for hour in REFUSED:
            _pass_time(scene, _at(days, hour))
            time.sleep(random.uniform(*HIT_S))
            _kill(scene, 1)
            _begin(scene, 1)
    with post.hanging():
        _pass_time(scene, _at(days, HANGS))
        scene.wait("nobody hung", lambda: len(_under_way(scene)) >= WORKERS)
        _kill(scene, WORKERS)
        outside.pass_back_off(scene.database)  # the leases of the dead too, five minutes each
        _begin(scene, WORKERS)
    with post.refusing():
        scene.jump(_at(days, BACK))
        _settle(scene)
        return Counter(scene.read(lambda tx: list(tx.execute(WAITING).scalars())))


def _pass_time(scene: Scene, moment: str) -> None:
    """Office time goes on, rungs fire, and somebody tries to send."""
    before = scene.scalar(TRIES)
    scene.jump(moment)
    _settle(scene)
    _let_back_off_pass(scene)
    scene.wait("nothing was tried", lambda: scene.scalar(TRIES) > before)


def _let_back_off_pass(scene: Scene) -> None:
    """Tries wait by the database's own time, which nobody can move: what is left of the wait is
    taken off the rows instead. A lease of somebody who may be alive is left alone."""
    with db.transaction(scene.database) as tx:
        tx.execute(LET_BACK_OFF_PASS)


def _kill(scene: Scene, count: int) -> None:
    for worker in random.sample(scene.workers.running, count):
        scene.workers.kill(worker)
        scene.kills += 1


def _slay(scene: Scene) -> None:
    processes.send_all(scene.workers.running, signal.SIGKILL)


def _outlive(scene: Scene, post: _Post, was_cut: threading.Event) -> None:
    """The workers stand still with a mail taken and not recorded until their leases are over and
    others have sent all; then they go on, record what is not theirs any more, and end well."""
    scene.wait("no mail came", was_cut.is_set)
    frozen = list(scene.workers.running)
    scene.kills += len(frozen)
    outside.pass_back_off(scene.database)
    scene.start(WORKERS)
    _await_sent(scene)
    processes.send_all(frozen, signal.SIGCONT)
    for worker in frozen:
        code = scene.workers.stop(worker)
        if code != 0:
            scene.found.append(f"a worker that had stood still ended with {code}")


def _recover(scene: Scene, post: _Post, was_cut: threading.Event) -> None:
    """The workers were killed with a mail taken and not recorded; others begin."""
    scene.wait("no mail came", was_cut.is_set)
    scene.kills += len(scene.workers.running)
    scene.workers.kill_all()
    post.note_cut()
    outside.pass_back_off(scene.database)  # nobody works: these are leases of the dead
    _begin(scene, WORKERS)


def _begin(scene: Scene, count: int) -> None:
    """Others, for whom nobody waits."""
    for _ in range(count):
        scene.workers.start()


def _under_way(scene: Scene) -> set[UUID]:
    return set(scene.read(lambda tx: list(tx.execute(UNDER_WAY).scalars())))


def _await_sent(scene: Scene, *, since: datetime | None = None) -> datetime:
    """Until all is swept and sent that is ready now, or will be in a moment. Gives when."""
    _settle(scene)
    at = max(scene.now(), since or scene.now())
    ready = select(func.count()).where(delivery.IN_TRANSIT, _LEDGER.ready_at <= at)
    scene.wait("not all was sent", lambda: not scene.scalar(ready), within_s=scene.size.patience_s)
    return at


def _settle(scene: Scene) -> None:
    """Until all is swept, and what that has queued has its rows in the ledger."""
    scene.settle()
    scene.settle()


def _at(days: tuple[str, str], moment: tuple[int, str]) -> str:
    day, hour = moment
    return f"{days[day]} {hour}"
