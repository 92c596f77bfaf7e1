"""Personal values: sealed where they stand, masked, found, opened on the record."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from tests import office
from tests.workflow import look
from workflow import db, ids, personal
from workflow.commands import people
from workflow.tables import case as case_tables
from workflow.tables import delivery
from workflow.tables import office as office_tables
from workflow.tables import personal as personal_tables

SEALS = personal.Seals(bytes(range(32)))
OTHERS = personal.Seals(bytes(32))
SEALED = personal_tables.SealedValue.__table__  # type: ignore[attr-defined]
READ = personal_tables.PersonalRead.__table__  # type: ignore[attr-defined]
TABLES = [
    table
    for module in (case_tables, delivery, office_tables, personal_tables)
    for table in module.SQLModel.metadata.sorted_tables
]


@given(value=st.text(min_size=1, max_size=60), seq=st.integers(1, 99))
def test_a_value_opens_in_its_own_place_alone(value: str, seq: int) -> None:
    value = value.encode("utf-8", "ignore").decode()
    case_id, other = ids.uuid7(), ids.uuid7()
    place = personal.place_of(case_id, seq=seq, field="story")
    sealed = SEALS.seal(value, kind="free_text", place=place)
    assert SEALS.open(sealed.sealed, nonce=sealed.nonce, place=place) == value
    for elsewhere in (
        personal.place_of(other, seq=seq, field="story"),
        personal.place_of(case_id, seq=seq + 1, field="story"),
        personal.place_of(case_id, seq=seq, field="minutes"),
    ):
        assert SEALS.try_open(sealed.sealed, nonce=sealed.nonce, place=elsewhere) is None
    assert OTHERS.try_open(sealed.sealed, nonce=sealed.nonce, place=place) is None
    broken = bytes([sealed.sealed[0] ^ 1]) + sealed.sealed[1:]
    error = look.refused(SEALS.open, broken, nonce=sealed.nonce, place=place)
    assert error.code == "personal.unreadable"


def test_the_same_value_is_never_sealed_alike() -> None:
    place = personal.place_of(ids.uuid7(), seq=1, field="story")
    made = [SEALS.seal("张示例", kind="name", place=place) for _ in range(20)]
    for one, other in itertools.combinations(made, 2):
        assert one.nonce != other.nonce
        assert one.sealed != other.sealed
        assert one.salt != other.salt


@pytest.mark.parametrize(
    ("kind", "value", "masked"),
    [
        ("name", "张示例", "张**"),
        ("name", "李四", "李*"),
        ("name", "王", "*"),
        ("name", "某某某某有限公司", "某**"),
        ("phone", "13800001234", "138****1234"),
        ("phone", "12345", "****"),
        ("id_number", "420303199001011234", "420****1234"),
        ("address", "3号楼502", "…"),
        ("free_text", "两家争执", "…"),
    ],
)
def test_a_mask_shows_enough_to_recognise_ones_own(kind: str, value: str, masked: str) -> None:
    assert personal.mask(value, kind=kind) == masked


@given(
    value=st.text(st.characters(exclude_characters="*"), min_size=1, max_size=30),
    kind=st.sampled_from(["name", "phone", "id_number"]),
)
def test_a_mask_never_shows_more_than_it_hides(value: str, kind: str) -> None:
    masked = personal.mask(value, kind=kind)
    assert masked != value
    shown = sum(char != "*" for char in masked)
    assert shown <= max(1, len(value) // 2 + 2)


def test_a_finder_finds_the_same_value_and_no_other_kind() -> None:
    assert SEALS.finder("138 0000 1234", kind="phone") == SEALS.finder("13800001234", kind="phone")
    assert SEALS.finder("ａｂｃ", kind="name") == SEALS.finder("ABC", kind="name")
    assert SEALS.finder("13800001234", kind="phone") != SEALS.finder("13800001235", kind="phone")
    assert SEALS.finder("x", kind="name") != SEALS.finder("x", kind="phone")
    assert SEALS.finder("x", kind="name") != OTHERS.finder("x", kind="name")


def test_a_secret_does_not_show() -> None:
    assert bytes(range(32)).hex() not in repr(SEALS)
    assert "secret" not in repr(SEALS)


VALUES: dict[str, Any] = {
    "story": "卫生间漏水的经过只写在这里",
    "applicant_name": "张独特名",
    "applicant_phone": "13812349876",
    "applicant_address": "独特小区9栋901",
    "respondent_name": "李独特名",
}


def _everything(database: db.Database) -> str:
    """Every stored value of every table, as text."""
    found: list[str] = []
    with db.snapshot(database) as tx:
        for table in dict.fromkeys(TABLES):
            for row in tx.execute(text(f"select * from {table.name}")):
                found.extend(repr(value) for value in row)
    return "\n".join(found)


def test_I11_no_personal_value_stands_in_clear_anywhere(district: office.District) -> None:
    filed = district.file("officer", **VALUES)
    district.do(filed, "accept", "desk", note="给王独特名打过电话")
    district.at("2026-04-02 10:00")
    stored = _everything(district.engine.database)
    for value in (*VALUES.values(), "王独特名"):
        assert value not in stored
        assert value.encode().hex() not in stored
        assert repr(value.encode())[2:-1] not in stored


def test_a_value_is_found_by_its_keyed_hash(district: office.District) -> None:
    filed = district.file("officer", **VALUES)
    finder = district.engine.seals.finder("13812349876", kind="phone")
    with db.snapshot(district.engine.database) as tx:
        rows = tx.execute(
            select(SEALED.c.case_id, SEALED.c.field).where(SEALED.c.finder == finder)
        ).all()
    assert [(row.case_id, row.field) for row in rows] == [(filed.case_id, "applicant_phone")]


def test_every_opening_is_recorded_and_a_mask_is_not_one(district: office.District) -> None:
    filed = district.file("officer", **VALUES)
    engine = district.engine
    opened = people.open_values(
        engine, district.actor("desk"), filed.case_id, reason="打电话", only=["applicant_phone"]
    )
    assert opened == {"1:applicant_phone": "13812349876"}
    assert people.open_values(engine, district.actor("auditor"), filed.case_id, reason="查") == {}
    with db.snapshot(engine.database) as tx:
        rows = tx.execute(select(READ.c.person_id, READ.c.fields, READ.c.reason)).all()
    assert [tuple(row) for row in rows] == [(district.people["desk"], "applicant_phone", "打电话")]
    supervisor = people.open_values(
        engine, district.actor("supervisor"), filed.case_id, reason="督办"
    )
    assert set(supervisor) == {"1:story"}
