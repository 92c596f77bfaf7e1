"""Review and recheck (复查、复核): each asked of the organ above the one that answered, within its
window; a hearing stands still in between. Law: 信访工作条例第35条、第36条.
"""

from __future__ import annotations

import pytest

from tests import office
from tests.workflow import look
from workflow import ids
from workflow.commands import act
from workflow.commands import papers as commands
from workflow.decide import Scalar
from workflow.queries import case as case_query

ANSWER: dict[str, Scalar] = {
    "outcome": "support",
    "facts_found": "路灯确有三盏不亮。",
    "opinion": "十日内修复。",
    "opinion_basis": "市政设施管理规定",
}
SERVED: dict[str, Scalar] = {
    "served_method": "in_person",
    "served_on": "2026-03-20",
    "receipt": "本人签收",
}

UPHELD: dict[str, Scalar] = {"review_outcome": "upheld", "review_opinion": "维持处理意见。"}


@pytest.fixture
def station(district: office.District) -> office.District:
    """The district with a department of a street, so that two organs stand above it, each with
    its reviewer."""
    district.staff(
        "station",
        kind="department",
        area=office.STREET,
        superior="street",
        clerk="department_handler",
    )
    district.seat({"street_reviewer": ("reviewer", "street")})
    return district


def _served(station: office.District, *, confidentiality: str = "normal") -> act.Receipt:
    """A petition filed at the department, whose answer was served."""
    filed = station.file("clerk", process="petition", confidentiality=confidentiality)
    station.do(filed, "accept", "clerk", route="6")
    station.do(filed, "answer", "clerk", **ANSWER)
    station.do(filed, "serve_answer", "clerk", **SERVED)
    return filed


def _reviewed(station: office.District, *, by: str, confidentiality: str) -> act.Receipt:
    """The same, under review at its street."""
    filed = _served(station, confidentiality=confidentiality)
    station.do(filed, "request_review", by, requested_on="2026-03-20")
    return filed


@pytest.mark.parametrize(
    ("confidentiality", "clerk", "reviewer"),
    [
        ("normal", "petition_officer", "petition_officer"),
        ("restricted", "clerk", "street_reviewer"),
    ],
)
def test_a_petition_goes_to_review_and_recheck_each_at_the_organ_above(
    station: office.District, confidentiality: str, clerk: str, reviewer: str
) -> None:
    filed = _reviewed(station, by=clerk, confidentiality=confidentiality)
    assert station.case(filed).lead_office_id == station.offices["street"]
    (review,) = station.deadlines(filed)["petition.review"]
    assert str(review.due_on) == "2026-04-19", "thirty days from the day of the request"
    station.do(filed, "answer_review", "street_reviewer", **UPHELD)
    station.do(filed, "serve_review", "street_reviewer", **SERVED)
    station.do(filed, "request_recheck", reviewer, requested_on="2026-03-20")
    case = look.hold(station, filed.case_id).case
    assert (case.state, case.lead_office_id) == ("rechecking", station.offices["government"])
    station.do(filed, "start_hearing", "reviewer", hearing_reason="双方说法不一。")
    (before,) = station.deadlines(filed)["petition.recheck"]
    station.at("2026-03-30 10:00")
    station.do(filed, "end_hearing", "reviewer", hearing_note="听证笔录已经核对。")
    (after,) = station.deadlines(filed)["petition.recheck"]
    assert (after.due_on - before.due_on).days == 10, "the hearing does not count"
    final: dict[str, Scalar] = {"review_outcome": "changed", "review_opinion": "七日内修复。"}
    station.do(filed, "answer_recheck", "reviewer", **final)
    done = station.do(filed, "serve_recheck", "reviewer", **{**SERVED, "served_on": "2026-03-30"})
    assert done.state == "closed"
    view = case_query.view(station.engine, station.actor("reviewer"), filed.case_id)
    assert [it.key for it in view.papers][-2:] == [
        "petition.review_opinion",
        "petition.recheck_opinion",
    ]
    last = commands.open_one(
        station.engine,
        station.actor("reviewer"),
        filed.case_id,
        view.papers[-1].no,
        reason="查看文书",
    )
    said = " ".join(block.text or "" for block in last.filled.zh.body)
    assert "七日内修复。" in said


