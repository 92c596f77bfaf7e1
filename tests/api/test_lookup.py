"""A resident's own case: what they see, what they do, and how guessing is held back."""

from __future__ import annotations

import json

import pytest

from tests.api import desk
from workflow import db, ids


@pytest.fixture
def front(database: db.Database) -> desk.Desk:
    """The district with officer and desk."""
    return desk.open_desk(database, "officer", "desk", "mediator")


def test_lookup_when_refused_gives_reason_basis_and_remedy(front: desk.Desk) -> None:
    filed = front.file()
    front.do(
        filed["case_id"],
        "refuse",
        "desk",
        refusal_reason="法院已经立案。",
        legal_basis="人民调解工作若干规定第22条",
        other_routes="可以向区人民法院起诉。",
    )
    given = {"number": filed["number"], "code": filed["code"]}
    case = front.post(None, "/lookup", given, headers=desk.ENGLISH).json()
    assert case["state_name"] == "Refused"
    refused = next(event for event in case["events"] if event["name"] == "refuse")
    told = {fact["field"]: fact["text"] for fact in refused["facts"]}
    assert told == {
        "mediation_bar": "Not fit for mediation for another reason",
        "refusal_reason": "法院已经立案。",
        "legal_basis": "人民调解工作若干规定第22条",
        "other_routes": "可以向区人民法院起诉。",
    }
    accept = next(clock for clock in case["clocks"] if clock["source"])
    assert sum(span["counted"] for span in accept["spans"]) == accept["limit"]["n"]


def test_lookup_of_a_merged_case_tells_whether_the_earlier_one_has_ended(
    front: desk.Desk,
) -> None:
    first, second = front.file(subject="楼上漏水"), front.file()
    merge = {"earlier_number": first["number"], "merge_reason": "同一件"}
    front.do(second["case_id"], "merge", "desk", **merge)
    front.do(first["case_id"], "accept", "desk")
    given = {"number": second["number"], "code": second["code"]}
    answer = front.post(None, "/lookup", given, headers=desk.ENGLISH)
    case = answer.json()
    assert case["state_name"] == "Merged"
    assert case["goes_on"] == {"is_told": True, "ended_on": None}
    for internal in (first["number"], first["case_id"], "楼上漏水"):
        assert internal not in answer.text
    front.do(first["case_id"], "withdraw", "desk", withdraw_reason="和好了")
    case = front.post(None, "/lookup", given).json()
    assert case["goes_on"] == {"is_told": True, "ended_on": "2026-03-20"}


def test_lookup_when_read_holds_nothing_internal(front: desk.Desk) -> None:
    filed = front.file(grade="02", danger="escalating", respondent_phone="13900005678", scale="02")
    front.do(filed["case_id"], "accept", "desk", note="材料齐全")
    mediator = str(front.district.people["mediator"])
    front.do(filed["case_id"], "name_mediator", "desk", mediator=mediator)
    front.do(
        filed["case_id"],
        "record_session",
        "mediator",
        session_on="2026-03-20",
        attended="both",
        minutes="双方各说各的，没有谈拢。",
    )
    front.district.at("2026-04-02 10:00")
    given = {"number": filed["number"], "code": filed["code"]}
    case = front.post(None, "/lookup", given).json()
    text = json.dumps(case, ensure_ascii=False)
    for hidden in (
        "各说各的",
        "13900005678",
        "李样本",
        "escalating",
        mediator,
        "演示mediator",
        "演示leader",
        "ladder",
        "grade",
        filed["case_id"],
    ):
        assert hidden not in text, hidden


