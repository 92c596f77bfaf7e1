"""Notices outside the app: when, to whom, in one message, once; the ledger of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import text

from rules import errors, telling
from tests import conftest, office
from tests.workflow import outside, races, receivers
from workflow import channels, db, outbox
from workflow.commands import contacts, notices
from workflow.commands import office as office_commands
from workflow.outbox import sending
from workflow.queries import deliveries, installation
from workflow.queries import office as office_query
from workflow.tables import delivery


@pytest.fixture
def door() -> outside.Recording:
    """A channel that takes everything."""
    return outside.Recording()


CONTACT = delivery.Contact.__table__  # type: ignore[attr-defined]
UNREACHABLE = errors.Busy("delivery.unreachable")


# -- what is told, and to whom


def test_a_notice_goes_out_once_when_somebody_has_an_address(
    district: office.District, door: outside.Recording
) -> None:
    address = outside.reach(district, "desk")
    filed = district.file()
    report = outside.send(district, door)
    assert (report.messages, report.sent) == (1, 1)
    ((channel, to, message),) = door.sent
    assert (channel, to) == ("mail", address)
    assert message.title == message.body
    assert filed.number in message.body
    assert "3 月 25 日（周三）" in message.body
    assert outside.send(district, door) == outbox.SendReport()
    assert outside.states(district) == ["sent"]
    assert office_query.unread(district.engine.database, district.actor("desk")) == 1


def test_nobody_is_told_outside_who_has_no_address(
    district: office.District, door: outside.Recording
) -> None:
    outside.reach(district, "officer")
    district.file()
    assert outside.send(district, door) == outbox.SendReport()
    assert outside.ledger(district) == []


def test_who_gets_a_message_that_cannot_be_written_is_told_that_notices_wait(
    district: office.District, door: outside.Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = telling.filled

    def filled(text: str, places: Mapping[str, object]) -> str:
        if "请于" in text:
            raise ValueError("Invalid format specifier")
        return written(text, places)

    monkeypatch.setattr(telling, "filled", filled)
    for person in ("desk", "officer"):
        outside.reach(district, person)
    district.do(district.file(), "accept", "desk")
    assert outside.send(district, door).messages == 2
    told = {to: message.body for _, to, message in door.sent}
    assert told["desk@example.org"] == "有 1 条通知，请登录系统查看。"
    assert "已由" in told["officer@example.org"]
    assert set(outside.states(district)) == {"sent"}


def test_no_personal_data_goes_out(district: office.District, door: outside.Recording) -> None:
    outside.reach(district, "desk")
    district.file()
    outside.send(district, door)
    told = door.sent[0][2].title + door.sent[0][2].body
    for value in ("张示例", "李样本", "3号楼", "漏水", "演示"):
        assert value not in told


def test_each_channel_gets_its_own_message(
    district: office.District, door: outside.Recording
) -> None:
    outside.reach(district, "desk")
    outside.reach(district, "desk", channel="feishu")
    district.file()
    assert outside.send(district, door).messages == 2
    assert sorted(channel for channel, _, _ in door.sent) == ["feishu", "mail"]


def test_a_channel_that_is_not_configured_waits(
    district: office.District, door: outside.Recording
) -> None:
    outside.reach(district, "desk")
    district.file()
    door.names = frozenset({"sms"})
    assert outside.send(district, door) == outbox.SendReport()
    assert outside.states(district) == ["waiting"]


def test_the_message_speaks_the_language_in_which_the_address_was_set(
    database: db.Database, door: outside.Recording
) -> None:
    district = office.build(database, accounts=("desk",))
    outside.reach(district, "desk", language="en")
    district.file()
    outside.send(district, door, public_url="https://cases.example.org")
    body = door.bodies[0]
    assert "was filed. Decide on it by Wed 25 Mar." in body
    assert "https://cases.example.org/cases/" in body


def test_a_restricted_case_is_not_named(district: office.District, door: outside.Recording) -> None:
    outside.reach(district, "desk")
    filed = district.file()
    with db.transaction(district.engine.database) as tx:
        tx.execute(text("update case_file set confidentiality = 'restricted'"))
    outside.send(district, door, public_url="https://cases.example.org")
    assert door.bodies == ["有 1 条通知，请登录系统查看。\nhttps://cases.example.org/notices"]
    assert filed.number not in door.sent[0][2].title


def test_I8_rights_are_asked_again_before_it_goes(
    district: office.District, door: outside.Recording
) -> None:
    """The post goes to somebody else between the relay and the sending."""
    outside.reach(district, "desk")
    district.file()
    outbox.run(district.engine)
    office_commands.appoint(district.engine.database, district.posts["desk"], holder_id=None)
    report = outbox.send(district.engine, door=door)
    assert (report.dropped, door.sent) == (1, [])
    assert [(row.state, row.error) for row in outside.ledger(district)] == [
        ("dropped", "delivery.not_theirs")
    ]
    assert deliveries.mine(district.engine.database, district.actor("desk")) == ()


# -- when


def test_a_yellow_card_on_a_friday_night_comes_on_monday(
    database: db.Database, door: outside.Recording
) -> None:
    district = office.build(database, start="2026-03-20 20:30")
    outside.reach(district, "desk")
    district.file()
    assert outside.send(district, door) == outbox.SendReport()
    district.at("2026-03-23 07:59")
    assert outside.send(district, door) == outbox.SendReport()
    district.at("2026-03-23 08:00")
    assert outside.send(district, door).messages == 1


def test_a_digest_is_one_message_at_its_hour_without_what_was_read(
    district: office.District, door: outside.Recording
) -> None:
    outside.reach(district, "desk", rhythm="digest")
    filed = [district.file() for _ in range(3)]
    assert outside.send(district, door) == outbox.SendReport()
    actor = district.actor("desk")
    (read, *_) = [
        message.key
        for message in office_query.inbox(district.engine.database, actor)
        if message.number == filed[0].number
    ]
    notices.mark_read(district.engine.database, actor, key=read)
    district.at("2026-03-20 17:00")
    report = outside.send(district, door)
    assert (report.messages, report.sent, report.dropped) == (1, 2, 1)
    for case, is_told in zip(filed, (False, True, True), strict=True):
        assert (case.number in door.bodies[0]) is is_told


def test_after_a_standstill_one_message_has_the_gravest_of_each_case_first(
    district: office.District, door: outside.Recording
) -> None:
    outside.reach(district, "desk")
    for _ in range(25):
        district.file()
    for moment in ("2026-03-25 09:00", "2026-03-26 09:00"):
        district.jump(moment)
        district.sweep()
    report = outside.send(district, door)
    assert report.messages == 1
    assert report.sent == len(outside.ledger(district, "desk")) >= 75
    *lines, last = door.bodies[0].splitlines()
    assert len(lines) == 20
    assert all(line.startswith("红牌催办") for line in lines)
    assert last == "另有 5 条，请登录系统查看。"
    assert len({line.split()[1] for line in lines}) == 20
    assert door.sent[0][2].title.startswith("25 条通知：红牌催办")


# -- a channel that is away


def test_what_comes_while_a_channel_is_away_goes_with_the_next_message(
    district: office.District, door: outside.Recording
) -> None:
    """Two messages after an outage, not one a try; and the first keeps its id."""
    outside.reach(district, "desk")
    ids = []

    def away(message: channels.Message) -> None:
        ids.append(message.id)
        raise UNREACHABLE

    door.answer = away
    first = district.file()
    assert outside.send(district, door).failed == 1
    later = [district.file() for _ in range(3)]
    assert outside.send(district, door) == outbox.SendReport()  # they wait for the first
    outside.pass_back_off(district.engine.database)
    assert outside.send(district, door).failed == 1
    assert outside.states(district) == ["waiting"] * 4
    door.answer = outside.takes
    outside.pass_back_off(district.engine.database)
    report = outside.send(district, door)
    assert (report.messages, report.sent) == (2, 4)
    one, other = (message.id for _, _, message in door.sent)
    assert one == ids[0] == ids[1] != other
    assert first.number in door.bodies[0]
    assert all(case.number in door.bodies[1] for case in later)


def test_a_channel_that_is_away_holds_up_no_other(
    district: office.District, door: outside.Recording
) -> None:
    """One try a run and channel, however many wait: a try may take its time to fail."""
    for person in ("desk", "other_desk"):
        outside.reach(district, person)
        outside.reach(district, person, channel="feishu")
    district.file()
    district.file("other_officer", grid=office.OTHER_GRID)
    tried = []

    def away(message: channels.Message) -> None:
        tried.append(message)
        if message.title:  # a mail: other channels have no title
            raise errors.Busy("delivery.timeout")

    door.answer = away
    report = outside.send(district, door)
    assert (report.messages, report.failed) == (2, 1)
    assert len(tried) == 3


def test_a_channel_that_is_back_is_back_for_all_who_waited(
    district: office.District, door: outside.Recording
) -> None:
    outside.reach(district, "desk")
    outside.reach(district, "other_desk")
    door.answer = outside.fails(UNREACHABLE)
    district.file()
    outside.send(district, door)
    door.answer = outside.takes
    district.file("other_officer", grid=office.OTHER_GRID)
    assert outside.send(district, door).messages == 2
    assert outside.states(district) == ["sent", "sent"]


def test_tries_go_on_for_more_than_a_day_and_a_half_then_end(
    district: office.District, door: outside.Recording
) -> None:
    outside.reach(district, "desk")
    district.file()
    outbox.run(district.engine)
    door.answer = outside.fails(errors.Busy("delivery.failed"))
    before = outside.ledger(district)[0].next_try_at
    outbox.send(district.engine, door=door)
    (row,) = outside.ledger(district)
    assert timedelta(seconds=55) < row.next_try_at - before < timedelta(seconds=75)
    assert (row.state, row.error, row.sent_at) == ("waiting", "delivery.failed", None)
    outside.pass_back_off(district.engine.database)
    assert outside.give_up(district, door).dead == 1
    (row,) = outside.ledger(district)
    assert (row.state, row.error, row.tries) == ("dead", "delivery.failed", sending.TRIES + 3)
    tried_for = sum((sending.back_off(n) for n in range(1, sending.TRIES)), timedelta())
    assert tried_for > timedelta(hours=36)
    assert outbox.send(district.engine, door=door) == outbox.SendReport()


def test_an_address_that_is_refused_is_dead_at_once(
    district: office.District, door: outside.Recording
) -> None:
    outside.reach(district, "desk")
    district.file()
    door.answer = outside.fails(errors.Invalid("delivery.refused"))
    assert outside.send(district, door).dead == 1
    (row,) = outside.ledger(district)
    assert (row.state, row.error, row.tries) == ("dead", "delivery.refused", 1)
    assert installation.queues(district.engine.database) == installation.Queues(
        stuck=0, waiting=0, dead=1
    )


# -- killed, and two at once


class Killed(BaseException):
    """The end of a process, as far as the code around can see it."""


def test_a_sender_that_is_killed_after_it_sent_sends_the_same_again(
    district: office.District, door: outside.Recording
) -> None:
    """Twice outside under one id, and one row that says so once."""
    outside.reach(district, "desk")
    district.file()
    outbox.run(district.engine)
    sent = []

    def killed(message: channels.Message) -> None:
        sent.append(message)
        raise Killed

    door.answer = killed
    with pytest.raises(Killed):
        outbox.send(district.engine, door=door)
    assert outside.states(district) == ["sending"]
    door.answer = sent.append
    assert outbox.send(district.engine, door=door) == outbox.SendReport()  # the lease stands
    notices.mark_read(district.engine.database, district.actor("desk"))
    outside.pass_back_off(district.engine.database)
    assert outbox.send(district.engine, door=door).messages == 1
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert [(row.state, row.tries) for row in outside.ledger(district)] == [("sent", 2)]


def test_a_late_failure_does_not_end_the_lease_of_another(
    district: office.District, door: outside.Recording
) -> None:
    """One sender hangs past its lease; another sends; then the first one fails."""
    outside.reach(district, "desk")
    district.file()
    outbox.run(district.engine)
    taken = outside.Recording()

    def hangs(_message: channels.Message) -> None:
        outside.pass_back_off(district.engine.database)
        assert outbox.send(district.engine, door=taken).messages == 1
        raise UNREACHABLE

    door.answer = hangs
    outbox.send(district.engine, door=door)
    assert len(taken.sent) == 1
    assert outside.states(district) == ["sent"]


def test_a_late_success_counts_after_another_has_failed(
    district: office.District, door: outside.Recording
) -> None:
    outside.reach(district, "desk")
    district.file()
    outbox.run(district.engine)
    other = outside.Recording(answer=outside.fails(UNREACHABLE))

    def slow(_message: channels.Message) -> None:
        outside.pass_back_off(district.engine.database)
        assert outbox.send(district.engine, door=other).failed == 1

    door.answer = slow
    assert outbox.send(district.engine, door=door).messages == 1
    assert outside.states(district) == ["sent"]


def test_another_sender_leaves_alone_what_one_is_sending(
    district: office.District, door: outside.Recording
) -> None:
    """While one message is under way its receiver gets no other; other receivers do."""
    outside.reach(district, "desk")
    outside.reach(district, "other_desk")
    district.file()
    outbox.run(district.engine)
    other = outside.Recording()

    def meanwhile(_message: channels.Message) -> None:
        door.answer = outside.takes
        district.file()
        district.file("other_officer", grid=office.OTHER_GRID)
        assert outside.send(district, other).messages == 1

    door.answer = meanwhile
    assert outbox.send(district.engine, door=door).messages == 2
    assert [to for _, to, _ in other.sent] == ["other_desk@example.org"]
    assert [to for _, to, _ in door.sent] == ["desk@example.org"] * 2
    assert outside.states(district) == ["sent"] * 3


def test_what_waits_for_a_message_that_is_being_sent_is_looked_at_again_soon(
    district: office.District, door: outside.Recording
) -> None:
    """Its sender may have recorded it a moment before the hold was written: nobody would take the
    hold off, and until the lease is over nobody looked."""
    outside.reach(district, "desk")
    district.file()
    outbox.run(district.engine)
    held: list[timedelta] = []

    def meanwhile(_message: channels.Message) -> None:
        district.file()
        outside.send(district, outside.Recording())
        rows = {row.state: row for row in outside.ledger(district)}
        held.append(rows["sending"].next_try_at - rows["waiting"].next_try_at)
        door.answer = outside.takes

    door.answer = meanwhile
    outbox.send(district.engine, door=door)
    assert held[0] > sending.LEASE - timedelta(seconds=20)
    assert outside.states(district) == ["sent"] * 2


def test_a_sender_that_is_to_end_leaves_the_rest(
    district: office.District, door: outside.Recording
) -> None:
    outside.reach(district, "desk")
    district.file()
    outbox.run(district.engine)
    assert outbox.send(district.engine, door=door, is_ending=lambda: True) == outbox.SendReport()
    assert outside.states(district) == ["waiting"]


@pytest.mark.long
@pytest.mark.race
def test_two_senders_at_once_tell_each_person_once(
    district: office.District, database_url: str
) -> None:
    people = [person for person, *_ in office.POSTS]
    for person in people:
        outside.reach(district, person)
    for _ in range(20):
        district.file()
        district.file("other_officer", grid=office.OTHER_GRID)
        district.file("petition_officer", process="petition")
    district.at("2026-04-03 09:00")
    outbox.run(district.engine)
    with receivers.mail() as mail, races.workers(2) as pool:
        job = {"op": "send", "url": database_url, "channels": {"mail": mail.template()}}
        reports = races.at_once([(worker, job) for worker in pool])
    assert set(outside.states(district)) == {"sent"}
    told = {row.receiver_id for row in outside.ledger(district)}
    assert len({got["To"] for got in mail.got}) == len(mail.got) == len(told) > 5
    assert sum(report["messages"] for report in reports) == len(told)
    assert sum(report["sent"] for report in reports) == len(outside.ledger(district))


@pytest.mark.long
@pytest.mark.race
def test_a_process_killed_before_it_could_record_has_its_mail_sent_again_under_one_id(
    district: office.District, database_url: str
) -> None:
    outside.reach(district, "desk")
    district.file()
    outbox.run(district.engine)
    with receivers.mail() as mail, races.workers(2) as (one, other):
        mail.taken = one.process.kill
        job = {"op": "send", "url": database_url, "channels": {"mail": mail.template()}}
        one.prepare(job)
        one.tell("go")
        one.process.wait(timeout=60)
        one.kill()
        assert outside.states(district) == ["sending"]
        mail.taken = lambda: None
        outside.pass_back_off(district.engine.database)
        (report,) = races.at_once([(other, job)])
    assert report["messages"] == 1
    first, second = mail.got
    assert first["Message-ID"] == second["Message-ID"]
    assert outside.states(district) == ["sent"]


# -- statements


def test_a_message_costs_the_same_however_many_notices_it_tells_of(
    district: office.District, door: outside.Recording, statements: conftest.Statements
) -> None:
    """Relay: two more where somebody is reached outside, and on SQLite the two that set how long to
    wait for the writer's place. Sender: two where nothing is ready."""
    outside.reach(district, "desk")
    engine = district.engine
    counted: dict[int, tuple[int, int]] = {}
    for n in (2, 20):
        for _ in range(n):
            district.file()
        with statements(engine.database) as relayed:
            outbox.relay(engine)
        with statements(engine.database) as sent:
            assert outbox.send(engine, door=door).sent == n
        counted[n] = (relayed.count, sent.count)
    with statements(engine.database) as empty:
        outbox.send(engine, door=door)
    assert counted[2] == counted[20]
    assert counted[20][0] <= (8 if engine.database.is_postgres else 10)
    assert counted[20][1] <= 14
    assert empty.count <= 2


