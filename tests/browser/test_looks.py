"""Every page as its users see it: in both languages, on a phone and at a desk, for a screen
reader, under the strict policy, without sideways scroll."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, get_args

import pytest
from playwright import sync_api

from tests import office
from tests.browser import routes, walk
from workflow import access, ids
from workflow.commands import absences, act
from workflow.queries import case as case_query
from workflow.queries import office as office_query

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """A district with cases at every stage that a page shows."""

    site: walk.Site
    fresh: act.Receipt
    mediating: act.Receipt
    material: act.Receipt
    late: act.Receipt
    rating: act.Receipt
    petition: act.Receipt
    others: Mapping[str, act.Receipt]
    """By the state they stand in."""


@pytest.fixture(scope="module")
def busy(shared_site: walk.Site) -> Busy:
    """Made by commands, over two weeks of office time."""
    it = shared_site.district
    late = it.file("officer", subject="楼道堆放杂物，多次劝说无果")
    rating = it.file("officer", subject="夜间装修噪声争议", danger="none")
    petition = it.file("petition_officer", process="petition")
    it.at("2026-03-23 09:30")
    for case in (rating,):
        it.do(case, "accept", "desk")
        it.do(case, "name_mediator", "desk", mediator=str(it.people["mediator"]))
    it.do(petition, "transfer", "petition_officer", to_office=str(it.offices["housing"]))
    it.do(petition, "accept", "handler", route="6")
    it.at("2026-03-25 15:00")
    session = {"session_on": "2026-03-25", "attended": "both", "minutes": "双方到场，谈妥。"}
    it.do(rating, "record_session", "mediator", **session)
    it.do(
        rating,
        "record_agreement",
        "mediator",
        agreement_form="written",
        agreement_terms="晚九点后不施工。",
        perform_by="2026-03-30",
        both_signed=True,
    )
    it.at("2026-03-30 10:00")
    it.do(rating, "confirm_performance", "mediator", performed_on="2026-03-30")
    it.do(rating, "pay_visit", "officer", visited_on="2026-03-30", visit_result="performed")
    mediating = it.file("officer", applicant_phone="13800000402", place_detail="3 号楼 402")
    it.do(mediating, "accept", "desk")
    it.do(mediating, "name_mediator", "desk", mediator=str(it.people["mediator"]))
    it.at("2026-04-01 10:00")
    it.do(mediating, "record_session", "mediator", **{**session, "session_on": "2026-04-01"})
    it.do(
        mediating,
        "invite",
        "mediator",
        invited_who="王示例",
        invited_kind="expert",
        invited_agreed=True,
    )
    it.do(mediating, "name_leader", "supervisor", leader=str(it.people["leader"]))
    evidence: dict[str, Any] = {
        "material_kind": "evidence",
        "material_title": "楼道照片",
        "material_sheets": 2,
    }
    material = it.do(mediating, "add_material", "mediator", **evidence)
    fresh = it.file("officer", subject="小区门口摊位争执")
    others = _others(it)
    it.at("2026-04-02 10:00")
    for who, first, last in (("supervisor", 6, 10), ("street_desk", 2, 3)):
        absences.enter(
            it.engine.database,
            it.actor("supervisor"),
            person_id=it.people[who],
            from_on=date(2026, 4, first),
            until_on=date(2026, 4, last),
        )
    return Busy(
        site=shared_site,
        fresh=fresh,
        mediating=mediating,
        material=material,
        late=late,
        rating=rating,
        petition=petition,
        others=others,
    )


def _others(it: office.District) -> Mapping[str, act.Receipt]:
    """Cases in states that the story of a rating does not pass."""
    refused, stuck, answered = it.file(), it.file(), it.file("petition_officer", process="petition")
    ways = {"refusal_reason": "不属于调解范围。", "legal_basis": "第二十二条"}
    it.do(refused, "refuse", "desk", **ways, other_routes="可以向法院起诉。")
    merged = it.file()
    it.do(merged, "merge", "desk", earlier_number=stuck.number, merge_reason="同一起争执")
    it.do(stuck, "accept", "desk")
    it.do(stuck, "name_mediator", "desk", mediator=str(it.people["mediator"]))
    it.hold_session(stuck)
    it.do(
        stuck, "record_no_agreement", "mediator", no_agreement_reason="分歧太大。", routes_told=True
    )
    it.do(answered, "transfer", "petition_officer", to_office=str(it.offices["housing"]))
    it.do(answered, "accept", "handler", route="6")
    opinion = {"facts_found": "经核实属实。", "opinion": "五日内发放。", "opinion_basis": "第三条"}
    it.do(answered, "answer", "handler", outcome="support", **opinion)
    served = {"served_method": "in_person", "served_on": "2026-04-01", "receipt": "本人签收"}
    it.do(answered, "serve_paper", "handler", paper=3, **served)
    return {"refused": refused, "no_agreement": stuck, "answered": answered, "merged": merged}


def pages(busy: Busy) -> dict[str, tuple[str | None, str]]:
    """Name of a page -> who looks, and where."""
    mediating = f"/cases/{busy.mediating.case_id}"
    return {
        "login": (None, "/login"),
        "lookup": (None, "/lookup"),
        "officer-list": ("officer", "/"),
        "officer-closed": ("officer", "/?closed=1"),
        "officer-search": ("officer", "/search?q=1234"),
        "officer-file": ("officer", "/cases/new"),
        "officer-receipt": ("officer", f"/cases/{busy.fresh.case_id}/receipt"),
        "officer-notices": ("officer", "/notices"),
        "officer-notice-settings": ("officer", "/notices/settings"),
        "desk-notice-settings-faults": ("desk", "/notices/settings"),
        "officer-case": ("officer", f"/cases/{busy.rating.case_id}"),
        "desk-list": ("desk", "/"),
        "desk-case-late": ("desk", f"/cases/{busy.late.case_id}"),
        "desk-refuse": ("desk", f"/cases/{busy.fresh.case_id}/do/refuse"),
        "mediator-list": ("mediator", "/"),
        "mediator-case": ("mediator", mediating),
        "mediator-open": ("mediator", f"{mediating}/open"),
        "mediator-session": ("mediator", f"{mediating}/do/record_session"),
        "mediator-agreement": ("mediator", f"{mediating}/do/record_agreement"),
        "mediator-draft": ("mediator", f"{mediating}/do/record_no_agreement"),
        "mediator-not-now": ("mediator", f"{mediating}/do/accept"),
        "mediator-notfound": ("mediator", "/cases/nothing"),
        "leader-home": ("leader", "/leader"),
        "leader-plan": ("leader", f"{mediating}/do/approve_plan"),
        "supervisor-board": ("supervisor", "/board"),
        "district-board": ("district_supervisor", "/board"),
        "street-board": ("district_supervisor", f"/board?area={office.STREET}"),
        "office-board": ("supervisor", f"/board?office={busy.site.district.offices['committee']}"),
        "undelivered": ("supervisor", "/board/undelivered"),
        "handler-petition": ("handler", f"/cases/{busy.petition.case_id}"),
        "handler-answer": ("handler", f"/cases/{busy.petition.case_id}/do/answer"),
        "petition-file": ("petition_officer", "/cases/new"),
        "desk-refused": ("desk", f"/cases/{busy.others['refused'].case_id}"),
        "mediator-no-agreement": ("mediator", f"/cases/{busy.others['no_agreement'].case_id}"),
        "mediator-session-faults": ("mediator", f"{mediating}/do/record_session"),
        "handler-answered": ("handler", f"/cases/{busy.others['answered'].case_id}"),
        "handler-answer-faults": ("handler", f"/cases/{busy.petition.case_id}/do/answer"),
        "reviewer-nothing": ("reviewer", "/"),
        "elsewhere-nothing": ("other_officer", "/"),
        "elsewhere-no-notices": ("other_officer", "/notices"),
        "handler-paper": ("handler", f"/cases/{busy.petition.case_id}/papers/1"),
        "handler-paper-en": ("handler", f"/cases/{busy.petition.case_id}/papers/1?copy=en"),
        "handler-receipts": (
            "handler",
            f"/cases/{busy.others['answered'].case_id}/papers/3/receipts",
        ),
        "mediator-material": ("mediator", f"{mediating}/materials/{busy.material.seq}/files"),
        "mediator-file": ("mediator", f"{mediating}/file"),
        "handler-file": ("handler", f"/cases/{busy.petition.case_id}/file"),
        "mediator-absence": ("mediator", "/absence"),
        "supervisor-absence": ("supervisor", "/absence"),
        "supervisor-absence-faults": ("supervisor", "/absence"),
        "login-faults": (None, "/login"),
        "lookup-faults": (None, "/lookup"),
        "docs": (None, "/docs"),
        "rules": (None, "/rules"),
        "desk-rules": ("desk", "/rules"),
        "pinned-rules": (None, f"/rules/{_active(busy)}"),
        "logout": (None, "/logout"),
        "clock": (None, "/demo/clock"),
    }


SAME_AS_ANOTHER: Final = frozenset({"desk-rules", "pinned-rules"})
"""The rulebook once more, which takes a screen reader's rules as long as thirty pages do."""


