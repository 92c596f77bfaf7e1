"""What somebody with an ill will, or with a right that has ended, must not get."""

from __future__ import annotations

import base64
import json
import traceback
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import exc, text

from rules import errors, load
from tests import office
from tests.workflow import look
from workflow import db, ids, read
from workflow.commands import act, notices, packs
from workflow.commands import office as office_commands
from workflow.queries import board, worklist
from workflow.queries import office as office_query

SERVED = {"served_method": "in_person", "served_on": "2026-03-20", "receipt": "已签收"}
ANSWER = {
    "outcome": "explain",
    "facts_found": "工资已补发",
    "opinion": "予以说明",
    "opinion_basis": "条例第32条",
}
RATING = {"rating_result": "satisfied", "rating_attitude": "fairly"}


def _served(district: office.District, *, confidentiality: str = "normal") -> act.Receipt:
    """A petition of the sixth route whose answer was served today."""
    filed = district.file("petition_officer", process="petition", confidentiality=confidentiality)
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    district.do(filed, "accept", "handler", route="6")
    district.do(filed, "answer", "handler", **ANSWER)
    district.do(filed, "serve_answer", "handler", **SERVED)
    return filed


def _rate(district: office.District, filed: act.Receipt) -> act.Receipt:
    resident = district.resident(filed)
    request = act.Request(
        case_id=filed.case_id, action_id=ids.uuid7(), action="rate", fields=RATING
    )
    return act.act(district.engine, resident, request)


def _filing() -> act.Request:
    return act.Request(
        case_id=ids.uuid7(),
        action_id=ids.uuid7(),
        action="file_case",
        fields=office.DISPUTE,
        filing=act.Filing(process="dispute", origin_grid=office.GRID),
    )


def test_I8_a_recused_person_learns_nothing_by_sending_an_old_act_again(
    district: office.District,
) -> None:
    request, officer = _filing(), district.actor("officer")
    first = act.act(district.engine, officer, request)
    look.recuse(district, first.case_id, "officer")
    district.do(first, "accept", "desk")
    with pytest.raises(errors.GridcaseError) as refused:
        act.act(district.engine, officer, request)
    assert refused.value.code == "id.taken", "as for an id that is somebody else's"
    moved = replace(request, action_id=request.action_id, filing=None)
    with pytest.raises(errors.NotFound):
        act.act(district.engine, officer, moved)


def test_I7_an_old_act_sent_again_tells_what_it_was_and_not_what_came_of_it(
    district: office.District,
) -> None:
    filed = district.file()
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.hold_session(filed)
    district.do(
        filed, "record_no_agreement", "mediator", no_agreement_reason="各执一词", routes_told=True
    )
    request = act.Request(
        case_id=filed.case_id,
        action_id=ids.uuid7(),
        action="hand_up",
        fields={"hand_up_reason": "请街道调解", "both_willing": True},
    )
    mediator = district.actor("mediator")
    first = act.act(district.engine, mediator, request)
    street = str(district.people["street_mediator"])
    district.do(filed, "name_mediator", "street_desk", mediator=street)
    district.do(filed, "withdraw", "street_mediator", withdraw_reason="双方自行和解")
    again = act.act(district.engine, mediator, request)
    assert (again.state, again.at, again.seq) == (first.state, first.at, first.seq)
    assert again.is_repeat
    assert again.version <= first.seq, "no word of how often the case was touched since"


def test_a_resident_rates_an_answer_once(district: office.District) -> None:
    filed = _served(district)
    _rate(district, filed)
    with pytest.raises(errors.NotNow) as refused:
        _rate(district, filed)
    assert refused.value.code == "action.window_over"
    assert look.whole(district, filed.case_id).names.count("rate") == 1
    # A review is another answer, and is rated for itself.
    district.do(filed, "request_review", "petition_officer", requested_on="2026-03-20")
    district.do(filed, "answer_review", "reviewer", review_outcome="upheld", review_opinion="维持")
    district.do(filed, "serve_review", "reviewer", **SERVED)
    _rate(district, filed)
    with pytest.raises(errors.NotNow):
        _rate(district, filed)


def test_a_rating_moves_no_other_clock(district: office.District) -> None:
    filed = _served(district)
    before = look.whole(district, filed.case_id).deadline("petition.review_window")
    _rate(district, filed)
    after = look.whole(district, filed.case_id).deadline("petition.review_window")
    assert after == before


def test_a_restricted_petition_is_handled_by_the_office_that_registered_it(
    district: office.District,
) -> None:
    filed = _served(district, confidentiality="restricted")
    district.do(filed, "request_review", "petition_officer", requested_on="2026-03-20")
    assert district.case(filed).state == "reviewing"


def test_a_restricted_petition_filed_at_a_department_comes_to_its_review(
    district: office.District,
) -> None:
    filed = district.file("handler", process="petition", confidentiality="restricted")
    district.do(filed, "accept", "handler", route="6")
    district.do(filed, "answer", "handler", **ANSWER)
    district.do(filed, "serve_answer", "handler", **SERVED)
    with pytest.raises(errors.NotFound):
        district.do(filed, "request_review", "petition_officer", requested_on="2026-03-20")
    district.do(filed, "request_review", "handler", requested_on="2026-03-20")
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("reviewing", district.offices["government"])


