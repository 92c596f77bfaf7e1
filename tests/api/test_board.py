"""The board as JSON: the same as the page, of the whole seat, an area below it, or an office."""

from __future__ import annotations

from typing import Any

import pytest

from api.pages import signs
from tests import office
from tests.api import desk
from workflow import auditor, db


@pytest.fixture
def front(database: db.Database) -> desk.Desk:
    """A street with two late cases, one new one, and one in another street."""
    found = desk.open_desk(database, "supervisor", "district_supervisor", "desk")
    found.district.file()
    found.district.file()
    found.district.file("other_officer", grid=office.OTHER_GRID)
    found.district.at("2026-03-27 10:00")
    found.district.file()
    return found


def _board(front: desk.Desk, name: str, path: str = "/board") -> dict[str, Any]:
    answer = front.get(name, path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_board_when_asked_of_a_district_holds_both_streets(front: desk.Desk) -> None:
    found = _board(front, "district_supervisor")
    assert found["total"] == {"green": 1, "yellow": 0, "red": 3, "grey": 0}
    reds = {area["code"]: area["lights"]["red"] for area in found["areas"]}
    assert reds == {office.STREET: 2, office.OTHER_STREET: 1}
    assert [level["level"] for level in found["levels"]] == ["district", "street", "community"]
    late = found["late"][0]
    assert late["last"]["effect"] == "supervise"
    assert late["next"]["effect"] == "raise"
    assert late["next"]["fired_at"] is None
    assert [act["name"] for act in late["acts"]][:2] == ["urge", "supervise_case"]
    lines = {line["office_id"]: line for line in found["offices"]}
    assert lines[str(front.district.offices["desk"])]["unaccepted"] == 3


def test_board_when_looked_at_closer_is_of_the_area_or_the_office(front: desk.Desk) -> None:
    street = _board(front, "district_supervisor", f"/board?area={office.STREET}")
    assert (street["area_name"], street["total"]["red"]) == ("花果街道", 2)
    assert [area["code"] for area in street["above"]] == [office.DISTRICT]
    desk_id = front.district.offices["desk"]
    one = _board(front, "supervisor", f"/board?office={desk_id}")
    assert one["office_id"] == str(desk_id)
    assert [(line["name"], line["lights"]["red"]) for line in one["handlers"]] == [(None, 2)]


def test_lists_when_narrowed_as_the_board_counts_have_as_many(front: desk.Desk) -> None:
    me = front.get("supervisor", "/me").json()
    (seat,) = [it["key"] for it in me["seats"] if it["key"].startswith("area.")]
    desk_id = front.district.offices["desk"]
    for narrowed, expected in (
        ("narrow=unaccepted", 3),
        (f"office={desk_id}&narrow=red", 2),
        (f"office={desk_id}&unheld=true", 3),
        (f"area={office.COMMUNITY}&level=5", 3),
        ("level=4", 0),
        ("state=dispute.filed", 3),
        ("state=dispute.mediating", 0),
        (f"handler={front.district.people['mediator']}", 0),
    ):
        listed = front.get("supervisor", f"/cases?seat={seat}&{narrowed}").json()
        assert len(listed["items"]) == expected, narrowed


@pytest.mark.parametrize(
    "asked",
    ["area=420303002", "area=nowhere", "office=01890000-0000-7000-8000-000000000000"],
)
def test_I7_board_of_what_is_not_the_supervisors_is_not_there(front: desk.Desk, asked: str) -> None:
    told = front.get("supervisor", f"/board?{asked}")
    assert told.status_code == 404
    assert told.json()["code"] == "not_found"
    pages = front.site.get(f"/board?{asked}", headers=_as(front, "supervisor"))
    assert pages.status_code == 404
    assert front.get("desk", "/board").status_code == 404


def _as(front: desk.Desk, name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {front.token(name)}"}


def test_every_alarm_has_its_words_on_the_board() -> None:
    """But that a worker is silent, which is said above them, sooner."""
    assert signs.ALARMS.keys() == {*auditor.KINDS} - {"worker_silent"}
