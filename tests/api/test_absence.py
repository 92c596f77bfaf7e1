"""Days away, by page and by API: entered, shown, ended, refused."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import httpx
import pytest

from tests import office
from tests.api import desk
from workflow import db
from workflow.commands import absences
from workflow.queries import absences as query

HERE = {"Origin": "http://testserver", "Accept": "text/html"}
STAFF = ("desk", "mediator", "supervisor")
DAYS = {"from_on": "2026-03-23", "until_on": "2026-03-27"}


@pytest.fixture
def front(database: db.Database) -> desk.Desk:
    """The district, on the evening of Friday 20 March 2026."""
    return desk.open_desk(database, *STAFF)


def _sign_in(front: desk.Desk, name: str) -> None:
    form = {"user": name, "password": office.PASSWORD, "next": "/"}
    assert front.site.post("/login", headers=HERE, data=form).status_code == 303


def _send(front: desk.Desk, path: str, language: str = "en", **form: object) -> httpx.Response:
    headers = {**HERE, "Accept-Language": language}
    return front.site.post(path, headers=headers, data=form)


def _page(front: desk.Desk, path: str = "/absence", language: str = "en") -> str:
    answer = front.site.get(path, headers={**HERE, "Accept-Language": language})
    assert answer.status_code == 200
    return answer.text


def _entered(front: desk.Desk) -> list[tuple[str, date, date]]:
    found = query.every(front.district.engine.database)
    names = {key: name for name, key in front.district.people.items()}
    return [(names[one.person_id], one.from_on, one.until_on) for one in found]


# -- the page


def test_page_when_days_are_entered_shows_them_and_ends_them(front: desk.Desk) -> None:
    _sign_in(front, "mediator")
    assert 'href="/absence"' in _page(front, "/notices")
    assert "You have entered no days away." in _page(front)
    assert _send(front, "/absence", **DAYS).headers["location"] == "/absence"
    assert _entered(front) == [("mediator", date(2026, 3, 23), date(2026, 3, 27))]
    told = _page(front)
    assert "23–27 Mar" in told
    assert "Call off" in told
    assert "03-23 – 03-27" in _page(front, language="zh-CN")
    (period,) = re.findall(r'name="id" value="([^"]+)"', told)
    assert _send(front, "/absence/end", id=period).status_code == 303
    assert _entered(front) == []


def test_page_when_twice_sent_enters_once(front: desk.Desk) -> None:
    _sign_in(front, "mediator")
    for _ in range(2):
        assert _send(front, "/absence", **DAYS).status_code == 303
    assert len(_entered(front)) == 1


@pytest.mark.parametrize(
    ("form", "status", "told"),
    [
        ({}, 422, "First day away: This is missing"),
        ({"from_on": "soon", "until_on": "2026-03-27"}, 422, "First day away"),
        ({"from_on": "2026-03-23", "until_on": "2026-03-22"}, 422, "Last day away"),
        ({"from_on": "2026-03-19", "until_on": "2026-03-22"}, 422, "Begin it today (2026-03-20)"),
        ({"from_on": "2026-04-01", "until_on": "2027-04-01"}, 422, "366 days from now"),
        ({"from_on": "2026-03-31", "until_on": "2026-04-02"}, 409, "from 2026-03-30 to 2026-04-03"),
        ({**DAYS, "person_id": "desk"}, 404, "You cannot enter an absence for this person"),
        ({**DAYS, "person_id": "nobody"}, 404, "You cannot enter an absence for this person"),
    ],
)
def test_page_when_something_is_wrong_says_so_and_keeps_what_was_typed(
    front: desk.Desk, form: dict[str, str], status: int, told: str
) -> None:
    _sign_in(front, "mediator")
    _send(front, "/absence", from_on="2026-03-30", until_on="2026-04-03")
    people = front.district.people
    if form.get("person_id") in people:
        form = form | {"person_id": str(people[form["person_id"]])}
    answer = _send(front, "/absence", **form)
    assert answer.status_code == status
    assert told in answer.text
    assert 'class="error-summary"' in answer.text
    for name in DAYS.keys() & form.keys():
        assert f'name="{name}" type="date" value="{form[name]}"' in answer.text
    assert len(_entered(front)) == 1


def test_page_when_one_keeps_others_names_those_and_no_others(front: desk.Desk) -> None:
    people = front.district.people
    _sign_in(front, "mediator")
    assert "<select" not in _page(front)
    front.site.cookies.clear()
    _sign_in(front, "supervisor")
    told = _page(front)
    assert f'value="{people["mediator"]}"' in told
    assert f'value="{people["other_desk"]}"' not in told
    assert _send(front, "/absence", **DAYS, person_id=str(people["mediator"])).status_code == 303
    assert _entered(front) == [("mediator", date(2026, 3, 23), date(2026, 3, 27))]
    assert "演示mediator" in _page(front).split("Others of your area")[1]
    assert "Nobody else is away" in _page(front, "/absence?name=officer")


def test_ending_when_it_is_another_s_or_over_says_so(front: desk.Desk) -> None:
    person = front.district.people["desk"]
    today = date(2026, 3, 20)
    database = front.district.engine.database
    period = absences.enter(database, None, person_id=person, from_on=today, until_on=today)
    _sign_in(front, "mediator")
    for asked in (str(period), "nothing"):
        answer = _send(front, "/absence/end", id=asked)
        assert (answer.status_code, "There is no such absence" in answer.text) == (404, True)
    front.district.jump("2026-03-21 09:00")
    front.site.cookies.clear()
    _sign_in(front, "desk")
    answer = _send(front, "/absence/end", id=str(period))
    assert (answer.status_code, "This absence ended on 2026-03-20" in answer.text) == (409, True)


# -- the API


def _api(front: desk.Desk, by: str) -> dict[str, Any]:
    answer = front.get(by, "/me/absences")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_api_when_days_are_entered_tells_and_ends_them(front: desk.Desk) -> None:
    sent = front.post("mediator", "/me/absences", DAYS)
    assert sent.status_code == 201
    person = str(front.district.people["mediator"])
    told = {"id": sent.json()["id"], "person_id": person, "name": "演示mediator", "is_now": False}
    assert _api(front, "mediator") == {"items": [told | DAYS], "kept": [], "is_capped": False}
    assert _api(front, "supervisor")["kept"] == [told | DAYS]
    assert front.post("mediator", "/me/absences", DAYS).json() == sent.json()
    path = f"/me/absences/{sent.json()['id']}"
    assert front.as_("desk", "DELETE", path).status_code == 404
    assert front.as_("mediator", "DELETE", path).status_code == 204
    assert _api(front, "mediator")["items"] == []
    assert front.as_("mediator", "DELETE", path).status_code == 404


def test_api_when_somebody_keeps_another_enters_for_them(front: desk.Desk) -> None:
    people = front.district.people
    sent = DAYS | {"person_id": str(people["mediator"])}
    assert front.post("desk", "/me/absences", sent).status_code == 404
    assert front.post("supervisor", "/me/absences", sent).status_code == 201
    assert _entered(front) == [("mediator", date(2026, 3, 23), date(2026, 3, 27))]


def test_api_when_the_days_cannot_be_names_the_field(front: desk.Desk) -> None:
    answer = front.post(
        "mediator", "/me/absences", {"from_on": "2026-03-19", "until_on": "2026-03-18"}
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["field"]) == (
        422,
        "absence.past",
        "from_on",
    )
    assert [one["code"] for one in problem["errors"]] == [
        "absence.past",
        "absence.until_before_from",
    ]
    assert front.post("mediator", "/me/absences", {"from_on": "2026-03-23"}).status_code == 422
