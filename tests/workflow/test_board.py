"""The board: every number against a count by hand over the cases that the person may see."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import insert, select

from rules import errors
from tests import office
from tests.workflow import look
from workflow import db, ids
from workflow.commands import office as office_commands
from workflow.decide import CaseRow
from workflow.queries import board, worklist
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables
from workflow.tables import watch

_TREND = case_tables.Trend.__table__  # type: ignore[attr-defined]
_TALLY = case_tables.Tally.__table__  # type: ignore[attr-defined]
_WORKER = office_tables.Worker.__table__  # type: ignore[attr-defined]
_ALARM = watch.Alarm.__table__  # type: ignore[attr-defined]
UNACCEPTED = ("filed", "registered", "sent")
WATCHERS = ("supervisor", "district_supervisor", "leader", "other_supervisor", "district_leader")


@pytest.fixture
def busy(district: office.District) -> office.District:
    """A week of cases in two streets, some late, held, restricted, recused."""
    it = district
    held = [it.file() for _ in range(3)]
    for case in held[:2]:
        it.do(case, "accept", "desk")
        it.do(case, "name_mediator", "desk", mediator=str(it.people["mediator"]))
    it.do(held[0], "start_assessment", "mediator", assessment_reason="漏水责任需要鉴定。")
    it.file("other_officer", grid=office.OTHER_GRID)
    it.file(confidentiality="restricted")
    recused = it.file()
    look.recuse(it, recused.case_id, "supervisor", "district_leader")
    petition = it.file("petition_officer", process="petition")
    it.at("2026-03-24 10:00")
    it.do(petition, "transfer", "petition_officer", to_office=str(it.offices["housing"]))
    it.file()
    it.do(it.file(), "withdraw", "desk", withdraw_reason="双方已和好。")
    it.at("2026-03-31 10:00")
    it.file()
    return it


def _seen(it: office.District, name: str, **only: object) -> list[CaseRow]:
    """The open cases of the board's own list, page by page."""
    actor = it.actor(name)
    found: list[CaseRow] = []
    cursor = None
    while True:
        page = worklist.page(
            it.engine.database,
            actor,
            seat_key=f"area.{actor.posts[0].id}",
            cursor=cursor,
            only=worklist.Only(**only),  # type: ignore[arg-type]
        )
        found += [it.case(item.case_id) for item in page.items]
        cursor = page.cursor
        if cursor is None:
            return found


def _lights(cases: list[CaseRow]) -> board.Lights:
    return board.Lights(**Counter(case.light for case in cases))


@pytest.mark.long("sqlite")
@pytest.mark.parametrize("name", WATCHERS)
def test_I7_figures_when_counted_by_hand_are_the_same(busy: office.District, name: str) -> None:
    shown = board.board(busy.engine.database, busy.actor(name))
    cases = _seen(busy, name)
    assert cases, "nothing to count"
    assert shown.total == _lights(cases)
    for area in shown.areas:
        assert area.lights == _lights([case for case in cases if area.code in case.areas]), area
    for level in shown.levels:
        assert level.lights == _lights([case for case in cases if case.level == level.depth])
    assert sum(line.lights.total for line in shown.levels) == len(cases)
    by_office = {line.office_id: line for line in shown.offices}
    assert by_office.keys() == {case.lead_office_id for case in cases}
    for office_id, line in by_office.items():
        own = [case for case in cases if case.lead_office_id == office_id]
        waiting = [case.received_at for case in own if case.state in UNACCEPTED]
        assert line.lights == _lights(own)
        assert line.unaccepted == len(waiting)
        assert line.waits_since == min(waiting, default=None)
    assert shown.stuck_count == sum(case.is_stuck for case in cases)
    late = sorted((case.due_at, case.id) for case in cases if case.light == "red")
    assert [line.case_id for line in shown.late] == [case_id for _, case_id in late[:20]]


def test_board_when_looked_at_closer_counts_the_lists_of_the_area(busy: office.District) -> None:
    database, actor = busy.engine.database, busy.actor("district_supervisor")
    street = board.board(database, actor, area=office.STREET)
    assert street.place.name == "花果街道"
    assert [area.code for area in street.above] == [office.DISTRICT]
    assert street.total == _lights(_seen(busy, "district_supervisor", area=office.STREET))
    assert [area.code for area in street.areas] == [office.COMMUNITY]
    grid = board.board(database, actor, area=office.GRID)
    assert grid.total.total == 0, "grids lead no case"
    committee = busy.offices["committee"]
    one = board.board(database, actor, area=office.STREET, office=committee)
    own = _seen(busy, "district_supervisor", office=committee)
    assert one.total == _lights(own)
    assert one.office is not None
    assert one.office.id == committee
    assert {line.person_id: line.lights for line in one.handlers} == {
        handler: _lights([case for case in own if case.handler_id == handler])
        for handler in {case.handler_id for case in own}
    }
    assert {line.name for line in one.handlers} == {"演示mediator"}