# -- contacts


def test_an_address_is_sealed_and_shown_masked(district: office.District) -> None:
    outside.reach(district, "desk")
    (contact,) = deliveries.contacts(district.engine.database, district.actor("desk"))
    assert (contact.channel, contact.masked) == ("mail", "d***@example.org")
    with db.snapshot(district.engine.database) as tx:
        (row,) = tx.execute(text("select * from contact")).all()
    assert b"desk" not in bytes(row.sealed)


def test_a_contact_does_not_open_in_the_place_of_another(
    district: office.District, door: outside.Recording
) -> None:
    """A row moved to somebody else gives them nothing."""
    outside.reach(district, "officer")
    with db.transaction(district.engine.database) as tx:
        moved = (
            district.people["desk"].hex if tx.dialect.name == "sqlite" else district.people["desk"]
        )
        tx.execute(text("update contact set person_id = :id"), {"id": moved})
    district.file()
    assert outside.send(district, door).dead == 1
    assert door.sent == []


def test_off_and_forgotten_addresses_get_nothing_that_waits(
    district: office.District, door: outside.Recording
) -> None:
    engine, desk = district.engine, district.actor("desk")
    outside.reach(district, "desk", rhythm="digest")
    outside.reach(district, "desk", channel="feishu", rhythm="digest")
    district.file()
    outbox.run(engine)
    contacts.set_contact(
        engine, desk, "mail", rhythm="off", address=None, language="en", offered=outside.ALL
    )
    contacts.forget(engine.database, desk, "feishu")
    assert outside.states(district) == ["dropped", "dropped"]
    district.file()
    outbox.run(engine)
    district.at("2026-03-20 17:00")
    assert outside.send(district, door) == outbox.SendReport()
    assert len(outside.ledger(district)) == 2