def _active(busy: Busy) -> str:
    """The hash of the pack that new cases start under."""
    return office_query.house(busy.site.district.engine.database).rules.hash


@contextmanager
def looking(busy: Busy, who: str | None, how: walk.How) -> Iterator[walk.Visitor]:
    """A visitor of one kind."""
    with busy.site.visitor(**walk.kind(how)) as visitor:
        if who is not None:
            visitor.sign_in(who, office.PASSWORD)
        yield visitor


@pytest.mark.long
@pytest.mark.parametrize("language", get_args(walk.Language))
def test_pages_when_checked_in_both_sizes_have_no_grave_fault_and_none_is_left_out(
    busy: Busy, language: walk.Language
) -> None:
    with looking(busy, None, walk.sizes(language)[0]) as visitor:
        faults = [*look_at_all(busy, language, visitor), *look_as_resident(busy, language, visitor)]
    assert faults == []
    assert routes.unseen(visitor.seen) == []
    print(visitor.summary(language))


def test_pages_when_excused_are_pages_of_the_program() -> None:
    assert [path for path in routes.NOT_LOOKED_AT if path not in routes.pages()] == []


MEETING: Final = """() => {
  const found = [];
  for (const svg of document.querySelectorAll('.drawing svg')) {
    const words = [...svg.querySelectorAll('text')].map(it => [it.textContent, it.getBBox()]);
    words.forEach(([text, a], n) => words.slice(0, n).forEach(([other, b]) => {
      if (a.x < b.x + b.width && b.x < a.x + a.width
          && a.y + 2 < b.y + b.height && b.y + 2 < a.y + a.height) found.push([text, other]);
    }));
    const { width, height } = svg.viewBox.baseVal;
    words.forEach(([text, a]) => {
      if (a.x + a.width > width || a.y + a.height > height) found.push([text, 'the edge']);
    });
  }
  return found;
}"""
"""Words of a drawing that meet as the browser draws them. A box of text stands a little over its
letters."""