def test_a_request_made_in_time_counts_though_it_is_recorded_when_the_window_is_over(
    station: office.District,
) -> None:
    """The window is the petitioner's: a letter that lay at the office takes nothing from them."""
    filed = _served(station)
    (window,) = station.deadlines(filed)["petition.review_window"]
    assert str(window.due_on) == "2026-04-20", "the thirtieth day is a Sunday"
    station.at("2026-04-23 10:00")
    assert station.case(filed).state == "closed"
    for day in ("2026-04-21", "2026-04-23"):
        error = look.refused(
            station.do, filed, "request_review", "petition_officer", requested_on=day
        )
        assert (error.code, error.field) == ("action.asked_late", "requested_on")
        assert error.params == {"first": "2026-03-20", "last": "2026-04-20"}
    view = case_query.view(station.engine, station.actor("petition_officer"), filed.case_id)
    assert "request_review" in view.actions
    done = station.do(filed, "request_review", "petition_officer", requested_on="2026-04-20")
    case = look.hold(station, filed.case_id).case
    assert (done.state, case.lead_office_id) == ("reviewing", station.offices["street"])
    assert (case.is_closed, case.cycle) == (False, 2)
    assert station.deadlines(filed)["petition.review"][0].state == "running"
    station.do(filed, "answer_review", "street_reviewer", **UPHELD)
    served: dict[str, Scalar] = {**SERVED, "served_on": "2026-04-23"}
    station.do(filed, "serve_review", "street_reviewer", **served)
    (window,) = station.deadlines(filed)["petition.recheck_window"]
    station.at("2026-06-01 10:00")
    assert station.case(filed).state == "review_closed"
    late = look.refused(
        station.do, filed, "request_recheck", "petition_officer", requested_on="2026-06-01"
    )
    assert (late.code, late.field) == ("action.asked_late", "requested_on")
    done = station.do(
        filed, "request_recheck", "petition_officer", requested_on=window.due_on.isoformat()
    )
    assert done.state == "rechecking"
    station.do(filed, "answer_recheck", "reviewer", **UPHELD)
    station.do(filed, "serve_recheck", "reviewer", **{**SERVED, "served_on": "2026-06-01"})
    again = look.refused(
        station.do, filed, "request_review", "petition_officer", requested_on="2026-04-20"
    )
    assert (station.case(filed).state, again.code) == ("closed", "action.window_over")
    look.hold(station, filed.case_id)


def test_a_notice_is_served_after_the_review_was_over_as_well(station: office.District) -> None:
    filed = _reviewed(station, by="petition_officer", confidentiality="normal")
    station.do(filed, "answer_review", "street_reviewer", **UPHELD)
    station.do(filed, "serve_review", "street_reviewer", **SERVED)
    station.at("2026-06-01 10:00")
    assert station.case(filed).state == "review_closed"
    view = case_query.view(station.engine, station.actor("petition_officer"), filed.case_id)
    assert "serve_paper" in view.actions


def test_a_request_dated_before_the_answer_was_served_is_refused(station: office.District) -> None:
    filed = station.file("clerk", process="petition")
    station.do(filed, "accept", "clerk", route="6")
    station.do(filed, "answer", "clerk", **ANSWER)
    station.at("2026-04-10 10:00")
    station.do(filed, "serve_answer", "clerk", **{**SERVED, "served_on": "2026-04-10"})
    station.at("2026-05-20 10:00")
    assert station.case(filed).state == "closed"
    error = look.refused(
        station.do, filed, "request_review", "petition_officer", requested_on="2026-04-09"
    )
    assert error.code == "action.asked_late"
    assert error.params["first"] == "2026-04-10"


def test_a_request_dated_before_the_answer_is_refused_while_the_window_runs_too(
    station: office.District,
) -> None:
    filed = station.file("clerk", process="petition")
    station.do(filed, "accept", "clerk", route="6")
    station.at("2026-05-10 10:00")
    station.do(filed, "answer", "clerk", **ANSWER)
    station.do(filed, "serve_answer", "clerk", **{**SERVED, "served_on": "2026-05-10"})
    error = look.refused(
        station.do, filed, "request_review", "petition_officer", requested_on="2026-05-09"
    )
    assert (error.code, error.params["first"]) == ("action.asked_late", "2026-05-10")
    station.do(filed, "request_review", "petition_officer", requested_on="2026-05-10")


