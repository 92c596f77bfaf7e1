"""A matter filed again, on pages and by JSON: shown on the receipt, linked, shown both ways."""

from __future__ import annotations

import re

import pytest

from tests import office
from tests.api import desk
from workflow import db

PHONE = "13800001234"
TEXT = {"Accept": "text/html", "Origin": "http://testserver"}


@pytest.fixture
def open_(database: db.Database) -> desk.Desk:
    """The district with an officer, their desk and supervisor, and another officer."""
    return desk.open_desk(database, "officer", "desk", "supervisor", "other_officer")


def _sign_in(open_: desk.Desk, name: str) -> None:
    open_.site.cookies.clear()
    form = {"user": name, "password": office.PASSWORD, "next": "/"}
    assert open_.site.post("/login", headers=TEXT, data=form).status_code == 303


def _page(open_: desk.Desk, path: str) -> str:
    answer = open_.site.get(path, headers=TEXT)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_receipt_leads_to_the_form_with_the_number_in_it(open_: desk.Desk) -> None:
    first = open_.file(applicant_phone=PHONE)
    second = open_.file(applicant_phone=PHONE)
    _sign_in(open_, "officer")
    receipt = _page(open_, f"/cases/{second['case_id']}/receipt")
    (url,) = set(re.findall(r'href="(/cases/[^"]+link_earlier[^"]*)"', receipt))
    assert url.endswith(f"?earlier_number={first['number']}")
    form = _page(open_, url)
    assert f'value="{first["number"]}"' in form
    sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    answer = open_.site.post(
        url.partition("?")[0], headers=TEXT, data=sent | {"earlier_number": first["number"]}
    )
    assert answer.status_code == 303, answer.text
    for case, other in ((first, second), (second, first)):
        assert f"/cases/{other['case_id']}" in _page(open_, f"/cases/{case['case_id']}")
    assert "link_earlier?" not in _page(open_, f"/cases/{second['case_id']}/receipt")


def test_the_desk_may_link_or_merge_and_a_closed_case_takes_none_in(open_: desk.Desk) -> None:
    first = open_.file(applicant_phone=PHONE)
    gone = open_.file(applicant_phone=PHONE)
    open_.do(gone["case_id"], "withdraw", "desk", withdraw_reason="不办了")
    case = open_.file(applicant_phone=PHONE)
    _sign_in(open_, "desk")
    page = _page(open_, f"/cases/{case['case_id']}")
    asked = re.findall(r"/do/([a-z_]+)\?earlier_number=([0-9-]+)", page)
    assert sorted(asked) == sorted(
        [
            ("link_earlier", first["number"]),
            ("link_earlier", gone["number"]),
            ("merge", first["number"]),
        ]
    )
    open_.do(
        case["case_id"], "merge", "desk", earlier_number=first["number"], merge_reason="同一件"
    )
    again = _page(open_, f"/cases/{case['case_id']}")
    assert "已并案" in again
    assert f"/cases/{first['case_id']}" in again


def test_the_api_shows_links_and_what_is_likely(open_: desk.Desk) -> None:
    first = open_.file(applicant_phone=PHONE)
    second = open_.file(applicant_phone=PHONE)
    told = open_.get("officer", f"/cases/{second['case_id']}").json()
    assert [one["number"] for one in told["likely"]] == [first["number"]]
    open_.do(second["case_id"], "link_earlier", "officer", earlier_number=first["number"])
    told = open_.get("officer", f"/cases/{second['case_id']}").json()
    assert told["likely"] == []
    (link,) = told["links"]
    assert (link["id"], link["is_earlier"], link["is_closed"]) == (first["case_id"], True, False)
    (back,) = open_.get("officer", f"/cases/{first['case_id']}").json()["links"]
    assert (back["id"], back["is_earlier"]) == (second["case_id"], False)


def test_I7_an_unknown_number_and_a_hidden_one_are_refused_alike(open_: desk.Desk) -> None:
    new = open_.new_case() | {"origin_grid": office.OTHER_GRID}
    hidden = open_.post("other_officer", "/cases", new).json()
    case = open_.file()
    answers = [
        open_.try_(case["case_id"], "link_earlier", "officer", earlier_number=number)
        for number in (hidden["number"], "0000-0000-0")
    ]
    told = [{k: v for k, v in a.json().items() if k != "request_id"} for a in answers]
    assert told[0] == told[1]
    assert (answers[0].status_code, told[0]["code"]) == (422, "link.unknown")