@pytest.mark.long("sqlite")
@pytest.mark.parametrize(
    "asked",
    [
        {"area": office.DISTRICT},
        {"area": office.OTHER_STREET},
        {"area": office.OTHER_GRID},
        {"area": "nowhere"},
        {"office": "government"},
        {"office": "other_desk"},
        {"office": None},
        {"area": office.COMMUNITY, "office": "street"},
    ],
)
def test_I7_board_of_what_is_outside_the_seat_is_not_there(
    busy: office.District, asked: dict[str, str | None]
) -> None:
    wanted: dict[str, object] = dict(asked)
    if "office" in asked:
        wanted["office"] = busy.offices[asked["office"]] if asked["office"] else ids.uuid7()
    with pytest.raises(errors.NotFound):
        board.board(busy.engine.database, busy.actor("supervisor"), **wanted)  # type: ignore[arg-type]


def test_board_when_a_role_watches_nothing_is_not_there(busy: office.District) -> None:
    for name in ("desk", "mediator", "officer", "auditor"):
        with pytest.raises(errors.NotFound):
            board.board(busy.engine.database, busy.actor(name))
        with pytest.raises(errors.NotFound):
            board.health(busy.engine.database, busy.actor(name))


def test_late_case_shows_what_fired_last_and_what_comes_next(district: office.District) -> None:
    filed = district.file()
    district.at("2026-03-27 10:00")
    (late,) = board.board(district.engine.database, district.actor("supervisor")).late
    fired = look.whole(district, filed.case_id).rungs_of("dispute.accept")
    assert [rung.effect for rung in fired] == ["warn", "urge", "supervise"]
    assert late.last is not None
    assert (late.last.effect, late.last.target) == ("supervise", "演示supervisor")
    assert late.last.planned_at == office.local("2026-03-27 09:00")
    assert late.last.fired_at == fired[-1].fired_at
    assert late.next is not None
    assert (late.next.effect, late.next.planned_at) == ("raise", office.local("2026-03-31 09:00"))
    assert late.next.role is not None
    assert late.next.role.en == "Supervisor"
    assert late.handler is None
    assert (late.supervisor, late.supervision) == ("演示supervisor", "ladder")


def _acts(it: office.District, name: str) -> list[str]:
    (late,) = board.board(it.engine.database, it.actor(name)).late
    return [act for act, _ in late.acts]


def test_late_case_offers_what_this_person_may_do_about_it(district: office.District) -> None:
    filed = district.file()
    district.at("2026-03-26 10:00")
    acts = {name: _acts(district, name) for name in ("supervisor", "leader")}
    assert acts == {"supervisor": ["urge", "supervise_case", "delegate_supervision"], "leader": []}
    district.do(filed, "supervise_case", "supervisor", supervise_reason="拖延已久。")
    (late,) = board.board(district.engine.database, district.actor("supervisor")).late
    assert (late.supervisor, late.supervision) == ("演示supervisor", "hand")
    assert "end_supervision" in _acts(district, "supervisor")


def test_stuck_case_names_the_posts_that_could_not_take_it(district: office.District) -> None:
    it = district
    for post in ("supervisor", "district_supervisor"):
        office_commands.appoint(it.engine.database, it.posts[post], holder_id=None)
    filed = it.file()
    it.at("2026-03-27 10:00")
    (stuck,) = board.board(it.engine.database, it.actor("leader")).stuck
    assert stuck.case_id == filed.case_id
    assert (stuck.effect, stuck.role.en) == ("supervise", "Supervisor")
    assert stuck.planned_at == office.local("2026-03-27 09:00")
    assert [(one.office, one.why) for one in stuck.blockers] == [
        ("单位 street", "vacant"),
        ("单位 government", "vacant"),
    ]
    office_commands.appoint(
        it.engine.database, it.posts["supervisor"], holder_id=it.people["supervisor"]
    )
    it.sweep()
    assert board.board(it.engine.database, it.actor("leader")).stuck == ()


def test_stuck_case_says_where_a_holder_is_recused(district: office.District) -> None:
    filed = district.file()
    look.recuse(district, filed.case_id, "supervisor", "district_supervisor")
    district.at("2026-03-27 10:00")
    (stuck,) = board.board(district.engine.database, district.actor("leader")).stuck
    assert {one.why for one in stuck.blockers} == {"recused"}