@pytest.mark.parametrize(
    ("channel", "rhythm", "address", "code"),
    [
        ("mail", "at_once", "nobody", "contact.address"),
        ("mail", "at_once", None, "contact.no_address"),
        ("mail", "hourly", "a@example.org", "contact.rhythm"),
        ("fax", "at_once", "1", "channel.unknown"),
    ],
)
def test_a_contact_when_wrong_is_refused(
    district: office.District, channel: str, rhythm: str, address: str | None, code: str
) -> None:
    with pytest.raises(errors.GridcaseError) as refused:
        contacts.set_contact(
            district.engine,
            district.actor("desk"),
            channel,
            rhythm=rhythm,
            address=address,
            language="en",
            offered=outside.ALL,
        )
    assert refused.value.code == code


def test_a_test_message_goes_to_the_own_address_only(
    district: office.District, door: outside.Recording
) -> None:
    engine = district.engine
    outside.reach(district, "desk")
    contacts.send_test(engine, district.actor("desk"), "mail", door=door, language="en")
    assert [to for _, to, _ in door.sent] == ["desk@example.org"]
    with pytest.raises(errors.NotFound):
        contacts.send_test(engine, district.actor("officer"), "mail", door=door, language="en")


# -- what could not be delivered


def _dead(district: office.District, door: outside.Recording) -> None:
    outside.reach(district, "desk")
    district.file()
    district.file()
    door.answer = outside.fails(errors.Invalid("delivery.refused"))
    outside.send(district, door)
    door.answer = outside.takes


