"""Stepping back from a case on its page: offered quietly to whoever sees it, and final."""

from __future__ import annotations

import pytest

from api.pages import way
from rules import load, pack
from tests import office
from tests.api import desk
from workflow import db, ids

HERE = {"Origin": "http://testserver", "Accept": "text/html", "Accept-Language": "en"}


@pytest.fixture
def front(database: db.Database) -> desk.Desk:
    """The district; an officer, a desk and a supervisor sign in."""
    return desk.open_desk(database, "officer", "desk", "supervisor")


def _sign_in(front: desk.Desk, name: str) -> None:
    form = {"user": name, "password": office.PASSWORD, "next": "/"}
    assert front.site.post("/login", headers=HERE, data=form).status_code == 303


def test_page_when_it_is_not_ones_turn_offers_it(front: desk.Desk) -> None:
    filed = front.district.file("officer")
    _sign_in(front, "officer")
    told = front.site.get(f"/cases/{filed.case_id}", headers=HERE).text
    link = f'<a href="/cases/{filed.case_id}/do/declare_recusal">Step back from this case</a>'
    assert link in told


def test_page_when_stepped_back_leads_to_the_list_and_shows_the_case_no_more(
    front: desk.Desk,
) -> None:
    filed = front.district.file("officer")
    _sign_in(front, "desk")
    path = f"/cases/{filed.case_id}"
    form = {"action_id": str(ids.uuid7()), "recusal_reason": "relative"}
    answer = front.site.post(f"{path}/do/declare_recusal", headers=HERE, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert front.site.get(path, headers=HERE).status_code == 404
    assert filed.number not in front.site.get("/", headers=HERE).text
    nobody = front.site.post(f"/cases/{ids.uuid7()}/do/declare_recusal", headers=HERE, data=form)
    again = front.site.post(f"{path}/do/declare_recusal", headers=HERE, data=form)
    assert (again.status_code, nobody.status_code) == (404, 404)


def test_turn_when_any_state_is_asked_is_its_usual_act_or_a_rating() -> None:
    found: pack.Pack = load.release(load.NATIONAL)[0].pack
    for name, process in found.processes.items():
        for state in process.states:
            acts = [act for act, it in process.actions.items() if state in it.source]
            turn = way.turn(found, name, state, acts)
            usual = process.states[state].main[:1]
            assert turn.action in (usual or (None, "rate")), (name, state)


def test_page_when_an_answer_was_served_asks_the_resident_once_and_the_office_for_nothing(
    front: desk.Desk,
) -> None:
    it = front.district
    filed = it.file("petition_officer", process="petition")
    it.do(filed, "transfer", "petition_officer", to_office=str(it.offices["housing"]))
    it.do(filed, "accept", "handler", route="6")
    opinion = {"facts_found": "属实。", "opinion": "七日内补发。", "opinion_basis": "办法"}
    it.do(filed, "answer", "handler", outcome="support", **opinion)
    served = {"served_method": "in_person", "served_on": "2026-03-20", "receipt": "本人签收"}
    it.do(filed, "serve_answer", "handler", **served)
    pair = {"number": filed.number, "code": filed.code or ""}
    front.site.post("/lookup", headers=HERE, data=pair)
    mine = front.site.get("/mine", headers=HERE).text
    assert "It is your turn, if you like: Rate." in mine
    assert "complained about" not in mine
    assert "Open until Mon 20 Apr, 24:00." in front.site.get("/mine/do/rate", headers=HERE).text
    rating = {"action_id": str(ids.uuid7()), "rating_result": "fairly", "rating_attitude": "fairly"}
    answer = front.site.post("/mine/do/rate", headers=HERE, data=rating)
    assert answer.status_code == 303, answer.text
    assert "It is your turn" not in front.site.get("/mine", headers=HERE).text


def test_turn_when_no_committee_stands_above_is_the_end_of_the_mediation() -> None:
    found: pack.Pack = load.release(load.NATIONAL)[0].pack
    process = found.processes["dispute"]
    acts = {act for act, it in process.actions.items() if "no_agreement" in it.source}
    assert way.turn(found, "dispute", "no_agreement", acts).action == "hand_up"
    assert way.turn(found, "dispute", "no_agreement", acts - {"hand_up"}).action == "end_mediation"
