"""The dispute's whole way through the pages: the officer and the resident on a phone, the
others at a desk."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from tests.browser import walk
from workflow.queries import case as case_query

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def file_by_phone(officer: walk.Visitor) -> tuple[str, str, str]:
    """Files the dispute; gives the case's address, number and code."""
    officer.go("/")
    officer.press("上报矛盾纠纷")
    officer.fill(walk.MATTER)
    officer.press("下一步：双方")
    officer.fill(walk.PEOPLE)
    officer.press("下一步：核对提交")
    assert "邻里纠纷 › 用水、排水、通行、通风、采光" in officer.text()
    officer.page.check("#f-told")
    officer.press("提交")
    number = officer.page.locator("dd.big").nth(0).inner_text()
    code = officer.page.locator("dd.big").nth(1).inner_text()
    officer.press("打开案件")
    return officer.page.url.removeprefix(officer.url), number, code


@pytest.mark.long
def test_dispute_when_walked_through_the_pages_is_closed_by_its_rating(site: walk.Site) -> None:
    district = site.district
    with site.signed_in("officer", phone=True) as officer:
        case, number, code = file_by_phone(officer)
        assert re.fullmatch(r"\d{4}-\d{4}-\d", number)
        assert re.fullmatch(r"\d{6}", code)
        assert "等案件台：受理" in officer.text()
    district.at("2026-03-23 09:30")
    with site.signed_in("desk") as desk:
        assert "3号楼502漏水" in desk.text()
        desk.press(walk.MATTER["subject"])
        desk.press("受理")
        desk.press("受理")
        assert "已办：受理" in desk.page.locator("[role=status]").inner_text()
        desk.press("指派调解员")
        desk.fill({"mediator": str(district.people["mediator"])})
        desk.page.check("#f-consent_applicant")
        desk.page.check("#f-consent_respondent")
        desk.press("指派调解员")
        assert "等调解员：登记调解" in desk.text(), desk.text()
    district.at("2026-03-25 15:00")
    with site.signed_in("mediator") as mediator:
        mediator.go(case)
        mediator.press("登记调解")
        assert mediator.heading() == "第 1 次调解会"
        session = {"attended": "both", "session_open": "closed", "session_on": "2026-03-25"}
        mediator.page.check("#f-rights_told")
        mediator.fill({**session, "minutes": "各说各的。", "then": "record_no_agreement"})
        mediator.press("登记这次调解")
        mediator.fill({"no_agreement_reason": "分歧太大。"})
        mediator.page.check("#f-routes_told")
        mediator.press("登记调解不成")
        mediator.press("提请上级调解")
        mediator.fill({"hand_up_reason": "请街道调解。"})
        mediator.page.check("#f-both_willing")
        mediator.press("提请上级调解")
        # the case has gone up and out of sight: the list, not an error
        assert mediator.heading() == "我的待办"
        assert mediator.go(case).locator("h1").inner_text() == "没有找到这个页面或案件"
    with site.signed_in("street_desk") as street:
        street.go(f"{case}/do/name_mediator")
        street.fill({"mediator": str(district.people["street_mediator"])})
        street.page.check("#f-consent_applicant")
        street.page.check("#f-consent_respondent")
        street.press("指派调解员")
    with site.signed_in("supervisor") as supervisor:
        assert "花果街道看板" in supervisor.heading()
        supervisor.go(f"{case}/do/name_leader")
        supervisor.fill({"leader": str(district.people["leader"])})
        supervisor.press("指定包案领导")
    district.at("2026-03-27 10:00")
    with site.signed_in("leader", phone=True) as leader:
        assert leader.heading() == "我的包案"
        leader.page.locator(".card-focus .btn-main").click()
        leader.fill(
            {
                "responsible": str(district.people["street_mediator"]),
                "measures": "现场查漏，请双方到场。",
                "plan_until": "2026-04-10",
            }
        )
        leader.press("批准方案")
        leader.go("/leader")
        assert "1 件在办" in leader.text()
    district.at("2026-04-02 16:00")
    with site.signed_in("street_mediator") as mediator:
        mediator.go(case)
        # the notice that mediation failed is late by now, and asked for first
        assert mediator.page.locator(".btn-main").first.inner_text() == "送达文书"
        mediator.page.get_by_text("其他办法", exact=True).click()
        mediator.press("登记调解")
        session = {"attended": "both", "session_open": "closed", "session_on": "2026-04-02"}
        mediator.page.check("#f-rights_told")
        mediator.fill({**session, "minutes": "谈妥了。", "then": "record_agreement"})
        mediator.press("登记这次调解")
        mediator.fill(
            {
                "agreement_form": "oral",
                "agreement_terms": "修好漏点，赔偿 2400 元。",
                "perform_by": "2026-04-20",
                "effective_on": "2026-04-02",
            }
        )
        mediator.page.check("#f-oral_wished")
        mediator.page.check("#f-both_signed")
        mediator.press("登记协议")
        district.at("2026-04-18 11:00")
        mediator.go(f"{case}/do/confirm_performance")
        mediator.fill({"performed_on": "2026-04-18"})
        mediator.press("确认履行")
    district.at("2026-04-21 17:00")
    with site.signed_in("officer", phone=True) as officer:
        officer.go(case)
        officer.press("回访")
        officer.fill({"visited_on": "2026-04-21", "visit_result": "performed"})
        officer.press("回访")
    with site.visitor(phone=True) as resident:
        rate(resident, number, code)
    closed = case_query.view(district.engine, district.actor("officer"), _id(case))
    assert closed.case.state == "closed"


def rate(resident: walk.Visitor, number: str, code: str) -> None:
    """Looks the case up and rates it."""
    resident.go("/lookup")
    resident.fill({"number": number, "code": code})
    resident.press("查询")
    assert code not in resident.page.url
    assert "现在：待评价" in resident.text()
    resident.press("评价办理情况")
    resident.fill({"rating_result": "satisfied", "rating_attitude": "fairly"})
    resident.press("提交评价")
    assert "现在：结案" in resident.text()


def _id(path: str) -> UUID:
    return UUID(path.rpartition("/")[2])
