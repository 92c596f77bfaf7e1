"""Ladders and notices: who is reached, when and how often, and which case comes first."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from sqlalchemy import select, update

from rules import errors
from tests import office
from tests.peers import stage
from tests.workflow import look, outside, test_transfer
from workflow import auditor, db, outbox, scheduler, sweep
from workflow.commands import act
from workflow.queries import board
from workflow.tables import case as case_tables
from workflow.tables import delivery

DEADLINE = case_tables.Deadline.__table__  # type: ignore[attr-defined]
NOTICE = delivery.Notice.__table__  # type: ignore[attr-defined]


def _causes(district: office.District, person: str) -> Counter[str]:
    """How often a person was told of what, in the app."""
    receiver = NOTICE.c.receiver_id == district.people[person]
    with db.snapshot(district.engine.database) as tx:
        rows = tx.execute(select(NOTICE.c.cause).where(receiver, NOTICE.c.state == "sent"))
        return Counter(rows.scalars())


# --- levels and persons


def test_peer_45_46_each_level_reaches_a_person_of_its_own_up_the_line(
    district: office.District,
) -> None:
    """Three levels to three persons, up the line, needed work-arounds: zammad #2532, erpnext
    #6049, chatwoot #6889."""
    filed = district.file()
    district.at("2026-04-02 10:00")
    names: dict[UUID | None, str] = {key: name for name, key in district.people.items()}
    rungs = look.hold(district, filed.case_id).rungs_of("dispute.accept")
    assert [(rung.effect, names[rung.target_person_id]) for rung in rungs] == [
        ("warn", "desk"),
        ("urge", "desk"),
        ("supervise", "supervisor"),
        ("raise", "district_supervisor"),
        ("leader", "district_leader"),
    ]
    for effect, name in (
        ("supervise", "supervisor"),
        ("raise", "district_supervisor"),
        ("leader", "district_leader"),
    ):
        assert _causes(district, name)[f"rung.{effect}"] == 1


def test_peer_50_who_is_concerned_asks_how_it_stands_and_what_is_owed_climbs(
    district: office.District,
) -> None:
    """The person concerned wants to escalate himself: osTicket #1330."""
    filed = district.file()
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.ask(filed, "ask_progress")
    district.at("2026-03-31 10:00")
    rungs = look.hold(district, filed.case_id).rungs_of("dispute.tell_progress")
    names: dict[UUID | None, str] = {key: name for name, key in district.people.items()}
    assert [(rung.effect, names[rung.target_person_id]) for rung in rungs] == [
        ("warn", "mediator"),
        ("urge", "mediator"),
        ("supervise", "supervisor"),
    ]
    assert _causes(district, "mediator")["ask_progress"] == 1


def test_peer_47_a_person_in_several_posts_is_told_once_of_each_step(
    district: office.District,
) -> None:
    """An escalation to a group told its members twice: pluginsGLPI/escalade #213."""
    stage.appoint(district, "supervisor", "desk")
    outside.reach(district, "desk")
    door = outside.Recording()
    filed = district.file()
    desk = district.people["desk"]
    given = {"supervisor": str(desk), "supervise_reason": "请街道盯办"}
    district.do(filed, "delegate_supervision", "district_supervisor", **given)
    outside.send(district, door)
    for n, day in enumerate((25, 26, 27), 2):
        district.at(f"2026-03-{day} 10:00")
        outside.send(district, door)
        assert len(door.sent) == n
    found = look.hold(district, filed.case_id)
    assert [rung.effect for rung in found.rungs] == stage.LADDER[:3]
    assert {rung.target_person_id for rung in found.rungs} == {desk}
    told = Counter((row.seq, row.receiver_id) for row in look.notices(district, filed.case_id))
    steps = {rung.seq for rung in found.rungs} | {1 + found.names.index("delegate_supervision")}
    assert {(seq, desk) for seq in steps} <= told.keys()
    assert set(told.values()) == {1}


def test_peer_48_nothing_escalates_at_filing_and_each_step_is_one_line_of_the_record(
    district: office.District,
) -> None:
    """The first escalation always came at once, and the record was full of them:
    django-helpdesk #8, #1235."""
    filed = district.file()
    assert district.sweep() == sweep.TickReport()
    district.jump("2026-03-24 23:59")
    assert district.sweep() == sweep.TickReport()
    district.at("2026-04-02 10:00")
    for _ in range(3):
        district.sweep()
    lines = Counter(look.hold(district, filed.case_id).names)
    assert lines["rung_fired"] == len(look.whole(district, filed.case_id).rungs)
    assert lines["deadline_missed"] == 1


def test_peer_9_old_closed_cases_that_are_imported_escalate_nothing_and_tell_nobody(
    district: office.District,
) -> None:
    """Imported closed tickets escalated, and people had a mail for each: zammad #2949."""
    outside.reach(district, "desk")
    door = outside.Recording()
    old = [test_transfer.LEAK.replace("D-17", f"D-{n}") for n in range(3)]
    made, written = test_transfer.brought(district, test_transfer.table(*old))
    assert (len(made.new), written) == (3, 3)
    for moment in ("2026-03-23 10:00", "2026-06-01 10:00", "2027-06-01 10:00"):
        district.jump(moment)
        assert district.sweep() == sweep.TickReport()
        assert auditor.run(district.engine).looked == 0
        assert outside.send(district, door) == outbox.SendReport()
    for case_id in look.case_ids(district):
        found = look.hold(district, case_id)
        assert (found.names, found.deadlines, found.rungs) == (["case_imported"], (), ())
        assert look.notices(district, case_id) == []
    assert door.sent == []