@pytest.mark.parametrize("how", ["zh-phone", "en-phone"])
def test_drawings_when_drawn_by_a_browser_have_no_words_that_meet(
    busy: Busy, how: walk.How
) -> None:
    with looking(busy, None, how) as visitor:
        page = visitor.go("/rules")
        assert page.locator(".drawing svg").count() == 2
        assert page.evaluate(MEETING) == []


def test_case_when_its_process_is_unfolded_shows_its_way(busy: Busy) -> None:
    with busy.site.signed_in("mediator", phone=True) as mediator:
        page = mediator.go(f"/cases/{busy.mediating.case_id}")
        drawing = page.locator(".drawing")
        assert not drawing.is_visible(), "folded at first"
        page.get_by_text("查看完整流程图和本案走过的路").click()
        assert drawing.is_visible()
        assert page.locator("rect.d-now").count() == 1
        assert page.locator("path.d-line.d-taken").count() == 4
        mediator.follow(page.get_by_text("本案适用的办事规则"))
        assert mediator.heading() == "本单位办事规则"


def test_form_when_an_answer_makes_fields_needed_says_so_and_the_browser_asks(busy: Busy) -> None:
    for script in (True, False):
        with busy.site.signed_in("mediator", phone=True, script=script) as mediator:
            page = mediator.go(f"/cases/{busy.mediating.case_id}/do/record_agreement")
            facts = page.locator("#f-agreement_facts")
            assert "「协议形式」选「书面协议」时必填" in mediator.text()
            for form, asked in (("written", script), ("oral", False)):
                mediator.fill({"agreement_form": form})
                assert facts.evaluate("it => it.required") == asked