def test_I7_the_dead_list_shows_a_supervisor_their_own_area_only(
    district: office.District, door: outside.Recording
) -> None:
    _dead(district, door)
    database = district.engine.database
    for watcher in ("supervisor", "district_supervisor"):
        (dead,) = deliveries.dead(database, district.actor(watcher)).items
        assert (dead.name, dead.channel, dead.notices) == ("演示desk", "mail", 2)
        assert dead.error == "delivery.refused"
    for other in ("other_supervisor", "desk", "officer"):
        assert deliveries.dead(database, district.actor(other)).items == ()
        with pytest.raises(errors.NotFound):
            notices.retry(
                database,
                district.actor(other),
                receiver_id=district.people["desk"],
                channel="mail",
            )
    assert outside.states(district) == ["dead", "dead"]


def test_a_supervisor_lets_it_go_once_more_as_one_message(
    district: office.District, door: outside.Recording
) -> None:
    _dead(district, door)
    database, supervisor = district.engine.database, district.actor("supervisor")
    retry = {"receiver_id": district.people["desk"], "channel": "mail"}
    assert notices.retry(database, supervisor, **retry) == 2  # type: ignore[arg-type]
    assert outside.send(district, door).messages == 1
    assert outside.states(district) == ["sent", "sent"]
    assert deliveries.dead(database, supervisor).items == ()
    with pytest.raises(errors.NotFound):
        notices.retry(database, supervisor, **retry)  # type: ignore[arg-type]


def test_nothing_goes_once_more_to_an_address_that_is_gone(
    district: office.District, door: outside.Recording
) -> None:
    _dead(district, door)
    database = district.engine.database
    contacts.forget(database, district.actor("desk"), "mail")
    with pytest.raises(errors.NotNow) as refused:
        notices.retry(
            database,
            district.actor("supervisor"),
            receiver_id=district.people["desk"],
            channel="mail",
        )
    assert refused.value.code == "delivery.no_contact"


def test_the_ledger_shows_each_their_own(
    district: office.District, door: outside.Recording
) -> None:
    outside.reach(district, "desk")
    filed = district.file()
    outside.send(district, door)
    database = district.engine.database
    (mine,) = deliveries.mine(database, district.actor("desk"))
    assert (mine.number, mine.channel, mine.state) == (filed.number, "mail", "sent")
    assert deliveries.mine(database, district.actor("officer")) == ()
