"""An office with as many cases as asked, most of them closed long ago, on record while it works.

The proportions are those of a million cases: few are due, late or carried by a leader at any
moment, and nearly all notices have long been sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import (
    ColumnElement,
    Insert,
    Uuid,
    bindparam,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlmodel.sql.sqltypes import UTCDateTime

from rules import errors
from tests import office as small
from tests.bench import bulk, loader, town
from tests.workflow.db import plans
from workflow import access, db, ids
from workflow.db import postgres
from workflow.db import rows as rows_
from workflow.engine import Engine
from workflow.tables import case as case_tables
from workflow.tables import delivery, watch
from workflow.tables import office as office_tables
from workflow.tables.personal import PersonalRead

_READ: Final = PersonalRead.__table__  # type: ignore[attr-defined]
_NOTICE: Final = delivery.Notice.__table__  # type: ignore[attr-defined]
_DELIVERY: Final = delivery.Delivery.__table__  # type: ignore[attr-defined]
_TREND: Final = case_tables.Trend.__table__  # type: ignore[attr-defined]
_OFFICE: Final = office_tables.Office.__table__  # type: ignore[attr-defined]
_ALARM: Final = watch.Alarm.__table__  # type: ignore[attr-defined]
NOW: Final = "2026-03-25 09:01"
WITHDRAWN: Final = loader.WITHDRAWN[-1]
LONG_LATE: Final[loader.Life] = (loader.WITHDRAWN[0], replace(WITHDRAWN, after=timedelta(days=30)))


@dataclass(slots=True)
class Drive:
    """An office at size, what it is asked, and what it sent."""

    place: town.Town
    sample: dict[str, list[UUID]]
    driven: set[str] = field(default_factory=set)
    record: plans.Record = field(default_factory=plans.Record)
    took_ms: list[tuple[float, str]] = field(default_factory=list)

    @property
    def database(self) -> db.Database:
        """Where it all is."""
        return self.place.engine.database

    @property
    def engine(self) -> Engine:
        """What asks."""
        return self.place.engine

    def actor(self, name: str) -> access.Actor:
        """Somebody of the small district."""
        return self.place.district.actor(name)

    def of(self, name: str, block: Callable[[], object]) -> None:
        """Does one thing, on record, which is refused if its name ends so."""
        is_refused = name.endswith(", refused")
        expected = pytest.raises(errors.GridcaseError) if is_refused else nullcontext()
        self.driven.add(name.split(maxsplit=1)[0].rstrip(","))
        begun = time.perf_counter()
        with self.record.of(name, self.database), expected:
            block()
        self.took_ms.append(((time.perf_counter() - begun) * 1000, name))


def loaded(database: db.Database, *, cases: int) -> Drive:
    """The office, and some cases of each kind."""
    place = town.build(small.build(database, start=NOW, accounts=("desk",)))
    # Of a thousand cases, the oldest first: how many, what became of them, from when until when.
    parts = (
        ("long late", 30, LONG_LATE, "2026-02-02 10:00", "2026-03-18 12:00"),
        ("withdrawn", 804, loader.WITHDRAWN, "2026-03-12 10:00", "2026-03-12 12:00"),
        ("late", 1, loader.FILED, "2026-03-16 10:00", "2026-03-25 08:00"),
        ("heard", 50, loader.HEARD, "2026-03-20 09:00", "2026-03-20 16:00"),
        ("due", 10, loader.FILED, "2026-03-20 16:00", "2026-03-20 17:30"),
        ("led", 5, loader.LED, "2026-03-24 10:00", "2026-03-24 12:00"),
        ("filed", 100, loader.FILED, "2026-03-24 10:00", "2026-03-24 12:00"),
    )
    plans.spread(database, cases=cases)
    sample = {}
    is_large = cases >= loader.LARGE
    with bulk.without_indexes(database.url) if is_large else nullcontext():
        for name, share, life, filed, until in parts:
            made = loader.load(
                place,
                life,
                count=cases * share // 1000,
                filed_at=small.local(filed),
                now=small.local(until),
            )
            sample[name] = made[:20]
    drive = Drive(place, sample)
    _age(drive)
    bulk.settle(database)
    return drive


def _age(drive: Drive) -> None:
    """What the loader leaves out: most notices are long sent, some persons are recused, some
    offices parted with, some matters were filed before, some cases could not climb, some
    values were read; mornings were counted, alarms are over."""
    sent = text(
        "update notice set state = 'sent', sent_at = queued_at, tries = 1 "
        "where queued_at < :morning or seq = 1"
    )
    sent = sent.bindparams(
        bindparam("morning", small.local(NOW) - timedelta(days=1), UTCDateTime())
    )
    district, earlier = drive.place.district, drive.sample["withdrawn"][-1]
    recused = _of_the_due(
        "recusals", person_id=literal(district.people["mediator"], Uuid()), seq=literal(1)
    )
    parted = _of_the_due(
        "offices",
        office_id=rows_.CASE.c.lead_office_id,
        relation=literal("parted"),
        seq=literal(1),
    )
    linked = _of_the_due(
        "links",
        no=literal(1),
        other_case_id=literal(earlier, Uuid()),
        kind=literal("repeat"),
        seq=literal(1),
    )
    columns = (rows_.CASE.c.id, literal(202603), rows_.CASE.c.id, rows_.CASE.c.opened_at)
    opened = insert(_READ).from_select(
        _READ.columns.keys(),
        select(*columns, rows_.CASE.c.filer_id, literal("story"), literal("办理")).where(
            rows_.CASE.c.next_at.is_not(None)
        ),
    )
    stuck = update(rows_.CASE).where(rows_.CASE.c.id.in_(drive.sample["late"][:5]))
    with db.transaction(drive.database) as tx:
        if drive.database.is_postgres:
            tx.exec_driver_sql("set local statement_timeout = 0")
            postgres.unbounded(tx)
        more = (recused, parted, linked, _carried(drive), _paper(), opened, _delivered())
        for statement in (sent, *more):
            tx.execute(statement)
        tx.execute(stuck.values(is_stuck=True))
        tx.execute(insert(_TREND), list(_days(drive)))
        tx.execute(insert(_ALARM), list(_over()))


def _carried(drive: Drive) -> Insert:
    """Most leaders' assignments are over."""
    leader = literal(drive.place.district.people["leader"], Uuid())
    columns = {
        "no": literal(99),
        "state": literal("ended"),
        "person_id": leader,
        "opened_by": literal(2),
        "opened_at": rows_.CASE.c.opened_at,
        "ended_at": rows_.CASE.c.closed_at,
        "duties": literal(""),
        "contacts": literal(0),
    }
    chosen = select(rows_.CASE.c.id, *columns.values()).where(rows_.CASE.c.is_closed)
    return insert(rows_.CHILDREN["assignments"]).from_select(["case_id", *columns], chosen)


