"""The judge and the nursery, put to the proof: what is spoilt is found, who is left alone ends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import Table, delete, insert, select, update

from tests import office as small
from tests.bench import loader, town
from tests.faults import judge, letters, mail, workers
from tests.workflow import outside
from workflow import db, outbox, sweep
from workflow.tables import case as case_tables
from workflow.tables import delivery

FILED_AT: Final = "2026-03-20 10:00"
OVERDUE: Final = "2026-04-20 10:00"
EARLY: Final = small.local("2026-03-01 10:00")

_RUNG: Final = case_tables.Escalation.__table__  # type: ignore[attr-defined]
_EVENT: Final = case_tables.Event.__table__  # type: ignore[attr-defined]
_NOTICE: Final = delivery.Notice.__table__  # type: ignore[attr-defined]
_LEDGER: Final = delivery.Delivery.__table__  # type: ignore[attr-defined]


def _first(tx: db.Tx, table: Table, case_id: UUID, *where: Any) -> dict[str, Any]:
    found = select(table).where(table.c.case_id == case_id, *where).order_by(table.c.seq).limit(1)
    return dict(tx.execute(found).one()._mapping)


def _only(table: Table, row: dict[str, Any]) -> list[Any]:
    return [column == row[column.name] for column in table.primary_key]


def _forget_a_rung(tx: db.Tx, case_id: UUID) -> None:
    tx.execute(delete(_RUNG).where(*_only(_RUNG, _first(tx, _RUNG, case_id))))


def _forget_a_limit(tx: db.Tx, case_id: UUID) -> None:
    event = _first(tx, _EVENT, case_id, _EVENT.c.name == "deadline_missed")
    tx.execute(delete(_EVENT).where(*_only(_EVENT, event)))


def _forget_a_notice(tx: db.Tx, case_id: UUID) -> None:
    notice = _first(tx, _NOTICE, case_id, _NOTICE.c.cause == "rung.leader")
    tx.execute(delete(_NOTICE).where(*_only(_NOTICE, notice)))


def _never_send(tx: db.Tx, case_id: UUID) -> None:
    notice = _first(tx, _NOTICE, case_id, _NOTICE.c.cause == "rung.leader")
    tx.execute(update(_NOTICE).where(*_only(_NOTICE, notice)).values(state="queued"))


def _fire_twice(tx: db.Tx, case_id: UUID) -> None:
    event = _first(tx, _EVENT, case_id, _EVENT.c.name == "rung_fired")
    tx.execute(insert(_EVENT), event | {"seq": event["seq"] + 100})


def _tell_twice(tx: db.Tx, case_id: UUID) -> None:
    notice = _first(tx, _NOTICE, case_id, _NOTICE.c.cause == "rung.leader")
    tx.execute(insert(_NOTICE), notice | {"n": notice["n"] + 100})


def _send_twice(tx: db.Tx, case_id: UUID) -> None:
    notice = _first(tx, _NOTICE, case_id, _NOTICE.c.cause == "rung.leader")
    tx.execute(update(_NOTICE).where(*_only(_NOTICE, notice)).values(tries=2))


def _fire_early(tx: db.Tx, case_id: UUID) -> None:
    """A rung with its notice; the table refuses one that is older than its own plan."""
    rung = _first(tx, _RUNG, case_id, _RUNG.c.effect == "leader")
    early = {"planned_at": EARLY, "fired_at": EARLY}
    tx.execute(update(_RUNG).where(*_only(_RUNG, rung)).values(**early))
    notice = _first(tx, _NOTICE, case_id, _NOTICE.c.cause == "rung.leader")
    tx.execute(update(_NOTICE).where(*_only(_NOTICE, notice)).values(queued_at=EARLY))


def _miss_early(tx: db.Tx, case_id: UUID) -> None:
    event = _first(tx, _EVENT, case_id, _EVENT.c.name == "deadline_missed")
    tx.execute(update(_EVENT).where(*_only(_EVENT, event)).values(at=EARLY))


Spoil = Callable[[db.Tx, UUID], None]
SPOILT: Final[tuple[tuple[Spoil, str], ...]] = (
    (_forget_a_rung, "lost"),
    (_forget_a_limit, "lost"),
    (_forget_a_notice, "lost"),
    (_never_send, "lost"),
    (_fire_twice, "doubled"),
    (_tell_twice, "doubled"),
    (_send_twice, "doubled"),
    (_fire_early, "early"),
    (_miss_early, "early"),
)


def test_the_judge_finds_exactly_what_is_spoilt(database: db.Database) -> None:
    place = town.build(small.build(database, start=FILED_AT), communities=1)
    filed_at = small.local(FILED_AT)
    filed = loader.load(place, loader.FILED, count=len(SPOILT), filed_at=filed_at, now=filed_at)
    place.district.jump(OVERDUE)
    begun = place.district.now()
    sweep.run(place.engine)
    outbox.run(place.engine)
    clean = _verdict(place)
    assert (clean.fired, clean.lost, clean.doubled) == (5 * len(filed), (), ())
    assert (clean.early, clean.wrong) == ((), ())
    assert judge.combined(place.district, since=begun) == []
    before = clean
    for case_id, (spoil, kind) in zip(filed, SPOILT, strict=True):
        with db.transaction(database) as tx:
            spoil(tx, case_id)
        after = _verdict(place)
        for name in ("lost", "doubled", "early"):
            more = set(getattr(after, name)) - set(getattr(before, name))
            assert len(more) == (name == kind), (spoil.__name__, name, more)
            assert all(str(case_id) in text for text in more)
        before = after
    # Chains, cases and counts are looked at too: what was changed by hand shows there as well.
    for case_id in (filed[0], filed[1], filed[4], filed[8]):
        assert any(str(case_id) in text for text in before.wrong), before.wrong


def _verdict(place: town.Town) -> judge.Verdict:
    return judge.judge(place.district, at=place.district.now(), sample=len(SPOILT))


def test_lateness_counts_from_the_end_of_the_fault(database: db.Database) -> None:
    place = town.build(small.build(database, start=FILED_AT), communities=1)
    filed_at = small.local(FILED_AT)
    loader.load(place, loader.FILED, count=1, filed_at=filed_at, now=filed_at)
    begun = place.district.now()
    place.district.jump("2026-03-25 10:00")
    over = place.district.now()
    place.district.jump("2026-03-25 10:05")
    sweep.run(place.engine)
    at = place.district.now()
    verdict = judge.judge(place.district, at=at, faults=[(begun, over)])
    assert [round(late_s / 60) for late_s in verdict.late_s] == [5]
    inside = judge.judge(place.district, at=at, faults=[(begun, at)])
    assert inside.late_s == ()


# -- mails


def _filed(tx: db.Tx, case_id: UUID) -> list[Any]:
    """The row of what the desk was told first; its mail shows what is graver of the same case."""
    notice = _first(tx, _NOTICE, case_id, _NOTICE.c.cause == "file_case")
    return [_LEDGER.c[column.name] == notice[column.name] for column in _NOTICE.primary_key]


def _forget_a_row(tx: db.Tx, case_id: UUID) -> None:
    tx.execute(delete(_LEDGER).where(*_filed(tx, case_id)))


def _never_mail(tx: db.Tx, case_id: UUID) -> None:
    waits = {"state": "waiting", "sent_at": None}
    tx.execute(update(_LEDGER).where(*_filed(tx, case_id)).values(**waits))


def _give_up(tx: db.Tx, case_id: UUID) -> None:
    dead = {"state": "dead", "sent_at": None, "error": "delivery.unreachable"}
    tx.execute(update(_LEDGER).where(*_filed(tx, case_id)).values(**dead))


def _mail_early(tx: db.Tx, case_id: UUID) -> None:
    tx.execute(update(_LEDGER).where(*_filed(tx, case_id)).values(sent_at=EARLY))


SPOILT_ROWS: Final[tuple[tuple[Spoil, str], ...]] = (
    (_forget_a_row, "lost"),
    (_never_mail, "lost"),
    (_give_up, "lost"),
    (_mail_early, "early"),
)

Mails = list[letters.Mail]
SPOILT_MAILS: Final[tuple[tuple[str, Callable[[Mails], Mails], str], ...]] = (
    ("again", lambda m: [*m, m[0]], "doubled"),
    ("again, otherwise", lambda m: [*m, replace(m[0], title="x")], "doubled"),
    (
        "a line twice",
        lambda m: [replace(m[0], lines=(*m[0].lines, m[0].lines[0])), *m[1:]],
        "doubled",
    ),
    (
        "a line of another mail",
        lambda m: [replace(m[0], lines=(*m[0].lines, "红牌催办")), *m[1:]],
        "doubled",
    ),
    ("a line less", lambda m: [replace(m[0], lines=m[0].lines[1:]), *m[1:]], "lost"),
    ("taken early", lambda m: [replace(m[0], at=EARLY), *m[1:]], "early"),
    ("to another", lambda m: [replace(m[0], to=m[1].to), *m[1:]], "wrong"),
)


def _mailed(place: town.Town) -> tuple[dict[UUID, str], Mails]:
    """What everybody got of cases that nobody has swept for a month."""
    addresses, door = mail.addresses_of(place), outside.Recording()
    place.district.jump(OVERDUE)
    sweep.run(place.engine)
    outside.send(place.district, door)
    at = place.district.now()
    return addresses, [
        letters.Mail(
            id=message.id, to=to, title=message.title, lines=tuple(message.body.splitlines()), at=at
        )
        for _, to, message in door.sent
    ]


def test_the_judge_of_mails_finds_exactly_what_is_spoilt(database: db.Database) -> None:
    place = town.build(small.build(database, start=FILED_AT), communities=1)
    filed_at = small.local(FILED_AT)
    filed = loader.load(
        place, loader.FILED, count=len(SPOILT_ROWS), filed_at=filed_at, now=filed_at
    )
    addresses, mails = _mailed(place)
    at = place.district.now()

    def verdict(mails: Mails, **others: Any) -> judge.Verdict:
        return letters.judged(place.district, mails, addresses=addresses, at=at, **others)

    assert len(mails) > 2
    assert verdict(mails) == judge.Verdict()
    for what, spoil, kind in SPOILT_MAILS:
        spoilt = verdict(spoil(mails))
        for name in ("lost", "doubled", "early", "wrong"):
            assert len(getattr(spoilt, name)) == (name == kind), (what, name, spoilt)
    assert verdict([*mails, mails[0]], cut=[mails[0].id]) == judge.Verdict()
    unsent = verdict(mails[1:])
    assert len(unsent.lost) >= 1
    assert all("the mail of" in text for text in unsent.lost)
    before = judge.Verdict()
    for case_id, (spoil_row, kind) in zip(filed, SPOILT_ROWS, strict=True):
        with db.transaction(database) as tx:
            spoil_row(tx, case_id)
        after = verdict(mails)
        for name in ("lost", "doubled", "early", "wrong"):
            more = set(getattr(after, name)) - set(getattr(before, name))
            assert len(more) == (name == kind), (spoil_row.__name__, name, more)
            assert all(str(case_id) in text for text in more)
        before = after


def test_more_mails_than_two_after_an_outage_are_found(database: db.Database) -> None:
    place = town.build(small.build(database, start=FILED_AT), communities=1)
    filed_at = small.local(FILED_AT)
    loader.load(place, loader.FILED, count=2, filed_at=filed_at, now=filed_at)
    addresses, mails = _mailed(place)
    [person] = [person for person, to in addresses.items() if to == mails[0].to]
    three = [replace(mails[0], id=UUID(int=n)) for n in range(3)]
    assert not list(letters.uncombined({person: 9}, [*mails, *three[:1]], addresses=addresses))
    assert len(list(letters.uncombined({person: 9}, three, addresses=addresses))) == 1


@pytest.mark.long
def test_workers_end_with_whoever_started_them(database: db.Database, tmp_path: Path) -> None:
    place = small.build(database, start=FILED_AT)
    settings = {
        "GRIDCASE_DATABASE_URL": database.url,
        "GRIDCASE_SECRET_KEY": place.engine.seals.secret.hex(),
        "GRIDCASE_DATA_DIR": str(tmp_path),
    }
    with workers.nursery() as nursery:
        closed = workers.Workers(nursery, tmp_path, settings).start()
        closed.signal(signal.SIGSTOP)  # frozen ones too
        assert not _is_gone(closed.pid)
    assert _is_gone(closed.pid)
    with workers.nursery() as nursery:
        orphan = workers.Workers(nursery, tmp_path, settings).start()
        nursery.kill()
        until = time.monotonic() + 10
        while not _is_gone(orphan.pid):
            assert time.monotonic() < until
            time.sleep(0.02)


def _is_gone(pid: int) -> bool:
    """Whether a process has ended, be it that nobody has asked how."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (ProcessLookupError, FileNotFoundError):
        return True
