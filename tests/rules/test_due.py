"""Due dates: the worked cases of the law, and counting against walking the days."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import calendars, due, errors, pack
from rules.due import counting
from tests.rules import shipped

DAY = timedelta(days=1)
WORKING_DAYS = """
2026-02-13  1 2026-02-14  make-up Saturday counts
2026-02-14  1 2026-02-24  nine-day Spring Festival
2026-02-12  5 2026-02-26  P04 across the festival
2026-02-13  5 2026-02-27  across the festival from Friday
2026-02-15  3 2026-02-26  start on a day off
2026-02-11  3 2026-02-14  ends on make-up Saturday
2026-02-11 10 2026-03-03  simple handling
2026-02-02 30 2026-03-20  medical mediation
2026-01-01  5 2026-01-08  Sunday 4 January counts
2025-12-29  5 2026-01-06  over the year end
2026-05-08  1 2026-05-09  make-up Saturday in May
2026-04-29 13 2026-05-20  hotline complaint
2026-06-15  5 2026-06-23  Dragon Boat, no make-up day
2026-09-18  5 2026-09-24  Sunday 20 September counts
2026-09-19  1 2026-09-20  from a day off to a make-up Sunday
2026-09-21 10 2026-10-12  two holidays
2026-09-21 15 2026-10-19  two holidays, longer
2026-09-30  5 2026-10-13  Saturday 10 October counts
2025-01-24  5 2025-02-07  Sunday 26 January counts
2025-04-25  3 2025-04-29  Sunday 27 April counts
2025-09-26  5 2025-10-10  Sunday 28 September counts
2026-12-30  1 2026-12-31  last known day
2026-12-31  1 2027-01-04  2027 is unpublished
"""
CALENDAR_DAYS = """
2026-02-01 15 0 2026-02-16 2026-02-24  P01 into the festival
2026-01-01 15 0 2026-01-16 2026-01-16  P01
2026-01-20 60 0 2026-03-21 2026-03-23  P05 on a Saturday
2026-03-02 60 0 2026-05-01 2026-05-06  P05 on Labour Day
2026-08-03 60 0 2026-10-02 2026-10-08  P05 on National Day
2026-03-20 60 0 2026-05-19 2026-05-19  P05
2026-03-20 60 30 2026-06-18 2026-06-18  P05 and P06
2026-05-01 60 0 2026-06-30 2026-06-30  P05
2026-05-01 60 30 2026-07-30 2026-07-30  P05 and P06
2026-07-10 30 0 2026-08-09 2026-08-10  P08 on a Sunday
2026-09-01 30 0 2026-10-01 2026-10-08  P10 on National Day
2026-01-30 30 0 2026-03-01 2026-03-02  judicial confirmation
2026-04-03 30 0 2026-05-03 2026-05-06  in the Labour Day block
2026-10-15 60 0 2026-12-14 2026-12-14  plain
2026-11-23 60 0 2027-01-22 2027-01-22  2027 is unpublished
"""
MONTHS = """
2026-01-31 2026-02-28 2026-02-28  month end and make-up Saturday
2025-12-31 2026-01-31 2026-02-02  month end on a Saturday
2026-08-31 2026-09-30 2026-09-30  month end
"""
PETITION = """
15 calendar_day 2026-03-02 2026-03-17  transfer
5  working_day  2026-03-10 2026-03-17  objection
15 calendar_day 2026-03-10 2026-03-25  notice of the assigned organ
60 calendar_day 2026-03-20 2026-05-19  opinion
30 calendar_day 2026-06-15 2026-07-15  window for review
30 calendar_day 2026-07-10 2026-08-09  review
30 calendar_day 2026-08-05 2026-09-04  window for recheck
30 calendar_day 2026-09-01 2026-10-01  recheck
"""


def rows(table: str) -> list[tuple[str, ...]]:
    return [tuple(line.split("  ")[0].split()) for line in _spaced(table)]


def _spaced(table: str) -> list[str]:
    """Columns by single spaces, the reason after two."""
    lines = []
    for line in table.strip().splitlines():
        facts, _, reason = line.rpartition("  ")
        lines.append(f"{' '.join(facts.split())}  {reason}")
    return lines


def day(words: str) -> date:
    return date.fromisoformat(words)


def ends(rule: pack.DeadlineRule, start: str | date, **terms: object) -> due.Due:
    found = due.due(
        rule,
        calendar=shipped.calendar(),
        start_at=shipped.at(str(start)),
        **terms,  # type: ignore[arg-type]
    )
    spans = due.explain(
        rule,
        calendar=shipped.calendar(),
        start_at=shipped.at(str(start)),
        **terms,  # type: ignore[arg-type]
    )
    check_cover(spans, first_on=day(str(start)[:10]), due_on=found.due_on)
    return found


def check_cover(spans: tuple[due.Span, ...], *, first_on: date, due_on: date) -> None:
    """I5: the spans follow one another from the first day to the last."""
    if not spans:  # the first day counts and the limit is nothing
        return
    assert spans[0].first_on == first_on
    assert spans[-1].last_on == due_on
    for one, two in itertools.pairwise(spans):
        assert one.first_on <= one.last_on
        assert two.first_on == one.last_on + DAY


# --- the worked cases


@pytest.mark.parametrize(("start", "n", "last"), rows(WORKING_DAYS))
def test_working_days(start: str, n: str, last: str) -> None:
    for roll in ("none", "next_working_day"):
        found = ends(shipped.rule(f"{n} working_day"), start, roll=roll)
        assert found.due_on == day(last)
        assert found.due_at == shipped.at(f"{day(last) + DAY} 00:00")
        assert found.provisional is last.startswith("2027")


@pytest.mark.parametrize(("start", "n", "more", "plain", "rolled"), rows(CALENDAR_DAYS))
def test_calendar_days(start: str, n: str, more: str, plain: str, rolled: str) -> None:
    rule = shipped.rule(f"{n} calendar_day", extension=shipped.extension())
    found = ends(rule, start, extend_days=int(more))
    assert found.due_on == day(plain)
    assert found.provisional is plain.startswith("2027")
    assert ends(rule, start, extend_days=int(more), roll="next_working_day").due_on == day(rolled)


def test_recheck_leaves_out_the_ten_days_of_a_hearing() -> None:
    rule = shipped.rule("30 calendar_day")
    pauses = (due.Pause(from_on=day("2026-03-09"), to_on=day("2026-03-19"), reason="hearing"),)
    assert ends(rule, "2026-03-02", pauses=pauses).due_on == day("2026-04-11")
    rolled = ends(rule, "2026-03-02", pauses=pauses, roll="next_working_day")
    assert rolled.due_on == day("2026-04-13")


@pytest.mark.parametrize(("start", "plain", "rolled"), rows(MONTHS))
def test_one_month(start: str, plain: str, rolled: str) -> None:
    rule = shipped.rule("1 month")
    assert ends(rule, start).due_on == day(plain)
    assert ends(rule, start, roll="next_working_day").due_on == day(rolled)


@pytest.mark.parametrize(("n", "unit", "start", "last"), rows(PETITION))
def test_one_whole_petition(n: str, unit: str, start: str, last: str) -> None:
    assert ends(shipped.rule(f"{n} {unit}"), start).due_on == day(last)


def test_a_petition_extended() -> None:
    rule = shipped.rule("60 calendar_day", extension=shipped.extension())
    assert ends(rule, "2026-03-20", extend_days=30).due_on == day("2026-06-18")


@pytest.mark.parametrize(
    ("start", "steps"),
    [
        ("2026-04-30", ["2026-05-06", "2026-05-08", "2026-05-11", "2026-05-13"]),
        ("2026-02-12", ["2026-02-13", "2026-02-24", "2026-02-26", "2026-02-28"]),
    ],
)
def test_four_steps_of_a_local_ladder(start: str, steps: list[str]) -> None:
    at = start
    for n, last in zip((1, 2, 2, 2), steps, strict=True):
        at = str(ends(shipped.rule(f"{n} working_day"), at).due_on)
        assert at == last


def test_roll_of_the_rule_is_kept_unless_overridden() -> None:
    rule = shipped.rule("60 calendar_day", roll="next_working_day")
    assert ends(rule, "2026-01-20").due_on == day("2026-03-23")
    assert ends(rule, "2026-01-20", roll="none").due_on == day("2026-03-21")


def test_first_day_counts_where_the_rule_says_so() -> None:
    counted = {"first_day": "counted"}
    assert ends(shipped.rule("3 working_day", **counted), "2026-03-20").due_on == day("2026-03-24")
    assert ends(shipped.rule("5 calendar_day", **counted), "2026-03-20").due_on == (
        day("2026-03-24")
    )
    month = shipped.rule("1 month", **counted)
    assert ends(month, "2026-03-01").due_on == day("2026-03-31")
    assert ends(month, "2026-03-15").due_on == day("2026-04-14")
    assert ends(month, "2026-01-31").due_on == day("2026-02-28")


def test_a_day_ends_with_the_office_where_the_rule_says_so() -> None:
    found = ends(shipped.rule("3 working_day", ends="office_closing"), "2026-03-20")
    assert found.due_on == day("2026-03-25")
    assert found.due_at == shipped.at("2026-03-25 17:30")


def test_local_date_of_the_start_counts() -> None:
    rule = shipped.rule("1 calendar_day")
    late = datetime(2026, 3, 20, 15, 59, tzinfo=UTC)  # a minute to midnight in Shanghai
    calendar = shipped.calendar()
    assert due.due(rule, calendar=calendar, start_at=late).due_on == day("2026-03-21")
    after = late + calendars.MINUTE
    assert due.due(rule, calendar=calendar, start_at=after).due_on == day("2026-03-22")


def test_until_a_named_day() -> None:
    rule = shipped.rule(None)
    assert ends(rule, "2026-03-20", until=day("2026-05-02")).due_on == day("2026-05-02")
    rolled = ends(rule, "2026-03-20", until=day("2026-05-02"), roll="next_working_day")
    assert rolled.due_on == day("2026-05-06")
    assert ends(rule, "2026-03-20", until=day("2026-03-20")).due_on == day("2026-03-20")


def test_a_pause_within_one_day_moves_nothing() -> None:
    rule = shipped.rule("10 working_day")
    plain = ends(rule, "2026-03-02")
    pause = due.Pause(from_on=day("2026-03-04"), to_on=day("2026-03-04"), reason="expert")
    assert ends(rule, "2026-03-02", pauses=(pause,)) == plain


def test_a_pause_from_the_last_day_on_moves_nothing() -> None:
    rule = shipped.rule("10 calendar_day")
    pause = due.Pause(from_on=day("2026-03-12"), to_on=day("2026-03-30"), reason="expert")
    assert ends(rule, "2026-03-02", pauses=(pause,)).due_on == day("2026-03-12")


# --- spans


def test_spans_of_a_limit_across_the_spring_festival() -> None:
    rule = shipped.rule("5 working_day")
    spans = due.explain(rule, calendar=shipped.calendar(), start_at=shipped.at("2026-02-12 10:00"))
    told = [(str(s.first_on)[5:], str(s.last_on)[5:], s.kind, s.counted) for s in spans]
    assert told == [
        ("02-12", "02-12", "first_day", 0),
        ("02-13", "02-13", "counted", 1),
        ("02-14", "02-14", "make_up", 1),
        ("02-15", "02-23", "holiday", 0),
        ("02-24", "02-26", "counted", 3),
    ]
    assert spans[3].name is not None
    assert spans[3].name.en == "Spring Festival"


def test_spans_of_pause_extension_and_roll() -> None:
    rule = shipped.rule("30 calendar_day", extension=shipped.extension(), roll="next_working_day")
    pause = due.Pause(from_on=day("2026-03-09"), to_on=day("2026-03-19"), reason="hearing")
    spans = due.explain(
        rule,
        calendar=shipped.calendar(),
        start_at=shipped.at("2026-03-02 10:00"),
        pauses=(pause,),
        extend_days=21,
    )
    told = [(str(s.first_on)[5:], str(s.last_on)[5:], s.kind, s.counted, s.note) for s in spans]
    assert told == [
        ("03-02", "03-02", "first_day", 0, ""),
        ("03-03", "03-09", "counted", 7, ""),
        ("03-10", "03-19", "pause", 0, "hearing"),
        ("03-20", "04-11", "counted", 23, ""),
        ("04-12", "05-02", "extension", 21, "organ_head"),
        ("05-03", "05-06", "roll", 0, ""),
    ]


def test_a_weekend_over_the_end_of_a_year_is_one_span() -> None:
    spans = due.explain(
        shipped.rule("3 working_day"),
        calendar=shipped.other(),
        start_at=shipped.at("2033-12-29 10:00"),
    )
    assert [(str(s.first_on), str(s.last_on), s.kind) for s in spans][2] == (
        "2033-12-31",
        "2034-01-01",
        "weekend",
    )


# --- against walking the days

pauses = st.lists(st.tuples(st.integers(-10, 200), st.integers(0, 40)), max_size=4)
days = st.dates(date(2024, 1, 1), date(2027, 12, 1))
units = st.sampled_from(["working_day", "calendar_day"])


def pauses_from(start: date, drawn: list[tuple[int, int]]) -> tuple[due.Pause, ...]:
    return tuple(
        due.Pause(
            from_on=start + first * DAY,
            to_on=start + (first + length) * DAY,
            reason=f"reason {first % 2}",
        )
        for first, length in drawn
    )


def walk(unit: str, base: date, n: int, paused: set[date]) -> date:
    """The day on which n days after `base` are counted, one by one."""
    at = base
    while n:
        at += DAY
        works = unit == "calendar_day" or calendars.is_workday(shipped.calendar(), at)
        n -= works and at not in paused
    return at


def paused_days(stops: tuple[due.Pause, ...]) -> set[date]:
    return {
        one.from_on + k * DAY for one in stops for k in range(1, (one.to_on - one.from_on).days + 1)
    }


@given(
    days,
    units,
    st.integers(0, 120),
    pauses,
    st.sampled_from(["excluded", "counted"]),
    units,
    st.integers(0, 40),
    st.sampled_from(["none", "next_working_day"]),
)
def test_I5_due_is_the_day_walked_to_and_its_spans_sum_to_the_limit(
    start: date,
    unit: str,
    n: int,
    drawn: list[tuple[int, int]],
    first_day: str,
    longer: str,
    more: int,
    roll: str,
) -> None:
    rule = shipped.rule(
        f"{n} {unit}",
        first_day=first_day,
        roll=roll,
        extension=shipped.extension(f"90 {longer}"),
    )
    stops = pauses_from(start, drawn)
    base = start if first_day == "excluded" else start - DAY
    limit_on = walk(unit, base, n, paused_days(stops))
    last_on = walk(longer, limit_on, more, paused_days(stops))
    if roll == "next_working_day":
        while not calendars.is_workday(shipped.calendar(), last_on):
            last_on += DAY
    terms = {"pauses": stops, "extend_days": more}
    calendar, at = shipped.calendar(), shipped.at(str(start))
    found = due.due(rule, calendar=calendar, start_at=at, **terms)  # type: ignore[arg-type]
    assert found.due_on == last_on
    assert found.due_at == calendars.start_of_day(calendar, last_on + DAY)
    spans = due.explain(rule, calendar=calendar, start_at=at, **terms)  # type: ignore[arg-type]
    check_cover(spans, first_on=start, due_on=last_on)
    assert sum(span.counted for span in spans if span.kind != "extension") == n
    assert sum(span.counted for span in spans if span.kind == "extension") == more
    check_kinds(spans, unit=unit, longer=longer, stops=stops)


@given(days, units, st.integers(1, 40), st.integers(-10, 60))
def test_a_limit_that_ends_with_another_ends_on_the_earlier_day_and_not_before_it_begins(
    start: date, unit: str, n: int, latest: int
) -> None:
    rule = shipped.rule(f"{n} {unit}", no_later_than=("another",))
    calendar, at = shipped.calendar(), shipped.at(str(start))
    until = start + latest * DAY
    found = due.due(rule, calendar=calendar, start_at=at, until=until)
    assert found.due_on == min(walk(unit, start, n, set()), max(until, start))
    spans = due.explain(rule, calendar=calendar, start_at=at, until=until)
    check_cover(spans, first_on=start, due_on=found.due_on)
    counted = sum(span.counted for span in spans)
    assert walk(unit, start, counted, set()) <= found.due_on
    assert counted == n or walk(unit, start, counted + 1, set()) > found.due_on
    course = counting.whole_course(rule, calendar=calendar, start_on=start, due_on=found.due_on)
    assert counting.total(course) == counted, "a share of it is a share of what there is"


def check_kinds(
    spans: tuple[due.Span, ...], *, unit: str, longer: str, stops: tuple[due.Pause, ...]
) -> None:
    """What a span says of its days is so."""
    calendar, paused = shipped.calendar(), paused_days(stops)
    for span in spans:
        length = (span.last_on - span.first_on).days + 1
        assert span.counted in (0, length)
        for at in (span.first_on + k * DAY for k in range(length)):
            works = calendars.is_workday(calendar, at)
            if span.kind == "pause":
                assert at in paused
            elif span.kind in ("weekend", "holiday"):
                assert not works
                assert calendars.why_off(calendar, at) == span.kind
            elif span.kind == "make_up":
                assert calendars.is_make_up(calendar, at)
            elif span.kind in ("counted", "extension"):
                assert at not in paused
                assert works or "calendar_day" in (unit, longer)


@given(days, st.integers(1, 14), pauses)
def test_I5_months_with_pauses_are_the_month_and_the_days_lost(
    start: date, n: int, drawn: list[tuple[int, int]]
) -> None:
    rule = shipped.rule(f"{n} month")
    stops = pauses_from(start, drawn)
    month = start.month - 1 + n
    year, month = start.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - DAY).day
    plain = date(year, month, min(start.day, last))
    assert ends(rule, start).due_on == plain
    expected = walk("calendar_day", start, (plain - start).days, paused_days(stops))
    assert ends(rule, start, pauses=stops).due_on == expected
    until = ends(shipped.rule(None), start, pauses=stops, until=plain)
    assert until.due_on == expected


@given(days, units, st.integers(1, 100), pauses, st.integers(0, 30), st.integers(0, 30))
def test_due_is_monotone_and_additive(
    start: date, unit: str, n: int, drawn: list[tuple[int, int]], more: int, later: int
) -> None:
    stops = pauses_from(start, drawn)
    rule = shipped.rule(f"{n} {unit}", extension=shipped.extension(f"90 {unit}"))
    longer = shipped.rule(f"{n + more} {unit}")
    here = ends(rule, start, pauses=stops).due_on
    assert ends(longer, start, pauses=stops).due_on >= here
    assert ends(longer, start, pauses=stops) == ends(rule, start, pauses=stops, extend_days=more)
    assert ends(rule, start + later * DAY, pauses=stops).due_on >= here
    assert ends(rule, start).due_on <= here
    assert ends(rule, start, pauses=stops[::-1]).due_on == here


@given(days, units, st.integers(1, 100), st.integers(0, 60), st.integers(0, 20), st.integers(0, 20))
def test_a_pause_is_the_sum_of_its_parts(
    start: date, unit: str, n: int, first: int, one: int, two: int
) -> None:
    a, b, c = (start + k * DAY for k in (first, first + one, first + one + two))
    rule = shipped.rule(f"{n} {unit}")
    whole = ends(rule, start, pauses=(due.Pause(from_on=a, to_on=c),))
    parts = (due.Pause(from_on=a, to_on=b), due.Pause(from_on=b, to_on=c))
    assert ends(rule, start, pauses=parts) == whole
    assert ends(rule, start, pauses=(*parts, due.Pause(from_on=a, to_on=c))) == whole


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"]
)
@given(second=st.integers(0, 13 * 366 * 86400), n=st.integers(0, 400))
def test_due_at_is_the_start_of_the_day_after(zone: str, second: int, n: int) -> None:
    calendar = shipped.other(zone=zone)
    start_at = datetime(2017, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    local = start_at.astimezone(ZoneInfo(zone)).date()
    found = due.due(shipped.rule(f"{n} calendar_day"), calendar=calendar, start_at=start_at)
    assert found.due_on == local + n * DAY
    assert calendars.local_date(calendar, found.due_at) == found.due_on + DAY
    before = found.due_at - timedelta(microseconds=1)
    assert calendars.local_date(calendar, before) == found.due_on


# --- hours and minutes

minutes_of_2026 = st.integers(0, 333 * 24 * 60).map(
    lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + minute * calendars.MINUTE
)
time_pauses = st.lists(st.tuples(st.integers(-300, 4000), st.integers(0, 900)), max_size=3)
ZONES = ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]


def is_open(calendar: calendars.Calendar, at: datetime) -> bool:
    local = at.astimezone(calendars.zone(calendar))
    return calendars.is_workday(calendar, local.date()) and any(
        opens <= local.time() < closes for opens, closes in calendar.hours
    )


@pytest.mark.parametrize("zone", ZONES)
@given(
    start_at=minutes_of_2026,
    unit=st.sampled_from(["working_hour", "wall_hour", "working_minute", "wall_minute"]),
    n=st.integers(1, 20),
    more=st.integers(0, 6),
    drawn=time_pauses,
)
def test_I5_hours_are_counted_minutes(
    zone: str,
    start_at: datetime,
    unit: pack.Unit,
    n: int,
    more: int,
    drawn: list[tuple[int, int]],
) -> None:
    calendar = shipped.other(zone=zone, years=shipped.calendar().years)
    stops = tuple(
        due.Pause(
            from_on=start_at.date(),
            to_on=start_at.date(),
            from_at=start_at + first * calendars.MINUTE,
            to_at=start_at + (first + length) * calendars.MINUTE,
            reason="expert",
        )
        for first, length in drawn
    )
    whole = (n + more) * (60 if unit.endswith("hour") else 1)
    minute, left = start_at, whole
    while left:
        runs = unit.startswith("wall") or is_open(calendar, minute)
        stands = any(s.from_at <= minute < s.to_at for s in stops if s.from_at and s.to_at)
        left -= runs and not stands
        minute += calendars.MINUTE
    rule = shipped.rule(f"{n} {unit}", extension=shipped.extension(f"90 {unit}"))
    found = due.due(rule, calendar=calendar, start_at=start_at, pauses=stops, extend_days=more)
    assert found.due_at == minute
    assert found.due_on == calendars.local_date(calendar, minute - calendars.MINUTE)
    spans = due.explain(rule, calendar=calendar, start_at=start_at, pauses=stops, extend_days=more)
    assert sum(span.counted for span in spans) == whole
    assert spans[0].first_on == calendars.local_date(calendar, start_at)
    assert spans[-1].last_on == found.due_on
    for one, two in itertools.pairwise(spans):
        assert two.first_on in (one.last_on, one.last_on + DAY)


def test_two_hours_on_the_wall_run_at_night() -> None:
    found = due.due(
        shipped.rule("2 wall_hour"),
        calendar=shipped.calendar(),
        start_at=shipped.at("2026-02-16 23:00:30"),
    )
    assert found.due_at == shipped.at("2026-02-17 01:00:30")
    assert found.due_on == day("2026-02-17")


def test_a_limit_that_ends_at_midnight_ends_on_the_day_before() -> None:
    found = due.due(
        shipped.rule("2 wall_hour"),
        calendar=shipped.calendar(),
        start_at=shipped.at("2026-02-16 22:00"),
    )
    assert found.due_on == day("2026-02-16")


def test_hours_of_a_day_that_clocks_change_are_real_hours() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    found = due.due(
        shipped.rule("24 wall_hour"),
        calendar=shipped.other(zone="Europe/Berlin"),
        start_at=shipped.at("2026-03-28 12:00", berlin),
    )
    assert found.due_at == shipped.at("2026-03-29 13:00", berlin)


def test_spans_of_working_hours() -> None:
    spans = due.explain(
        shipped.rule("8 working_hour"),
        calendar=shipped.calendar(),
        start_at=shipped.at("2026-03-20 16:30"),
    )
    assert [(str(s.first_on)[5:], s.kind, s.counted) for s in spans] == [
        ("03-20", "counted", 60),
        ("03-21", "weekend", 0),
        ("03-23", "counted", 420),
    ]


def test_spans_of_working_hours_begun_after_closing() -> None:
    spans = due.explain(
        shipped.rule("2 working_hour"),
        calendar=shipped.calendar(),
        start_at=shipped.at("2026-03-19 20:00"),
    )
    assert [(str(s.first_on)[5:], s.kind, s.counted) for s in spans] == [
        ("03-19", "after_hours", 0),
        ("03-20", "counted", 120),
    ]


def test_a_pause_in_dates_stops_an_hour_clock_for_those_days() -> None:
    pause = due.Pause(from_on=day("2026-03-23"), to_on=day("2026-03-24"), reason="expert")
    found = due.due(
        shipped.rule("9 working_hour"),
        calendar=shipped.calendar(),
        start_at=shipped.at("2026-03-23 09:00"),
        pauses=(pause,),
    )
    assert found.due_at == shipped.at("2026-03-25 11:00")


# --- refusals


@pytest.mark.parametrize(
    ("code", "limit", "changes", "terms"),
    [
        ("deadline.until_missing", None, {}, {}),
        ("deadline.until_before_start", None, {}, {"until": date(2026, 3, 19)}),
        ("deadline.extension_none", "5 working_day", {}, {"extend_days": 1}),
        ("deadline.negative", "-5 working_day", {}, {}),
        ("deadline.negative", "-1 month", {}, {}),
        ("deadline.negative", "-1 wall_hour", {}, {}),
        (
            "deadline.negative",
            "5 working_day",
            {"extension": shipped.extension()},
            {"extend_days": -1},
        ),
        (
            "deadline.extension_unit",
            "5 wall_hour",
            {"extension": shipped.extension()},
            {"extend_days": 1},
        ),
        (
            "deadline.extension_unit",
            "5 working_day",
            {"extension": shipped.extension("3 wall_hour")},
            {"extend_days": 1},
        ),
        (
            "deadline.pause_order",
            "5 working_day",
            {},
            {"pauses": (due.Pause(from_on=date(2026, 3, 5), to_on=date(2026, 3, 4)),)},
        ),
        (
            "deadline.pause_order",
            "5 wall_hour",
            {},
            {"pauses": (due.Pause(from_on=date(2026, 3, 5), to_on=date(2026, 3, 4)),)},
        ),
        ("calendar.out_of_range", "9999999 working_day", {}, {}),
        ("calendar.out_of_range", "9999999 calendar_day", {}, {}),
        ("calendar.out_of_range", "99999999999999 calendar_day", {}, {}),
        ("calendar.out_of_range", "999999 month", {}, {}),
        ("calendar.out_of_range", "999999999999 wall_hour", {}, {}),
        ("calendar.out_of_range", None, {}, {"until": date.max}),
    ],
)
def test_what_cannot_be_counted_is_refused(
    code: str, limit: str | None, changes: dict[str, object], terms: dict[str, object]
) -> None:
    with pytest.raises(errors.Invalid) as caught:
        due.due(
            shipped.rule(limit, **changes),
            calendar=shipped.calendar(),
            start_at=shipped.at("2026-03-20"),
            **terms,  # type: ignore[arg-type]
        )
    assert caught.value.code == code


def test_I6_only_what_the_rule_allows_is_admitted() -> None:
    allowed = shipped.rule(
        "60 calendar_day",
        extension=shipped.extension(),
        pauses=(pack.Pause(name=shipped.NAME, starts="start_hearing", ends=("end_hearing",)),),
    )
    pause = due.Pause(from_on=date(2026, 3, 1), to_on=date(2026, 3, 4))
    due.admit(allowed, pauses=(pause,), extend_days=30)
    plain = shipped.rule("5 working_day")
    for code, rule, stops, more in (
        ("deadline.extension_cap", allowed, (), 31),
        ("deadline.negative", allowed, (), -1),
        ("deadline.extension_none", plain, (), 1),
        ("deadline.pause_none", plain, (pause,), 0),
    ):
        with pytest.raises(errors.Invalid) as caught:
            due.admit(rule, pauses=stops, extend_days=more)
        assert caught.value.code == code
    named = date(2026, 3, 4)
    due.admit(shipped.rule(None), until=named)
    due.admit(shipped.rule("5 working_day", no_later_than=("another",)), until=named)
    with pytest.raises(errors.Invalid) as caught:
        due.admit(plain, until=named)
    assert caught.value.code == "deadline.until_none"


def test_an_extension_in_months_follows_the_limit() -> None:
    rule = shipped.rule("10 working_day", extension=shipped.extension("1 month"))
    assert ends(rule, "2026-03-02", extend_days=1).due_on == day("2026-04-16")


def test_day_reached_runs_through_limit_and_extension() -> None:
    rule = shipped.rule("5 working_day", extension=shipped.extension())
    course = counting.day_course(
        rule, calendar=shipped.calendar(), start_on=day("2026-03-20"), extend_days=4
    )
    assert counting.total(course) == 9
    reached = [str(counting.day_reached(course, n))[5:] for n in range(10)]
    assert reached == [
        *("03-20", "03-23", "03-24", "03-25", "03-26", "03-27"),
        *("03-28", "03-29", "03-30", "03-31"),
    ]
