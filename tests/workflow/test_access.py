"""Who sees what: one policy, judged for one case and as SQL, and nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from rules import errors
from rules import pack as pack_
from tests import office, strategies
from tests.workflow import look
from workflow import access, db, ids, outbox, read
from workflow.commands import act, people
from workflow.commands import office as office_commands
from workflow.queries import assignment, board, search, worklist
from workflow.queries import case as case_query
from workflow.queries import office as office_query
from workflow.tables import case as case_tables

_CASE = case_tables.CaseFile.__table__  # type: ignore[attr-defined]
SESSION = {"session_on": "2026-03-20", "attended": "both", "minutes": "各说各的。"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A district with cases in many places and states."""

    district: office.District
    cases: tuple[UUID, ...]


def _mediate(district: office.District, filed: act.Receipt, *, other: bool = False) -> None:
    desk, mediator = ("other_desk", "mediator") if other else ("desk", "mediator")
    district.do(filed, "accept", desk)
    if not other:
        district.do(filed, "name_mediator", desk, mediator=str(district.people[mediator]))


def _hand_up(district: office.District, filed: act.Receipt) -> None:
    _mediate(district, filed)
    district.hold_session(filed)
    district.do(
        filed, "record_no_agreement", "mediator", no_agreement_reason="apart", routes_told=True
    )
    district.do(filed, "hand_up", "mediator", hand_up_reason="请街道调解", both_willing=True)


def _send(district: office.District, filed: act.Receipt, by: str = "petition_officer") -> None:
    district.do(filed, "transfer", by, to_office=str(district.offices["housing"]))


def _lead(district: office.District, filed: act.Receipt) -> None:
    district.do(filed, "name_leader", "supervisor", leader=str(district.people["leader"]))


def _fill(district: office.District) -> Filled:
    """Cases of both streets and processes, ordinary and restricted, in several states."""
    made: list[act.Receipt] = []
    for confidentiality in ("normal", "restricted"):
        made.append(district.file("officer", confidentiality=confidentiality))
        made.append(district.file("desk", confidentiality=confidentiality))
        mediated = district.file("officer", confidentiality=confidentiality)
        _mediate(district, mediated)
        handed = district.file("desk", confidentiality=confidentiality)
        _hand_up(district, handed)
        led = district.file("officer")
        _lead(district, led)
        withdrawn = district.file("officer", confidentiality=confidentiality)
        district.do(withdrawn, "withdraw", "desk", withdraw_reason="和好")
        other = district.file(
            "other_officer", grid=office.OTHER_GRID, confidentiality=confidentiality
        )
        _mediate(district, other, other=True)
        petition = district.file(
            "petition_officer", process="petition", confidentiality=confidentiality
        )
        made += [mediated, handed, led, withdrawn, other, petition]
        sent = district.file("officer", process="petition", confidentiality=confidentiality)
        _send(district, sent)
        district.do(sent, "accept", "handler", route="6")
        objected = district.file("officer", process="petition", confidentiality=confidentiality)
        _send(district, objected)
        district.do(objected, "object", "handler", objection_reason="不由本单位负责。")
        made += [sent, objected]
    for about in ("street_committee", "petitions", "housing"):
        for confidentiality in ("normal", "restricted"):
            made.append(
                district.file(
                    "officer",
                    process="dispute" if about == "street_committee" else "petition",
                    complained_office=str(district.offices[about]),
                    confidentiality=confidentiality,
                )
            )
    for name in ("supervisor", "desk", "officer"):
        look.recuse(district, made[0].case_id, name)
    return Filled(district=district, cases=tuple(one.case_id for one in made))


@pytest.fixture
def filled(district: office.District) -> Filled:
    """The district with its cases."""
    return _fill(district)


def _everybody(district: office.District) -> Iterator[tuple[str, access.Actor]]:
    for name in district.people:
        yield name, district.actor(name)