def test_I7_restricted_case_is_on_the_board_of_whom_it_names(district: office.District) -> None:
    it = district
    filed = it.file(confidentiality="restricted")
    office_commands.appoint(it.engine.database, it.posts["district_supervisor"], holder_id=None)
    it.at("2026-03-31 10:00")
    assert it.case(filed.case_id).supervisor_id == it.people["supervisor"]
    shown = board.board(it.engine.database, it.actor("supervisor"))
    assert [line.case_id for line in shown.stuck] == [filed.case_id]
    assert [line.case_id for line in shown.late] == [filed.case_id]
    assert (shown.stuck_count, shown.total) == (1, board.Lights(red=1))
    assert [line.unaccepted for line in shown.offices] == [1]
    assert shown.offices[0].waits_since == it.case(filed.case_id).received_at
    other = board.board(it.engine.database, it.actor("leader"))
    assert (other.stuck, other.late, other.total.total, other.offices) == ((), (), 0, ())


def _posts(it: office.District, name: str) -> list[tuple[str, str | None, str]]:
    wanted = board.board(it.engine.database, it.actor(name)).wanted
    return [(post.role.en, post.office, post.why) for post in wanted]


@pytest.mark.parametrize("confidentiality", ["normal", "restricted"])
def test_I7_post_that_a_case_seeks_in_vain_is_told_without_the_case(
    district: office.District, confidentiality: str
) -> None:
    it = district
    for post in ("supervisor", "district_supervisor"):
        office_commands.appoint(it.engine.database, it.posts[post], holder_id=None)
    it.file(confidentiality=confidentiality)
    it.at("2026-03-27 10:00")
    shown = board.board(it.engine.database, it.actor("leader"))
    assert shown.stuck_count == len(shown.stuck) == (confidentiality == "normal")
    assert _posts(it, "leader") == [
        ("Supervisor", "单位 government", "vacant"),
        ("Supervisor", "单位 street", "vacant"),
    ]
    assert _posts(it, "other_supervisor") == []
    office_commands.appoint(
        it.engine.database, it.posts["supervisor"], holder_id=it.people["supervisor"]
    )
    it.sweep()
    assert _posts(it, "leader") == []


def test_I7_post_is_told_of_the_whole_seat_and_no_closer(district: office.District) -> None:
    """Where a look closer shows it, there would be the case."""
    it = district
    office_commands.appoint(it.engine.database, it.posts["supervisor"], holder_id=None)
    office_commands.appoint(it.engine.database, it.posts["district_supervisor"], holder_id=None)
    it.file(confidentiality="restricted")
    it.at("2026-03-27 10:00")
    assert len(_posts(it, "leader")) == 2
    ask = partial(board.board, it.engine.database, it.actor("leader"))
    closer = [ask(office=it.offices[name]) for name in ("desk", "committee", "street")]
    assert [shown.wanted for shown in (*closer, ask(area=office.COMMUNITY))] == [()] * 4


@pytest.mark.parametrize(
    "barred", [("supervisor", "district_supervisor"), ("supervisor",), ("leader",)]
)
def test_I7_post_is_not_told_where_it_says_of_whom_a_case_is(
    district: office.District, barred: tuple[str, ...]
) -> None:
    """A holder on the way is recused; or the one who looks is."""
    it = district
    filed = it.file(confidentiality="restricted")
    look.recuse(it, filed.case_id, *barred)
    for post in ("supervisor", "district_supervisor"):
        if post not in barred:
            office_commands.appoint(it.engine.database, it.posts[post], holder_id=None)
    it.at("2026-03-27 10:00")
    assert it.case(filed.case_id).is_stuck
    assert _posts(it, "leader") == []


def test_I7_board_names_the_restricted_cases_that_it_counts(district: office.District) -> None:
    """Somebody whose other post opens one, though not to this board."""
    it = district
    people, posts = it.people, it.posts
    office_commands.appoint(
        it.engine.database, posts["petition_officer"], holder_id=people["district_leader"]
    )
    office_commands.appoint(it.engine.database, posts["district_supervisor"], holder_id=None)
    it.file("officer", confidentiality="restricted")
    petition = it.file("district_leader", process="petition", confidentiality="restricted")
    it.at("2026-05-20 10:00")
    assert it.case(petition.case_id).is_stuck
    shown = board.board(it.engine.database, it.actor("district_leader"))
    assert shown.stuck_count == len(shown.stuck)
    assert shown.total.red == len(shown.late)


def test_paused_cases_stand_still_with_their_reason(busy: office.District) -> None:
    (still,) = board.board(busy.engine.database, busy.actor("supervisor")).still
    assert (still.reason.en, still.state, still.n) == ("Expert assessment", "dispute.assessing", 1)
    assert len(_seen(busy, "supervisor", state="dispute.assessing")) == 1


