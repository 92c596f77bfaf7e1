"""A draft of a paper over HTTP: as JSON, and on a page beside the form."""

from __future__ import annotations

from typing import Any

import pytest

from tests import office
from tests.api import desk
from workflow import db, ids

AGREED = {
    **office.WRITTEN,
    "agreement_form": "written",
    "agreement_terms": "三日内修好。<b>粗体</b>",
    "perform_by": "2026-04-10",
    "effective_on": "2026-03-20",
}


@pytest.fixture
def front(database: db.Database) -> desk.Desk:
    """Those who mediate can sign in."""
    return desk.open_desk(database, "officer", "desk", "mediator", "auditor")


@pytest.fixture
def case_id(front: desk.Desk) -> str:
    """A dispute in mediation, of which a session is on record."""
    filed = front.file()["case_id"]
    front.do(filed, "accept", "desk")
    front.do(filed, "name_mediator", "desk", mediator=str(front.district.people["mediator"]))
    front.hold_session(filed)
    return str(filed)


def _asked(**change: object) -> dict[str, Any]:
    return {"id": str(ids.uuid7()), "fields": {**AGREED, **change}}


def _ask(front: desk.Desk, by: str | None, path: str, sent: dict[str, Any]) -> Any:
    return front.post(by, path, sent, headers={"If-Match": '"4"'})


def _send(front: desk.Desk, path: str, **typed: str) -> Any:
    token = front.token("mediator")
    headers = {"Authorization": f"Bearer {token}", "Sec-Fetch-Site": "same-origin", **desk.ENGLISH}
    return front.site.send("POST", path, headers=headers, data=typed)


def test_a_draft_is_given_in_both_languages_and_moves_nothing(
    front: desk.Desk, case_id: str
) -> None:
    before = front.standing(case_id)
    path = f"/cases/{case_id}/actions/record_agreement/draft"
    answer = _ask(front, "mediator", path, _asked())
    assert answer.status_code == 200, answer.text
    (draft,) = answer.json()["items"]
    assert draft["key"] == "dispute.agreement_paper"
    assert draft["zh"]["title"] == "人民调解协议书"
    assert draft["en"]["title"] == "Mediation agreement"
    assert answer.headers["Cache-Control"] == "no-store"
    assert front.standing(case_id) == before


def test_I7_a_draft_for_who_may_not_act_or_see_is_refused_as_the_act(
    front: desk.Desk, case_id: str
) -> None:
    path = f"/cases/{case_id}/actions/record_agreement/draft"
    assert _ask(front, None, path, _asked()).status_code == 401
    assert _ask(front, "auditor", path, _asked()).status_code == 403
    not_there = path.replace(case_id, str(ids.uuid7()))
    assert _ask(front, "mediator", not_there, _asked()).status_code == 404
    stale = front.post("mediator", path, _asked(), headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "case.stale")
    told = _ask(front, "mediator", path, _asked(agreement_facts=""))
    assert told.status_code == 422
    assert told.json()["field"] == "agreement_facts"
    plain = path.replace("record_agreement", "start_assessment")
    asked = {"id": str(ids.uuid7()), "fields": {"assessment_reason": "漏水责任需要鉴定。"}}
    none = _ask(front, "mediator", plain, asked)
    assert (none.status_code, none.json()["code"]) == (422, "paper.none")


def test_the_form_shows_its_paper_before_both_have_signed(front: desk.Desk, case_id: str) -> None:
    form = front.site.get(
        f"/cases/{case_id}/do/record_agreement",
        headers={"Authorization": f"Bearer {front.token('mediator')}"},
    )
    path = f"/cases/{case_id}/draft/record_agreement"
    assert f'formaction="{path}" formtarget="_blank" formnovalidate' in form.text
    typed = {name: str(value) for name, value in AGREED.items() if value is not True}
    before = front.standing(case_id)
    shown = _send(front, path, **typed)
    assert shown.status_code == 200
    assert '<p class="copy screen">尚未登记：供当事人阅读、签字' in shown.text
    assert "三日内修好。&lt;b&gt;粗体&lt;/b&gt;" in shown.text
    assert front.standing(case_id) == before
    faulty = _send(front, path, **{**typed, "perform_place": ""})
    assert faulty.status_code == 422
    assert "三日内修好。&lt;b&gt;粗体&lt;/b&gt;" in faulty.text, "what was typed is kept"


def test_what_no_party_signs_is_printed_as_a_draft(front: desk.Desk, case_id: str) -> None:
    typed = {"no_agreement_reason": "apart", "routes_told": ""}
    shown = _send(front, f"/cases/{case_id}/draft/record_no_agreement", **typed)
    assert shown.status_code == 200, shown.text
    assert '<p class="copy">草稿：尚未生效' in shown.text


def test_an_action_without_a_paper_offers_no_draft(front: desk.Desk, case_id: str) -> None:
    asked = {"Authorization": f"Bearer {front.token('mediator')}"}
    plain = front.site.get(f"/cases/{case_id}/do/start_assessment", headers=asked)
    assert plain.status_code == 200
    assert "/draft/" not in plain.text
    assert _send(front, f"/cases/{case_id}/draft/start_assessment").status_code == 422
    filed = front.file()["case_id"]
    accept = {"Authorization": f"Bearer {front.token('desk')}"}
    form = front.site.get(f"/cases/{filed}/do/accept", headers=accept)
    assert form.status_code == 200
    assert "/draft/" not in form.text, "a petition's acceptance makes one, a dispute's does not"
