"""When a notice may go, as properties over the shipped calendar and over odd rules."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import calendars, load, pack, telling
from tests.rules import shipped

SHIPPED: Final = load.release(load.NATIONAL)[0].pack.delivery
LONGEST_BREAK: Final = timedelta(days=12)
"""Longer than the longest run of days off, with the night before it."""

moments = st.datetimes(
    min_value=datetime(2025, 1, 1),  # noqa: DTZ001  the zone is drawn with it
    max_value=datetime(2028, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
walls = st.times().map(lambda wall: wall.replace(second=0, microsecond=0))


@st.composite
def deliveries(draw: st.DrawFn) -> pack.Delivery:
    """Any rules that the check lets pass."""
    begins, ends = draw(st.tuples(walls, walls).filter(lambda both: both[0] != both[1]))
    quiet = pack.Quiet(
        begins=begins, ends=ends, days_off=draw(st.booleans()), broken_by=("rung.urge",)
    )
    digest_at = draw(walls.filter(lambda wall: not telling.is_quiet_at(quiet, wall)))
    return pack.Delivery(digest_at=digest_at, quiet=quiet, tag="default", source="-")


rhythms = st.sampled_from(["at_once", "digest"])
causes = st.sampled_from(["rung.urge", "rung.warn", "accept"])


def ready(text: str, *, rhythm: telling.Rhythm = "at_once", cause: str = "rung.warn") -> str:
    """By the shipped pack, in local words."""
    at = datetime.fromisoformat(text).replace(tzinfo=shipped.SHANGHAI)
    found = telling.ready_at(SHIPPED, shipped.calendar(), at, rhythm=rhythm, cause=cause)
    return f"{found.astimezone(shipped.SHANGHAI):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-20 16:00", "2026-03-20 16:00"),  # a Friday afternoon
        ("2026-03-20 19:59", "2026-03-20 19:59"),
        ("2026-03-20 20:00", "2026-03-23 08:00"),  # its evening: Monday morning
        ("2026-03-21 12:00", "2026-03-23 08:00"),
        ("2026-03-23 03:00", "2026-03-23 08:00"),
        ("2026-03-23 08:00", "2026-03-23 08:00"),
        ("2026-02-14 10:00", "2026-02-14 10:00"),  # a Saturday that is worked
        ("2026-02-14 21:00", "2026-02-24 08:00"),  # the Spring Festival lies between
    ],
)
def test_a_yellow_card_waits_for_the_morning_when_the_office_is_quiet(
    at: str, expected: str
) -> None:
    assert ready(at) == expected


def test_the_pack_says_what_breaks_the_quiet() -> None:
    assert ready("2026-03-21 03:00", cause="rung.urge") == "2026-03-21 03:00"
    assert ready("2026-03-21 03:00", cause="deadline_missed") == "2026-03-23 08:00"


def test_a_digest_goes_at_its_hour_of_the_next_working_day() -> None:
    assert ready("2026-03-20 16:00", rhythm="digest") == "2026-03-20 17:00"
    assert ready("2026-03-20 17:00", rhythm="digest") == "2026-03-20 17:00"
    assert ready("2026-03-20 17:01", rhythm="digest", cause="rung.urge") == "2026-03-23 17:00"


def test_without_rules_a_notice_goes_as_it_comes() -> None:
    at = datetime(2026, 3, 21, 3, tzinfo=UTC)
    for rhythm in ("at_once", "digest"):
        assert telling.ready_at(None, shipped.calendar(), at, rhythm=rhythm, cause="x") == at


@given(rules=deliveries(), at=moments, rhythm=rhythms, cause=causes)
def test_never_before_it_came_never_in_the_quiet_and_never_lost(
    rules: pack.Delivery, at: datetime, rhythm: telling.Rhythm, cause: str
) -> None:
    calendar = shipped.calendar()
    found = telling.ready_at(rules, calendar, at, rhythm=rhythm, cause=cause)
    assert at <= found <= at + LONGEST_BREAK
    local = found.astimezone(shipped.SHANGHAI)
    if rhythm == "digest":
        assert local.time() == rules.digest_at
        assert calendars.is_workday(calendar, local.date())
    elif cause == "rung.urge":
        assert found == at
    elif rules.quiet is not None:
        assert not telling.is_quiet_at(rules.quiet, local.time())
        assert not rules.quiet.days_off or calendars.is_workday(calendar, local.date())


@given(
    rules=deliveries(),
    at=moments,
    after=st.timedeltas(timedelta(), timedelta(days=20)),
    how=rhythms,
)
def test_what_came_earlier_is_ready_no_later(
    rules: pack.Delivery, at: datetime, after: timedelta, how: telling.Rhythm
) -> None:
    first, second = (
        telling.ready_at(rules, shipped.calendar(), moment, rhythm=how, cause="accept")
        for moment in (at, at + after)
    )
    assert first <= second


@given(rules=deliveries(), at=moments, rhythm=rhythms)
def test_what_is_ready_stays_ready_when_asked_again(
    rules: pack.Delivery, at: datetime, rhythm: telling.Rhythm
) -> None:
    found = telling.ready_at(rules, shipped.calendar(), at, rhythm=rhythm, cause="accept")
    again = telling.ready_at(rules, shipped.calendar(), found, rhythm=rhythm, cause="accept")
    assert again == found


@given(at=moments, wall=walls)
def test_never_early_when_the_clocks_are_put_back(at: datetime, wall: time) -> None:
    calendar = shipped.other(zone="Europe/London")
    quiet = pack.Quiet(begins=wall, ends=time(3), days_off=False, broken_by=())
    rules = pack.Delivery(digest_at=time(12), quiet=quiet, tag="default", source="-")
    if wall != time(3):
        found = telling.ready_at(rules, calendar, at, rhythm="at_once", cause="accept")
        assert at <= found <= at + timedelta(days=2)


def test_the_gravest_come_first() -> None:
    told = sorted(["accept", "rung.warn", "rung.leader", "rung.urge"], key=telling.gravity)
    assert told == ["rung.leader", "rung.urge", "rung.warn", "accept"]


@pytest.mark.parametrize(
    ("language", "this_year", "expected"),
    [
        ("zh", 2026, "11 月 26 日（周四）"),
        ("zh", None, "2026 年 11 月 26 日（周四）"),
        ("en", 2026, "Thu 26 Nov"),
        ("en", 2025, "Thu 26 Nov 2026"),
    ],
)
def test_a_day_when_written_out(language: str, this_year: int | None, expected: str) -> None:
    told = telling.day(date(2026, 11, 26), language=language, this_year=this_year)  # type: ignore[arg-type]
    assert told == expected


# --- one message

WARN = pack.Text(zh="黄牌提醒：{number} 将于 {due_on}到期。", en="Yellow card: {number}, {due_on}.")
URGE = pack.Text(zh="红牌催办：{number}", en="Red card: {number}")
MAIL: Final = telling.Room(lines=20, bytes=100_000)


def told(
    case: int, cause: str = "rung.warn", *, restricted: bool = False, url: str | None = None
) -> telling.Told:
    """A notice of a case."""
    return telling.Told(
        case=str(case),
        cause=cause,
        text=URGE if cause == "rung.urge" else WARN,
        number=f"N{case:03}",
        process=pack.Text(zh="矛盾纠纷", en="Dispute"),
        office="示例单位",
        due_on=date(2026, 3, 25),
        url=url,
        is_restricted=restricted,
    )


def letter(
    *notices: telling.Told, room: telling.Room = MAIL, language: telling.Language = "en"
) -> telling.Letter:
    """One message of them."""
    return telling.letter(notices, language=language, this_year=2026, room=room, home="HOME")


def test_one_notice_is_its_own_title() -> None:
    found = letter(told(1, url="https://here/1"))
    assert found.title == "Yellow card: N001, Wed 25 Mar."
    assert found.body == "Yellow card: N001, Wed 25 Mar.\nhttps://here/1"


def test_a_case_is_told_of_once_by_its_gravest() -> None:
    found = letter(told(1), told(2), told(2, "rung.urge"))
    assert found.body.splitlines() == ["Red card: N002", "Yellow card: N001, Wed 25 Mar."]
    assert found.title == "2 notices: Red card: N002"


def test_what_has_no_room_is_counted() -> None:
    found = letter(*map(told, range(30)))
    assert len(found.body.splitlines()) == 22
    assert found.body.endswith("and 10 more in the app.\nHOME")


def test_of_a_restricted_case_nothing_is_told() -> None:
    alone = letter(told(7, restricted=True))
    assert (alone.title, alone.body) == (
        "1 notice waits for you in the app.",
        "1 notice waits for you in the app.\nHOME",
    )
    both = letter(told(7, "rung.urge", restricted=True), told(8))
    assert "N007" not in both.title + both.body
    assert both.body.endswith("and 1 more in the app.\nHOME")


@given(
    cases=st.lists(st.tuples(st.integers(0, 40), causes, st.booleans()), min_size=1),
    lines=st.integers(1, 30),
    size=st.integers(60, 3000),
    language=st.sampled_from(["zh", "en"]),
)
def test_a_message_fits_and_leaves_no_case_uncounted(
    cases: list[tuple[int, str, bool]], lines: int, size: int, language: telling.Language
) -> None:
    hidden = {case for case, _, restricted in cases if restricted}
    notices = [told(case, cause, restricted=case in hidden) for case, cause, _ in cases]
    room = telling.Room(lines=lines, bytes=size)
    found = letter(*notices, room=room, language=language)
    assert len(found.body.encode()) <= size
    named = {case for case in range(41) if f"N{case:03}" in found.body}
    assert not named & hidden
    rest = len({case for case, *_ in cases}) - len(named)
    assert len(named) <= lines
    if rest:
        *_, counted, home = found.body.splitlines()
        assert (re.findall(r"\d+", counted), home) == ([str(rest)], "HOME")
    else:
        assert "HOME" not in found.body