# --- which cases


def test_peer_read_1_the_oldest_come_first_when_more_are_due_than_fit(
    district: office.District,
) -> None:
    """A hundred cases were looked at, the newest first, and the oldest never: DIGIT CCRS's
    `EscalationScheduler`."""
    filed: list[act.Receipt] = []
    for moment in ("2026-03-20 16:30", "2026-03-23 10:00", "2026-03-24 10:00"):
        district.jump(moment)
        filed += [district.file() for _ in range(2)]
    district.jump("2026-03-27 10:00")
    for n in (2, 4, 6):
        sweep.tick(district.engine, limit=2)
        climbed = [bool(look.hold(district, one.case_id).rungs) for one in filed]
        assert climbed == [True] * n + [False] * (6 - n)


def test_peer_39_a_broken_case_stops_no_other_and_is_shown(district: office.District) -> None:
    """A task that could not finish stopped the others for days, and nobody saw it: glpi #6564,
    #4220, #15834, #9349."""
    sick, *well = (district.file() for _ in range(3))
    _break(district, sick.case_id)
    bell = scheduler.Bell(district.engine, tick_s=3600)
    bell.start()
    district.jump("2026-03-27 10:00")
    bell.ring()
    bell.stop()
    for one in well:
        rungs = look.hold(district, one.case_id).rungs
        assert [rung.effect for rung in rungs] == stage.LADDER[:3]
    assert _causes(district, "supervisor")["rung.supervise"] == len(well)
    assert look.whole(district, sick.case_id).rungs == ()
    (worker,) = board.workers(district.engine.database)
    assert (worker.fired, worker.errors) == (6, 1)


def _break(district: office.District, case_id: UUID) -> None:
    """One clock follows a rule that is in no pack."""
    with db.transaction(district.engine.database) as tx:
        tx.execute(update(DEADLINE).where(DEADLINE.c.case_id == case_id).values(rule="gone"))


# --- notices


def test_peer_43_two_things_of_one_day_are_told_twice(district: office.District) -> None:
    """ "Once a day of each kind" swallowed what was new: zammad #4348."""
    outside.reach(district, "desk")
    door = outside.Recording()
    filed = district.file()
    outside.send(district, door)
    before = len(door.sent)
    for n, moment in enumerate(("2026-03-23 10:00", "2026-03-23 15:00"), 1):
        district.at(moment)
        district.do(filed, "urge", "supervisor", urge_reason="请抓紧")
        outside.send(district, door)
        assert _causes(district, "desk")["urge"] == n
        assert len(door.sent) == before + n
    assert len({message.id for _, _, message in door.sent}) == len(door.sent)


def test_peer_44_what_falls_due_at_midnight_wakes_nobody(district: office.District) -> None:
    """Escalations were mailed at midnight and at weekends: zammad #4432."""
    outside.reach(district, "desk")
    door = outside.Recording()
    district.file()
    district.at("2026-03-25 10:00")
    outside.send(district, door)
    before = len(door.sent)
    district.at("2026-03-26 00:01")
    assert outside.send(district, door) == outbox.SendReport()
    assert _causes(district, "desk")["deadline_missed"] == 1, "in the app at once"
    district.at("2026-03-26 07:59")
    assert outside.send(district, door) == outbox.SendReport()
    district.at("2026-03-26 08:00")
    assert outside.send(district, door).messages == 1
    assert len(door.sent) == before + 1


def test_peer_read_6_a_digest_is_not_lost_when_nobody_ran_at_its_hour(
    district: office.District,
) -> None:
    """Reminders came from a loop in memory: whoever was down at six had none that day:
    Netflix/dispatch's scheduler."""
    outside.reach(district, "desk", rhythm="digest")
    door = outside.Recording()
    filed = district.file()
    assert outside.send(district, door) == outbox.SendReport()
    district.jump("2026-03-20 18:30")
    assert outside.send(district, door).messages == 1
    assert filed.number in door.bodies[0]
    assert outside.send(district, door) == outbox.SendReport()


def test_peer_44_what_is_tried_again_at_night_waits_for_the_morning(
    district: office.District,
) -> None:
    """Escalations were mailed at midnight and at weekends: zammad #4432."""
    outside.reach(district, "desk")
    door = outside.Recording(answer=outside.fails(errors.Busy("delivery.unreachable")))
    district.file()
    assert outside.send(district, door).failed == 1
    door.answer = outside.takes
    district.jump("2026-03-21 03:00")  # a Saturday
    outside.pass_back_off(district.engine.database)
    assert outbox.send(district.engine, door=door) == outbox.SendReport()
    district.jump("2026-03-23 08:00")
    assert outbox.send(district.engine, door=door).messages == 1


def test_peer_44_what_nobody_sent_before_the_night_waits_for_the_morning(
    district: office.District,
) -> None:
    """Escalations were mailed at midnight and at weekends: zammad #4432."""
    outside.reach(district, "desk")
    door = outside.Recording()
    district.file()
    outbox.run(district.engine)
    district.jump("2026-03-21 03:00")
    assert outbox.send(district.engine, door=door) == outbox.SendReport()
    district.jump("2026-03-23 08:00")
    assert outbox.send(district.engine, door=door).messages == 1