def test_I8_a_case_does_not_fall_to_a_recused_person(district: office.District) -> None:
    filed = district.file()
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.hold_session(filed)
    district.do(
        filed,
        "record_agreement",
        "mediator",
        agreement_form="oral",
        agreement_terms="修好水管",
        perform_by="2026-03-20",
        both_signed=True,
    )
    office_commands.appoint(
        district.engine.database,
        district.posts["officer"],
        holder_id=district.people["officer"],
        deputy_id=district.people["other_officer"],
    )
    look.recuse(district, filed.case_id, "officer")
    district.do(filed, "confirm_performance", "mediator", performed_on="2026-03-20")
    assert district.case(filed).handler_id == district.people["other_officer"], "the deputy"


def test_a_notice_of_a_partys_window_names_its_day(district: office.District) -> None:
    _served(district)
    district.at("2026-03-20 18:00")
    found = office_query.inbox(district.engine.database, district.actor("petition_officer"))
    (told,) = [m for m in found if "送达" in m.text.zh]
    assert told.due_on == date(2026, 4, 20)


@pytest.mark.parametrize(
    "cursor",
    [
        base64.urlsafe_b64encode(b"[" * 40_000).decode(),
        base64.urlsafe_b64encode(b'["2026-03-20T00:00:00+00:00", 5]').decode(),
        "张",
        "x" * 100_000,
    ],
)
def test_a_cursor_of_nobodys_making_is_broken(district: office.District, cursor: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        worklist.page(district.engine.database, district.actor("desk"), cursor=cursor)
    assert refused.value.code == "cursor.broken"


@pytest.mark.parametrize("tail", ["99999999999999999999.1", "1.99999999999999999999", "-1.1", "1"])
def test_a_notice_key_of_nobodys_making_is_unknown(district: office.District, tail: str) -> None:
    with pytest.raises(errors.NotFound):
        notices.mark_read(
            district.engine.database, district.actor("desk"), key=f"{UUID(int=1)}.{tail}"
        )


def test_an_error_of_the_database_holds_no_value(database: db.Database) -> None:
    """It may be logged with its words."""
    name = "".join(("王独", "特名"))  # a trace shows this line too
    with (
        pytest.raises((exc.SQLAlchemyError, errors.Busy)) as failed,
        db.snapshot(database) as tx,
    ):
        tx.execute(text("select :name from nowhere"), {"name": name})
    assert name not in "".join(traceback.format_exception(failed.value))


def test_a_board_counts_the_notices_of_its_own_cases(district: office.District) -> None:
    district.file()
    district.file(confidentiality="restricted")

    def waiting(name: str) -> int:
        return board.board(district.engine.database, district.actor(name)).queued_notices

    assert waiting("supervisor") == waiting("district_supervisor") == 1
    assert waiting("other_supervisor") == 0


def test_a_board_counts_only_the_processes_that_its_role_watches(
    district: office.District,
) -> None:
    """A locality may let somebody watch petitions alone."""
    district.file()
    district.file("petition_officer", process="petition")
    document = json.loads(load.release(load.NATIONAL)[0].document)
    document["rights"]["auditor"] |= {"board": "true", "processes": ["petition"]}
    other = load.from_document(json.dumps(document, sort_keys=True, ensure_ascii=False))
    with db.transaction(district.engine.database) as tx:
        packs.add(tx, other, read.house(tx).calendar, document="{}")
        packs.activate(tx, other.hash)
    district.at("2026-04-20 10:00")
    watcher = district.actor("auditor")
    found = board.board(district.engine.database, watcher)
    listed = worklist.page(district.engine.database, watcher)
    assert found.total.total == len(listed.items) == 1
    (case,) = listed.items
    rungs = look.whole(district, case.case_id).rungs
    assert sum(line.n for line in found.ladder) == sum(
        rung.fired_at >= found.now - timedelta(days=7) for rung in rungs
    )


@pytest.mark.parametrize("confidentiality", ["normal", "restricted"])
def test_the_ladder_of_a_plan_tells_the_leader_who_owes_it_and_no_other(
    district: office.District, confidentiality: str
) -> None:
    filed = district.file(confidentiality=confidentiality)
    district.at("2026-04-10 10:00")
    found = look.whole(district, filed.case_id)
    assert found.case.leader_id == district.people["district_leader"]
    told = {rung.effect: rung.target_person_id for rung in found.rungs_of("dispute.leader_plan")}
    assert told["warn"] == told["urge"] == district.people["district_leader"]
    receivers = {notice.receiver_id for notice in look.notices(district, filed.case_id)}
    assert district.people["leader"] not in receivers


def test_I8_a_leader_who_is_recused_is_not_told_of_a_plan(district: office.District) -> None:
    filed = district.file()
    district.at("2026-04-02 10:00")
    look.recuse(district, filed.case_id, "district_leader")
    district.at("2026-04-10 10:00")
    found = look.whole(district, filed.case_id)
    told = {rung.target_person_id for rung in found.rungs_of("dispute.leader_plan")}
    assert district.people["district_leader"] not in told
