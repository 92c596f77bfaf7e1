"""Lines of the exact semantics that no other test holds; each says which in its docstring."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from rules import due, load
from tests import office
from tests.workflow import look
from workflow import db, ids, machine, outbox, read, scheduler
from workflow.commands import act, packs, people
from workflow.decide import decide_due
from workflow.queries import case as case_query
from workflow.queries import office as office_query
from workflow.tables import office as office_tables
from workflow.tables import personal as personal_tables

AREA = office_tables.Area.__table__.c  # type: ignore[attr-defined]
LOG = office_tables.OfficeLog.__table__.c  # type: ignore[attr-defined]
HOUSE = office_tables.Installation.__table__.c  # type: ignore[attr-defined]
PACK = office_tables.Pack.__table__.c  # type: ignore[attr-defined]
SEALED = personal_tables.SealedValue.__table__  # type: ignore[attr-defined]
NAME_MEDIATOR = "dispute.name_mediator"


def test_a_login_does_not_jump_with_the_demos_clock(database: db.Database) -> None:
    """Line 1.1: sessions live in system time."""
    district = office.build(database, accounts=["desk"])
    token = people.log_in(database, "desk", office.PASSWORD, kind="browser", max_days=1)
    scheduler.advance(district.engine, by=timedelta(days=40))
    assert people.session_actor(database, token, idle_min=30) is not None


def test_nobody_explains_a_due_date_who_does_not_show_it(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line 1.5: commands and sweep ask for the date alone."""

    def explained(*_: object, **__: object) -> None:
        raise AssertionError("spans were made for nobody")

    filed = district.file()
    monkeypatch.setattr(due, "explain", explained)
    district.do(district.file(), "accept", "desk")
    district.at("2026-03-27 10:00")
    with pytest.raises(AssertionError):
        case_query.view(district.engine, district.actor("desk"), filed.case_id)


def test_a_clock_without_a_ladder_turns_red_all_the_same(district: office.District) -> None:
    """Line 2.2."""
    filed = district.file()
    loaded = load.release(load.NATIONAL)[0]
    document = json.loads(loaded.document)
    del document["deadlines"]["dispute.accept"]["ladder"]
    rules = machine.compile_rules(_pack_of(document))
    district.jump("2026-03-26 00:00")
    with db.snapshot(district.engine.database) as tx:
        case = read.case_row(tx, filed.case_id)
        assert case is not None
        facts = read.many_facts(tx, [case], at=read.house(tx))[filed.case_id]
    decision = decide_due(rules, facts)
    assert decision is not None
    assert [event.name for event in decision.events] == ["deadline_missed"]
    assert (decision.case.light, decision.case.next_at) == ("red", None)
    (accept,) = (row for row in decision.deadlines if row.rule == "dispute.accept")
    assert accept.charged_office_id == district.offices["desk"]


