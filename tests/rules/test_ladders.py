"""Ladders: when the rungs stand, and whom they address."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import calendars, due, errors, ladders, pack
from tests.rules import shipped

DAY = timedelta(days=1)


def rung(words: str, do: pack.Effect = "warn", **more: object) -> pack.Rung:
    """`75 %`, `due`, `1 working_day after` or `2 wall_hour before` as a rung."""
    parts = words.split()
    if words == "due":
        when = pack.When(kind="due")
    elif parts[-1] == "%":
        when = pack.When(kind="percent", percent=int(parts[0]))
    else:
        length = shipped.length(" ".join(parts[:2]))
        when = pack.When(kind="after" if parts[2] == "after" else "before", length=length)
    return pack.Rung(at=when, do=do, tell="handler", **more)  # type: ignore[arg-type]


DEFAULT = (
    rung("75 %"),
    rung("due", "urge"),
    rung("1 working_day after", "supervise"),
    rung("3 working_day after", "raise"),
    rung("5 working_day after", "leader"),
)


def planned(
    ladder: tuple[pack.Rung, ...],
    limit: str | pack.DeadlineRule | None,
    start: str,
    *,
    until: date | None = None,
    **terms: object,
) -> tuple[ladders.Planned, ...]:
    rule = limit if isinstance(limit, pack.DeadlineRule) else shipped.rule(limit)
    calendar, start_at = shipped.calendar(), shipped.at(start)
    found = due.due(
        rule,
        calendar=calendar,
        start_at=start_at,
        until=until,
        **terms,  # type: ignore[arg-type]
    )
    return ladders.plan(
        ladder,
        rule=rule,
        calendar=calendar,
        start_at=start_at,
        due_at=found.due_at,
        due_on=found.due_on,
        **terms,  # type: ignore[arg-type]
    )


def told(plan: tuple[ladders.Planned, ...]) -> list[str]:
    return [f"{one.rung.do} {one.at.astimezone(shipped.SHANGHAI):%m-%d %H:%M}" for one in plan]


# --- day units


def test_accept_within_three_working_days() -> None:
    assert told(planned(DEFAULT, "3 working_day", "2026-03-20 16:00")) == [
        "warn 03-25 09:00",
        "urge 03-26 09:00",
        "supervise 03-27 09:00",
        "raise 03-31 09:00",
        "leader 04-02 09:00",
    ]


def test_a_warning_on_a_day_off_stands_on_the_working_day_before() -> None:
    plan = planned(DEFAULT, "15 calendar_day", "2026-02-05")
    assert told(plan) == [
        "warn 02-14 09:00",  # 75 % is 17 February, in the festival
        "urge 02-24 09:00",  # due on 20 February, in the festival
        "supervise 02-25 09:00",
        "raise 02-27 09:00",
        "leader 03-02 09:00",  # Saturday 28 February counts
    ]


def test_a_percentage_is_rounded_up_to_full_days() -> None:
    for percent, last in ((1, "03-23"), (33, "03-23"), (34, "03-24"), (67, "03-25")):
        plan = planned((rung(f"{percent} %"),), "3 working_day", "2026-03-20 16:00")
        assert told(plan) == [f"warn {last} 09:00"]


def test_paused_days_do_not_count_towards_a_percentage() -> None:
    pause = due.Pause(from_on=date(2026, 3, 24), to_on=date(2026, 4, 3), reason="expert")
    plan = planned((rung("50 %"), rung("due")), "10 working_day", "2026-03-20", pauses=(pause,))
    assert told(plan) == ["warn 04-09 09:00", "warn 04-17 09:00"]


def test_an_extension_counts_into_the_limit() -> None:
    rule = shipped.rule("60 calendar_day", extension=shipped.extension())
    assert told(planned((rung("75 %"),), rule, "2026-03-20")) == ["warn 04-30 09:00"]
    assert told(planned((rung("75 %"),), rule, "2026-03-20", extend_days=30)) == [
        "warn 05-27 09:00"  # the 68th of 90 days
    ]


def test_the_limit_of_a_month_and_of_a_named_day_is_its_counted_days() -> None:
    # 2026-03-20 to 2026-04-20: 31 days, 75 % is the 24th: 13 April
    assert told(planned((rung("75 %"),), "1 month", "2026-03-20")) == ["warn 04-13 09:00"]
    named = planned((rung("75 %"),), None, "2026-03-20", until=date(2026, 4, 20))
    assert told(named) == ["warn 04-13 09:00"]


def test_the_limit_of_a_month_leaves_out_paused_days() -> None:
    pause = due.Pause(from_on=date(2026, 3, 23), to_on=date(2026, 4, 2), reason="expert")
    # 31 days counted over 41; the 24th is ten days after 13 April, a Thursday
    plan = planned((rung("75 %"),), "1 month", "2026-03-20", pauses=(pause,))
    assert told(plan) == ["warn 04-23 09:00"]


def test_before_counts_back_from_the_last_day_and_moves_back() -> None:
    # due on Friday 27 March
    assert told(planned((rung("1 working_day before"),), "5 working_day", "2026-03-20")) == [
        "warn 03-26 09:00"
    ]
    # due on Monday 23 March: two days before is Saturday, so Friday
    assert told(planned((rung("2 calendar_day before"),), "7 calendar_day", "2026-03-16")) == [
        "warn 03-20 09:00"
    ]
    assert told(planned((rung("1 month before"),), "3 month", "2026-03-16")) == [
        "warn 05-15 09:00"  # 16 May is a Saturday
    ]


def test_after_moves_forward_to_a_working_day() -> None:
    # due on Wednesday 25 March, first opening Thursday 26
    assert told(planned((rung("2 calendar_day after"),), "3 working_day", "2026-03-20")) == [
        "warn 03-30 09:00"
    ]
    assert told(planned((rung("1 month after"),), "3 working_day", "2026-03-20")) == [
        "warn 04-27 09:00"  # 26 April is a Sunday
    ]


def test_when_due_follows_the_closing_of_the_office_too() -> None:
    rule = shipped.rule("3 working_day", ends="office_closing")
    assert told(planned((rung("due"),), rule, "2026-03-20")) == ["warn 03-26 09:00"]


def test_a_rung_before_the_start_stands_at_the_start_but_for_a_slip() -> None:
    # Saturday to Monday; half of two calendar days is Sunday, moved back to Friday
    assert told(planned((rung("50 %"),), "2 calendar_day", "2026-03-21 14:00")) == [
        "warn 03-21 14:05"
    ]
    assert told(planned((rung("9 working_day before"),), "3 working_day", "2026-03-20")) == [
        "warn 03-20 10:05"
    ]
    # due the same day: the opening is over when the clock starts
    plan = planned((rung("100 %"),), None, "2026-03-20 16:00", until=date(2026, 3, 20))
    assert told(plan) == ["warn 03-20 16:05"]


def test_hours_on_a_clock_of_days_count_from_its_end() -> None:
    ladder = (rung("2 wall_hour before"), rung("2 working_hour after", "urge"))
    assert told(planned(ladder, "3 working_day", "2026-03-20")) == [
        "warn 03-25 22:00",
        "urge 03-26 11:00",
    ]


def test_a_rung_repeats_up_to_its_cap() -> None:
    ladder = (
        rung("due", "urge", every=shipped.length("1 working_day"), cap=3),
        rung("1 working_day after", "supervise"),
    )
    plan = planned(ladder, "3 working_day", "2026-03-20")
    assert told(plan) == [
        "urge 03-26 09:00",
        "urge 03-27 09:00",
        "supervise 03-27 09:00",
        "urge 03-30 09:00",
    ]
    assert [(one.index, one.repetition) for one in plan] == [(0, 0), (0, 1), (1, 0), (0, 2)]


def test_a_rung_without_every_fires_once_whatever_its_cap() -> None:
    assert len(planned((rung("due", cap=5),), "3 working_day", "2026-03-20")) == 1


def test_a_rung_repeats_by_the_hour() -> None:
    ladder = (rung("due", "urge", every=shipped.length("4 working_hour"), cap=3),)
    assert told(planned(ladder, "3 working_day", "2026-03-20")) == [
        "urge 03-26 09:00",
        "urge 03-26 14:30",
        "urge 03-27 10:00",
    ]


# --- hour and minute units


def test_rungs_of_hours_stand_at_the_minute() -> None:
    ladder = (
        rung("75 %"),
        rung("due", "urge"),
        rung("30 wall_minute after", "supervise"),
        rung("1 working_hour after", "raise"),
        rung("2 working_day after", "leader"),
    )
    assert told(planned(ladder, "2 wall_hour", "2026-03-20 10:00:20")) == [
        "warn 03-20 11:31",
        "urge 03-20 12:01",
        "supervise 03-20 12:31",
        "raise 03-20 14:30",
        "leader 03-24 12:01",
    ]


def test_rungs_of_working_hours_skip_the_night_and_the_weekend() -> None:
    ladder = (rung("75 %"), rung("1 working_hour before", "urge"), rung("due", "supervise"))
    assert told(planned(ladder, "8 working_hour", "2026-03-20 15:30")) == [
        "warn 03-23 14:30",
        "urge 03-23 15:30",
        "supervise 03-23 16:30",
    ]


def test_no_rung_of_minutes_comes_before_five_minutes_have_passed() -> None:
    ladder = (rung("10 %"), rung("due", "urge"))
    assert told(planned(ladder, "3 wall_minute", "2026-03-20 10:00")) == [
        "warn 03-20 10:05",
        "urge 03-20 10:05",
    ]


def test_a_rung_of_hours_repeats() -> None:
    ladder = (rung("due", "urge", every=shipped.length("30 wall_minute"), cap=3),)
    assert told(planned(ladder, "2 wall_hour", "2026-03-20 10:00")) == [
        "urge 03-20 12:00",
        "urge 03-20 12:30",
        "urge 03-20 13:00",
    ]


# --- properties

lengths = st.builds(
    pack.Length,
    n=st.integers(0, 20),
    unit=st.sampled_from(["working_day", "calendar_day", "month", "wall_hour", "working_hour"]),
)
whens = st.one_of(
    st.builds(pack.When, kind=st.just("percent"), percent=st.integers(0, 100)),
    st.builds(pack.When, kind=st.just("due")),
    st.builds(pack.When, kind=st.sampled_from(["before", "after"]), length=lengths),
)
rungs = st.builds(
    pack.Rung,
    at=whens,
    do=st.just("warn"),
    tell=st.just("handler"),
    every=st.none() | lengths,
    cap=st.integers(1, 4),
)
starts = st.integers(0, 700 * 24 * 60 * 60).map(
    lambda second: datetime(2025, 1, 5, tzinfo=UTC) + timedelta(seconds=second)
)
limits = st.builds(
    pack.Length,
    n=st.integers(1, 60),
    unit=st.sampled_from(
        ["working_day", "calendar_day", "month", "wall_hour", "working_hour", "wall_minute"]
    ),
).filter(lambda length: length.unit != "month" or length.n < 7)
stops = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=2)


@given(
    ladder=st.lists(rungs, max_size=5).map(tuple),
    limit=limits,
    start_at=starts,
    drawn=stops,
    more=st.integers(0, 20),
    zone=st.sampled_from(
        ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]
    ),
)
def test_I3_firings_stand_in_time_order_never_before_the_slip(
    ladder: tuple[pack.Rung, ...],
    limit: pack.Length,
    start_at: datetime,
    drawn: list[tuple[int, int]],
    more: int,
    zone: str,
) -> None:
    calendar = shipped.other(zone=zone, years=shipped.calendar().years)
    rule = shipped.rule(
        f"{limit.n} {limit.unit}",
        extension=shipped.extension(
            "90 working_day" if limit.unit in pack.DAY_UNITS else "90 wall_hour"
        ),
    )
    start_on = calendars.local_date(calendar, start_at)
    pauses = tuple(
        due.Pause(from_on=start_on + first * DAY, to_on=start_on + (first + n) * DAY)
        for first, n in drawn
    )
    found = due.due(rule, calendar=calendar, start_at=start_at, pauses=pauses, extend_days=more)
    plan = ladders.plan(
        ladder,
        rule=rule,
        calendar=calendar,
        start_at=start_at,
        due_at=found.due_at,
        due_on=found.due_on,
        pauses=pauses,
        extend_days=more,
    )
    keys = {(one.index, one.repetition) for one in plan}
    assert keys == {
        (index, repetition)
        for index, step in enumerate(ladder)
        for repetition in range(step.cap if step.every else 1)
    }
    assert len(keys) == len(plan)
    assert all(one.at <= two.at for one, two in itertools.pairwise(plan))
    for one in plan:
        assert one.rung == ladder[one.index]
        assert one.at.tzinfo is UTC
        assert one.at >= start_at + ladders.SLIP
        check_moment(one, calendar=calendar, found=found, start_at=start_at, rule=rule)


def check_moment(
    one: ladders.Planned,
    *,
    calendar: calendars.Calendar,
    found: due.Due,
    start_at: datetime,
    rule: pack.DeadlineRule,
) -> None:
    assert rule.limit.length is not None
    local = one.at.astimezone(calendars.zone(calendar))
    by_days = all(
        length is None or length.unit in pack.DAY_UNITS
        for length in (rule.limit.length, one.rung.at.length, one.rung.every)
    )
    at_start = one.at == start_at + ladders.SLIP
    if by_days and not at_start:
        assert local.time() == time(9)
        assert calendars.is_workday(calendar, local.date())
    if rule.limit.length.unit not in pack.DAY_UNITS and not at_start and not one.repetition:
        assert (local.second, local.microsecond) == (0, 0)
    if at_start or one.repetition:
        return
    if one.rung.at.kind in ("due", "after"):
        assert one.at >= found.due_at
    elif rule.limit.length.unit in pack.DAY_UNITS:
        assert one.at < found.due_at or one.rung.at.length is not None
    else:
        assert one.at <= found.due_at + calendars.MINUTE


@given(
    start=st.dates(date(2025, 1, 1), date(2026, 11, 1)),
    limit=st.integers(1, 60),
    unit=st.sampled_from(["working_day", "calendar_day"]),
    percent=st.integers(1, 100),
    drawn=stops,
)
def test_a_percentage_is_the_day_walked_to(
    start: date, limit: int, unit: str, percent: int, drawn: list[tuple[int, int]]
) -> None:
    calendar = shipped.calendar()
    pauses = tuple(
        due.Pause(from_on=start + first * DAY, to_on=start + (first + n) * DAY)
        for first, n in drawn
    )
    paused = {
        one.from_on + k * DAY
        for one in pauses
        for k in range(1, (one.to_on - one.from_on).days + 1)
    }
    day, reached = start, 0
    while reached * 100 < limit * percent:
        day += DAY
        counts = unit == "calendar_day" or calendars.is_workday(calendar, day)
        reached += counts and day not in paused
    while not calendars.is_workday(calendar, day):
        day -= DAY
    start_at = shipped.at(str(start))
    plan = planned((rung(f"{percent} %"),), f"{limit} {unit}", str(start), pauses=pauses)
    expected = max(calendars.opening(calendar, day), start_at + ladders.SLIP)
    assert [one.at for one in plan] == [expected]


@pytest.mark.parametrize(
    ("code", "when"),
    [
        ("ladder.percent", pack.When(kind="percent", percent=101)),
        ("ladder.percent", pack.When(kind="percent", percent=-1)),
        ("ladder.percent", pack.When(kind="percent")),
        ("ladder.length", pack.When(kind="after")),
        ("ladder.length", pack.When(kind="before", length=pack.Length(n=-1, unit="working_day"))),
    ],
)
@pytest.mark.parametrize("limit", ["3 working_day", "3 wall_hour"])
def test_a_rung_without_sense_is_refused(code: str, when: pack.When, limit: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        planned((pack.Rung(at=when, do="warn", tell="handler"),), limit, "2026-03-20")
    assert caught.value.code == code


# --- targets


def person(n: int) -> UUID:
    return UUID(int=1000 + n)


DESK, COMMITTEE, STREET, DISTRICT = (UUID(int=n) for n in (1, 2, 3, 4))


def post(
    n: int, role: str, office: UUID, level: int, *, deputy: int | None = None, rank: int = 1
) -> ladders.Post:
    """Post n, held by person n; 0 leaves it vacant."""
    return ladders.Post(
        id=UUID(int=100 + n),
        role=role,
        office_id=office,
        level=level,
        holder=person(n) if n < 90 else None,
        deputy=person(deputy) if deputy is not None else None,
        rank=rank,
    )


POSTS = (
    post(1, "case_desk", DESK, 3),
    post(2, "mediator", COMMITTEE, 3, rank=2),
    post(3, "mediator", COMMITTEE, 3, deputy=30),
    post(4, "mediator", STREET, 2),
    post(5, "supervisor", STREET, 2, deputy=50),
    post(6, "supervisor", DISTRICT, 1),
    post(7, "leader", STREET, 2),
)


def sought(
    tell: str,
    *,
    posts: tuple[ladders.Post, ...] = POSTS,
    lead: UUID = COMMITTEE,
    owner: str | None = "mediator",
    excluded: tuple[int, ...] = (),
    from_level: int = 3,
    handler: int | None = None,
) -> tuple[int, int, bool] | None:
    """Person, level and whether a deputy."""
    found = ladders.target(
        tell,
        posts=ladders.by_role(posts),
        lead_office=lead,
        level=3,
        owner_role=owner,
        excluded=frozenset(map(person, excluded)),
        from_level=from_level,
        handler=None if handler is None else person(handler),
    )
    return None if found is None else (found.person_id.int - 1000, found.level, found.is_deputy)


def test_handler_is_the_named_person_at_the_lead_office() -> None:
    assert sought("handler", handler=2) == (2, 3, False)
    assert sought("handler", handler=30) == (30, 3, True)


def test_handler_without_a_name_is_the_first_post_of_the_owning_role() -> None:
    assert sought("handler") == (3, 3, False)
    assert sought("handler", lead=DESK, owner="case_desk") == (1, 3, False)


def test_a_role_that_the_lead_office_has_not_is_asked_of_one_beside_it_then_above() -> None:
    asked = ladders.asked("mediator", posts=ladders.by_role(POSTS), lead_office=DESK, from_level=3)
    assert [(post.office_id, post.level) for post in asked][:2] == [(COMMITTEE, 3), (COMMITTEE, 3)]
    assert sought("handler", lead=DESK) == sought("handler")


def test_a_role_at_the_own_level_means_the_lead_office_whatever_another_ranks() -> None:
    beside = replace(post(4, "mediator", DESK, 3), rank=-1)
    posts = ladders.by_role((beside, *POSTS))
    asked = ladders.asked("mediator", posts=posts, lead_office=COMMITTEE, from_level=3)
    assert [post.office_id for post in asked] == [COMMITTEE, COMMITTEE, STREET]
    above = ladders.asked("mediator", posts=posts, lead_office=STREET, from_level=3)
    assert [post.level for post in above] == [3, 3, 3, 2], "a level below is no level of its own"


def test_handler_gone_from_the_office_is_the_owning_role() -> None:
    assert sought("handler", handler=77) == (3, 3, False)


def test_I8_a_recused_handler_is_passed_over() -> None:
    assert sought("handler", handler=3, excluded=(3,)) == (30, 3, True)
    assert sought("handler", handler=3, excluded=(3, 30)) == (2, 3, False)
    assert sought("handler", handler=3, excluded=(3, 30, 2)) == (4, 2, False)
    assert sought("handler", handler=3, excluded=(3, 30, 2, 4)) is None


def test_a_handler_who_is_away_is_passed_over_for_who_shares_the_post() -> None:
    def away(n: int, role: str, *, deputy: int | None = None) -> ladders.Post:
        there = post(90, role, COMMITTEE, 3, deputy=deputy)
        return replace(there, id=UUID(int=100 + n), away=(person(n),))

    deputised, above = away(2, "mediator", deputy=20), post(4, "mediator", STREET, 2)
    beside = post(3, "mediator", COMMITTEE, 3)
    assert sought("handler", posts=(deputised, beside), handler=2) == (20, 3, True)
    assert sought("handler", posts=(deputised, beside), handler=2, excluded=(20,)) == (3, 3, False)
    alone = (away(2, "mediator"), above)
    assert sought("handler", posts=(*alone, beside), handler=2) == (3, 3, False)
    assert sought("handler", posts=alone, handler=2) == (4, 2, False)
    assert sought("handler", posts=alone[:1], handler=2) is None
    # The deputy carries the case, and is away: the holder is there.
    carried = replace(post(2, "mediator", COMMITTEE, 3), away=(person(20),))
    assert sought("handler", posts=(carried, beside), handler=20) == (2, 3, False)


def test_handler_in_a_state_without_owner_is_nobody() -> None:
    assert sought("handler", owner=None) is None


def test_a_role_is_sought_from_the_level_up() -> None:
    assert sought("supervisor") == (5, 2, False)
    assert sought("supervisor", from_level=1) == (6, 1, False)
    assert sought("supervisor", from_level=2, excluded=(5,)) == (50, 2, True)
    assert sought("supervisor", from_level=2, excluded=(5, 50)) == (6, 1, False)
    assert sought("supervisor", excluded=(5, 50, 6)) is None
    assert sought("auditor") is None


def test_a_vacant_post_falls_to_its_deputy_then_to_the_level_above() -> None:
    vacant = (post(90, "supervisor", STREET, 2, deputy=50), post(6, "supervisor", DISTRICT, 1))
    assert sought("supervisor", posts=vacant) == (50, 2, True)
    empty = (post(90, "supervisor", STREET, 2), post(6, "supervisor", DISTRICT, 1))
    assert sought("supervisor", posts=empty) == (6, 1, False)


def test_a_role_at_the_lead_office_is_not_sought_in_the_office_beside_it() -> None:
    beside = (
        post(90, "department_handler", COMMITTEE, 3),
        post(8, "department_handler", DESK, 3),
        post(9, "department_handler", STREET, 2),
    )
    assert sought("department_handler", posts=beside) == (9, 2, False)
    assert sought("handler", posts=beside, owner="department_handler") == (9, 2, False)


def test_a_role_the_lead_office_lacks_is_sought_beside_it() -> None:
    beside = (post(8, "supervisor", DESK, 3), post(9, "supervisor", STREET, 2))
    assert sought("supervisor", posts=beside) == (8, 3, False)
    assert sought("handler", posts=beside, owner="supervisor") == (8, 3, False)


@given(
    holders=st.lists(st.booleans(), min_size=7, max_size=7),
    excluded=st.sets(st.integers(1, 60)),
    tell=st.sampled_from(["handler", "supervisor", "mediator", "leader", "case_desk"]),
    from_level=st.integers(1, 3),
)
def test_I8_no_recused_person_is_ever_told(
    holders: list[bool], excluded: set[int], tell: str, from_level: int
) -> None:
    posts = tuple(one for one, there in zip(POSTS, holders, strict=True) if there)
    found = sought(tell, posts=posts, excluded=tuple(excluded), from_level=from_level)
    if found is not None:
        assert found[0] not in excluded
        assert found[1] <= max(from_level, 3)
    elif tell != "handler":
        free = [
            one
            for one in posts
            if one.role == tell
            and one.level < min(from_level + 1, 3)
            and {one.holder, one.deputy} - {None} - set(map(person, excluded))
        ]
        assert not free