def _judged(filled: Filled, actor: access.Actor) -> set[UUID]:
    """The cases that the policy opens, one by one."""
    with db.snapshot(filled.district.engine.database) as tx:
        pack = read.house(tx).rules.pack
        found = set()
        for case_id in filled.cases:
            case = read.case_row(tx, case_id)
            assert case is not None
            if access.may_see(pack, actor, case, recused=read.recused(tx, case_id)):
                found.add(case_id)
    return found


def _agree(filled: Filled, actor: access.Actor) -> None:
    """`may` = visible in SQL = in a list = opened = found by number; and counts count that."""
    district = filled.district
    database = district.engine.database
    judged = _judged(filled, actor)
    seen, listed = set(), set()
    with db.snapshot(database) as tx:
        pack = read.house(tx).rules.pack
        for seat in access.seats(pack, actor):
            statement = select(_CASE.c.id).where(access.visible(seat))
            seen |= set(tx.execute(statement, access.binds(actor, seat)).scalars())
    assert seen == judged
    for seat, counted in worklist.seats(database, actor):
        opened = _listed(database, actor, seat.key, closed="open")
        assert counted == len(opened) == len(set(opened))
        listed |= {*opened, *_listed(database, actor, seat.key, closed="closed")}
    assert listed == judged
    unknown = look.refused(case_query.view, district.engine, actor, ids.uuid7())
    for case_id in filled.cases:
        number = district.case(case_id).number
        if case_id in judged:
            assert case_query.view(district.engine, actor, case_id).case.id == case_id
            assert search.number_to_id(database, actor, number) == case_id
        else:
            hidden = look.refused(case_query.view, district.engine, actor, case_id)
            assert _told(hidden) == _told(unknown)
            assert search.number_to_id(database, actor, number) is None


def _told(error: errors.GridcaseError) -> tuple[object, ...]:
    return (type(error), error.code, error.field, error.params, error.also)


def _listed(database: db.Database, actor: access.Actor, key: str, *, closed: str) -> list[UUID]:
    """A whole list, by pages of two."""
    found: list[UUID] = []
    cursor = None
    while True:
        page = worklist.page(
            database,
            actor,
            seat_key=key,
            closed="closed" if closed == "closed" else "open",
            cursor=cursor,
            limit=2,
        )
        found += [item.case_id for item in page.items]
        cursor = page.cursor
        if cursor is None:
            return found


@pytest.mark.long("postgresql")
def test_I7_what_may_be_seen_is_what_is_listed_for_everybody(filled: Filled) -> None:
    for _, actor in _everybody(filled.district):
        _agree(filled, actor)


@pytest.mark.long("postgresql")
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(data=st.data())
def test_I7_what_may_be_seen_is_what_is_listed_for_any_posts(
    filled: Filled, data: st.DataObject
) -> None:
    district = filled.district
    roles = [role for role in _pack(district).roles if role not in ("resident", "ladder")]
    held = data.draw(strategies.posts(roles, list(district.offices)))
    person = ids.uuid7()
    database = district.engine.database
    people.add_people(database, [people.NewPerson(id=person, name="生成")])
    office_commands.add_posts(
        database,
        [
            office_commands.NewPost(
                id=ids.uuid7(),
                role=one.role,
                office_id=district.offices[one.office],
                scope_code=office.GRID if one.role == "grid_officer" else None,
                holder_id=None if one.is_deputy else person,
                deputy_id=person if one.is_deputy else None,
                rank=99,
            )
            for one in held
        ],
    )
    if data.draw(st.booleans(), label="recused"):
        district.people["drawn"] = person
        for case_id in data.draw(st.sets(st.sampled_from(filled.cases), max_size=3)):
            look.recuse(district, case_id, "drawn")
    with db.snapshot(database) as tx:
        actor = read.actor(tx, person)
    assert actor is not None
    _agree(filled, actor)


def _pack(district: office.District) -> pack_.Pack:
    return office_query.house(district.engine.database).rules.pack


