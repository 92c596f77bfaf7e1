"""Old closed cases of an earlier system: how they stand once they are here, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import func, select

from rules import errors
from rules.load import records
from tests import office, pictures
from tests.peers import stage
from tests.workflow import look, outside
from workflow import auditor, db, ids, outbox, sweep
from workflow.commands import attachments, transfer
from workflow.commands import office as office_commands
from workflow.queries import case as case_query
from workflow.queries import search, worklist
from workflow.tables import case as case_tables
from workflow.tables import delivery, personal
from workflow.tables import office as office_tables

CASE: Final = case_tables.CaseFile.__table__  # type: ignore[attr-defined]
TALLY: Final = case_tables.Tally.__table__  # type: ignore[attr-defined]
PARTY: Final = case_tables.Party.__table__  # type: ignore[attr-defined]
TIE: Final = case_tables.OfficeTie.__table__  # type: ignore[attr-defined]
NOTICE: Final = delivery.Notice.__table__  # type: ignore[attr-defined]
SEALED: Final = personal.SealedValue.__table__  # type: ignore[attr-defined]
LOG: Final = office_tables.OfficeLog.__table__  # type: ignore[attr-defined]

HEAD: Final = "number,process,grid,received_on,closed_on,state,subject,category,applicant_name,told"
LEAK: Final = f"D-17,dispute,{office.GRID},2019-05-06,2019-06-01,closed,漏水,0201,张示例,true"
NOISE: Final = f"D-18,dispute,{office.GRID},2020/1/4,2020/1/4,withdrawn,夜间噪声,,,"
BACK_PAY: Final = (
    f"P-3,petition,{office.GRID},2021-02-03,2021-04-01,closed,补贴未发,0703,,"  # not a word of whom
)


def table(*lines: str, head: str = HEAD) -> bytes:
    """A file of these lines."""
    return "\n".join((head, *lines, "")).encode()


def brought(
    district: office.District, data: bytes, *, file: str = "old.csv"
) -> tuple[transfer.Import, int]:
    """Reads a file and imports it. Gives what was read and how many were written."""
    made = transfer.read_file(district.engine.database, data, file=file)
    return made, transfer.apply(district.engine, made)


def faults(
    district: office.District, data: bytes, *, file: str = "old.csv"
) -> list[tuple[int, str, str]]:
    """Line, column and code of all that is told of a file that is refused."""
    with pytest.raises(errors.PackInvalid) as refused:
        transfer.read_file(district.engine.database, data, file=file)
    assert refused.value.code == "transfer.invalid"
    return [(fault.line, fault.key, fault.code) for fault in refused.value.pack_faults]


def whole(district: office.District, number: str, process: str = "dispute") -> look.Whole:
    """An imported case, which must hold every invariant."""
    return look.hold(district, ids.imported_case(process, number))


def _count(district: office.District, counted: Any) -> int:
    with db.snapshot(district.engine.database) as tx:
        return int(tx.execute(select(func.count()).select_from(counted)).scalar_one())


def _log(district: office.District) -> list[dict[str, Any]]:
    with db.snapshot(district.engine.database) as tx:
        rows = tx.execute(select(LOG.c.payload).where(LOG.c.name == "cases_imported"))
        return [json.loads(row.payload) for row in rows]


# -- how it stands --------------------------------------------------------------------------------


def test_a_material_that_an_old_case_came_with_is_listed_and_takes_no_file(
    district: office.District,
) -> None:
    """Where a pack has materials entered at filing."""
    entered = ("material_kind", "material_title", "material_sheets")

    def at_filing(law: Any) -> None:
        law["processes"]["dispute"]["actions"]["file_case"]["needs"] += entered

    stage.rules(district, pack=at_filing)
    with_ = table(f"{LEAK},evidence,欠条,1", head=",".join((HEAD, *entered)))
    assert brought(district, with_)[1] == 1
    case_id = ids.imported_case("dispute", "D-17")
    view = case_query.view(district.engine, district.actor("district_supervisor"), case_id)
    (material,) = view.materials
    assert (material.kind.en, material.sheets, material.can_attach) == ("Evidence", 1, False)
    photo = attachments.Request(
        case_id=case_id, id=ids.uuid7(), kind="material", of_no=1, content=pictures.photo()
    )
    actor = district.actor("district_supervisor")
    error = look.refused(attachments.attach, district.engine, actor, photo)
    assert error.code == "attachment.not_yours"


def test_an_imported_case_stands_closed_at_once(district: office.District) -> None:
    made, written = brought(district, table(LEAK))
    assert (written, made.there) == (1, 0)
    found = whole(district, "D-17")
    case = found.case
    assert (case.state, case.is_done, case.is_closed, case.version) == ("closed", True, True, 1)
    assert (case.subject, case.category, case.light) == ("漏水", "0201", "grey")
    assert (case.handler_id, case.filer_id, case.leader_id) == (None, None, None)
    assert case.lead_office_id == district.offices["desk"], "as if it had been filed"
    assert look.local(case.received_at) == "2019-05-06 00:00"
    assert case.opened_at == case.received_at
    assert look.local(case.closed_at or case.opened_at) == "2019-06-01 23:59"
    assert case.done_at == case.closed_at
    assert ids.read_number(case.number) == case.number
    assert found.deadlines == ()
    assert look.notices(district, case.id) == []
    assert (_count(district, NOTICE), _count(district, TALLY)) == (0, 0)
    look.counts_agree(district)
    look.chain_holds(district)


def test_its_one_event_says_what_came_and_no_personal_value(district: office.District) -> None:
    brought(district, table(LEAK))
    found = whole(district, "D-17")
    assert found.names == ["case_imported"]
    (event,) = found.events
    assert (event.actor_kind, event.actor_id) == ("ladder", None)
    assert json.loads(event.payload) == {
        "fields": {"subject": "漏水", "category": "0201", "told": True},
        "state": "closed",
        "lead": str(district.offices["desk"]),
        "old_number": "D-17",
        "grid": office.GRID,
        "received_on": "2019-05-06",
        "closed_on": "2019-06-01",
    }
    assert "张示例" not in event.payload
    with db.snapshot(district.engine.database) as tx:
        (row,) = tx.execute(select(SEALED))
        (party,) = tx.execute(select(PARTY))
    assert (row.field, row.party_no, row.masked) == ("applicant_name", party.no, "张**")
    assert party.side == "applicant"


def test_old_records_have_holes_and_ends_that_settle_nothing(district: office.District) -> None:
    _, written = brought(district, table(NOISE, BACK_PAY))
    assert written == 2
    noise = whole(district, "D-18").case
    assert (noise.state, noise.is_done, noise.done_at) == ("withdrawn", False, None)
    assert look.local(noise.received_at) == "2020-01-04 00:00", "as a spreadsheet writes a day"
    assert noise.closed_at is not None
    assert noise.closed_at > noise.received_at, "closed on the day on which it was received"
    petition = whole(district, "P-3", "petition").case
    assert petition.lead_office_id == district.offices["petitions"]
    assert petition.petition_class is None


def test_a_case_closed_today_is_not_closed_in_the_future(district: office.District) -> None:
    line = LEAK.replace("2019-05-06,2019-06-01", "2026-03-20,2026-03-20")
    brought(district, table(line))
    case = whole(district, "D-17").case
    assert case.closed_at is not None
    assert case.received_at < case.closed_at <= district.now()


def test_JSON_lines_say_the_same_as_a_table(district: office.District) -> None:
    said = dict(zip(HEAD.split(","), LEAK.split(","), strict=True)) | {"told": True}
    data = json.dumps(said, ensure_ascii=False).encode()
    _, written = brought(district, data, file="old.JSONL")
    assert written == 1
    made, written = brought(district, b"\xef\xbb\xbf" + table(LEAK).replace(b"\n", b"\r\n"))
    assert (made.there, written) == (1, 0)


# -- nothing runs, nobody is told -----------------------------------------------------------------


def test_nothing_of_an_import_ever_fires_or_tells(district: office.District) -> None:
    for person in ("desk", "supervisor", "petition_officer"):
        outside.reach(district, person)
    brought(district, table(LEAK, NOISE, BACK_PAY))
    before = [whole(district, number) for number in ("D-17", "D-18")]
    for moment in ("2026-03-27 10:00", "2027-06-01 10:00"):
        district.jump(moment)
        assert district.sweep() == sweep.TickReport()
        report = auditor.run(district.engine)
        assert (report.looked, [one for one in report.findings if one.case_id]) == (0, [])
    door = outside.Recording()
    assert outside.send(district, door) == outbox.SendReport()
    assert (door.sent, _count(district, NOTICE)) == ([], 0)
    assert [whole(district, number) for number in ("D-17", "D-18")] == before
    look.chain_holds(district)


def test_a_reopened_case_runs_from_its_reopening(district: office.District) -> None:
    brought(district, table(LEAK))
    case_id = ids.imported_case("dispute", "D-17")
    district.do(case_id, "reopen", "desk", reopen_reason="又漏了")
    found = look.hold(district, case_id)
    assert (found.case.state, found.case.is_closed, found.case.cycle) == ("accepted", False, 2)
    assert found.deadlines
    for row in found.deadlines:
        assert row.start_at >= district.now() - timedelta(minutes=1)
        assert row.due_on > date(2026, 3, 20)
    district.jump("2026-04-20 10:00")
    assert district.sweep().fired > 0, "as any case that is open"
    look.hold(district, case_id)


# -- among the others -----------------------------------------------------------------------------


def test_an_imported_case_is_seen_by_scope_and_linked_as_an_earlier_one(
    district: office.District,
) -> None:
    brought(district, table(LEAK))
    old = whole(district, "D-17").case
    page = worklist.page(district.engine.database, district.actor("supervisor"), closed="closed")
    assert [item.number for item in page.items] == [old.number]
    assert look.refused(
        case_query.view, district.engine, district.actor("other_desk"), old.id
    ).code == ("case.unknown")
    filed = district.file()
    district.do(filed, "link_earlier", "officer", earlier_number=old.number)
    assert district.case(filed).repeats == 1
    view = case_query.view(district.engine, district.actor("desk"), old.id)
    assert [(one.number, one.is_earlier) for one in view.linked] == [(filed.number, False)]


def test_an_old_number_finds_its_case_for_who_may_see_it(district: office.District) -> None:
    (case_id,) = [one.id for one in brought(district, table(LEAK))[0].new]
    database = district.engine.database
    assert search.number_to_id(database, district.actor("desk"), " D-17 ") == case_id
    assert search.number_to_id(database, district.actor("other_officer"), "D-17") is None
    assert search.number_to_id(database, district.actor("desk"), "D-18") is None


def test_I8_an_accusation_stays_restricted_and_who_is_complained_about_out(
    district: office.District,
) -> None:
    head = HEAD + ",petition_class,complained_office"
    accused = BACK_PAY.replace("P-3", "P-4") + ",accusation,"
    about = BACK_PAY.replace("P-3", "P-5") + f",claim,{district.offices['petitions']}"
    brought(district, table(accused, about, head=head))
    assert whole(district, "P-4", "petition").case.confidentiality == "restricted"
    assert whole(district, "P-5", "petition").case.lead_office_id != district.offices["petitions"]
    with db.snapshot(district.engine.database) as tx:
        (tie,) = tx.execute(select(TIE))
    assert (tie.office_id, tie.relation) == (district.offices["petitions"], "complained")


# -- given again ----------------------------------------------------------------------------------


def test_the_same_file_again_writes_nothing(district: office.District) -> None:
    data = table(LEAK, NOISE)
    brought(district, data)
    before = [whole(district, number) for number in ("D-17", "D-18")]
    made, written = brought(district, data)
    assert (made.new, made.there, written) == ((), 2, 0)
    assert [whole(district, number) for number in ("D-17", "D-18")] == before
    made, written = brought(district, table(NOISE, LEAK, BACK_PAY))
    assert (made.there, written) == (2, 1)
    assert [(row["new"], row["there"]) for row in _log(district)] == [(2, 0), (1, 2)]
    assert _log(district)[0]["file"] == "old.csv"


def test_the_same_number_with_other_content_is_refused(district: office.District) -> None:
    brought(district, table(LEAK))
    for was, now, named in (
        ("漏水", "渗水", "subject"),
        ("张示例", "李样本", "applicant_name"),
        ("张示例", "", "applicant_name"),
        ("0201", "", "category"),
        ("closed,", "withdrawn,", "state"),
        ("2019-05-06", "2019-05-07", "received_on"),
        (office.GRID, office.OTHER_GRID, "grid"),
    ):
        with pytest.raises(errors.PackInvalid) as refused:
            brought(district, table(NOISE, LEAK.replace(was, now)))
        (fault,) = refused.value.pack_faults
        assert (fault.line, fault.key, fault.code) == (3, "number", "transfer.differs")
        assert dict(fault.params) == {"fields": named}
    assert len(look.case_ids(district)) == 1


def test_what_was_reopened_since_is_the_same_case_still(district: office.District) -> None:
    brought(district, table(LEAK))
    case_id = ids.imported_case("dispute", "D-17")
    district.do(case_id, "reopen", "desk", reopen_reason="又漏了")
    made, written = brought(district, table(LEAK))
    assert (made.there, written) == (1, 0)
    assert district.case(case_id).state == "accepted"


def test_a_number_of_another_process_is_another_case(district: office.District) -> None:
    brought(district, table(LEAK))
    made, written = brought(district, table(BACK_PAY.replace("P-3", "D-17")))
    assert (made.there, written) == (0, 1)


def test_a_run_that_ended_early_goes_on(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BATCH", "SQLITE_BATCH"):
        monkeypatch.setattr(transfer, name, 2)
    lines = [LEAK.replace("D-17", f"D-{n}") for n in range(5)]
    made = transfer.read_file(district.engine.database, table(*lines), file="old.csv")

    def ended(_done: int, _of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transfer.apply(district.engine, made, told=ended)
    assert len(look.case_ids(district)) == 2
    seen: list[tuple[int, int]] = []

    def told(done: int, of: int) -> None:
        seen.append((done, of))

    database, data = district.engine.database, table(*lines)
    again = transfer.read_file(database, data, file="old.csv", told=told)
    assert (again.there, seen) == (2, [(2, 5), (4, 5), (5, 5)])
    seen.clear()
    assert transfer.apply(district.engine, again, told=told) == 3
    assert seen == [(2, 3), (3, 3)]
    assert transfer.apply(district.engine, made) == 0, "read before, and here since"
    assert len(look.case_ids(district)) == 5
    look.counts_agree(district)
    look.chain_holds(district)


def test_two_imports_of_one_file_at_once_write_each_case_once(district: office.District) -> None:
    data = table(*(LEAK.replace("D-17", f"D-{n}") for n in range(300)))
    made = transfer.read_file(district.engine.database, data, file="old.csv")
    with ThreadPoolExecutor(2) as pool:
        written = [pool.submit(transfer.apply, district.engine, made) for _ in range(2)]
        assert sum(one.result() for one in written) == 300
    assert len(look.case_ids(district)) == 300
    look.counts_agree(district)
    look.chain_holds(district)


def test_a_fresh_number_that_is_taken_is_drawn_again(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([district.file().number, ids.case_number(), ids.case_number()])
    monkeypatch.setattr(ids, "case_number", lambda: next(drawn))
    _, written = brought(district, table(LEAK))
    assert written == 1
    assert len(_log(district)) == 1


def test_another_pack_between_check_and_import_is_told(district: office.District) -> None:
    made = transfer.read_file(district.engine.database, table(LEAK), file="old.csv")
    stage.rules(district, pack=lambda law: law.update(version="9"))
    error = look.refused(transfer.apply, district.engine, made)
    assert error.code == "transfer.changed"
    assert (look.case_ids(district), _log(district)) == ([], [])


# -- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "now", "column", "code"),
    [
        ("D-17", "", "number", "field.missing"),
        ("D-17", "D-" + "1" * 120, "number", "field.too_long"),
        ("D-17", "D\u202e17", "number", "field.control_character"),
        ("D-17", "D-\t17", "number", "transfer.unprintable"),
        ("dispute", "quarrel", "process", "process.unknown"),
        (office.GRID, "99", "grid", "area.unknown"),
        (office.GRID, office.COMMUNITY, "grid", "area.not_grid"),
        ("2019-05-06", "May", "received_on", "field.date"),
        ("2019-05-06", "2019-02-30", "received_on", "field.date"),
        ("2019-05-06", "0019-05-06", "received_on", "field.date"),
        ("2019-05-06", "", "received_on", "field.missing"),
        ("2019-05-06", "2019-06-02", "closed_on", "transfer.closed_first"),
        ("2019-06-01", "2026-03-21", "closed_on", "transfer.in_future"),
        ("closed", "filed", "state", "transfer.no_end"),
        ("closed", "gone", "state", "transfer.no_end"),
        ("漏水", "", "subject", "field.missing"),
        ("漏水", "漏" * 200, "subject", "field.too_long"),
        ("0201", "9999", "category", "field.choice"),
        ("true", "false", "told", "field.must_be_true"),
    ],
)
def test_a_cell_that_cannot_be_is_named(
    district: office.District, was: str, now: str, column: str, code: str
) -> None:
    assert faults(district, table(NOISE, LEAK.replace(was, now, 1))) == [(3, column, code)]
    assert look.case_ids(district) == []


def test_a_grid_for_which_nobody_would_take_it_is_named(district: office.District) -> None:
    street, grid = "420303003", "420303003001001"
    areas = ((street, "street", office.DISTRICT), (grid, "grid", street))
    office_commands.add_areas(
        district.engine.database,
        [
            office_commands.NewArea(code=code, name=code, level=level, parent_code=above)
            for code, level, above in areas
        ],
    )
    line = LEAK.replace(office.GRID, grid)
    assert faults(district, table(line)) == [(2, "grid", "route.none")]


_BROKEN: Final[Mapping[str, tuple[bytes, list[tuple[int, str, str]]]]] = {
    "nothing": (b"", [(1, "", "transfer.empty")]),
    "a head alone": (table(), [(1, "", "transfer.empty")]),
    "no column": (table(LEAK).replace(b"grid", b"grids"), [(1, "grid", "transfer.no_column")]),
    "a column twice": (
        table(LEAK).replace(b"told", b"subject"),
        [(1, "subject", "transfer.doubled_column")],
    ),
    "an unknown column": (
        table(LEAK).replace(b"told", b"mood"),
        [(1, "mood", "transfer.unknown_column")],
    ),
    "a field of the other process": (
        table(BACK_PAY[:-1] + "张示例,true"),
        [(2, "applicant_name", "transfer.unknown_column"), (2, "told", "transfer.unknown_column")],
    ),
    "too few cells": (table(NOISE[:-1]), [(2, "", "transfer.cells")]),
    "too many cells": (table(NOISE + ",x"), [(2, "", "transfer.cells")]),
    "an open quotation": (table(NOISE, LEAK[:-4] + '"true'), [(3, "", "transfer.csv")]),
    "another encoding": (
        table(NOISE) + LEAK.encode("gbk"),
        [(3, "", "transfer.not_utf8")],
    ),
    "a number twice": (table(LEAK, NOISE, LEAK), [(4, "number", "transfer.doubled")]),
}


@pytest.mark.parametrize("kind", _BROKEN)
def test_a_file_that_is_broken_says_where(district: office.District, kind: str) -> None:
    data, expected = _BROKEN[kind]
    found = faults(district, data)
    assert [fault for fault in found if fault in expected] == expected, found
    assert look.case_ids(district) == []


@pytest.mark.parametrize(
    ("line", "column", "code"),
    [
        ("[1]", "", "transfer.json"),
        ("{", "", "transfer.json"),
        ("[" * 100_000, "", "transfer.json"),
        ('{"number": "1", "number": "2"}', "", "transfer.json"),
        ('{"number": ["1"]}', "number", "field.type"),
        ('{"number": true}', "number", "field.type"),
    ],
)
def test_a_JSON_line_that_is_broken_says_where(
    district: office.District, line: str, column: str, code: str
) -> None:
    found = faults(district, f"\n{line}\n".encode(), file="old.jsonl")
    assert (2, column, code) in found


def test_all_is_told_at_once_up_to_twenty_and_counted(district: office.District) -> None:
    lines = [f"D-{n},dispute,99,x,2019-06-01,closed,漏水,0201,张示例," for n in range(30)]
    with pytest.raises(errors.PackInvalid) as refused:
        brought(district, table(NOISE, *lines))
    assert [fault.line for fault in refused.value.pack_faults] == list(range(3, 23))
    assert refused.value.params == {"count": 30}
    assert (look.case_ids(district), _log(district)) == ([], [])


def test_a_file_that_is_too_large_is_not_read(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MAX_RECORDS", 1)
    assert faults(district, table(LEAK, NOISE)) == [(3, "", "transfer.too_many")]
    monkeypatch.setattr(records, "MAX_BYTES", 10)
    assert faults(district, table(LEAK)) == [(1, "", "transfer.too_large")]


def test_a_case_that_is_here_already_by_its_id_is_no_import(district: office.District) -> None:
    """Ids of cases come from clients: one may have taken what an import would give."""
    taken = _filed_as(district, "D-17")
    assert faults(district, table(LEAK)) == [(2, "number", "transfer.differs")]
    assert district.case(taken).state == "filed"


def _filed_as(district: office.District, number: str) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            ids, "uuid7", iter([ids.imported_case("dispute", number), ids.uuid7()]).__next__
        )
        return district.file()