def test_what_is_annulled_begins_the_telling_of_a_route_anew(station: office.District) -> None:
    """Whoever gets the petition back is not late by the days of whoever had it before, and no
    notice promises a day of theirs."""
    filed = station.file("clerk", process="petition")
    why: dict[str, Scalar] = {"route_reason": "核对。"}
    station.do(filed, "accept", "clerk", route="1", route_how="向法院起诉。")
    station.do(filed, "correct_route", "clerk", route="6", **why)
    station.at("2026-05-25 10:00")
    served: dict[str, Scalar] = {**SERVED, "served_on": "2026-05-25"}
    station.do(filed, "answer", "clerk", **ANSWER)
    station.do(filed, "serve_answer", "clerk", **served)
    station.do(filed, "request_review", "clerk", requested_on="2026-05-25")
    station.do(filed, "annul", "street_reviewer", review_opinion="事实未查清。")
    back = {"chosen_office": str(station.offices["station"])}
    station.do(filed, "serve_annulment", "street_reviewer", **served, **back)
    station.do(filed, "correct_route", "clerk", route="1", route_how="向法院起诉。", **why)
    first, anew = station.deadlines(filed)["petition.tell_route"]
    assert (first.state, anew.state, str(anew.due_on)) == ("stopped", "running", "2026-06-09")
    station.do(filed, "correct_route", "clerk", route="6", **why)
    view = case_query.view(station.engine, station.actor("clerk"), filed.case_id)
    opened = commands.open_one(
        station.engine, station.actor("clerk"), filed.case_id, view.papers[-1].no, reason="核对"
    )
    told = " ".join(block.text or "" for block in opened.filled.zh.body)
    assert "2026年5月19日" not in told
    rows = dict(row for block in opened.filled.zh.body for row in block.rows)
    assert rows == {"办理期限届满之日": "见下一行", "发回重新处理的期限届满之日": "2026年7月24日"}
    look.hold(station, filed.case_id)


def test_a_review_that_was_answered_is_not_asked_for_again(station: office.District) -> None:
    filed = _reviewed(station, by="petition_officer", confidentiality="normal")
    station.do(filed, "answer_review", "street_reviewer", **UPHELD)
    station.do(filed, "serve_review", "street_reviewer", **SERVED)
    station.do(filed, "request_recheck", "petition_officer", requested_on="2026-03-20")
    station.do(filed, "answer_recheck", "reviewer", **UPHELD)
    station.do(filed, "serve_recheck", "reviewer", **SERVED)
    assert station.case(filed).state == "closed"
    view = case_query.view(station.engine, station.actor("petition_officer"), filed.case_id)
    assert "request_review" not in view.actions
    error = look.refused(
        station.do, filed, "request_review", "petition_officer", requested_on="2026-03-20"
    )
    assert error.code == "action.window_over"


# -- asked for by the petitioner, or handed in above ----------------------------------------------


def _asks(station: office.District, filed: act.Receipt, name: str, **fields: Scalar) -> act.Receipt:
    words: dict[str, Scalar] = {"review_request": "修了两盏，还有一盏不亮。"}
    return station.ask(filed, name, **{**words, **fields})


def test_a_petitioner_asks_by_number_and_code_on_the_day_itself(station: office.District) -> None:
    filed = _served(station)
    station.at("2026-03-25 10:00")
    error = look.refused(_asks, station, filed, "ask_review", requested_on="2026-03-20")
    assert (error.code, error.field) == ("field.unknown", "requested_on")
    done = _asks(station, filed, "ask_review")
    case = look.hold(station, filed.case_id).case
    assert (done.state, case.lead_office_id) == ("reviewing", station.offices["street"])
    (review,) = station.deadlines(filed)["petition.review"]
    assert str(review.due_on) == "2026-04-24"
    assert station.people["street_reviewer"] in {
        one.receiver_id for one in look.notices(station, filed.case_id) if one.seq == done.seq
    }
    station.do(filed, "answer_review", "street_reviewer", **UPHELD)
    served: dict[str, Scalar] = {**SERVED, "served_on": "2026-03-25"}
    station.do(filed, "serve_review", "street_reviewer", **served)
    station.at("2026-03-28 10:00")
    assert _asks(station, filed, "ask_recheck").state == "rechecking"
    final = {**UPHELD, "review_outcome": "changed"}
    station.do(filed, "answer_recheck", "reviewer", **final)
    view = case_query.view(station.engine, station.actor("reviewer"), filed.case_id)
    last = commands.open_one(
        station.engine, station.actor("reviewer"), filed.case_id, view.papers[-1].no, reason="查看"
    )
    said = " ".join(block.text or "" for block in last.filled.zh.body)
    assert "2026年3月28日" in said, "the day of this request, and not that of the review"