def test_I7_boards_count_what_lists_show(filled: Filled) -> None:
    """Every board's lights are those of its area's list: restricted and recused ones aside."""
    district = filled.district
    district.jump("2026-03-27 10:00")
    district.sweep()
    database = district.engine.database
    for name in ("supervisor", "district_supervisor", "leader", "other_supervisor"):
        actor = district.actor(name)
        shown = board.board(database, actor)
        key = f"area.{actor.posts[0].id}"
        listed = _listed(database, actor, key, closed="open")
        assert shown.total.total == len(listed), name
        assert shown.total.red == sum(
            district.case(case_id).light == "red" for case_id in listed
        ), name
        below = sum(line.lights.total for line in shown.areas)
        assert below <= shown.total.total


def test_I7_not_yours_and_not_there_are_refused_alike(filled: Filled) -> None:
    """Seeing, acting, opening values: the same error for both, whatever is asked."""
    district = filled.district
    actor = district.actor("other_officer")
    assert filled.cases[0] not in _judged(filled, actor)
    for action, fields in (
        ("accept", {}),
        ("applaud", {}),
        ("record_session", {"session_on": "not a date"}),
        ("approve_plan", {}),
    ):
        told = [
            _told(
                look.refused(
                    act.act,
                    district.engine,
                    actor,
                    act.Request(
                        case_id=case_id,
                        action_id=ids.uuid7(),
                        action=action,
                        fields=fields,
                        version=version,
                    ),
                )
            )
            for case_id in (filled.cases[0], filled.cases[4], ids.uuid7())
            for version in (None, 1, 77)
        ]
        assert len({repr(one) for one in told}) == 1, told
    opened = [
        _told(look.refused(people.open_values, district.engine, actor, case_id, reason="看"))
        for case_id in (filled.cases[0], ids.uuid7())
    ]
    assert opened[0] == opened[1]


def test_an_area_shows_by_name_only_what_the_naming_seat_reaches_whole() -> None:
    assert access.NAMING.keys() == access.NAMED - access.BY_CODE.keys()

    def seat(kind: str, *processes: str) -> access.Seat:
        return access.Seat(key=kind, kind=kind, value=kind, processes=processes)

    others = (seat("office", "petition"), seat("handler"), seat("grid"), seat("area_2"))
    reach = {
        shown: [one.kind for one in access.with_named(seat("area_3", *shown), others).named]
        for shown in ((), ("petition",), ("dispute", "petition"))
    }
    assert reach == {
        (): ["handler"],
        ("petition",): ["office", "handler"],
        ("dispute", "petition"): ["handler"],
    }
    assert access.with_named(seat("grid"), others).named == ()


def test_an_officer_of_another_grid_sees_nothing(district: office.District) -> None:
    filed = district.file("officer")
    other = district.actor("other_officer")
    error = look.refused(case_query.view, district.engine, other, filed.case_id)
    assert error.code == "case.unknown"
    assert not any(count for _, count in worklist.seats(district.engine.database, other))


def test_a_restricted_case_is_seen_by_who_works_on_it_and_by_nobody_else(
    district: office.District,
) -> None:
    filed = district.file("officer", confidentiality="restricted")
    filled = Filled(district=district, cases=(filed.case_id,))
    seeing = {name for name, actor in _everybody(district) if _judged(filled, actor)}
    assert seeing == {"officer", "desk"}  # who filed it, and the desk of the lead office
    _mediate(district, filed)
    seeing = {name for name, actor in _everybody(district) if _judged(filled, actor)}
    assert seeing == {"officer", "mediator"}


def _second_petition_office(district: office.District) -> None:
    """A street's own, with its officer: the nearest to the grid."""
    district.staff(
        "near",
        kind="petition_office",
        area=office.STREET,
        superior="street",
        near_officer="petition_officer",
    )


