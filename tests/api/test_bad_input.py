"""Bad input: each kind told by status, code, field and remedy in both languages, and nothing
half-written."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from api import texts
from tests import office
from tests.api import desk
from workflow import db, ids

WHO = ("officer", "desk", "mediator", "petition_officer", "handler", "head")


@pytest.fixture
def front(database: db.Database) -> desk.Desk:
    """The district with those who send bad input."""
    return desk.open_desk(database, *WHO)


def _told(answer: httpx.Response, status: int, code: str, field: str | None = None) -> None:
    """An answer that says what is wrong, where, and what to do."""
    body = answer.json()
    assert (answer.status_code, body["code"], body.get("field")) == (status, code, field), body
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["status"] == status
    assert body["type"] == f"urn:gridcase:error:{code}"
    for part in ("title", "detail", "remedy", "request_id"):
        assert body[part].strip(), part
    for text in (body["detail"], body["remedy"]):
        assert "{" not in text
        assert "…" not in text, "a text of the catalogue lacks its fact"


def _in_both(
    front: desk.Desk, who: str, path: str, sent: object, **given: Any
) -> list[httpx.Response]:
    """The same bad request in Chinese and English: same code, other words."""
    answers = []
    for language in texts.LANGUAGES:
        headers = {**given.get("headers", {}), "Accept-Language": language}
        answers.append(front.post(who, path, sent, headers=headers))
        assert answers[-1].headers["content-language"] == language
    zh, en = (answer.json() for answer in answers)
    assert zh["code"] == en["code"]
    assert zh["detail"] != en["detail"]
    assert zh["remedy"] != en["remedy"]
    return answers


def _case(front: desk.Desk, change: dict[str, object], **fields: object) -> dict[str, Any]:
    return {**front.new_case(**fields), **change}


FILINGS: tuple[tuple[str, dict[str, object], dict[str, object], int, str, str], ...] = (
    ("unknown area", {"origin_grid": "999999"}, {}, 422, "area.unknown", "origin_grid"),
    (
        "an area of others",
        {"origin_grid": office.OTHER_GRID},
        {},
        403,
        "case.not_your_area",
        "origin_grid",
    ),
    ("category not in the pack", {}, {"category": "9999"}, 422, "field.choice", "category"),
    ("missing field", {}, {"story": ""}, 422, "field.missing", "story"),
    ("unknown field", {}, {"colour": "red"}, 422, "field.unknown", "colour"),
    ("a number for a text", {}, {"story": 7}, 422, "field.type", "story"),
    ("a list for a text", {}, {"story": ["x"]}, 422, "field.type", "story"),
    ("not agreed to", {}, {"told": False}, 422, "field.must_be_true", "told"),
    ("a phone of letters", {}, {"applicant_phone": "abc"}, 422, "field.phone", "applicant_phone"),
    ("a control character", {}, {"story": "a\u0000b"}, 422, "field.control_character", "story"),
    ("half a character", {}, {"story": "a\ud800b"}, 422, "field.control_character", "story"),
    ("100 kB of text", {}, {"story": "字" * 34_000}, 422, "field.too_long", "story"),
    (
        "received in the future",
        {"received_at": "2036-01-01T00:00:00Z"},
        {},
        422,
        "case.received_in_future",
        "received_at",
    ),
    (
        "received without zone",
        {"received_at": "2026-03-01T00:00"},
        {},
        422,
        "request.value",
        "received_at",
    ),
    ("unknown process", {"process": "party"}, {}, 422, "process.unknown", "process"),
    ("an id that is none", {"id": "1"}, {}, 422, "request.id", "id"),
    ("a state smuggled in", {"state": "closed"}, {}, 422, "request.unknown", "state"),
    ("a code that is none", {"origin_grid": "'; drop"}, {}, 422, "request.value", "origin_grid"),
)


def test_filing_when_wrong_names_field_and_remedy_and_files_nothing(front: desk.Desk) -> None:
    for what, change, fields, status, code, field in FILINGS:
        sent = json.dumps(_case(front, change, **fields))
        for language in texts.LANGUAGES:
            headers = {"Accept-Language": language, "Content-Type": "application/json"}
            answer = front.as_("officer", "POST", "/cases", content=sent, headers=headers)
            assert answer.json()["code"] == code, what
            _told(answer, status, code, field)
    assert front.count_cases() == 0


def test_filing_when_many_things_are_wrong_tells_all(front: desk.Desk) -> None:
    sent = front.new_case(story="", category="9999", applicant_name=None)
    answers = _in_both(front, "officer", "/cases", sent)
    told = {item["field"]: item["code"] for item in answers[0].json()["errors"]}
    assert told == {
        "story": "field.missing",
        "category": "field.choice",
        "applicant_name": "field.missing",
    }
    assert "事情经过" in answers[0].text
    assert "What happened" in answers[1].text


def test_body_when_no_json_or_too_heavy_is_refused(front: desk.Desk) -> None:
    path = "/cases"
    headers = {"Content-Type": "application/json"}
    _told(front.as_("officer", "POST", path, content="{", headers=headers), 422, "request.json")
    _told(
        front.as_("officer", "POST", path, content="{}", headers={"Content-Type": "text/plain"}),
        422,
        "request.value",
    )
    heavy = json.dumps(front.new_case(story="x" * 1_100_000))
    answer = front.as_("officer", "POST", path, content=heavy, headers=headers)
    _told(answer, 413, "request.too_large")

    async def in_pieces() -> Any:
        for _ in range(120):
            yield b" " * 10_000

    streamed = front.as_("officer", "POST", path, content=in_pieces(), headers=headers)
    _told(streamed, 413, "request.too_large")
    assert front.count_cases() == 0


def test_id_when_sent_with_other_content_says_what_differs(front: desk.Desk) -> None:
    sent = front.new_case()
    front.post("officer", "/cases", sent)
    before = front.standing(sent["id"])
    other = {**sent, "fields": {**sent["fields"], "story": "另一段经过"}}
    for answer in _in_both(front, "officer", "/cases", other):
        _told(answer, 409, "id.differs", "story")
        assert "另一段经过" not in answer.text
    assert front.standing(sent["id"]) == before


def test_action_when_not_allowed_changes_nothing(front: desk.Desk) -> None:
    case_id = front.file()["case_id"]
    before = front.standing(case_id)
    named: dict[str, object] = {"mediator": str(front.district.people["mediator"])}
    named |= office.CONSENT
    tries: tuple[tuple[str, str, dict[str, object], int, str, str | None], ...] = (
        ("accept", "officer", {}, 403, "action.not_yours", None),
        ("name_mediator", "desk", named, 409, "action.wrong_state", None),
        ("dance", "desk", {}, 422, "action.unknown", "action"),
        ("file_case", "desk", {}, 422, "action.unknown", "action"),
        ("refuse", "desk", {"refusal_reason": "x"}, 422, "field.missing", "mediation_bar"),
    )
    for action, who, fields, status, code, field in tries:
        for language in texts.LANGUAGES:
            sent = {"id": str(ids.uuid7()), "fields": fields}
            headers = {"If-Match": '"1"', "Accept-Language": language}
            path = f"/cases/{case_id}/actions/{action}"
            _told(front.post(who, path, sent, headers=headers), status, code, field)
    assert front.standing(case_id) == before


def test_version_when_stale_changes_nothing(front: desk.Desk) -> None:
    case_id = front.file()["case_id"]
    front.do(case_id, "accept", "desk")
    before = front.standing(case_id)
    sent = {"id": str(ids.uuid7()), "fields": {"withdraw_reason": "不办了"}}
    path = f"/cases/{case_id}/actions/withdraw"
    for answer in _in_both(front, "desk", path, sent, headers={"If-Match": '"1"'}):
        _told(answer, 412, "case.stale")
    for answer in _in_both(front, "desk", path, sent):
        _told(answer, 428, "request.if_match")
    assert front.standing(case_id) == before


def test_date_when_in_the_future_or_before_the_case_is_refused(front: desk.Desk) -> None:
    case_id = front.file()["case_id"]
    front.do(case_id, "accept", "desk")
    mediator = str(front.district.people["mediator"])
    front.do(case_id, "name_mediator", "desk", mediator=mediator)
    before = front.standing(case_id)
    for day, code in (
        ("2026-03-21", "field.in_future"),
        ("2026-03-19", "field.before_case"),
        ("2026-02-30", "field.date"),
        ("gestern", "field.date"),
    ):
        answer = front.try_(
            case_id, "record_session", "mediator", session_on=day, attended="both", minutes="x"
        )
        _told(answer, 422, code, "session_on")
    assert front.standing(case_id) == before


def test_office_and_person_when_unknown_are_refused(front: desk.Desk) -> None:
    filed = front.district.file("petition_officer", process="petition")
    case_id = str(filed.case_id)
    before = front.standing(case_id)
    for named, code in (
        (str(ids.uuid7()), "route.unknown"),
        (str(front.district.offices["desk"]), "route.kind"),
        ("housing", "field.id"),
    ):
        answer = front.try_(case_id, "transfer", "petition_officer", to_office=named)
        _told(answer, 422, code, "to_office")
    assert front.standing(case_id) == before
    dispute = front.file()["case_id"]
    front.do(dispute, "accept", "desk")
    for named in (str(ids.uuid7()), str(front.district.people["supervisor"])):
        answer = front.try_(dispute, "name_mediator", "desk", mediator=named)
        _told(answer, 422, "field.person", "mediator")


def test_extension_when_too_late_or_too_long_is_refused(front: desk.Desk) -> None:
    filed = front.district.file("petition_officer", process="petition")
    case_id = str(filed.case_id)
    front.district.do(
        filed, "transfer", "petition_officer", to_office=str(front.district.offices["housing"])
    )
    front.district.do(filed, "accept", "handler", route="6")
    long = front.try_(case_id, "extend", "head", extend_days=31, extend_reason="复杂")
    _told(long, 422, "field.too_large", "extend_days")
    front.do(case_id, "extend", "head", extend_days=20, extend_reason="需要核对账目")
    before = front.standing(case_id)
    over = front.try_(case_id, "extend", "head", extend_days=11, extend_reason="再延长")
    _told(over, 422, "deadline.extension_cap", "extend_days")
    assert front.standing(case_id) == before
    front.district.at("2026-06-20 10:00")
    before = front.standing(case_id)
    for language in texts.LANGUAGES:
        answer = front.post(
            "head",
            f"/cases/{case_id}/actions/extend",
            {"id": str(ids.uuid7()), "fields": {"extend_days": 5, "extend_reason": "再延长"}},
            headers={"If-Match": f'"{before[0]}"', "Accept-Language": language},
        )
        _told(answer, 409, "deadline.extension_late")
    assert front.standing(case_id) == before


def test_html_when_in_a_text_stays_text(front: desk.Desk) -> None:
    told = "<script>alert('x')</script> & <b>粗</b>"
    filed = front.file(subject=told, story=told)
    answer = front.get("desk", f"/cases/{filed['case_id']}")
    assert answer.json()["subject"] == told
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    path = f"/cases/{filed['case_id']}/readings"
    opened = front.post("desk", path, {"reason": "核对", "only": ["story"]}).json()["items"]
    assert opened[0]["value"] == told


def test_query_when_wrong_is_refused(front: desk.Desk) -> None:
    naive = base64.urlsafe_b64encode(
        b'["2026-03-20T00:00:00", "0199f0c4-7a3e-7c55-9d2b-3f1e6a7b8c90"]'
    )
    odd = base64.urlsafe_b64encode(
        b'["9999-12-31T23:59:59-23:59", "0199f0c4-7a3e-7c55-9d2b-3f1e6a7b8c90"]'
    )
    for params, code, field in (
        ({"cursor": "nonsense"}, "cursor.broken", "cursor"),
        ({"cursor": "é"}, "cursor.broken", "cursor"),
        ({"cursor": naive.decode()}, "cursor.broken", "cursor"),
        ({"cursor": odd.decode()}, "cursor.broken", "cursor"),
        ({"cursor": "WzEsIDJd"}, "cursor.broken", "cursor"),
        ({"limit": "0"}, "request.value", "limit"),
        ({"limit": "201"}, "request.value", "limit"),
        ({"narrow": "blue"}, "request.value", "narrow"),
    ):
        _told(front.get("officer", "/cases", params=params), 422, code, field)
    assert front.get("officer", "/cases", params={"seat": "other"}).status_code == 404
    assert front.get("officer", "/cases/nonsense").json()["code"] == "request.id"
    for code_ in ("\u0000", "a" * 40, "' or 1=1"):
        answer = front.get("officer", "/areas", params={"parent": code_})
        _told(answer, 422, "request.value", "parent")


def test_method_when_wrong_says_which_are_taken(front: desk.Desk) -> None:
    answer = front.as_("officer", "PATCH", "/cases")
    _told(answer, 405, "request.method")
    assert answer.headers["allow"] == "GET, POST"