def test_a_request_sent_again_is_the_same_request_on_a_later_day_too(
    station: office.District,
) -> None:
    filed = _served(station)
    request = act.Request(
        case_id=filed.case_id,
        action_id=ids.uuid7(),
        action="ask_review",
        fields={"review_request": "还有一盏不亮。"},
    )
    first = act.act(station.engine, station.resident(filed), request)
    station.at("2026-03-22 10:00")
    second = act.act(station.engine, station.resident(filed), request)
    assert (second.is_repeat, second.seq) == (True, first.seq)


def test_a_petitioner_asks_for_no_review_when_the_window_is_over(station: office.District) -> None:
    filed = _served(station)
    station.at("2026-04-23 10:00")
    assert look.refused(_asks, station, filed, "ask_review").code == "action.wrong_state"


def test_what_is_handed_in_at_the_organ_above_is_registered_there(station: office.District) -> None:
    filed = _served(station)
    station.do(filed, "request_review", "supervisor", requested_on="2026-03-20")
    station.do(filed, "answer_review", "street_reviewer", **UPHELD)
    station.do(filed, "serve_review", "street_reviewer", **SERVED)
    done = station.do(filed, "request_recheck", "district_supervisor", requested_on="2026-03-20")
    assert done.state == "rechecking"


# -- annulled -------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["annul", "annul_recheck"])
def test_what_is_annulled_is_handled_anew_and_may_be_reviewed_again(
    station: office.District, by: str
) -> None:
    filed = _reviewed(station, by="clerk", confidentiality="normal")
    reviewer, serve = "street_reviewer", "serve_annulment"
    if by == "annul_recheck":
        station.do(filed, "answer_review", "street_reviewer", **UPHELD)
        station.do(filed, "serve_review", "street_reviewer", **SERVED)
        station.do(filed, "request_recheck", "street_reviewer", requested_on="2026-03-20")
        reviewer, serve = "reviewer", "serve_recheck_annulment"
    station.do(filed, by, reviewer, review_opinion="事实未查清。")
    to: dict[str, Scalar] = {**SERVED, "chosen_office": str(station.offices["station"])}
    done = station.do(filed, serve, reviewer, **to)
    case = look.hold(station, filed.case_id).case
    assert (case.state, case.lead_office_id) == ("handling", station.offices["station"])
    assert station.people["clerk"] in {
        one.receiver_id for one in look.notices(station, filed.case_id) if one.seq == done.seq
    }
    clocks = station.deadlines(filed)
    assert str(clocks["petition.handle_anew"][0].due_on) == "2026-05-19"
    assert [row.state for row in clocks["petition.handle"]] == ["met"]
    view = case_query.view(station.engine, station.actor("clerk"), filed.case_id)
    assert {"answer", "correct_route"} <= set(view.actions)
    station.at("2026-03-25 10:00")
    why: dict[str, Scalar] = {"route_reason": "途径有误。"}
    for route in ("1", "6", "5", "6"):
        how = {} if route == "6" else {"route_how": "依法办理。"}
        station.do(filed, "correct_route", "clerk", route=route, **how, **why)
        look.hold(station, filed.case_id)
    clocks = station.deadlines(filed)
    (anew,) = clocks["petition.handle_anew"]
    assert (anew.state, str(anew.due_on)) == ("running", "2026-05-19")
    assert [row.state for row in clocks["petition.handle"]] == ["met"]
    assert str(clocks["petition.fulfil"][0].due_on) == "2026-05-19", "since it was sent back"
    station.do(filed, "answer", "clerk", **ANSWER)
    station.do(filed, "serve_answer", "clerk", **{**SERVED, "served_on": "2026-03-25"})
    station.do(filed, "request_review", "clerk", requested_on="2026-03-25")
    assert look.hold(station, filed.case_id).case.state == "reviewing"
    view = case_query.view(station.engine, station.actor("street_reviewer"), filed.case_id)
    made = [it.key for it in view.papers]
    assert made.count("petition.opinion_paper") == 2
    paper = "petition.annulment" if by == "annul" else "petition.recheck_annulment"
    assert made.count(paper) == 1