def test_I7_who_sent_a_restricted_petition_on_decides_on_the_objection_and_no_other(
    district: office.District,
) -> None:
    _second_petition_office(district)
    filed = district.file("officer", process="petition", confidentiality="restricted")
    filled = Filled(district=district, cases=(filed.case_id,))
    assert district.case(filed).lead_office_id == district.offices["near"]
    assert district.case(filed).sender_id is None
    _send(district, filed, by="near_officer")
    objected = district.do(filed, "object", "handler", objection_reason="不由本单位负责。")
    told = {
        row.receiver_id for row in look.notices(district, filed.case_id) if row.seq == objected.seq
    }
    assert told == {district.people["near_officer"]}
    seeing = set()
    for name, actor in _everybody(district):
        _agree(filled, actor)
        if _judged(filled, actor):
            seeing.add(name)
    assert seeing == {"officer", "near_officer", "handler", "head"}
    outbox.run(district.engine)
    assert office_query.unread(district.engine.database, district.actor("near_officer")) == 2
    upheld = {"uphold_reason": "三定规定明确。"}
    error = look.refused(district.do, filed, "uphold", "petition_officer", **upheld)
    assert error.code == "case.unknown"
    district.at("2026-03-28 09:00")
    rungs = look.whole(district, filed.case_id).rungs_of("petition.decide_objection")
    assert {rung.target_person_id for rung in rungs} == {district.people["near_officer"]}
    view = case_query.view(district.engine, district.actor("near_officer"), filed.case_id)
    assert {"agree_return", "uphold"} <= set(view.actions)
    district.do(filed, "agree_return", "near_officer")
    assert district.case(filed).lead_office_id == district.offices["near"]


def test_what_is_returned_comes_back_to_who_sent_it_on_however_near_another_is(
    district: office.District,
) -> None:
    _second_petition_office(district)
    filed = district.file("petition_officer", process="petition")
    petitions = district.offices["petitions"]
    assert district.case(filed).lead_office_id == petitions
    _send(district, filed)
    district.do(filed, "object", "handler", objection_reason="不由本单位负责。")
    district.do(filed, "agree_return", "petition_officer")
    assert district.case(filed).lead_office_id == petitions


def test_I8_who_sent_it_on_is_out_like_others_when_recused_or_complained_about(
    district: office.District,
) -> None:
    sender = district.actor("petition_officer")
    for barring in ("recused", "complained"):
        filed = district.file("officer", process="petition", confidentiality="restricted")
        _send(district, filed)
        filled = Filled(district=district, cases=(filed.case_id,))
        assert _judged(filled, sender) == {filed.case_id}
        if barring == "recused":
            look.recuse(district, filed.case_id, "petition_officer")
        else:
            accused = str(district.offices["petitions"])
            district.do(filed, "name_complained_later", "handler", complained_office=accused)
        assert _judged(filled, sender) == set()
        _agree(filled, sender)


def test_I8_a_recused_person_sees_and_does_nothing(district: office.District) -> None:
    filed = district.file("officer")
    look.recuse(district, filed.case_id, "desk", "supervisor", "officer")
    filled = Filled(district=district, cases=(filed.case_id,))
    for name in ("desk", "supervisor", "officer"):
        _agree(filled, district.actor(name))
        assert _judged(filled, district.actor(name)) == set()
        error = look.refused(district.do, filed, "accept", name)
        assert error.code == "case.unknown"
    assert board.board(district.engine.database, district.actor("supervisor")).total.total == 0


def test_I8_notices_of_a_recused_person_are_dropped_at_sending(
    district: office.District,
) -> None:
    filed = district.file("officer")
    queued = [row.receiver_id for row in look.notices(district, filed.case_id)]
    assert queued == [district.people["desk"]]
    look.recuse(district, filed.case_id, "desk")
    assert outbox.run(district.engine) == outbox.RelayReport(sent=0, dropped=1)
    assert office_query.inbox(district.engine.database, district.actor("desk")) == ()