def look_at_all(busy: Busy, language: walk.Language, visitor: walk.Visitor) -> Iterator[str]:
    """What is wrong with any page. Each is opened once and looked at in both sizes."""
    wanted = pages(busy)
    turns = {name: walk.turn(language, n) for n, name in enumerate(wanted)}
    for who in dict.fromkeys(person for person, _ in wanted.values()):
        visitor.become(who)
        for name, (person, path) in wanted.items():
            if person == who:
                visitor.go(path)
                if name.endswith("-faults"):
                    visitor.send_as_it_stands()
                if name.endswith("-draft"):
                    visitor.fill({"no_agreement_reason": "分歧太大。"})
                    visitor.draft()
                if name in SAME_AS_ANOTHER:
                    yield from walk.look_in_both_sizes(visitor, language, name)
                    continue
                colours = (turns[name],)
                yield from walk.check_in_both_sizes(visitor, language, name, colours=colours)


def look_as_resident(busy: Busy, language: walk.Language, visitor: walk.Visitor) -> Iterator[str]:
    """What a resident sees of their case, and who was invited of theirs."""
    colours = walk.sizes(language)
    for name, (case, code, path) in resident_pages(busy).items():
        visitor.look_up(case.number, code)
        visitor.go(path)
        yield from walk.check_in_both_sizes(visitor, language, name, colours=colours)


def resident_pages(busy: Busy) -> dict[str, tuple[act.Receipt, str, str]]:
    """Name of a page -> of which case, with which code, and where."""
    it, answered, rating = busy.site.district, busy.others["answered"], busy.rating
    merged = busy.others["merged"]
    (invited,) = case_query.view(
        it.engine, it.actor("mediator"), busy.mediating.case_id
    ).invitations
    own = access.Actor(kind="resident", case_id=answered.case_id)
    paper = case_query.view(it.engine, own, answered.case_id).papers[-1]
    assert rating.code is not None
    assert answered.code is not None
    assert merged.code is not None
    return {
        "resident-case": (rating, rating.code, "/mine"),
        "resident-merged": (merged, merged.code, "/mine"),
        "resident-rate": (rating, rating.code, "/mine/do/rate"),
        "resident-answered": (answered, answered.code, "/mine"),
        "resident-paper": (answered, answered.code, f"/mine/papers/{paper.no}"),
        "resident-paper-en": (answered, answered.code, f"/mine/papers/{paper.no}?copy=en"),
        "invited": (busy.mediating, invited.code, "/mine"),
    }


@pytest.mark.parametrize("how", ["zh-phone"])
def test_filing_when_walked_has_no_grave_fault_at_any_step(busy: Busy, how: walk.How) -> None:
    faults = []
    with looking(busy, "officer", how) as officer:
        officer.go("/cases/new")
        step = officer.page.locator("form[action='/cases/new'] button.btn-main")
        step.click()
        invalid = officer.page.evaluate("document.querySelectorAll('main :invalid').length")
        assert invalid, "the browser names what is missing before the server does"
        officer.page.evaluate("document.querySelector('main form').noValidate = true")
        officer.fill({"story": "写了一半的事情经过"})
        officer.follow(step)
        assert officer.page.locator("#f-story").input_value() == "写了一半的事情经过"
        assert officer.page.locator(".error-summary li").count() == 2
        faults += walk.check(officer, f"{how}-file-fault")
        officer.fill({"subject": "电梯停用期间物业费争议", "category": "0402"})
        officer.follow(step)
        faults += walk.check(officer, f"{how}-file-2")
        officer.fill({"applicant_name": "张示例", "respondent_name": "李样本"})
        officer.follow(step)
        faults += walk.check(officer, f"{how}-file-3")
    assert faults == []


def test_board_when_left_open_keeps_itself_up_to_date(busy: Busy) -> None:
    with busy.site.signed_in("district_supervisor") as supervisor:
        page = supervisor.go("/board")
        before = int(page.locator(".tile b").first.inner_text())
        busy.site.district.file("officer", subject="新报的一件")
        number = page.locator(".tile b").first
        sync_api.expect(number).to_have_text(str(before + 1))
        supervisor.follow(page.locator(".tile"))
        assert page.locator(".work").count() == before + 1, "the number opens exactly its cases"
        assert supervisor.noise == []


def test_page_when_not_theirs_looks_as_if_it_were_not_there(busy: Busy) -> None:
    """I7"""
    with busy.site.signed_in("mediator") as mediator:
        seen = set()
        for path in (
            f"/cases/{busy.fresh.case_id}",
            f"/cases/{ids.uuid7()}",
            f"/cases/{office.GRID}",
        ):
            mediator.go(path)
            seen.add(mediator.text().rpartition("\n")[0])
        assert len(seen) == 1