def test_lookup_when_invited_tells_how_it_stands_and_nobodys_words(front: desk.Desk) -> None:
    filed = front.file(respondent_phone="13900005678")
    case_id = filed["case_id"]
    front.do(case_id, "accept", "desk", note="材料齐全")
    mediator = str(front.district.people["mediator"])
    front.do(case_id, "name_mediator", "desk", mediator=mediator)
    front.do(
        case_id,
        "invite",
        "mediator",
        invited_who="王示例",
        invited_kind="expert",
        invited_agreed=True,
    )
    (given,) = front.get("mediator", f"/cases/{case_id}").json()["invitations"]
    asked = {"number": filed["number"], "code": given["code"]}
    case = front.post(None, "/lookup", asked, headers=desk.ENGLISH).json()
    assert case["state_name"] == "In mediation"
    assert [event["title"] for event in case["events"]][-1] == "Invite a third party"
    assert not any(event["facts"] for event in case["events"])
    assert (case["actions"], case["readings"]) == ([], [])
    text = json.dumps(case, ensure_ascii=False)
    for hidden in ("张示例", "李样本", "13900005678", "卫生间", "材料齐全", "王示例", case_id):
        assert hidden not in text, hidden
    sent = {**asked, "id": str(ids.uuid7()), "fields": {}}
    refused = front.post(None, "/lookup/actions/rate", sent, headers=desk.ENGLISH)
    assert refused.status_code == 403
    front.do(case_id, "end_invitations", "mediator", invitation_end_reason="done")
    assert front.post(None, "/lookup", asked, headers=desk.ENGLISH).status_code == 404


@pytest.mark.parametrize("number", ["{number}", "４８０３", "²²²²²²²²²", "", "0000-0000-0"])
def test_lookup_when_wrong_is_not_found_whichever_was_wrong(front: desk.Desk, number: str) -> None:
    filed = front.file()
    asked = {"number": number.format(**filed), "code": "000000"}
    answer = front.post(None, "/lookup", asked, headers=desk.ENGLISH)
    assert answer.status_code == 404
    assert filed["case_id"] not in answer.text
    act = {**asked, "id": str(ids.uuid7()), "fields": {}}
    acted = front.post(None, "/lookup/actions/rate", act, headers=desk.ENGLISH)
    assert acted.json() == {**answer.json(), "request_id": acted.json()["request_id"]}


def test_lookup_when_typed_full_width_or_with_spaces_is_understood(front: desk.Desk) -> None:
    filed = front.file()
    wide = str.maketrans("0123456789-", "０１２３４５６７８９－")
    given = {
        "number": filed["number"].translate(wide),
        "code": f" {filed['code'][:3]} {filed['code'][3:]}",
    }
    assert front.post(None, "/lookup", given).status_code == 200


def test_lookup_when_guessed_shuts_the_number_then_the_address(front: desk.Desk) -> None:
    filed = front.file()
    right = {"number": filed["number"], "code": filed["code"]}
    wrong = {**right, "code": f"{(int(filed['code']) + 1) % 10**6:06d}"}
    for _ in range(5):
        assert front.post(None, "/lookup", wrong).status_code == 404
    shut = front.post(None, "/lookup", right)
    assert (shut.status_code, shut.json()["code"]) == (429, "request.too_many")
    assert int(shut.headers["retry-after"]) > 0
    for n in range(15):
        front.post(None, "/lookup", {"number": f"1000-000{n:02d}", "code": "123456"})
    other = front.file()
    answer = front.post(None, "/lookup", {"number": other["number"], "code": other["code"]})
    assert answer.status_code == 429, "the address has guessed too often"


def test_lookup_action_when_not_a_residents_is_refused(front: desk.Desk) -> None:
    filed = front.file()
    before = front.standing(filed["case_id"])
    for action, fields in (("accept", {}), ("withdraw", {"withdraw_reason": "不要了"})):
        sent = {
            "number": filed["number"],
            "code": filed["code"],
            "id": str(ids.uuid7()),
            "fields": fields,
        }
        answer = front.post(None, f"/lookup/actions/{action}", sent)
        assert (answer.status_code, answer.json()["code"]) == (403, "action.not_yours")
    assert front.standing(filed["case_id"]) == before


@pytest.mark.parametrize("who", ["officer", "desk"])
def test_rating_when_staff_are_signed_in_is_refused_before_anything_is_read(
    front: desk.Desk, who: str
) -> None:
    """Whoever filed a case holds its code; the rating is the resident's own act."""
    filed = front.file()
    before = front.standing(filed["case_id"])
    sent = {
        "number": filed["number"],
        "code": filed["code"],
        "id": str(ids.uuid7()),
        "fields": {"rating_result": "satisfied", "rating_attitude": "satisfied"},
    }
    answer = front.post(who, "/lookup/actions/rate", sent, headers=desk.ENGLISH)
    assert (answer.status_code, answer.json()["code"]) == (403, "resident.signed_in")
    assert front.standing(filed["case_id"]) == before
    own = front.post(None, "/lookup/actions/rate", sent)
    assert own.json()["code"] == "action.wrong_state"
