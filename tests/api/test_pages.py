"""Pages without a browser: what they answer, keep, refuse and never tell."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from api import app, caller
from tests import office
from tests.api import site
from workflow import db, ids, settings
from workflow.commands import act
from workflow.queries import case as case_query
from workflow.queries import office as office_query
from workflow.queries import worklist

STAFF = ("officer", "desk", "mediator", "supervisor", "petition_officer", "handler", "auditor")
HERE = {"Origin": "http://testserver", "Accept": "text/html"}


@dataclass(slots=True)
class Pages:
    """The district behind its pages, as one browser sees them."""

    district: office.District
    site: site.Site

    def sign_in(self, name: str) -> None:
        """Becomes somebody."""
        self.site.cookies.clear()
        answer = self.post("/login", user=name, password=office.PASSWORD, next="/")
        assert answer.status_code == 303, answer.text

    def get(self, path: str, **given: object) -> httpx.Response:
        """One page."""
        return self.site.get(path, headers=HERE, **given)

    def post(self, path: str, **form: object) -> httpx.Response:
        """One form."""
        return self.site.post(path, headers=HERE, data=form)


@pytest.fixture
def pages(sqlite_pages: db.Database, tmp_path: Path) -> Pages:
    """A fresh district on SQLite; the pages know no dialect."""
    district = office.build(sqlite_pages, accounts=STAFF)
    chosen = settings.Settings(data_dir=tmp_path, secret_key=bytes(32).hex())
    return Pages(district=district, site=site.Site(site.application(chosen, district.engine)))


@pytest.fixture
def sqlite_pages(sqlite_template: Path, tmp_path: Path) -> Iterator[db.Database]:
    """A migrated database of its own."""
    path = tmp_path / "gridcase.db"
    path.write_bytes(sqlite_template.read_bytes())
    opened = db.open(f"sqlite:///{path}")
    yield opened
    db.close(opened)


def test_every_page_when_listed_has_a_guard(pages: Pages) -> None:
    found = caller.registry(app.create_app(settings.Settings(), engine=pages.district.engine))
    assert [entry for entry in found if entry.who is None] == []
    mine = {entry.path: entry.who for entry in found if not entry.in_schema}
    assert mine["/cases/{case_id}"] == "session"
    assert mine["/mine"] == "resident"
    assert mine["/login"] == "public"


@pytest.mark.parametrize("path", ["/", "/cases/new", "/board", "/notices", "/leader", "/search"])
def test_page_when_nobody_is_signed_in_leads_to_the_login(pages: Pages, path: str) -> None:
    answer = pages.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={path}"


def test_login_when_wrong_keeps_the_name_and_says_what_to_do(pages: Pages) -> None:
    answer = pages.post("/login", user="officer", password="wrong", next="/notices")
    assert answer.status_code == 401
    assert 'value="officer"' in answer.text
    assert 'value="/notices"' in answer.text
    assert "wrong" not in answer.text
    assert "账号或密码不对。请重新输入。" in answer.text, "two sentences"


@pytest.mark.parametrize(
    "onward", ["//elsewhere.example", "https://elsewhere.example", "javascript:1"]
)
def test_login_when_next_leads_away_stays_here(pages: Pages, onward: str) -> None:
    answer = pages.post("/login", user="officer", password=office.PASSWORD, next=onward)
    assert answer.headers["location"] == "/login?next=%2F"


def test_form_when_the_session_has_ended_is_kept_through_the_sign_in(pages: Pages) -> None:
    filed = pages.district.file("officer")
    pages.sign_in("desk")
    path = f"/cases/{filed.case_id}/do/refuse"
    form = pages.get(path).text
    action_id = re.search(r'name="action_id" value="([^"]+)"', form)
    assert action_id is not None
    typed = {
        "action_id": action_id[1],
        "version": "1",
        "mediation_bar": "taken",
        "refusal_reason": "已由法院受理 <b>",
        "legal_basis": "若干规定第22条",
        "other_routes": "等候判决",
    }
    pages.site.cookies.clear()
    again = pages.post(path, **typed)
    assert again.status_code == 401
    sent = _hidden(again.text)
    assert sent["kept.refusal_reason"] == "已由法院受理 <b>"
    resumed = pages.post("/login", **sent, user="desk", password=office.PASSWORD)
    assert resumed.status_code == 200
    done = pages.post(path, **_hidden(resumed.text))
    assert done.status_code == 303
    assert pages.district.case(filed).state == "refused"


def _hidden(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {html.unescape(name): html.unescape(value) for name, value in found}


def test_list_when_shown_puts_the_overdue_first_and_names_the_next_act(pages: Pages) -> None:
    pages.district.file(subject="早的一件")
    pages.district.at("2026-03-27 10:00")
    pages.district.file(subject="新的一件")
    pages.sign_in("desk")
    text = pages.get("/").text
    assert text.index("早的一件") < text.index("新的一件")
    assert "<strong>受理</strong>" in text
    assert "03-27 09:00 已发（计划 03-27 09:00）" in text, "the last step of the ladder"
    closed = pages.get("/?closed=1").text
    assert "没有已结案件" in closed


def test_list_when_narrowed_says_nothing_of_what_it_leaves_out(pages: Pages) -> None:
    pages.district.file()
    pages.district.at("2026-03-24 10:00")
    pages.district.file()
    pages.district.at("2026-03-27 10:00")  # the first is overdue, the second warned
    pages.sign_in("supervisor")
    assert "逾期 1 件。" in pages.get("/").text
    for narrow in ("yellow", "red"):
        narrowed = pages.get(f"/?narrow={narrow}").text
        assert "没有逾期" not in narrowed
        assert not re.search(r"今天到期 \d+ 件。", narrowed)


def test_list_when_long_goes_on_on_the_next_page(pages: Pages) -> None:
    for n in range(worklist.PAGE + 2):
        pages.district.file(subject=f"第 {n} 件纠纷")
    pages.sign_in("desk")
    first = pages.get("/").text
    found = re.search(r'href="(/\?[^"]*cursor=[^"]+)"', first)
    assert found is not None
    second = pages.get(found[1].replace("&amp;", "&")).text
    shown = [len(re.findall(r'class="title-link"', text)) for text in (first, second)]
    assert shown == [worklist.PAGE, 2]


def test_search_when_given_a_number_opens_the_case_or_finds_nothing(pages: Pages) -> None:
    filed = pages.district.file("other_officer", grid=office.OTHER_GRID)
    mine = pages.district.file()
    pages.sign_in("officer")
    answer = pages.get("/search", params={"q": mine.number.replace("-", " ")})
    assert answer.headers["location"] == f"/cases/{mine.case_id}"
    others = pages.get("/search", params={"q": filed.number}).text
    nobody = pages.get("/search", params={"q": "1234-5678-0"}).text
    assert others.replace(filed.number, "") == nobody.replace("1234-5678-0", "")


# ---- filing


def _step_one(**change: str) -> dict[str, str]:
    given = {
        "process": "dispute",
        "step": "1",
        "origin_grid": office.GRID,
        "case_id": str(ids.uuid7()),
        "action_id": str(ids.uuid7()),
        "subject": "楼上漏水",
        "story": "<b>一</b>\n二",
        "category": "0201",
    }
    return {**given, **change}


def test_filing_when_a_field_is_wrong_names_it_and_keeps_everything(pages: Pages) -> None:
    pages.sign_in("officer")
    answer = pages.post("/cases/new", **_step_one(subject="漏", category="9999"))
    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') == 2
    assert "&lt;b&gt;一&lt;/b&gt;" in answer.text
    assert "<b>一</b>" not in answer.text
    assert 'value="漏"' in answer.text


def test_filing_when_a_text_is_huge_says_so_and_files_nothing(pages: Pages) -> None:
    pages.sign_in("officer")
    answer = pages.post("/cases/new", **_step_one(story="长" * 20_000))
    assert answer.status_code == 422
    assert "4000" in answer.text.replace(",", "")
    assert "Error" not in answer.text


def test_filing_when_last_step_lacks_the_consent_stays_there(pages: Pages) -> None:
    pages.sign_in("officer")
    given = _step_one(step="3", applicant_name="张示例", respondent_name="李样本")
    answer = pages.post("/cases/new", **given)
    assert answer.status_code == 422
    assert 'id="f-told-e"' in answer.text
    done = pages.post("/cases/new", **given, told="true")
    assert done.status_code == 303
    again = pages.post("/cases/new", **given, told="true")
    assert again.headers["location"] == done.headers["location"]
    other = pages.post("/cases/new", **{**given, "subject": "另一件事"}, told="true")
    assert other.status_code == 409, "the same id with other content"


def test_filing_when_an_office_is_complained_about_offers_and_shows_it_by_name(
    pages: Pages,
) -> None:
    pages.sign_in("officer")
    street = str(pages.district.offices["street"])
    second = pages.post("/cases/new", **_step_one()).text
    assert '<select class="input" id="f-complained_office"' in second
    assert f'<option value="{street}">单位 street</option>' in second
    assert "单位 other_street" not in second, "none of another line"
    given = {"applicant_name": "张示例", "respondent_name": "李样本", "complained_office": street}
    third = pages.post("/cases/new", **{**_step_one(step="2"), **given}).text
    assert '<span class="lines">单位 street</span>' in third
    done = pages.post("/cases/new", **{**_step_one(step="3"), **given}, told="true")
    assert done.headers["location"] == "/", "the case is out of the filer's sight"
    assert "已上报，编号" in pages.get("/").text


@pytest.mark.parametrize("grid", ["", "420303", office.OTHER_GRID, "nowhere"])
def test_filing_when_the_grid_is_not_theirs_is_refused_at_the_grid(pages: Pages, grid: str) -> None:
    pages.sign_in("officer")
    answer = pages.post("/cases/new", **_step_one(origin_grid=grid))
    assert answer.status_code == 422
    assert "在哪个网格" in answer.text


def test_filing_when_the_process_is_not_theirs_is_not_there(pages: Pages) -> None:
    pages.sign_in("mediator")
    assert pages.get("/cases/new").status_code == 404
    pages.sign_in("petition_officer")
    assert pages.get("/cases/new", params={"process": "dispute"}).status_code == 404
    assert "登记信访事项" in pages.get("/cases/new").text


# ---- acting


def test_action_when_the_case_has_changed_shows_what_and_keeps_the_text(pages: Pages) -> None:
    filed = pages.district.file()
    pages.sign_in("desk")
    path = f"/cases/{filed.case_id}/do/withdraw"
    form = pages.get(path).text
    seen = dict(re.findall(r'name="(action_id|version|seq)" value="([^"]+)"', form))
    pages.district.do(filed, "accept", "desk")
    answer = pages.post(path, **seen, withdraw_reason="当事人自己谈好了")
    assert answer.status_code == 412
    assert "当事人自己谈好了" in answer.text
    assert "演示desk 受理" in answer.text
    fresh = dict(re.findall(r'name="(action_id|version|seq)" value="([^"]+)"', answer.text))
    assert fresh["action_id"] == seen["action_id"]
    done = pages.post(path, **fresh, withdraw_reason="当事人自己谈好了")
    assert done.status_code == 303
    assert pages.district.case(filed).state == "withdrawn"


def test_action_when_pressed_twice_is_one_event(pages: Pages) -> None:
    filed = pages.district.file()
    pages.sign_in("desk")
    path = f"/cases/{filed.case_id}/do/accept"
    seen = dict(re.findall(r'name="(action_id|version|seq)" value="([^"]+)"', pages.get(path).text))
    answers = [pages.post(path, **seen).status_code for _ in range(2)]
    assert answers == [303, 303]
    view = case_query.view(pages.district.engine, pages.district.actor("desk"), filed.case_id)
    assert [event.name for event in view.events] == ["file_case", "accept"]


def test_action_when_not_of_this_moment_says_so_and_leads_back(pages: Pages) -> None:
    filed = pages.district.file()
    pages.sign_in("desk")
    answer = pages.get(f"/cases/{filed.case_id}/do/name_mediator")
    assert answer.status_code == 409
    assert f'href="/cases/{filed.case_id}"' in answer.text
    assert pages.get(f"/cases/{filed.case_id}/do/nothing").status_code == 404
    assert pages.get(f"/cases/{filed.case_id}/do/file_case").status_code == 404


def test_case_when_a_paper_must_be_served_first_says_so(pages: Pages) -> None:
    district = pages.district
    filed = district.file("petition_officer", process="petition")
    housing = str(district.offices["housing"])
    district.do(filed, "transfer", "petition_officer", to_office=housing)
    district.do(filed, "accept", "handler", route="6")
    pages.sign_in("handler")
    path, main = f"/cases/{filed.case_id}", 'btn-main btn-wide" href="'
    assert f"{main}{path}/do/serve_paper" in pages.get(path).text
    served = {"served_method": "in_person", "served_on": "2026-03-20", "receipt": "本人签收"}
    district.do(filed, "serve_paper", "handler", paper=3, **served)
    assert f"{main}{path}/do/answer" in pages.get(path).text


def test_action_when_a_paper_is_served_first_leads_to_the_service_and_says_why(
    pages: Pages,
) -> None:
    district = pages.district
    district.staff(
        "station",
        kind="department",
        area=office.DISTRICT,
        superior="housing",
        clerk="department_handler",
    )
    filed = district.file("handler", process="petition")
    lower = str(district.offices["station"])
    district.do(filed, "tell_where", "handler", lower_office=lower)
    pages.sign_in("handler")
    page = pages.get(f"/cases/{filed.case_id}").text
    assert f'btn-main btn-wide" href="/cases/{filed.case_id}/do/serve_paper"' in page
    answer = pages.get(f"/cases/{filed.case_id}/do/send_down")
    assert answer.status_code == 409
    assert "此前的告知书还没有送达" in answer.text
    assert "您的岗位" not in answer.text


def test_case_when_shown_masks_until_a_reason_is_given_and_records_it(pages: Pages) -> None:
    filed = pages.district.file(applicant_phone="13800000402")
    pages.sign_in("desk")
    path = f"/cases/{filed.case_id}"
    plain = pages.get(path).text
    assert "张**" in plain
    assert "张示例" not in plain
    assert pages.post(f"{path}/open").status_code == 422
    assert "张示例" not in pages.get(path).text
    opened = pages.post(f"{path}/open", reason="contact", words="约时间")
    assert "张示例" in opened.text
    assert "13800000402" in opened.text
    assert opened.headers["refresh"] == f"300; url={path}"
    assert opened.headers["cache-control"] == "no-store"
    assert "约时间" in pages.get(path).text, "who read it, and why"
    pages.sign_in("supervisor")
    watched = pages.post(f"{path}/open", reason="handle")
    assert "张示例" not in watched.text, "who watches reads masked, whatever the reason"


# ---- notices


def test_notice_when_opened_is_read_and_leads_to_its_case(pages: Pages) -> None:
    filed = pages.district.file()
    pages.district.at("2026-03-20 16:10")
    pages.sign_in("desk")
    page = pages.get("/notices").text
    assert "请于 3 月 25 日（周三）前决定是否受理。" in page
    assert "2026-03-25" not in page
    said = pages.get(f"/cases/{filed.case_id}/do/accept").text
    assert "受理期限：3 月 25 日（周三）24:00" in said, "a Chinese colon between Chinese words"
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    answer = pages.post("/notices/read", key=key[1])
    assert answer.headers["location"] == f"/cases/{filed.case_id}"
    assert "没有未读" in pages.get("/notices").text
    assert pages.post("/notices/read", key="nonsense").status_code == 404


# ---- residents


def _code(filed: act.Receipt) -> str:
    assert filed.code is not None
    return filed.code


def test_resident_when_known_sees_their_case_and_no_person_of_the_office(pages: Pages) -> None:
    filed = pages.district.file()
    pages.district.do(
        filed,
        "refuse",
        "desk",
        refusal_reason="已经起诉到法院。",
        legal_basis="人民调解工作若干规定第22条",
        other_routes="请等法院判决。",
    )
    answer = pages.post("/lookup", number=filed.number, code=_code(filed))
    assert answer.headers["location"] == "/mine"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    mine = pages.get("/mine").text
    assert "已经起诉到法院。" in mine, "a refusal gives its reason"
    assert "请等法院判决。" in mine, "and the next way"
    assert "演示" not in mine.replace("演示数据", "").replace('aria-label="演示"', "")


def test_resident_when_the_cookie_is_forged_or_old_is_nobody(pages: Pages) -> None:
    filed = pages.district.file()
    pages.post("/lookup", number=filed.number, code=_code(filed))
    kept = pages.site.cookies["mine"]
    for forged in ("", "x", kept[:-4] + "AAAA", "AAAA" + kept[4:]):
        pages.site.cookies.set("mine", forged)
        assert pages.get("/mine").headers["location"] == "/lookup"


def test_lookup_when_guessed_is_shut_after_some_tries(pages: Pages) -> None:
    filed = pages.district.file()
    wrong = "000000" if filed.code != "000000" else "111111"
    codes = [pages.post("/lookup", number=filed.number, code=wrong).status_code for _ in range(6)]
    assert codes == [404] * 5 + [429]


def test_rating_when_it_is_not_the_time_is_not_offered(pages: Pages) -> None:
    filed = pages.district.file()
    pages.post("/lookup", number=filed.number, code=_code(filed))
    assert "/mine/do/rate" not in pages.get("/mine").text
    assert pages.get("/mine/do/rate").headers["location"] == "/mine"
    answer = pages.post("/mine/do/rate", rating_result="satisfied", rating_attitude="satisfied")
    assert answer.status_code == 409
    assert pages.district.case(filed).state == "filed"


def test_who_asks_how_it_stands_reads_until_when_and_then_the_answer(pages: Pages) -> None:
    filed = pages.district.file()
    pages.post("/lookup", number=filed.number, code=_code(filed))
    owed, question = "答复当事人催问的期限：3 月 25 日", "什么时候开始调解？"
    assert owed not in pages.get("/mine").text
    done = pages.post("/mine/do/ask_progress", progress_question=question)
    assert done.headers["location"] == "/mine"
    mine = pages.get("/mine").text
    assert owed in mine
    assert question in mine
    assert "/mine/do/ask_progress" not in mine
    again = pages.post("/mine/do/ask_progress", progress_question="还要多久？")
    assert again.status_code == 409
    assert "应在 2026-03-25 前答复" in again.text
    assert "还要多久？" in again.text, "nothing typed is lost"
    pages.district.do(filed, "tell_progress", "desk", progress_answer="已约双方周三见面。")
    mine = pages.get("/mine").text
    assert owed not in mine
    assert "已约双方周三见面。" in mine
    assert "/mine/do/ask_progress" in mine


def test_a_side_when_it_wants_no_more_mediation_says_so_itself(pages: Pages) -> None:
    filed = pages.district.file()
    pages.post("/lookup", number=filed.number, code=_code(filed))
    assert "/mine/do/ask_to_end" not in pages.get("/mine").text, "nothing is mediated yet"
    pages.district.do(filed, "accept", "desk")
    assert "提出不再调解" in pages.get("/mine").text
    assert "愿意继续调解" not in pages.get("/mine").text
    assert "我知道调解会终止" in pages.get("/mine/do/ask_to_end").text
    fields = {"asking_side": "applicant", "end_words": "不想再谈了。"}
    untold = pages.post("/mine/do/ask_to_end", **fields)
    assert untold.status_code == 422
    assert "不想再谈了。" in untold.text, "nothing typed is lost"
    done = pages.post("/mine/do/ask_to_end", **fields, end_known="true")
    assert done.headers["location"] == "/mine"
    assert "愿意继续调解" in pages.get("/mine").text
    assert pages.get("/mine/do/withdraw").headers["location"] == "/mine"
    assert pages.post("/mine/do/withdraw", withdraw_reason="撤回").status_code == 404
    assert pages.district.case(filed).state == "accepted"


# ---- the demo's clock


def test_clock_when_the_step_is_unknown_is_refused(pages: Pages) -> None:
    assert pages.post("/demo/advance", by="year").status_code == 422
    before = pages.district.now()
    assert pages.post("/demo/advance", by="day", back="/lookup").headers["location"] == "/lookup"
    assert 86_000 < (pages.district.now() - before).total_seconds() < 87_000


def test_clock_when_the_office_is_real_is_not_there(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = office_query.house
    monkeypatch.setattr(office_query, "house", lambda given: replace(real(given), is_demo=False))
    assert pages.post("/demo/advance", by="day").status_code == 404
    page = pages.get("/login").text
    assert "demo" not in page


def test_board_when_a_number_is_followed_lists_exactly_its_cases(pages: Pages) -> None:
    pages.district.file()
    pages.district.at("2026-03-26 10:00")
    pages.district.file()
    pages.sign_in("supervisor")
    board = pages.get("/board").text
    tiles = re.findall(r'class="tile"[^>]*href="([^"]+)".*?<b>(\d+)</b>', board)
    links = tiles + re.findall(r'<a class="figure" href="([^"]+)">(\d+)</a>', board)
    assert len(links) >= 14
    for url, n in links:
        listed = pages.get(url.replace("&amp;", "&")).text
        assert listed.count('class="work"') == int(n), url


def test_board_when_the_post_has_none_is_not_there(pages: Pages) -> None:
    pages.sign_in("desk")
    assert pages.get("/board").status_code == 404
    assert pages.get("/board/part").status_code == 404


def test_ids_when_they_are_no_ids_are_simply_not_there(pages: Pages) -> None:
    pages.sign_in("desk")
    for path in ("/cases/x", f"/cases/{UUID(int=0)}", "/cases/x/do/accept", "/cases/x/receipt"):
        assert pages.get(path).status_code == 404
    assert pages.get("/", params={"office": "x"}).status_code == 404
    assert pages.get("/", params={"seat": "x"}).status_code == 404
    assert pages.get("/", params={"cursor": "x"}).status_code == 422
