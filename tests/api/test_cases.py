"""Cases over HTTP: filing, reading, acting, lists, what a case tells; and what it does not."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests import office
from tests.api import desk
from workflow import db, ids


@pytest.fixture
def front(database: db.Database) -> desk.Desk:
    """The district with those who handle the first days of a dispute."""
    return desk.open_desk(database, "officer", "desk", "mediator", "supervisor", "other_desk")


def _same_but_for_number(one: httpx.Response, other: httpx.Response) -> bool:
    seen = [
        (answer.status_code, answer.text.replace(answer.headers["x-request-id"], ""))
        for answer in (one, other)
    ]
    headers = [
        {key: it for key, it in answer.headers.items() if key != "x-request-id"}
        for answer in (one, other)
    ]
    return seen[0] == seen[1] and headers[0] == headers[1]


def test_I2_filing_when_sent_again_answers_the_same(front: desk.Desk) -> None:
    sent = front.new_case()
    first = front.post("officer", "/cases", sent)
    again = front.post("officer", "/cases", sent)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.headers["location"] == f"{desk.API}/cases/{sent['id']}"
    assert first.headers["etag"] == '"1"'
    assert len(first.json()["code"]) == 6
    assert front.count_cases() == 1


def test_case_when_read_says_what_may_be_done_and_with_what(front: desk.Desk) -> None:
    filed = front.file()
    answer = front.get("desk", f"/cases/{filed['case_id']}", headers=desk.ENGLISH)
    case = answer.json()
    assert answer.headers["etag"] == f'"{case["version"]}"'
    assert answer.headers["content-language"] == "en"
    assert (case["state"], case["state_name"]) == ("filed", "Awaiting acceptance")
    assert case["lead_office_id"] == str(front.district.offices["desk"])
    offered = {action["name"]: action for action in case["actions"]}
    assert set(offered) == {
        "accept",
        "add_material",
        "refuse",
        "withdraw",
        "declare_recusal",
        "link_earlier",
        "merge",
        "correct_category",
        "restrict",
        "name_complained",
        "name_complained_later",
        "note_danger",
        "report_to_police",
        "hand_to_police",
    }
    refuse = offered["refuse"]["fields_schema"]
    assert refuse["required"] == [
        "mediation_bar",
        "refusal_reason",
        "legal_basis",
        "other_routes",
    ]
    assert refuse["properties"]["legal_basis"]["title"] == "Legal basis"
    officer = front.get("officer", f"/cases/{filed['case_id']}").json()
    assert {action["name"] for action in officer["actions"]} == {
        "add_material",
        "declare_recusal",
        "link_earlier",
        "name_complained",
        "name_complained_later",
        "note_danger",
        "report_to_police",
        "restrict",
    }
    assert officer["code"] == filed["code"]
    assert case["code"] is None


def test_candidates_when_an_action_names_somebody(front: desk.Desk) -> None:
    filed = front.file()
    front.do(filed["case_id"], "accept", "desk")
    case = front.get("desk", f"/cases/{filed['case_id']}", headers=desk.ENGLISH).json()
    action = next(it for it in case["actions"] if it["name"] == "name_mediator")
    mediator = str(front.district.people["mediator"])
    assert action["candidates"] == {
        "mediator": [{"value": mediator, "label": "演示mediator", "hint": "Mediator"}]
    }
    done = front.do(filed["case_id"], "name_mediator", "desk", mediator=mediator)
    assert done["state"] == "mediating"


def test_action_when_version_is_missing_stale_or_repeated(front: desk.Desk) -> None:
    filed = front.file()
    path = f"/cases/{filed['case_id']}/actions/accept"
    sent = {"id": str(ids.uuid7()), "fields": {}}
    for headers in ({}, {"If-Match": "*"}, {"If-Match": "1"}, {"If-Match": 'W/"1"'}):
        answer = front.post("desk", path, sent, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (428, "request.if_match")
    first = front.post("desk", path, sent, headers={"If-Match": '"1"'})
    again = front.post("desk", path, sent, headers={"If-Match": '"1"'})
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.headers["etag"] == f'"{first.json()["version"]}"'
    late = front.try_(filed["case_id"], "withdraw", "desk", version=1, withdraw_reason="不办了")
    assert (late.status_code, late.json()["code"]) == (412, "case.stale")


def test_I7_case_when_not_yours_or_not_there_is_told_alike(front: desk.Desk) -> None:
    filed = front.file()
    there, nowhere = filed["case_id"], str(ids.uuid7())
    for tail in ("", "/events", "/deadlines", "/escalations"):
        answers = [front.get("other_desk", f"/cases/{case}{tail}") for case in (there, nowhere)]
        assert answers[0].status_code == 404
        assert _same_but_for_number(*answers)
    sent = {"id": str(ids.uuid7()), "fields": {"note": "x"}}
    for tail, body in (("/actions/accept", sent), ("/readings", {"reason": "看看"})):
        answers = [
            front.post("other_desk", f"/cases/{case}{tail}", body, headers={"If-Match": '"1"'})
            for case in (there, nowhere)
        ]
        assert answers[0].status_code == 404
        assert _same_but_for_number(*answers)


def test_I2_id_when_taken_by_somebody_else_says_nothing_of_it(front: desk.Desk) -> None:
    sent = front.new_case()
    front.post("officer", "/cases", sent)
    answer = front.post("desk", "/cases", {**sent, "action_id": str(ids.uuid7())})
    assert (answer.status_code, answer.json()["code"]) == (409, "id.taken")
    assert "params" not in answer.json()


def test_list_when_paged_gives_every_case_once(front: desk.Desk) -> None:
    for n in range(5):
        front.district.at(f"2026-03-2{n + 3} 09:00")
        front.file(subject=f"第{n}件")
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        asked = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = front.get("officer", "/cases", params=asked).json()
        found += [item["subject"] for item in page["items"]]
        cursor = page["cursor"]
    assert found == [f"第{n}件" for n in range(5)]


def test_list_when_narrowed_follows_the_lights(front: desk.Desk) -> None:
    front.file()
    front.district.at("2026-03-26 10:00")
    front.file(subject="新的一件")
    red = front.get("officer", "/cases", params={"narrow": "red"}).json()
    assert [item["light"] for item in red["items"]] == ["red"]
    me = front.get("supervisor", "/me").json()
    area = next(seat for seat in me["seats"] if seat["relation"] == "area")
    seen = front.get("supervisor", "/cases", params={"seat": area["key"]}).json()
    assert area["count"] == len(seen["items"]) == 2
    closed = front.get("officer", "/cases", params={"closed": "true"}).json()
    assert closed["items"] == []


def test_deadlines_when_read_explain_themselves(front: desk.Desk) -> None:
    filed = front.file()
    answer = front.get("officer", f"/cases/{filed['case_id']}/deadlines", headers=desk.ENGLISH)
    accept = next(it for it in answer.json()["items"] if it["rule"] == "dispute.accept")
    assert (accept["due_at"], accept["due_on"]) == ("2026-03-25T16:00:00Z", "2026-03-25")
    assert accept["limit"] == {"n": 3, "unit": "working_day"}
    assert sum(span["counted"] for span in accept["spans"]) == 3
    assert "Weekend, not counted" in [span["text"] for span in accept["spans"]]
    assert [rung["effect"] for rung in accept["ladder"]][:2] == ["warn", "urge"]
    assert {rung["fired_at"] for rung in accept["ladder"]} == {None}


def test_I3_escalations_when_left_alone_stand_in_order(front: desk.Desk) -> None:
    filed = front.file()
    front.district.at("2026-04-02 10:00")
    answer = front.get("supervisor", f"/cases/{filed['case_id']}/escalations")
    fired = [it for it in answer.json()["items"] if it["rule"] == "dispute.accept"]
    assert [it["effect"] for it in fired] == ["warn", "urge", "supervise", "raise", "leader"]
    assert all(0 <= it["lateness_s"] < 5 for it in fired)
    events = front.get("supervisor", f"/cases/{filed['case_id']}/events").json()["items"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    board = front.get("supervisor", "/board").json()
    assert board["total"]["red"] == 1


def test_I11_answers_when_read_hold_no_personal_value(front: desk.Desk) -> None:
    secrets = {
        "applicant_name": "欧阳示例",
        "applicant_phone": "13900001234",
        "respondent_name": "司徒样本",
        "story": "楼上漏水泡坏了天花板与柜子",
        "place_detail": "幸福小区三栋",
    }
    filed = front.file(**secrets)
    path = f"/cases/{filed['case_id']}"
    for who in ("officer", "desk", "supervisor"):
        for tail in ("", "/events", "/deadlines", "/escalations"):
            text = front.get(who, f"{path}{tail}").text
            assert not [value for value in secrets.values() if value in text], (who, tail)
    assert "139****1234" in front.get("officer", path).text


def test_reading_when_opened_is_recorded_and_follows_rights(front: desk.Desk) -> None:
    filed = front.file(applicant_phone="13900001234")
    path = f"/cases/{filed['case_id']}/readings"
    sent = {"reason": "联系当事人约时间", "only": ["applicant_phone"]}
    opened = front.post("desk", path, sent, headers=desk.ENGLISH).json()["items"]
    assert opened == [
        {
            "key": "1:applicant_phone",
            "field": "applicant_phone",
            "name": "Applicant's phone",
            "value": "13900001234",
        }
    ]
    assert front.post("supervisor", path, sent).json() == {"items": []}, "only masked"
    given = {"number": filed["number"], "code": filed["code"]}
    known = front.post(None, "/lookup", given).json()["readings"]
    assert [(it["name"], it["reason"], it["fields"]) for it in known] == [
        ("演示desk", "联系当事人约时间", ["applicant_phone"])
    ]


def test_notices_when_read_stay_read(front: desk.Desk) -> None:
    front.file()
    front.district.at("2026-03-20 16:10")
    inbox = front.get("desk", "/notices", headers=desk.ENGLISH).json()
    assert inbox["unread"] == len(inbox["items"]) == 1
    assert "Decide on it by" in inbox["items"][0]["text"]
    assert inbox["items"][0]["text"].endswith("by Wed 25 Mar 2026.")
    path = f"/notices/{inbox['items'][0]['key']}/read"
    assert front.post("other_desk", path, None).status_code == 204
    assert front.get("desk", "/notices").json()["unread"] == 1
    for _ in range(2):
        assert front.post("desk", path, None).status_code == 204
    assert front.get("desk", "/notices").json()["unread"] == 0


def test_directory_when_asked(front: desk.Desk) -> None:
    roots = front.get("desk", "/areas").json()["items"]
    assert [area["code"] for area in roots] == ["42"]
    below = front.get("desk", "/areas", params={"parent": office.DISTRICT}).json()["items"]
    assert {area["code"] for area in below} == {
        office.DISTRICT,
        office.STREET,
        office.OTHER_STREET,
    }
    assert front.get("desk", "/areas", params={"parent": "999"}).status_code == 404
    found = front.get("desk", "/offices", params={"area": office.COMMUNITY}).json()["items"]
    assert {it["kind"] for it in found} == {"case_desk", "mediation_committee"}
    names = front.get("desk", "/processes").json()["items"]
    assert {it["name"] for it in names} == {"dispute", "petition"}
    petition = front.get("desk", "/processes/petition", headers=desk.ENGLISH).json()
    handle = next(it for it in petition["deadlines"] if it["rule"] == "petition.handle")
    assert (handle["limit"], handle["tag"]) == ({"n": 60, "unit": "calendar_day"}, "national")
    assert front.get("desk", "/processes/other").status_code == 404
    assert front.get("officer", "/board").status_code == 404


def test_bodies_when_whole_are_json_that_a_machine_can_hold(front: desk.Desk) -> None:
    filed = front.file()
    case: dict[str, Any] = json.loads(front.get("desk", f"/cases/{filed['case_id']}").content)
    assert UUID(case["id"]) == UUID(filed["case_id"])
    assert all(not isinstance(value, float) for value in case.values())
