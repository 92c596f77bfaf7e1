"""Receipts over HTTP: sent as a form, by programs and by pages; told what is wrong; kept by the
browser and never shown by it."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pypdf
import pytest
from pypdf import annotations as notes
from pypdf import generic
from sqlalchemy import select

from api import caller
from api.papers import pdf
from tests import office, pictures
from tests.api import desk, site
from workflow import db, files, ids, settings
from workflow.tables import personal

SERVED = {"served_method": "in_person", "served_on": "2026-03-20", "receipt": "本人签收"}
PAPER = 3
_READ = personal.PersonalRead.__table__.c  # type: ignore[attr-defined]


@pytest.fixture
def front(database: db.Database, tmp_path: Path) -> desk.Desk:
    """Those who handle a petition, over a folder for files of at most one MB."""
    district = office.build(database, accounts=("petition_officer", "handler", "head", "auditor"))
    chosen = settings.Settings(data_dir=tmp_path, attachment_max_mb=1)
    store = files.Store(folder=tmp_path / files.FOLDER, most_bytes=files.MB)
    district.engine = replace(district.engine, files=store)
    served = site.application(chosen, district.engine)
    return desk.Desk(district=district, site=site.Site(served))


@pytest.fixture
def case(front: desk.Desk) -> str:
    """A petition whose notice was served."""
    body = front.new_case() | {"process": "petition", "fields": dict(office.PETITION)}
    case_id: str = front.post("petition_officer", "/cases", body).json()["case_id"]
    to = str(front.district.offices["housing"])
    front.do(case_id, "transfer", "petition_officer", to_office=to)
    front.do(case_id, "accept", "handler", route="6")
    front.do(case_id, "serve_paper", "handler", paper=PAPER, **SERVED)
    return case_id


def _send(
    front: desk.Desk,
    case: str,
    content: bytes,
    *,
    by: str = "handler",
    key: str | None = None,
    no: int = PAPER,
    **given: Any,
) -> httpx.Response:
    parts = {"file": ("a.svg", content, "image/svg+xml")}  # neither is asked for
    data = {"id": key or str(ids.uuid7())}
    path = f"/cases/{case}/papers/{no}/receipts"
    return front.as_(by, "POST", path, files=parts, data=data, **given)


def _page(front: desk.Desk, method: str, path: str, by: str = "handler", **given: Any) -> Any:
    headers = {"Authorization": f"Bearer {front.token(by)}"}
    return front.site.send(method, path, headers=headers, **given)


def test_a_receipt_is_sent_listed_and_kept_by_the_browser(front: desk.Desk, case: str) -> None:
    key = str(ids.uuid7())
    first = _send(front, case, pictures.photo(), key=key)
    again = _send(front, case, pictures.photo(), key=key)
    other = _send(front, case, pictures.scan(), key=key)
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert first.json() == again.json()
    assert first.json()["media"] == "image/jpeg"
    assert (other.json()["code"], other.json()["field"]) == ("id.differs", "file")
    items = front.get("handler", f"/cases/{case}/papers").json()["items"]
    assert [it["can_attach"] for it in items] == [False, False, True]
    assert items[2]["receipts"][0]["size_bytes"] == first.json()["size_bytes"]
    place = first.headers["location"]
    for answer in (
        front.get("handler", place.removeprefix(desk.API)),
        _page(front, "GET", f"/cases/{case}/attachments/1"),
    ):
        assert answer.status_code == 200, answer.text
        assert answer.content.startswith(b"\xff\xd8\xff")
        assert pictures.SECRET not in answer.content
        assert answer.headers["content-disposition"].startswith("attachment; ")
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "no-store" in answer.headers["cache-control"]
    page = _page(front, "GET", f"/cases/{case}").text
    assert page.count("查看附件<br>") == page.count("附件 1") == 2, "both readings are told"


def test_I7_a_file_that_is_not_theirs_answers_as_one_that_is_not_there(
    front: desk.Desk, case: str
) -> None:
    assert _send(front, case, pictures.photo()).status_code == 201
    none = front.get("handler", f"/cases/{case}/attachments/9")
    for by in ("head", "auditor"):
        masked = front.get(by, f"/cases/{case}/attachments/1")
        assert masked.status_code == none.status_code == 404
        told = [{k: v for k, v in it.json().items() if k != "request_id"} for it in (masked, none)]
        assert told[0] == told[1]
    page = _page(front, "GET", f"/cases/{case}", by="head").text
    assert "送达回证（照片）" in page
    assert "attachments/1" not in page
    assert "上传送达回证" not in page


def test_bad_files_are_refused_with_field_and_remedy_in_both_languages(
    front: desk.Desk, case: str
) -> None:
    before = front.standing(case)
    for content, status, code in (
        (b"", 422, "attachment.empty"),
        (b"<svg/>", 422, "attachment.type"),
        (pictures.photo()[:-40], 422, "attachment.broken"),
        (pictures.scan(b"/OpenAction <</JS (x)>>"), 422, "attachment.active"),
        (bytes(files.MB + 1), 422, "attachment.too_large"),
        (bytes(files.MB + 2 * caller.FORM_BYTES), 413, "attachment.too_large"),
    ):
        told = [
            _send(front, case, content, headers={"Accept-Language": language})
            for language in ("zh-CN", "en")
        ]
        assert [it.status_code for it in told] == [status] * 2, code
        zh, en = (it.json() for it in told)
        assert (zh["code"], zh["field"]) == (code, "file")
        assert zh["remedy"] != en["remedy"] != ""
    plain = front.post("handler", f"/cases/{case}/papers/{PAPER}/receipts", {"id": "x"})
    assert (plain.status_code, plain.json()["code"]) == (422, "request.multipart")
    nameless = _send(front, case, pictures.photo(), key="x")
    assert (nameless.status_code, nameless.json()["field"]) == (422, "id")
    assert front.standing(case) == before


def test_elsewhere_a_body_weighs_no_more_than_before(front: desk.Desk, case: str) -> None:
    heavy = {"Content-Type": "multipart/form-data; boundary=x"}
    for path in (f"/cases/{case}/do/serve_paper", f"/cases/{case}/papers/3/receipts/x"):
        answer = _page(front, "POST", path, content=bytes(caller.MAX_BODY_BYTES + 1))
        assert answer.status_code == 413, path
    nobody = front.site.post(
        f"/cases/{case}/papers/{PAPER}/receipts", content=b"--x", headers=heavy
    )
    assert nobody.status_code == 401
    assert "再选一次文件" in nobody.text


def test_after_a_service_the_page_asks_for_the_receipt(front: desk.Desk, case: str) -> None:
    front.do(
        case,
        "answer",
        "handler",
        outcome="support",
        facts_found="属实。",
        opinion="七日内补发。",
        opinion_basis="办法",
    )
    sent = {**SERVED, "action_id": str(ids.uuid7()), "version": str(front.version(case))}
    done = _page(front, "POST", f"/cases/{case}/do/serve_answer", data=sent)
    where = f"/cases/{case}/papers/4/receipts"
    assert (done.status_code, done.headers["location"]) == (303, where)
    form = _page(front, "GET", where).text
    assert 'enctype="multipart/form-data"' in form
    assert 'capture="environment"' in form
    key = form.split('name="id" value="')[1].split('"')[0]
    empty = {"file": ("", b""), "photo": ("", b"")}
    told = _page(front, "POST", where, files=empty, data={"id": key})
    assert told.status_code == 422
    assert "没有选文件" in told.text
    both = {"file": ("a", pictures.scan()), "photo": ("b", pictures.photo())}
    assert "一次选了两个" in _page(front, "POST", where, files=both, data={"id": key}).text
    photo = {"file": ("", b""), "photo": ("b", pictures.photo())}
    for _ in range(2):  # a double press is one act
        put = _page(front, "POST", where, files=photo, data={"id": key})
        assert (put.status_code, put.headers["location"]) == (303, f"/cases/{case}"), put.text
    page = _page(front, "GET", f"/cases/{case}").text
    assert page.count(f'href="/cases/{case}/attachments/1"') == 1
    assert "上传了送达回证" in page
    index = _page(front, "GET", f"/cases/{case}/file").text
    assert "送达回证（照片）" in index
    wrong = _page(front, "GET", f"/cases/{case}/papers/2/receipts")
    assert wrong.status_code == 409, "a letter that nobody serves"


def test_a_material_is_added_photographed_and_stands_in_the_index_of_the_file(
    front: desk.Desk, case: str
) -> None:
    sent = {
        "material_kind": "evidence",
        "material_title": "欠条复印件",
        "material_sheets": "1",
        "action_id": str(ids.uuid7()),
        "version": str(front.version(case)),
    }
    done = _page(front, "POST", f"/cases/{case}/do/add_material", data=sent)
    place = done.headers["location"]
    assert done.status_code == 303
    assert place.startswith(f"/cases/{case}/materials/")
    assert "上面的文字都要看得清" in _page(front, "GET", place).text
    photo, key = {"photo": ("b", pictures.photo())}, str(ids.uuid7())
    put = _page(front, "POST", place, files=photo, data={"id": key})
    assert (put.status_code, put.headers["location"]) == (303, f"/cases/{case}"), put.text
    page = _page(front, "GET", f"/cases/{case}").text
    assert "附件（照片）" in page
    assert "欠条复印件" not in page, "its title is sealed"
    index = _page(front, "GET", f"/cases/{case}/file").text
    for told in ("证据", "欠条复印件", "1 张", "附件（照片）"):
        assert told in index
    (listed,) = front.get("handler", f"/cases/{case}/papers").json()["materials"]
    assert (listed["kind"], listed["files"][0]["media"]) == ("证据", "image/jpeg")
    heavy = {"id": str(ids.uuid7())}, {"file": ("a.pdf", pictures.scan(), "application/pdf")}
    path = f"/cases/{case}/materials/{listed['seq']}/files"
    by_program = front.as_("handler", "POST", path, data=heavy[0], files=heavy[1])
    assert by_program.status_code == 201
    assert (by_program.json()["paper"], by_program.json()["material"]) == (None, listed["seq"])
    got = front.get("handler", by_program.headers["location"].removeprefix(desk.API))
    assert got.headers["content-disposition"].startswith("attachment; ")
    assert _page(front, "GET", f"/cases/{case}/materials/1/files").status_code == 404
    wrong = f"/cases/{case}/materials/1/files"
    missing = front.as_("handler", "POST", wrong, data={"id": str(ids.uuid7())}, files=heavy[1])
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def _material(front: desk.Desk, case: str, kind: str, *contents: bytes) -> None:
    fields = {"material_kind": kind, "material_title": "样本", "material_sheets": 2}
    front.do(case, "add_material", "handler", **fields)
    seq = front.get("handler", f"/cases/{case}/papers").json()["materials"][-1]["seq"]
    for content in contents:
        path, sent = f"/cases/{case}/materials/{seq}/files", {"id": str(ids.uuid7())}
        file = {"file": ("a", content, "application/pdf")}
        assert front.as_("handler", "POST", path, data=sent, files=file).status_code == 201


def test_scans_and_photos_lie_in_the_file_in_their_place_and_are_counted(
    front: desk.Desk, case: str
) -> None:
    if pdf.trouble() is not None:
        pytest.skip(f"!!! no PDF here: {pdf.trouble()}")
    two = "<p>Sheet one</p><p style='break-before: page'>Sheet two</p>"
    _material(front, case, "situation", pictures.photo(), pictures.scan())  # this one is broken
    _material(front, case, "authority", pdf.made(two))
    _material(front, case, "evidence")  # on paper alone
    assert _send(front, case, pictures.photo(size=(40, 80))).status_code == 201
    whole = _page(front, "GET", f"/cases/{case}/file/pdf")
    assert whole.status_code == 200, whole.text
    pages = pypdf.PdfReader(io.BytesIO(whole.content)).pages
    told = [page.extract_text() for page in pages]
    first = {
        words: next(n for n, text in enumerate(told) if n > 1 and words in text)
        for words in ("信访事项登记表", "受理告知书", "Sheet one", "Sheet two", "卷宗情况说明")
    }
    assert list(first.values()) == sorted(first.values())
    notice, authority, situation = (
        first["受理告知书"],
        first["Sheet one"],
        first["卷宗情况说明"],
    )
    assert "授权委托书" in told[authority]
    contents = [page.get_contents() for page in pages]
    drawn = [n for n, it in enumerate(contents) if it is not None and b" Do" in it.get_data()]
    assert drawn == [notice + 1, situation], "the receipt after its paper, the photo"
    assert situation + 2 == len(pages), "one photo, and the back of the file"
    index = "".join(told[1].split())
    for name, page in (("授权委托书", authority), ("卷宗情况说明", situation)):
        assert re.search(rf"{name}[^号]*kB{page + 1}", index), index
    with db.snapshot(front.district.engine.database) as tx:
        read = tx.execute(select(_READ.fields).where(_READ.fields.contains("file:"))).scalars()
    assert "file:1" in read.all()[-1], "opened on the record"
    assert index.count("未收入本件") == 1, "the broken one has to be looked at itself"


def _pdf(content: bytes, *, filter_: str | None = None, pages: int = 1) -> bytes:
    """A PDF whose pages are drawn by this, with a link and a stamp upon each."""
    writer = pypdf.PdfWriter()
    for _ in range(pages):
        page = writer.add_blank_page(width=200, height=300)
        stream = generic.DecodedStreamObject()
        stream.set_data(content)
        if filter_:
            stream[generic.NameObject("/Filter")] = generic.NameObject(filter_)
        page[generic.NameObject("/Contents")] = writer._add_object(stream)
        link = notes.Link(rect=(10, 10, 90, 40), url="http://example.org/")
        writer.add_annotation(page, link)
        writer.add_annotation(page, notes.FreeText(text="seen", rect=(10, 50, 90, 80)))
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pictures.scan(),
        _pdf(b"q Q", filter_="/Foo"),
        _pdf(b"q Q " * (pdf.MOST_DRAWN // 4 + 1)),
        _pdf(b"q Q", pages=pdf.MOST_PAGES + 1),
        b"%PDF-1.7",
    ],
    ids=["no page", "unknown filter", "too much drawn", "too many pages", "cut off"],
)
def test_a_scan_that_cannot_be_laid_in_is_left_out_and_the_rest_is_there(content: bytes) -> None:
    scans = pdf.Scans()
    assert scans.add(content, anchor="bad") == 0
    assert scans.add(_pdf(b"q Q"), anchor="good") == 1
    assert set(scans.pages) == {"good-0"}


def test_what_would_do_something_in_a_scan_stays_behind() -> None:
    if pdf.trouble() is not None:
        pytest.skip(f"!!! no PDF here: {pdf.trouble()}")
    scans = pdf.Scans()
    assert scans.add(_pdf(b"q Q"), anchor="scan") == 1
    html = "<article id='scan-0'><p>Scan</p></article>"
    page: Any = pypdf.PdfReader(io.BytesIO(pdf.made(html, scans=scans))).pages[0]
    assert [it.get_object()["/Subtype"] for it in page["/Annots"]] == ["/FreeText"]
