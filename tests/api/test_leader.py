"""The leader's page, and what the supervisor sees of what leaders carry."""

from __future__ import annotations

import pytest

from tests import office
from tests.api import desk
from workflow import db

TEXT = {"Accept": "text/html", "Origin": "http://testserver"}


@pytest.fixture
def open_(database: db.Database) -> desk.Desk:
    """A case that the street's leader carries, with a plan."""
    found = desk.open_desk(database, "officer", "leader", "supervisor", "other_supervisor")
    case = found.file()["case_id"]
    people = found.district.people
    found.do(case, "name_leader", "supervisor", leader=str(people["leader"]))
    found.do(
        case,
        "approve_plan",
        "leader",
        responsible=str(people["desk"]),
        measures="先修管",
        plan_until="2026-04-20",
        duty_settle=True,
    )
    found.do(
        case,
        "log_contact",
        "leader",
        contacted_on="2026-03-20",
        contacted_who="both",
        contact_way="visit",
        contact_words="两家都见了",
    )
    return found


def _page(open_: desk.Desk, name: str) -> str:
    open_.site.cookies.clear()
    form = {"user": name, "password": office.PASSWORD, "next": "/"}
    assert open_.site.post("/login", headers=TEXT, data=form).status_code == 303
    answer = open_.site.get("/leader", headers=TEXT)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_leader_finds_duties_contacts_and_what_comes_next(open_: desk.Desk) -> None:
    page = _page(open_, "leader")
    assert "包解决化解" in page
    assert "包掌握情况" not in page
    assert "联系 1 次" in page
    for action in ("log_contact", "sign_off", "record_unsigned"):
        assert f"/do/{action}" in page
    assert "/do/approve_plan" not in page


def test_the_supervisor_sees_what_leaders_carry_and_another_street_does_not(
    open_: desk.Desk,
) -> None:
    page = _page(open_, "supervisor")
    assert "演示leader" in page
    assert "方案已批准" in page
    assert "/do/log_contact" not in page
    assert "演示leader" not in _page(open_, "other_supervisor")


def test_the_api_tells_the_assignment(open_: desk.Desk) -> None:
    case = open_.get("supervisor", "/cases").json()["items"][0]["id"]
    told = open_.get("supervisor", f"/cases/{case}").json()["leader"]
    assert (told["plan"], told["duties"], told["contacts"], told["contacted_on"]) == (
        "approved",
        ["包解决化解"],
        1,
        "2026-03-20",
    )