def test_who_left_the_post_is_not_told(district: office.District) -> None:
    district.file("officer")
    office_commands.appoint(
        district.engine.database, district.posts["desk"], holder_id=district.people["auditor"]
    )
    assert outbox.run(district.engine) == outbox.RelayReport(sent=0, dropped=1)


def test_I7_who_left_the_post_reads_no_more_of_its_cases(district: office.District) -> None:
    filed = district.file("officer")
    district.do(filed, "name_leader", "supervisor", leader=str(district.people["leader"]))
    outbox.run(district.engine)
    database = district.engine.database
    for post in ("desk", "leader"):
        assert office_query.unread(database, district.actor(post)) == 1
        office_commands.appoint(
            database, district.posts[post], holder_id=district.people["auditor"]
        )
        gone = district.actor(post)
        assert office_query.inbox(database, gone) == ()
        assert office_query.unread(database, gone) == 0
    assert assignment.open_ones(database, district.actor("leader")) == ()


def test_I8_a_notice_sent_before_the_recusal_tells_nothing_after_it(
    district: office.District,
) -> None:
    filed = district.file("officer")
    outbox.run(district.engine)
    desk = district.actor("desk")
    assert len(office_query.inbox(district.engine.database, desk)) == 1
    look.recuse(district, filed.case_id, "desk")
    assert office_query.inbox(district.engine.database, desk) == ()
    assert office_query.unread(district.engine.database, desk) == 0


@pytest.mark.parametrize(
    ("who", "identity", "minutes", "story"),
    [
        ("officer", "open", None, "open"),
        ("mediator", "open", "open", "open"),
        ("supervisor", "mask", None, "open"),
        ("leader", "open", "open", "open"),
        ("auditor", "mask", None, None),
    ],
)
def test_field_rights_are_the_roles(
    district: office.District,
    who: str,
    identity: str | None,
    minutes: str | None,
    story: str | None,
) -> None:
    filed = district.file("officer")
    _mediate(district, filed)
    district.do(filed, "record_session", "mediator", **SESSION)
    view = case_query.view(district.engine, district.actor(who), filed.case_id)
    found = {value.field: value.can_open for event in view.events for value in event.values}
    for field, right in (("applicant_name", identity), ("minutes", minutes), ("story", story)):
        assert found.get(field) == (None if right is None else right == "open"), field
    opened = people.open_values(district.engine, district.actor(who), filed.case_id, reason="办案")
    names = {key.split(":")[1] for key in opened}
    assert names == {field for field, may_open in found.items() if may_open}


def test_a_resident_sees_their_own_case_and_no_minutes(district: office.District) -> None:
    filed, other = district.file("officer"), district.file("officer")
    _mediate(district, filed)
    district.do(filed, "record_session", "mediator", **SESSION)
    actor = district.resident(filed)
    view = case_query.view(district.engine, actor, filed.case_id)
    fields = {value.field for event in view.events for value in event.values}
    assert "applicant_name" in fields
    assert "minutes" not in fields
    assert look.refused(case_query.view, district.engine, actor, other.case_id).code == (
        "case.unknown"
    )
    wrong = look.refused(search.by_code, district.engine, filed.number, "000000")
    nobody = look.refused(search.by_code, district.engine, "1234-5678-9", filed.code)
    assert _told(wrong) == _told(nobody)
    assert worklist.seats(district.engine.database, actor) == ()


@pytest.mark.long
def test_offered_actions_are_those_that_work_and_no_others(filled: Filled) -> None:
    """What a page offers is never refused as not yours or in the wrong state."""
    district = filled.district
    for _, actor in _everybody(district):
        for case_id in _judged(filled, actor):
            view = case_query.view(district.engine, actor, case_id)
            for action in view.process.actions:
                request = act.Request(
                    case_id=case_id, action_id=ids.uuid7(), action=action, fields={"?": "?"}
                )
                code = look.refused(act.act, district.engine, actor, request).code
                if action in view.actions:
                    assert code == "field.unknown", action
                else:
                    assert code in ("action.not_yours", "action.unknown", "field.unknown"), action