def _paper() -> Insert:
    """A numbered paper."""
    number: ColumnElement[Any] = func.row_number().over(order_by=rows_.CASE.c.id)
    return _of_the_due(
        "papers",
        no=literal(1),
        seq=literal(1),
        name=literal("dispute.rights_notice"),
        office_id=rows_.CASE.c.lead_office_id,
        series=literal("x"),
        year=literal(2026),
        serial=number,
        number=rows_.CASE.c.number,
        made_at=rows_.CASE.c.opened_at,
    )


def _of_the_due(table: str, **columns: ColumnElement[Any]) -> Insert:
    """A row for each case that something is due on."""
    chosen = select(rows_.CASE.c.id, *columns.values()).where(
        rows_.CASE.c.next_at <= small.local(NOW)
    )
    return insert(rows_.CHILDREN[table]).from_select(["case_id", *columns], chosen)


def _delivered() -> Insert:
    """Each notice that is sent went out by mail as well."""
    same = (_NOTICE.c.case_id, _NOTICE.c.seq, _NOTICE.c.n, _NOTICE.c.receiver_id)
    at = (_NOTICE.c.queued_at, _NOTICE.c.queued_at, _NOTICE.c.queued_at, _NOTICE.c.queued_at)
    columns = ("case_id", "seq", "n", "receiver_id", "ready_at", "next_try_at", "queued_at")
    return insert(_DELIVERY).from_select(
        (*columns, "sent_at", "channel", "state", "tries"),
        select(*same, *at, literal("mail"), literal("sent"), literal(1)).where(
            _NOTICE.c.state == "sent"
        ),
    )


def _days(drive: Drive) -> Iterator[dict[str, object]]:
    """Half a year of mornings."""
    with db.snapshot(drive.database) as tx:
        offices = list(tx.execute(select(_OFFICE.c.id)).scalars())
    today = small.local(NOW).date()
    for back in range(180):
        on = today - timedelta(days=back)
        for office_id in offices:
            key = {"counted_on": on, "office_id": office_id, "process": "dispute"}
            yield key | {"green": 4, "yellow": 2, "red": 1, "grey": 0}


def _over() -> Iterator[dict[str, object]]:
    """Alarms of last year."""
    at = small.local(NOW) - timedelta(days=300)
    for n in range(3000):
        key = {"id": ids.uuid7(), "kind": "sweep_late", "subject": str(n), "case_id": None}
        yield key | {"first_at": at, "last_at": at, "times": 1, "closed_at": at}