def test_pauses_and_extensions_stand_on_the_row_with_their_event(
    district: office.District,
) -> None:
    """Line 2.3."""
    filed = district.file("petition_officer", process="petition")
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    district.do(filed, "accept", "handler", route="6")
    extended = district.do(filed, "extend", "head", extend_days=10, extend_reason="案情复杂")
    (note,) = json.loads(look.whole(district, filed.case_id).deadline("petition.handle").extensions)
    assert (note["event"], note["days"]) == (extended.seq, 10)
    other = district.file()
    district.do(other, "accept", "desk")
    district.do(other, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    begun = district.do(other, "start_assessment", "mediator", assessment_reason="漏水原因不明")
    (pause,) = json.loads(look.whole(district, other.case_id).deadline("mediation.general").pauses)
    assert (pause["event"], pause["to"]) == (begun.seq, None)


def test_a_raise_moves_the_watching_and_not_the_handling(district: office.District) -> None:
    """Line 3.6."""
    filed = district.file()
    before = district.case(filed)
    district.at("2026-03-31 10:00")
    after = district.case(filed)
    assert (after.lead_office_id, after.level, after.handler_id) == (
        before.lead_office_id,
        before.level,
        before.handler_id,
    )
    assert after.supervising_level is not None
    assert after.supervising_level < after.level
    with db.snapshot(district.engine.database) as tx:
        pack = read.house(tx).rules.pack
    assert "hand_up" not in pack.processes["petition"].actions


def test_a_miss_asks_and_does_not_act(district: office.District) -> None:
    """Line 4.4: `on_miss: ask ACTION` is asked of the handler and never fired."""
    filed = district.file(category="0502")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    due_at = look.whole(district, filed.case_id).deadline("mediation.medical").due_at
    scheduler.advance(district.engine, by=due_at - district.now() + timedelta(minutes=1))
    found = look.whole(district, filed.case_id)
    assert found.deadline("mediation.medical").missed_at is not None
    assert found.case.state == "mediating"
    assert "deem_failed" not in found.names
    asked = [n for n in look.notices(district, filed.case_id) if n.cause == "deadline_missed"]
    assert ("deem_failed", district.people["mediator"]) in [
        (json.loads(notice.words).get("ask"), notice.receiver_id) for notice in asked
    ]
    outbox.run(district.engine)
    inbox = office_query.inbox(district.engine.database, district.actor("mediator"))
    (said,) = {one.text.en for one in inbox if "Please do" in one.text.en}
    assert said.endswith("It is charged to {office}. Please do: Record that it counts as failed.")


@pytest.mark.parametrize(
    ("by", "running"),
    [("petition_officer", "petition.transfer"), ("handler", "petition.notice_direct")],
)
def test_the_first_clock_of_a_petition_is_that_of_who_received_it(
    district: office.District, by: str, running: str
) -> None:
    """Line 4.5."""
    filed = district.file(by, process="petition")
    assert list(district.deadlines(filed)) == [running]


def test_a_pack_is_available_until_it_is_activated(district: office.District) -> None:
    """Line 4.7: adding switches nothing, and shipping again does neither."""
    other = _other_pack()
    database = district.engine.database
    with db.transaction(database) as tx:
        packs.add(tx, other, read.house(tx).calendar, document="{}")
    assert packs.ship(database) == _active(database) != other.hash
    with db.snapshot(database) as tx:
        kept = {row[0]: row[1] for row in tx.execute(select(PACK.hash, PACK.document))}
        calendar_hash = tx.execute(select(HOUSE.calendar_hash)).scalar_one()
    assert kept[other.hash] == other.document
    (clock,) = district.deadlines(district.file())["dispute.accept"]
    assert clock.calendar_hash == calendar_hash
    with db.transaction(database) as tx:
        packs.activate(tx, other.hash)
    assert _active(database) == other.hash
    assert packs.ship(database) != _active(database), "a release does not switch back"


def test_a_case_keeps_its_clocks_and_takes_the_rights_of_today(
    district: office.District,
) -> None:
    """Line 4.8: process, clocks and ladders are the case's own pack's; rights, notices and
    texts the active one's."""
    old, other = district.file(), _other_pack()
    with db.transaction(district.engine.database) as tx:
        packs.add(tx, other, read.house(tx).calendar, document="{}")
        packs.activate(tx, other.hash)
    new = district.file()
    for filed in (old, new):
        district.do(filed, "accept", "desk")
    due_on = {
        name: district.deadlines(filed)[NAME_MEDIATOR][0].due_on.isoformat()
        for name, filed in (("old", old), ("new", new))
    }
    assert due_on == {"old": "2026-03-23", "new": "2026-03-25"}
    supervisor = district.actor("supervisor")
    view = case_query.view(district.engine, supervisor, old.case_id)
    assert "story" in view.rights
    assert "agreement" not in view.rights
    told = {notice.cause for notice in look.notices(district, old.case_id)}
    assert "accept" not in told, "the notices of today"


def test_what_time_does_has_a_key_of_its_own(district: office.District) -> None:
    """Line 5.1: a rung's and a miss's action id say which they are."""
    filed = district.file()
    district.at("2026-03-26 10:00")
    events = look.whole(district, filed.case_id).events
    keys = {event.name: event.action_id for event in events if event.actor_kind == "ladder"}
    assert keys == {"rung_fired": "ladder:1:1:1:0", "deadline_missed": "due:1:1"}


def test_I2_an_erased_value_compares_equal(district: office.District) -> None:
    """Line 5.3: the repeat of an act whose personal values are gone is still a repeat."""
    request = act.Request(
        case_id=ids.uuid7(),
        action_id=ids.uuid7(),
        action="file_case",
        fields=office.DISPUTE,
        filing=act.Filing(process="dispute", origin_grid=office.GRID),
    )
    officer = district.actor("officer")
    first = act.act(district.engine, officer, request)
    with db.transaction(district.engine.database) as tx:
        tx.execute(delete(SEALED).where(SEALED.c.case_id == first.case_id))
    again = act.act(district.engine, officer, request)
    assert (again.is_repeat, again.number, again.code) == (True, first.number, first.code)


def test_each_ring_is_told_to_who_watches(district: office.District) -> None:
    """Line 6.3: the tick's report goes out by a callback."""
    told: list[scheduler.Ring] = []
    district.file()
    district.jump("2026-03-26 10:00")
    bell = scheduler.Bell(district.engine, tick_s=3600, told=told.append)
    bell.ring()
    (ring,) = told
    assert (ring.sweep.cases, ring.sweep.missed, ring.failed) == (1, 1, 0)
    assert ring.relay.sent > 0


def test_area_rows_carry_their_own_line_and_offices_copy_it(district: office.District) -> None:
    """Line 8.2."""
    line = ("42", "4203", office.DISTRICT, office.STREET, office.COMMUNITY, office.GRID)
    with db.snapshot(district.engine.database) as tx:
        columns = [AREA[f"area_{n}"] for n in range(1, 7)]
        grid = tx.execute(select(*columns).where(AREA.code == office.GRID)).one()
        community = tx.execute(select(*columns).where(AREA.code == office.COMMUNITY)).one()
    assert tuple(grid) == line
    assert tuple(community) == (*line[:5], None)
    assert district.case(district.file()).areas == line[:5]


@pytest.mark.parametrize("move", [scheduler.advance, scheduler.jump])
def test_a_press_of_the_button_is_one_row_of_the_log(district: office.District, move: Any) -> None:
    """Line 9.2: one row a run, however many steps it took."""
    district.file()
    before = _logged(district.engine.database)
    move(district.engine, by=timedelta(days=20), actor_id=district.people["supervisor"])
    (row,) = _logged(district.engine.database)[len(before) :]
    assert row.name in ("clock_advanced", "clock_jumped")
    assert json.loads(row.payload) == {"seconds": 20 * 24 * 3600}
    assert row.actor_id == district.people["supervisor"]


# --- a second pack, and what is stored


def _pack_of(document: dict[str, Any]) -> load.Loaded:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return load.from_document(text)


def _other_pack() -> load.Loaded:
    """The shipped pack with a longer limit, one right less and no notice of acceptance."""
    document = json.loads(load.release(load.NATIONAL)[0].document)
    document["deadlines"][NAME_MEDIATOR]["limit"] = "3 working days"
    document["examples"] = []  # they are of the old limit
    del document["rights"]["supervisor"]["fields"]["agreement"]
    document["notices"] = [notice for notice in document["notices"] if notice["on"] != "accept"]
    return _pack_of(document)


def _active(database: db.Database) -> str:
    with db.snapshot(database) as tx:
        return str(tx.execute(select(HOUSE.pack_hash)).scalar_one())


def _logged(database: db.Database) -> list[Any]:
    with db.snapshot(database) as tx:
        return list(
            tx.execute(select(LOG.seq, LOG.name, LOG.payload, LOG.actor_id).order_by(LOG.seq))
        )
