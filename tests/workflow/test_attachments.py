"""Receipts of papers that were served, and files of materials: attached once, sealed, opened on the
record, and never without their file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest
from sqlalchemy import select, update

from rules import errors
from tests import office, pictures
from tests.workflow import look
from workflow import access, audit, db, files, ids
from workflow.commands import act, demo, people
from workflow.commands import attachments as commands
from workflow.queries import case as case_query
from workflow.tables import office as office_tables
from workflow.tables import paper as tables
from workflow.tables import personal as personal_tables

_FILE = tables.Attachment.__table__  # type: ignore[attr-defined]
_HOUSE = office_tables.Installation.__table__  # type: ignore[attr-defined]
_READ = personal_tables.PersonalRead.__table__  # type: ignore[attr-defined]
NOTICE = 3
"""The notice of acceptance, which the tests serve."""
SERVED: dict[str, Any] = {
    "paper": NOTICE,
    "served_method": "in_person",
    "served_on": "2026-03-24",
    "receipt": "本人签收",
}


@pytest.fixture
def district(district: office.District, tmp_path: Path) -> office.District:
    """The small district with a folder for files."""
    store = replace(district.engine.files, folder=tmp_path / files.FOLDER)
    district.engine = replace(district.engine, files=store)
    return district


@pytest.fixture
def case(district: office.District) -> act.Receipt:
    """A petition whose notice was served on Tuesday the 24th."""
    filed = district.file("petition_officer", process="petition")
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    district.at("2026-03-23 10:00")
    district.do(filed, "accept", "handler", route="6")
    district.at("2026-03-24 16:00")
    district.do(filed, "serve_paper", "handler", **SERVED)
    return filed


def _attach(
    district: office.District,
    case: act.Receipt,
    by: str = "handler",
    *,
    id: UUID | None = None,  # noqa: A002  as the request names it
    no: int = NOTICE,
    kind: Literal["receipt", "material"] = "receipt",
    content: bytes | None = None,
) -> commands.Attached:
    request = commands.Request(
        case_id=case.case_id,
        id=id or ids.uuid7(),
        kind=kind,
        of_no=no,
        content=pictures.photo() if content is None else content,
    )
    return commands.attach(district.engine, district.actor(by), request)


def _view(district: office.District, case: act.Receipt, by: str) -> case_query.CaseView:
    return case_query.view(district.engine, district.actor(by), case.case_id)


def _open(district: office.District, case: act.Receipt, by: str, no: int = 1) -> commands.Opened:
    actor = district.actor(by)
    return commands.open_one(district.engine, actor, case.case_id, no, reason="查看回证")


def _on_disk(district: office.District) -> list[Path]:
    return sorted(district.engine.files.folder.glob("*/*"))


def _faults(district: office.District) -> list[str]:
    engine = district.engine
    rows = audit.verify(engine.database, engine.seals).faults
    return [it.what for it in (*rows, *_file_report(district).faults)]


def _file_report(district: office.District) -> audit.FileReport:
    engine = district.engine
    return audit.verify_files(engine.database, engine.seals, engine.files)


def test_a_receipt_is_attached_committed_to_and_opened(
    district: office.District, case: act.Receipt
) -> None:
    before = district.case(case)
    done = _attach(district, case)
    after = district.case(case)
    assert (done.no, done.media, done.of_no, done.is_repeat) == (1, "image/jpeg", NOTICE, False)
    assert (after.state, after.acted_version) == (before.state, before.acted_version)
    assert after.version == before.version + 1
    event = look.whole(district, case.case_id).events[-1]
    assert (event.name, event.action_id) == ("attach", str(done.id))
    assert json.loads(event.payload)["attachment"]["bytes"] == done.size_bytes
    assert set(json.loads(event.commitments)) == {"file:1", "sent:1"}
    opened = _open(district, case, "handler")
    assert (len(opened.content), opened.media) == (done.size_bytes, "image/jpeg")
    assert pictures.SECRET not in opened.content
    with db.snapshot(district.engine.database) as tx:
        read = tx.execute(select(_READ.c.fields, _READ.c.reason)).all()
    assert read == [("file:1", "查看回证")]
    paper = next(it for it in _view(district, case, "handler").papers if it.no == NOTICE)
    assert [(it.no, it.size_bytes, it.can_open) for it in paper.receipts] == [
        (1, done.size_bytes, True)
    ]
    assert (_faults(district), _file_report(district).files) == ([], 1)


def test_sent_again_it_answers_again_and_other_content_is_refused(
    district: office.District, case: act.Receipt
) -> None:
    first = _attach(district, case)
    again = _attach(district, case, id=first.id)
    assert again == replace(first, is_repeat=True)
    assert len(_on_disk(district)) == 1
    for given, field in (
        ({"content": pictures.photo("PNG")}, "file"),
        ({"no": 1}, "no"),
    ):
        with pytest.raises(errors.Conflict) as told:
            _attach(district, case, id=first.id, **given)
        assert (told.value.code, told.value.field) == ("id.differs", field)
    with pytest.raises(errors.Conflict, match=r"id.taken"):
        _attach(district, case, "head", id=first.id)
    with pytest.raises(errors.NotFound, match=r"case.unknown"):
        _attach(district, case, "other_handler", id=first.id)
    served = look.whole(district, case.case_id).events[-2]
    with pytest.raises(errors.Conflict, match=r"id.differs"):
        _attach(district, case, id=UUID(served.action_id))
    assert (len(_on_disk(district)), _faults(district)) == (1, [])


WHO = {  # attaches, knows of it, opens it
    "handler": (None, True, True),
    "head": ("attachment.not_yours", True, False),
    "supervisor": ("case.unknown", False, False),
    "district_supervisor": (None, True, False),
    "district_leader": ("attachment.not_yours", True, True),
    "petition_officer": (None, True, True),
    "auditor": ("paper.unknown", False, False),
    "other_handler": ("case.unknown", False, False),
    "officer": ("attachment.not_yours", True, True),
}


def test_I7_who_attaches_who_knows_and_who_opens(
    district: office.District, case: act.Receipt
) -> None:
    _attach(district, case)
    found: dict[str, tuple[str | None, bool, bool]] = {}
    for by in WHO:
        code = None
        try:
            _attach(district, case, by)
        except errors.GridcaseError as error:
            code = error.code
        try:
            papers = _view(district, case, by).papers
        except errors.NotFound:
            papers = ()
        try:
            _open(district, case, by)
            opens = True
        except errors.NotFound:
            opens = False
        knows = any(it.receipts for it in papers)
        assert all(one.can_open == opens for it in papers for one in it.receipts), by
        assert any(it.can_attach for it in papers) == (code is None), by
        found[by] = (code, knows, opens)
    assert found == WHO


def test_a_resident_and_who_stepped_back_open_none(
    district: office.District, case: act.Receipt
) -> None:
    _attach(district, case)
    resident = access.Actor(kind="resident", case_id=case.case_id)
    papers = case_query.view(district.engine, resident, case.case_id).papers
    assert papers
    assert not any(it.receipts or it.can_attach for it in papers)
    request = commands.Request(
        case_id=case.case_id,
        id=ids.uuid7(),
        kind="receipt",
        of_no=NOTICE,
        content=pictures.photo(),
    )
    with pytest.raises(errors.NotFound, match=r"attachment.unknown"):
        commands.open_one(district.engine, resident, case.case_id, 1, reason="x")
    with pytest.raises(errors.NotPermitted, match=r"attachment.not_yours"):
        commands.attach(district.engine, resident, request)
    district.do(case, "declare_recusal", "handler", recusal_reason="relative")
    with pytest.raises(errors.NotFound, match=r"case.unknown"):
        _open(district, case, "handler")
    with pytest.raises(errors.NotFound, match=r"case.unknown"):
        _attach(district, case)


def test_only_what_was_served_has_a_receipt_and_not_without_end(
    district: office.District, case: act.Receipt
) -> None:
    district.do(case, "answer", "handler", **_ANSWER)
    before = district.case(case)
    with pytest.raises(errors.NotNow, match=r"attachment.not_served"):
        _attach(district, case, no=4)
    with pytest.raises(errors.NotFound, match=r"paper.unknown"):
        _attach(district, case, no=9)
    with pytest.raises(errors.Invalid, match=r"attachment.type"):
        _attach(district, case, content=b"<svg/>")
    assert (district.case(case), _on_disk(district)) == (before, [])
    for _ in range(commands.MOST):
        _attach(district, case, content=pictures.scan())
    with pytest.raises(errors.NotNow, match=r"attachment.too_many"):
        _attach(district, case)
    assert len(_on_disk(district)) == commands.MOST


_ANSWER = {
    "outcome": "support",
    "facts_found": "补贴确未发放。",
    "opinion": "七日内补发。",
    "opinion_basis": "公益岗位管理办法",
}


class _Dies(files.Store):
    """A disk whose process dies when the file is written and its row is not."""

    def keep(self, *given: Any, **more: Any) -> files.Kept:
        super().keep(*given, **more)
        raise SystemExit


def test_a_crash_between_file_and_row_leaves_a_file_that_harms_nobody(
    district: office.District, case: act.Receipt
) -> None:
    good = district.engine
    store = _Dies(folder=good.files.folder, most_bytes=good.files.most_bytes)
    district.engine = replace(good, files=store)
    key, before = ids.uuid7(), district.case(case)
    with pytest.raises(SystemExit):
        _attach(district, case, id=key)
    assert (district.case(case), len(_on_disk(district))) == (before, 1)
    district.engine = good
    assert (_faults(district), _file_report(district).files) == ([], 0)
    done = _attach(district, case, id=key)
    assert (done.is_repeat, len(_on_disk(district)), _faults(district)) == (False, 2, [])


def test_I4_a_file_that_was_changed_moved_or_lost_is_found(
    district: office.District, case: act.Receipt
) -> None:
    for content in (pictures.photo(), pictures.scan()):
        _attach(district, case, content=content)
    one, two = (district.engine.files.folder / name[:2] / name for name in _names(district))
    whole = one.read_bytes()
    one.write_bytes(whole[:-1] + bytes((whole[-1] ^ 1,)))
    assert _faults(district) == ["is not what was attached"]
    with pytest.raises(errors.NotNow, match=r"attachment.damaged"):
        _open(district, case, "handler")
    one.write_bytes(two.read_bytes())
    assert _faults(district) == ["is not what was attached"]
    one.unlink()
    assert _faults(district) == ["is not on the disk"]
    one.write_bytes(whole)
    assert _faults(district) == []
    with db.transaction(district.engine.database) as tx:
        tx.execute(update(_FILE).where(_FILE.c.no == 1).values(of_no=1))
    assert _faults(district) == ["is not what its event says"]
    with db.transaction(district.engine.database) as tx:
        tx.execute(_FILE.delete().where(_FILE.c.no == 1))
    assert _faults(district) == ["names a file that has no row"]


def _names(district: office.District) -> list[str]:
    with db.snapshot(district.engine.database) as tx:
        return list(tx.execute(select(_FILE.c.name).order_by(_FILE.c.no)).scalars())


def test_I8_receipts_of_a_restricted_case_are_as_hidden_as_the_case(
    district: office.District, case: act.Receipt
) -> None:
    _attach(district, case)
    with db.transaction(district.engine.database) as tx:
        tx.exec_driver_sql("update case_file set confidentiality = 'restricted'")
    for by in ("officer", "district_leader", "district_supervisor"):
        with pytest.raises(errors.NotFound, match=r"case.unknown"):
            _open(district, case, by)
    assert _open(district, case, "handler").no == 1


# ---- materials

EVIDENCE: dict[str, Any] = {
    "material_kind": "evidence",
    "material_title": "天花板照片，原件",
    "material_sheets": 2,
}


@pytest.fixture
def leak(district: office.District) -> act.Receipt:
    """A dispute in mediation, with a material in its file: event 4."""
    filed = district.file()
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.do(filed, "add_material", "officer", **EVIDENCE)
    return filed


LEAK = 4


def test_a_material_is_listed_with_its_photo_which_is_opened_on_the_record(
    district: office.District, leak: act.Receipt
) -> None:
    done = _attach(district, leak, "officer", kind="material", no=LEAK)
    (listed,) = _view(district, leak, "mediator").materials
    assert (listed.seq, listed.kind.en, listed.sheets) == (LEAK, "Evidence", 2)
    assert [(it.no, it.size_bytes, it.can_open) for it in listed.files] == [
        (1, done.size_bytes, True)
    ]
    event = look.whole(district, leak.case_id).events[-1]
    note = {"no": 1, "kind": "material", "material": LEAK, "media": "image/jpeg"}
    assert json.loads(event.payload)["attachment"] == note | {"bytes": done.size_bytes}
    opened = _open(district, leak, "mediator")
    assert (opened.number, pictures.SECRET in opened.content) == (None, False)
    with db.snapshot(district.engine.database) as tx:
        assert tx.execute(select(_READ.c.fields)).scalars().all() == ["file:1"]
    assert (_faults(district), _file_report(district).files) == ([], 1)
    with db.transaction(district.engine.database) as tx:
        tx.execute(update(_FILE).values(of_no=1))
    assert _faults(district) == ["is not what its event says"]


def test_a_file_of_a_material_sent_again_is_the_same_and_for_another_is_refused(
    district: office.District, leak: act.Receipt
) -> None:
    district.do(leak, "add_material", "mediator", **EVIDENCE | {"material_kind": "inquiry"})
    first = _attach(district, leak, kind="material", no=LEAK, by="mediator")
    again = _attach(district, leak, id=first.id, kind="material", no=LEAK, by="mediator")
    assert again == replace(first, is_repeat=True)
    with pytest.raises(errors.Conflict) as told:
        _attach(district, leak, id=first.id, kind="material", no=LEAK + 1, by="mediator")
    assert (told.value.code, told.value.field) == ("id.differs", "no")
    for no in (1, 99):  # filing, and nothing
        with pytest.raises(errors.NotFound, match=r"material.unknown"):
            _attach(district, leak, kind="material", no=no, by="mediator")
    for _ in range(commands.MOST - 1):
        _attach(district, leak, kind="material", no=LEAK, content=pictures.scan(), by="officer")
    with pytest.raises(errors.NotNow, match=r"attachment.too_many"):
        _attach(district, leak, kind="material", no=LEAK, by="mediator")
    assert _attach(district, leak, kind="material", no=LEAK + 1, by="mediator").no == 11


WHO_OF_A_MATERIAL = {  # attaches, knows of it, opens it
    "officer": (None, True, False),  # minutes are closed to them, and it may hold any
    "desk": ("attachment.not_yours", True, True),
    "mediator": (None, True, True),
    "supervisor": ("attachment.not_yours", True, False),
    "district_leader": ("attachment.not_yours", True, True),
    "auditor": ("attachment.not_yours", True, False),
    "handler": ("case.unknown", False, False),
    "other_supervisor": ("case.unknown", False, False),
}


def test_I7_who_attaches_to_a_material_who_knows_of_it_and_who_opens_it(
    district: office.District, leak: act.Receipt
) -> None:
    _attach(district, leak, "mediator", kind="material", no=LEAK)
    found: dict[str, tuple[str | None, bool, bool]] = {}
    for by in WHO_OF_A_MATERIAL:
        code = None
        try:
            _attach(district, leak, by, kind="material", no=LEAK)
        except errors.GridcaseError as error:
            code = error.code
        try:
            materials = _view(district, leak, by).materials
        except errors.NotFound:
            materials = ()
        try:
            _open(district, leak, by)
            opens = True
        except errors.NotFound:
            opens = False
        assert all(it.files[0].can_open == opens for it in materials), by
        assert any(it.can_attach for it in materials) == (code is None), by
        found[by] = (code, bool(materials), opens)
    assert found == WHO_OF_A_MATERIAL
    assert _open(district, leak, "officer", 2).no == 2, "what they attached themselves"


def test_a_party_is_shown_no_material_and_opens_neither_its_title_nor_its_file(
    district: office.District, leak: act.Receipt
) -> None:
    _attach(district, leak, "officer", kind="material", no=LEAK)
    resident = district.resident(leak)
    view = case_query.view(district.engine, resident, leak.case_id)
    assert view.materials == ()
    assert not [it for it in view.events if it.name == "add_material" and it.resident_sees]
    opened = people.open_values(district.engine, resident, leak.case_id, reason="x")
    assert [key for key in opened if "material" in key] == []
    assert [key for key in opened if key.endswith(":story")] == ["1:story"]
    with pytest.raises(errors.NotFound, match=r"attachment.unknown"):
        commands.open_one(district.engine, resident, leak.case_id, 1, reason="x")


def test_a_material_comes_into_the_file_of_a_mediation_that_ended(
    district: office.District, leak: act.Receipt
) -> None:
    told: dict[str, Any] = {"refusing_side": "respondent", "routes_told": True}
    assert district.do(leak, "refuse_mediation", "mediator", **told).state == "ended"
    situation = EVIDENCE | {"material_kind": "situation", "material_title": "卷宗情况说明"}
    district.do(leak, "add_material", "mediator", **situation)
    assert [it.kind.en for it in _view(district, leak, "mediator").materials] == [
        "Evidence",
        "Note on the file",
    ]


def test_a_demo_that_is_wiped_takes_its_files_along_and_no_other(
    district: office.District, case: act.Receipt
) -> None:
    _attach(district, case)
    stranger = district.engine.files.folder / "ab" / ("ab" * 16)
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_bytes(b"of no row")
    demo.wipe(district.engine)
    assert _on_disk(district) == [stranger]
    assert db.tables(district.engine.database) == (frozenset(), frozenset())


def test_what_is_no_demo_is_not_wiped_and_keeps_its_files(
    district: office.District, case: act.Receipt
) -> None:
    _attach(district, case)
    before = _on_disk(district)
    with db.transaction(district.engine.database) as tx:
        tx.execute(update(_HOUSE).values(is_demo=False, offset_s=0))
    with pytest.raises(errors.NotPermitted, match=r"demo\.not_demo"):
        demo.wipe(district.engine)
    assert (_on_disk(district), _faults(district)) == (before, [])


def test_a_demo_of_before_there_were_files_is_wiped(district: office.District) -> None:
    with db.transaction(district.engine.database) as tx:
        tx.exec_driver_sql("drop table attachment")
    demo.wipe(district.engine)
    assert db.tables(district.engine.database) == (frozenset(), frozenset())