def test_where_nobody_below_may_have_it_the_next_above_sends_it_back(
    station: office.District,
) -> None:
    """The only department of the street is complained about while its answer is annulled."""
    filed = _reviewed(station, by="clerk", confidentiality="normal")
    station.do(filed, "annul", "street_reviewer", review_opinion="事实未查清。")
    complained = str(station.offices["station"])
    station.do(filed, "name_complained_later", "street_reviewer", complained_office=complained)
    view = case_query.view(station.engine, station.actor("street_reviewer"), filed.case_id)
    assert "serve_annulment" not in view.actions
    station.do(filed, "pass_up", "street_reviewer", pass_up_reason="下属单位被反映。")
    assert station.case(filed).lead_office_id == station.offices["government"]
    to: dict[str, Scalar] = {**SERVED, "chosen_office": str(station.offices["housing"])}
    assert station.do(filed, "serve_annulment", "reviewer", **to).state == "handling"
    look.hold(station, filed.case_id)


# -- the organ above is the next above, a department too ------------------------------------------


@pytest.fixture
def posts(district: office.District) -> office.District:
    """Two stations under one department."""
    for key, clerk in (("post_a", "clerk_a"), ("post_b", "clerk_b")):
        district.staff(
            key, kind="department", superior="housing", area=office.STREET, **{clerk: HANDLER}
        )
    return district


HANDLER = "department_handler"


def test_the_answer_of_a_station_is_reviewed_by_its_department(posts: office.District) -> None:
    filed = posts.file("clerk_a", process="petition")
    posts.do(filed, "accept", "clerk_a", route="6")
    posts.do(filed, "answer", "clerk_a", **ANSWER)
    posts.do(filed, "serve_answer", "clerk_a", **SERVED)
    posts.do(filed, "request_review", "clerk_a", requested_on="2026-03-20")
    assert posts.case(filed).lead_office_id == posts.offices["housing"]
    posts.do(filed, "answer_review", "handler", **UPHELD)
    posts.do(filed, "serve_review", "handler", **SERVED)
    posts.do(filed, "request_recheck", "handler", requested_on="2026-03-20")
    case = look.hold(posts, filed.case_id).case
    assert (case.state, case.lead_office_id) == ("rechecking", posts.offices["government"])


def test_stations_that_both_object_are_told_by_their_department(posts: office.District) -> None:
    why: dict[str, Scalar] = {"objection_reason": "不属于本所职责。"}
    filed = posts.file("petition_officer", process="petition")
    for sending, objecting, name in (
        ("transfer", "object", "a"),
        ("transfer_again", "object_again", "b"),
    ):
        to: dict[str, Scalar] = {"to_office": str(posts.offices[f"post_{name}"])}
        posts.do(filed, sending, "petition_officer", **to)
        posts.do(filed, objecting, f"clerk_{name}", **why)
        if name == "a":
            posts.do(filed, "agree_return", "petition_officer")
    case = look.hold(posts, filed.case_id).case
    assert (case.state, case.lead_office_id) == ("disputed", posts.offices["housing"])
    labour = {"chosen_office": str(posts.offices["labour"]), "designate_reason": "由其负责。"}
    error = look.refused(posts.do, filed, "designate", "head", **labour)
    assert (error.code, error.field) == ("field.office_below", "chosen_office")
    assert posts.people["head"] in {one.receiver_id for one in look.notices(posts, filed.case_id)}
    to = {"chosen_office": str(posts.offices["post_b"]), "designate_reason": "职责清单载明。"}
    done = posts.do(filed, "designate", "head", **to)
    assert (done.state, posts.case(filed).lead_office_id) == ("designated", posts.offices["post_b"])
