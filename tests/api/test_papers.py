"""Papers over HTTP: listed, read, printed, as PDF and Word file, and to nobody else."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.enum.text import WD_ALIGN_PARAGRAPH

from api.papers import pdf, qr
from tests import office, papers
from tests.api import desk
from workflow import db

RIGHT = WD_ALIGN_PARAGRAPH.RIGHT
STORY = "补贴自八月起没有发放；<b>粗体</b> & {{ 7 * 7 }} {% raw %}"


@pytest.fixture
def front(database: db.Database) -> desk.Desk:
    """Those who handle a petition can sign in."""
    return desk.open_desk(database, "petition_officer", "handler", "other_handler", "auditor")


@pytest.fixture
def case(front: desk.Desk) -> dict[str, Any]:
    """A petition that was accepted and answered, not served yet."""
    body = front.new_case() | {
        "process": "petition",
        "fields": dict(office.PETITION) | {"story": STORY},
    }
    filed: dict[str, Any] = front.post("petition_officer", "/cases", body).json()
    case_id = filed["case_id"]
    to = str(front.district.offices["housing"])
    front.do(case_id, "transfer", "petition_officer", to_office=to)
    front.do(case_id, "accept", "handler", route="6")
    front.do(
        case_id,
        "answer",
        "handler",
        outcome="support",
        facts_found="属实。\n已核对工资册。",
        opinion="七日内补发。",
        opinion_basis="公益岗位管理办法",
    )
    return filed


def _page(front: desk.Desk, path: str, by: str = "handler", **given: Any) -> Any:
    headers = {"Authorization": f"Bearer {front.token(by)}", **given.pop("headers", {})}
    return front.site.send("GET", path, headers=headers, **given)


def _public(front: desk.Desk, url: str) -> None:
    """As if the installation had a public address."""
    front.site._transport.app.state.settings.public_url = url  # type: ignore[attr-defined]


def test_papers_of_a_case_are_listed_and_read(front: desk.Desk, case: dict[str, Any]) -> None:
    items = front.get("handler", f"/cases/{case['case_id']}/papers").json()["items"]
    assert [it["key"] for it in items] == [
        "petition.registration",
        "petition.transfer_letter",
        "petition.acceptance",
        "petition.opinion_paper",
    ]
    assert [it["is_for_service"] for it in items] == [False, False, True, True]
    paper = front.get("handler", f"/cases/{case['case_id']}/papers/4", headers=desk.ENGLISH).json()
    assert paper["name"] == "Written answer"
    assert STORY in [block["text"] for block in paper["zh"]["body"]]
    assert paper["code"] == case["code"]


@pytest.mark.parametrize("way", ["", "/pdf", "/docx"])
def test_I7_a_paper_that_is_not_theirs_answers_as_one_that_is_not_there(
    front: desk.Desk, case: dict[str, Any], way: str
) -> None:
    other = front.get("other_handler", f"/cases/{case['case_id']}/papers/4{way}")
    none = front.get("handler", f"/cases/{case['case_id']}/papers/9{way}")
    masked = front.get("auditor", f"/cases/{case['case_id']}/papers/4{way}")
    assert {other.status_code, none.status_code, masked.status_code} == {404}
    told = [{k: v for k, v in one.json().items() if k != "request_id"} for one in (other, none)]
    assert told[0] == told[1]


def test_the_print_page_shows_the_paper_and_escapes_what_it_says(
    front: desk.Desk, case: dict[str, Any]
) -> None:
    page = _page(front, f"/cases/{case['case_id']}/papers/4").text
    assert '<h1 class="title">信访处理意见书</h1>' in page
    assert "&lt;b&gt;粗体&lt;/b&gt; &amp; {{ 7 * 7 }}" in page
    assert '<p class="p">属实。</p><p class="p">已核对工资册。</p>' in page
    assert f"查询码：{case['code']}" in page
    assert "<svg" not in page
    assert "查询进展" not in page, "without a public address there is none to name"
    copy = _page(front, f"/cases/{case['case_id']}/papers/4?copy=en").text
    assert '<h1 class="title">Written answer</h1>' in copy


def test_a_reading_copy_says_so_in_its_own_language_and_in_its_name(
    front: desk.Desk, case: dict[str, Any]
) -> None:
    path = f"/cases/{case['case_id']}/papers/4"
    note = "Reading copy. The Chinese text is the paper."
    copy, paper = _page(front, f"{path}?copy=en").text, _page(front, path).text
    assert f'<p class="copy">{note}</p>' in copy
    assert 'class="copy"' not in paper
    files = [front.get("handler", f"{path}/docx{more}") for more in ("", "?copy=en")]
    assert [note in _word(one.content) for one in files] == [False, True]
    names = [one.headers["content-disposition"] for one in files]
    assert len(set(names)) == 2, "one would be kept over the other"


def _word(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return file.read("word/document.xml").decode()


def test_what_goes_to_no_party_carries_no_code(front: desk.Desk, case: dict[str, Any]) -> None:
    page = _page(front, f"/cases/{case['case_id']}/papers/2").text
    assert "信访事项转送函" in page
    assert str(case["code"]) not in page


def test_with_a_public_address_the_paper_shows_a_qr_code(
    front: desk.Desk, case: dict[str, Any]
) -> None:
    _public(front, "https://cases.example.org")
    page = _page(front, f"/cases/{case['case_id']}/papers/3").text
    assert "https://cases.example.org/lookup" in page
    assert str(qr.code("https://cases.example.org/lookup").path) in page  # type: ignore[union-attr]
    assert "/lookup?" not in page, "the code never travels in an address"


def test_the_word_file_holds_the_same_and_nothing_runs_in_it(
    front: desk.Desk, case: dict[str, Any]
) -> None:
    _public(front, "https://cases.example.org")
    answer = front.get("handler", f"/cases/{case['case_id']}/papers/4/docx")
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        text = file.read("word/document.xml").decode()
        pictures = [name for name in file.namelist() if name.startswith("word/media/")]
    assert "信访处理意见书" in text
    assert "&lt;b&gt;粗体&lt;/b&gt; &amp; {{ 7 * 7 }}" in text, (
        "what people wrote is never a template"
    )
    assert "49" not in text.split("粗体")[1][:60]
    assert "{%" not in text.replace("{% raw %}", "")
    assert len(pictures) == 1


@pytest.mark.parametrize("no", [1, 4])
def test_the_word_file_keeps_what_is_signed_with_who_signs(
    front: desk.Desk, case: dict[str, Any], no: int
) -> None:
    """A form that ends in a table, an answer that ends in a line: both stay on the page."""
    answer = front.get("handler", f"/cases/{case['case_id']}/papers/{no}/docx")
    parts: list[Any] = [*docx.Document(io.BytesIO(answer.content)).iter_inner_content()]
    signs = next(n for n, it in enumerate(parts) if getattr(it, "alignment", None) == RIGHT)
    before = parts[signs - 2]  # with a little air between
    if no == 1:
        before = before.rows[-1].cells[0].paragraphs[0]
    assert [it.paragraph_format.keep_with_next for it in (before, *parts[signs - 1 : -1])] == (
        [True] * (len(parts) - signs + 1)
    )


def test_the_pdf_is_one_and_fetches_nothing(
    front: desk.Desk, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if pdf.trouble() is not None:
        pytest.skip(f"!!! no PDF here: {pdf.trouble()}")
    monkeypatch.setattr("socket.create_connection", _no_network)
    answer = _page(front, f"/cases/{case['case_id']}/papers/4/pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    whole = _page(front, f"/cases/{case['case_id']}/file/pdf")
    assert len(whole.content) > len(answer.content)


def test_the_index_of_the_file_says_on_which_page_each_paper_begins(
    front: desk.Desk, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if pdf.trouble() is not None:
        pytest.skip(f"!!! no PDF here: {pdf.trouble()}")
    seen: list[Any] = []
    laid = pdf.laid

    def kept(html: str) -> Any:
        seen.append(laid(html))
        return seen[-1]

    monkeypatch.setattr(pdf, "laid", kept)
    _page(front, f"/cases/{case['case_id']}/file/pdf")
    pages = seen[-1].pages
    begin = [n for n, page in enumerate(pages, 1) for anchor in page.anchors if "paper-" in anchor]
    told = [
        box.text
        for page in pages
        for box in page._page_box.descendants()
        if box.element_tag == "a::after" and hasattr(box, "text")
    ]
    assert begin == [3, 4, 5, 6], "after the cover and the index"
    assert told == [str(n) for n in begin]


def _no_network(*_given: object, **_more: object) -> None:
    raise AssertionError("a paper fetched something")


@pytest.mark.parametrize("body", ["<p class=p>一</p>", "<table><tr><td>一<tr><td>二</table>"])
def test_who_signs_never_stands_on_a_page_without_what_is_signed(body: str) -> None:
    if pdf.trouble() is not None:
        pytest.skip(f"!!! no PDF here: {pdf.trouble()}")
    filler = "<div style='height: 204mm'></div>"  # room for the signature, none for the foot
    sign, foot = "<div class=sign><p>章</div>", "<div class=foot style='height: 26mm'></div>"
    html = f"<article class=paper lang=zh-CN>{filler}{body}{sign}{foot}</article>"
    pages = pdf.laid(html).pages
    boxes = [page._page_box.descendants() for page in pages]
    assert len(pages) == 2
    said = ["".join(getattr(box, "text", "") for box in page) for page in boxes]
    assert said[1].startswith("二" if "table" in body else "一"), said


def test_an_image_in_a_paper_is_not_fetched() -> None:
    if pdf.trouble() is not None:
        pytest.skip(f"!!! no PDF here: {pdf.trouble()}")
    made = pdf.made('<p>一</p><img src="file:///etc/hostname"><img src="http://192.0.2.1/x">')
    assert made.startswith(b"%PDF-")


def test_without_the_libraries_a_paper_says_so(
    front: desk.Desk, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr(pdf, "_library", missing)
    answer = front.get("handler", f"/cases/{case['case_id']}/papers/4/pdf")
    assert (answer.status_code, answer.json()["code"]) == (409, "paper.no_pdf")
    assert pdf.trouble() == "pango"
    monkeypatch.setitem(__import__("sys").modules, "docxtpl", None)
    answer = front.get("handler", f"/cases/{case['case_id']}/papers/4/docx")
    assert (answer.status_code, answer.json()["code"]) == (409, "paper.no_docx")


def test_the_whole_file_is_in_order_with_cover_index_and_back(
    front: desk.Desk, case: dict[str, Any]
) -> None:
    page = _page(front, f"/cases/{case['case_id']}/file").text
    titles = ["案件卷宗", "卷内目录", "信访事项登记表</h2>", "信访事项转送函</h2>"]
    titles += ["信访事项受理告知书</h2>", "信访处理意见书</h2>", "封底</h2>"]
    places = [page.index(title) for title in titles]
    assert places == sorted(places)
    assert page.count('<article class="paper"') == 1 + 4
    assert case["number"] in page


def test_a_page_of_papers_has_one_heading_of_the_first_rank(
    front: desk.Desk, case: dict[str, Any]
) -> None:
    case_id = case["case_id"]
    whole = _page(front, f"/cases/{case_id}/file").text
    assert (whole.count("<h1"), whole.count('<h2 class="title">')) == (1, 1 + 4 + 1)
    for copy in ("", "?copy=en"):
        alone = _page(front, f"/cases/{case_id}/papers/4{copy}").text
        assert (alone.count("<h1"), alone.count('<h2 class="title">')) == (1, 0)


def test_the_case_page_lists_papers_and_serves_one(front: desk.Desk, case: dict[str, Any]) -> None:
    page = _page(front, f"/cases/{case['case_id']}").text
    assert f'href="/cases/{case["case_id"]}/papers/3"' in page
    assert page.count("待送达") >= 2
    form = _page(front, f"/cases/{case['case_id']}/do/serve_paper").text
    assert '<option value="3"' in form.replace("<option  value", "<option value")
    served = {"paper": 3, "served_method": "in_person", "served_on": "2026-03-20"}
    front.do(case["case_id"], "serve_paper", "handler", **served, receipt="本人签收")
    page = _page(front, f"/cases/{case['case_id']}").text
    assert "当面送达" in page
    items = front.get("handler", f"/cases/{case['case_id']}/papers").json()["items"]
    assert items[2]["served"] == [{"to": None, "method": "in_person", "served_on": "2026-03-20"}]


def test_service_before_the_paper_is_refused_with_field_and_remedy(
    front: desk.Desk, case: dict[str, Any]
) -> None:
    front.district.at("2026-03-23 10:00")
    front.do(case["case_id"], "serve_answer", "handler", **_served("2026-03-23"))
    before = front.standing(case["case_id"])
    answer = front.try_(case["case_id"], "serve_paper", "handler", paper=3, **_served("2026-03-19"))
    told = answer.json()
    assert (answer.status_code, told["code"]) == (422, "field.before_case")
    assert front.standing(case["case_id"]) == before


def _served(on: str) -> dict[str, Any]:
    return {"served_method": "in_person", "served_on": on, "receipt": "本人签收"}


def test_a_resident_reads_their_own_papers_and_no_other(
    front: desk.Desk, case: dict[str, Any]
) -> None:
    known = {"number": case["number"], "code": case["code"]}
    assert front.site.get("/mine/papers/3").headers["location"] == "/lookup"
    assert front.site.post("/lookup", data=known).status_code == 303
    page = front.site.get("/mine").text
    assert "信访事项受理告知书" in page
    assert "信访事项转送函" not in page
    assert "信访处理意见书" in front.site.get("/mine/papers/4").text
    for no in ("1", "2", "5", "x", "-1", "1e9", "٣"):
        assert front.site.get(f"/mine/papers/{no}").status_code == 404, no


@pytest.mark.long
def test_the_papers_of_the_story_are_written_as_two_files(tmp_path: Path) -> None:
    """`python -m tests.papers FOLDER`, for looking at them."""
    written = papers.write(tmp_path / "papers")
    assert [path.name for path in written] == ["dispute.pdf", "petition.pdf"]
    assert all(path.read_bytes().startswith(b"%PDF") for path in written)