def test_past_when_it_is_asked_for_is_of_the_area_alone(district: office.District) -> None:
    it, today = district, district.now().date()
    desk, other = it.offices["desk"], it.offices["other_desk"]

    def day(back: int, office_id: object, red: int) -> dict[str, object]:
        lights = {"green": 5, "yellow": 1, "red": red, "grey": 2}
        key = {"counted_on": today - timedelta(days=back), "office_id": office_id}
        return key | {"process": "dispute"} | lights

    def tally(office_id: object, month: int, what: str, n: int) -> dict[str, object]:
        key = {"office_id": office_id, "month": month}
        return key | {"process": "dispute", "what": what, "n": n}

    with db.transaction(it.engine.database) as tx:
        days = [day(1, desk, 3), day(0, desk, 4), day(0, other, 9), day(40, desk, 1)]
        tx.execute(insert(_TREND), days)
        tx.execute(
            insert(_TALLY),
            [
                tally(desk, 202603, "missed", 2),
                tally(desk, 202602, "paused", 12),
                tally(desk, 202601, "missed", 7),
                tally(other, 202603, "returned", 1),
            ],
        )
    shown = board.board(it.engine.database, it.actor("supervisor"))
    assert [(one.open, one.overdue) for one in shown.trend] == [(11, 3), (12, 4)]
    (line,) = shown.fairness
    assert (line.office_id, line.now, line.before) == (
        desk,
        board.Month(missed=2),
        board.Month(paused=12),
    )
    both = board.board(it.engine.database, it.actor("district_supervisor"))
    assert [(one.open, one.overdue) for one in both.trend] == [(11, 3), (29, 13)]
    assert len(both.fairness) == 2
    less = board.board(it.engine.database, it.actor("supervisor"), with_past=False)
    assert (less.trend, less.fairness, less.total) == ((), (), shown.total)


# -- signs of life ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Life:
    """A worker as the table may hold it, and what the board must call it."""

    beat_ago_s: float
    has_stopped: bool
    expected: str | None


@pytest.mark.parametrize(
    "life",
    [
        Life(0, has_stopped=False, expected="alive"),
        Life(2, has_stopped=False, expected="alive"),
        Life(4, has_stopped=False, expected="silent"),
        Life(80_000, has_stopped=False, expected="silent"),
        Life(90_000, has_stopped=False, expected=None),
        Life(1, has_stopped=True, expected="stopped"),
        Life(4_000, has_stopped=True, expected=None),
    ],
)
def test_worker_is_judged_by_the_time_of_the_database(
    district: office.District, life: Life
) -> None:
    database = district.engine.database
    with db.transaction(database) as tx:
        now = tx.execute(select(db.DATABASE_TIME)).scalar_one()
        beat_at = now - timedelta(seconds=life.beat_ago_s)
        key = {"id": ids.uuid7(), "host": "machine", "pid": 7, "started_at": beat_at}
        counts = {"tick_ms": 4, "ticks": 1, "fired": 2, "errors": 0, "skew_ms": -70}
        stopped_at = beat_at if life.has_stopped else None
        tx.execute(insert(_WORKER), key | counts | {"beat_at": beat_at, "stopped_at": stopped_at})
    found = board.health(database, district.actor("supervisor")).workers
    assert [line.life for line in found] == ([life.expected] if life.expected else [])
    assert board.workers(database) == found
    assert all(abs(line.beat_age_s - life.beat_ago_s) <= 1 for line in found)
    assert all(line.is_alive == (line.life == "alive") for line in found)


def test_I7_alarms_about_a_case_are_shown_to_who_may_see_it(district: office.District) -> None:
    it = district
    plain, hidden, recused = it.file(), it.file(confidentiality="restricted"), it.file()
    look.recuse(it, recused.case_id, "supervisor")

    def alarm(subject: str, case_id: object, *, is_over: bool = False) -> dict[str, object]:
        at = it.now()
        told = {"kind": "rung_missing", "subject": subject, "case_id": case_id, "times": 1}
        closed = {"closed_at": at if is_over else None}
        return {"id": ids.uuid7(), "first_at": at, "last_at": at} | told | closed

    with db.transaction(it.engine.database) as tx:
        tx.execute(
            insert(_ALARM),
            [
                alarm("installation", None),
                alarm("over", None, is_over=True),
                alarm("plain", plain.case_id),
                alarm("hidden", hidden.case_id),
                alarm("recused", recused.case_id),
            ],
        )

    def told(name: str) -> set[str]:
        found = board.health(it.engine.database, it.actor(name))
        return {line.subject for line in found.alarms}

    assert told("supervisor") == {"installation", "plain"}
    assert told("district_supervisor") == {"installation", "plain", "recused"}
    assert told("other_supervisor") == {"installation"}
