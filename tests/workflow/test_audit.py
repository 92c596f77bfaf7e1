"""The chain: every kind of change behind its back is found, and the place named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from tests import office
from tests.workflow import look
from workflow import audit, db, ids
from workflow.commands import act
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables
from workflow.tables import personal as personal_tables

EVENT = case_tables.Event.__table__  # type: ignore[attr-defined]
CASE = case_tables.CaseFile.__table__  # type: ignore[attr-defined]
SEALED = personal_tables.SealedValue.__table__  # type: ignore[attr-defined]
LOG = office_tables.OfficeLog.__table__  # type: ignore[attr-defined]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.from_regex(r"[a-z_0-9]{1,8}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(value=JSON)
def test_canonical_json_is_rfc_8785(value: Any) -> None:
    assert audit.canonical(value).encode("utf-8", "surrogatepass") == rfc8785.dumps(value)


def test_a_moment_is_written_one_way() -> None:
    at = datetime(2026, 3, 20, 8, 0, tzinfo=UTC)
    assert audit.moment(at) == "2026-03-20T08:00:00.000000Z"
    assert audit.moment(at.astimezone(timezone(timedelta(hours=8)))) == audit.moment(at)


@pytest.fixture
def two(district: office.District) -> tuple[office.District, act.Receipt, act.Receipt]:
    """Two accepted cases with a rung, on a chain that verifies."""
    filed = [district.file("officer", story=f"经过{n}") for n in range(2)]
    district.at("2026-03-25 10:00")
    for one in filed:
        district.do(one, "accept", "desk", note="两家都在")
    report = look.chain_holds(district)
    assert (report.cases, report.events) == (2, 6)
    return district, filed[0], filed[1]


Tamper = Callable[[db.Tx, act.Receipt, act.Receipt], Any]


def _event(case: act.Receipt, seq: int) -> Any:
    return (EVENT.c.case_id == case.case_id) & (EVENT.c.seq == seq)


def _row(tx: db.Tx, case: act.Receipt, seq: int) -> dict[str, Any]:
    return dict(tx.execute(select(EVENT).where(_event(case, seq))).one()._mapping)


def _sealed(case: act.Receipt, field: str) -> Any:
    return (SEALED.c.case_id == case.case_id) & (SEALED.c.field == field)


def _edit(**values: Any) -> Tamper:
    return lambda tx, one, _: tx.execute(update(EVENT).where(_event(one, 2)).values(**values))


def _insert_at_end(tx: db.Tx, one: act.Receipt, _: act.Receipt) -> None:
    row = _row(tx, one, 3)
    tx.execute(insert(EVENT), row | {"seq": 4, "prev_hash": row["hash"]})


def _insert_between(tx: db.Tx, one: act.Receipt, _: act.Receipt) -> None:
    row = _row(tx, one, 3)
    tx.execute(update(EVENT).where(_event(one, 3)).values(seq=4))
    tx.execute(insert(EVENT), row | {"name": "refuse"})


def _swap(tx: db.Tx, one: act.Receipt, _: act.Receipt) -> None:
    for seq, other in ((2, 99), (3, 2), (99, 3)):
        tx.execute(update(EVENT).where(_event(one, seq)).values(seq=other))


def _from_the_other_case(tx: db.Tx, one: act.Receipt, two: act.Receipt) -> None:
    row = _row(tx, two, 2)
    tx.execute(delete(EVENT).where(_event(one, 2)))
    tx.execute(insert(EVENT), row | {"case_id": one.case_id})


def _relinked(tx: db.Tx, one: act.Receipt, _: act.Receipt) -> None:
    """Edited with its own hash made again: the next one does not link to it."""
    row = tx.execute(select(EVENT).where(_event(one, 2))).one()
    payload = row.payload.replace("warn", "urge")
    made = audit.link(
        row, case_id=one.case_id, prev=row.prev_hash, payload=payload, commitments=row.commitments
    )
    tx.execute(update(EVENT).where(_event(one, 2)).values(payload=payload, hash=made))


EVENTS: dict[str, tuple[Tamper, str]] = {
    "payload edited": (_edit(payload='{"effect":"none"}'), "event 2"),
    "payload made unreadable": (_edit(payload="{"), "event 2"),
    "commitments made unreadable": (_edit(commitments="[]"), "event 2"),
    "name edited": (_edit(name="refuse"), "event 2"),
    "time moved": (_edit(at=datetime(2026, 3, 24, tzinfo=UTC)), "event 2"),
    "actor changed": (_edit(actor_id=ids.uuid7()), "event 2"),
    "post changed": (_edit(post_id=ids.uuid7()), "event 2"),
    "actor kind changed": (_edit(actor_kind="person"), "event 2"),
    "action id changed": (_edit(action_id="x"), "event 2"),
    "commitments edited": (_edit(commitments='{"story":"00"}'), "event 2"),
    "hash edited": (_edit(hash=bytes(32)), "event 2"),
    "link edited": (_edit(prev_hash=bytes(32)), "event 2"),
    "relinked": (_relinked, "event 3"),
    "deleted": (lambda tx, one, _: tx.execute(delete(EVENT).where(_event(one, 2))), "event 3"),
    "cut": (lambda tx, one, _: tx.execute(delete(EVENT).where(_event(one, 3))), ""),
    "emptied": (
        lambda tx, one, _: tx.execute(delete(EVENT).where(EVENT.c.case_id == one.case_id)),
        "",
    ),
    "inserted at the end": (_insert_at_end, "event 4"),
    "inserted between": (_insert_between, "event 3"),
    "swapped": (_swap, "event 2"),
    "taken from another case": (_from_the_other_case, "event 2"),
    "state set by hand": (
        lambda tx, one, _: tx.execute(
            update(CASE).where(CASE.c.id == one.case_id).values(state="refused")
        ),
        "",
    ),
    "lead office set by hand": (
        lambda tx, one, two: tx.execute(
            update(CASE)
            .where(CASE.c.id == one.case_id)
            .values(
                lead_office_id=select(office_tables.Office.id)  # type: ignore[call-overload]
                .where(office_tables.Office.name == "单位 labour")
                .scalar_subquery()
            )
        ),
        "",
    ),
}


TABLES = (CASE, EVENT, SEALED, LOG)


class Restorer:
    """Puts every row back as it was, so that one district serves all kinds of tampering."""

    def __init__(self, database: db.Database) -> None:
        self._database = database
        with db.snapshot(database) as tx:
            self._rows = {table: tx.execute(select(table)).all() for table in TABLES}

    def restore(self) -> None:
        """Undoes whatever was done to events, values, the office log and where a case stands."""
        with db.transaction(self._database) as tx:
            for table in (SEALED, EVENT, LOG):
                tx.execute(delete(table))
                rows = [dict(row._mapping) for row in self._rows[table]]
                if rows:
                    tx.execute(insert(table), rows)
            for row in self._rows[CASE]:
                tx.execute(
                    update(CASE)
                    .where(CASE.c.id == row.id)
                    .values(state=row.state, lead_office_id=row.lead_office_id)
                )


def _faults(
    district: office.District, tamper: Callable[[db.Tx], object], restorer: Restorer
) -> list[str]:
    """The places that a verification names after a tampering, which is then undone."""
    with db.transaction(district.engine.database) as tx:
        tamper(tx)
    report = audit.verify(district.engine.database, district.engine.seals)
    restorer.restore()
    look.chain_holds(district)
    return [fault.place for fault in report.faults]


def test_I4_a_change_of_the_chain_is_found_and_named(
    two: tuple[office.District, act.Receipt, act.Receipt],
) -> None:
    district, one, other = two
    restorer = Restorer(district.engine.database)
    for what, (tamper, place) in EVENTS.items():
        places = _faults(district, partial(_on, tamper, one, other), restorer)
        assert places, f"{what}: not found"
        named = [found for found in places if str(one.case_id) in found]
        assert any(found.endswith(place) for found in named), (what, places)
        assert named == places, (what, places)


def _on(tamper: Tamper, one: act.Receipt, other: act.Receipt, tx: db.Tx) -> None:
    tamper(tx, one, other)


def _move_value(tx: db.Tx, one: act.Receipt, two: act.Receipt) -> None:
    row = tx.execute(select(SEALED).where(_sealed(two, "story"))).one()
    tx.execute(
        update(SEALED)
        .where(_sealed(one, "story"))
        .values(nonce=row.nonce, sealed=row.sealed, salt=row.salt)
    )


def _copy_field(tx: db.Tx, one: act.Receipt, _: act.Receipt) -> None:
    row = dict(tx.execute(select(SEALED).where(_sealed(one, "story"))).one()._mapping)
    tx.execute(insert(SEALED), row | {"field": "minutes"})


VALUES: dict[str, tuple[Tamper, str]] = {
    "moved from another case": (_move_value, "value story"),
    "copied to another field": (_copy_field, "value minutes"),
    "salt edited": (
        lambda tx, one, _: tx.execute(
            update(SEALED).where(_sealed(one, "story")).values(salt=bytes(16))
        ),
        "value story",
    ),
    "sealed text edited": (
        lambda tx, one, _: tx.execute(
            update(SEALED).where(_sealed(one, "story")).values(sealed=bytes(40))
        ),
        "value story",
    ),
    "masked form edited": (
        lambda tx, one, _: tx.execute(
            update(SEALED).where(_sealed(one, "applicant_name")).values(masked="王**")
        ),
        "value applicant_name",
    ),
}


def test_I4_a_change_of_a_sealed_value_is_found_and_named(
    two: tuple[office.District, act.Receipt, act.Receipt],
) -> None:
    district, one, other = two
    restorer = Restorer(district.engine.database)
    for what, (tamper, place) in VALUES.items():
        places = _faults(district, partial(_on, tamper, one, other), restorer)
        assert [found.endswith(place) for found in places] == [True], (what, places)
        assert str(one.case_id) in places[0], (what, places)


def test_I11_erasing_a_sealed_row_leaves_the_chain_valid(
    two: tuple[office.District, act.Receipt, act.Receipt],
) -> None:
    district, one, _ = two
    with db.transaction(district.engine.database) as tx:
        tx.execute(delete(SEALED).where(SEALED.c.case_id == one.case_id))
    look.chain_holds(district)
    look.hold(district, one.case_id)


LOGS: dict[str, Any] = {
    "payload": {"payload": "{}"},
    "name": {"name": "nothing"},
    "at": {"at": datetime(2020, 1, 1, tzinfo=UTC)},
    "actor": {"actor_id": ids.uuid7()},
    "hash": {"hash": "0" * 64},
}


def test_a_change_of_the_office_log_is_found_and_named(district: office.District) -> None:
    third = update(LOG).where(LOG.c.seq == 3)
    restorer = Restorer(district.engine.database)
    for what, values in LOGS.items():
        tamper = third.values(**values)
        places = _faults(district, lambda tx, tamper=tamper: tx.execute(tamper), restorer)  # type: ignore[misc]
        assert places[:1] == ["office log 3"], what
    gone = delete(LOG).where(LOG.c.seq == 3)
    assert _faults(district, lambda tx: tx.execute(gone), restorer)[:1] == ["office log 4"]


def test_verification_counts_what_it_has_read(district: office.District) -> None:
    for _ in range(3):
        district.file("officer")
    report = look.chain_holds(district)
    assert (report.cases, report.events, report.values) == (3, 3, 9)
    assert report.log_rows > 5
