"""Clocks of hours and minutes on a case: limit, pause with its cap, extension, ladder, lateness."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from rules import errors
from tests import office
from tests.peers import stage
from tests.workflow import look
from workflow.commands import act
from workflow.decide import DeadlineRow


def _hours(unit: str) -> Any:
    """A pack in which mediation and handling are counted in hours."""

    def change(document: Any) -> None:
        clocks = document["deadlines"]
        clocks["mediation.general"]["limit"] = f"20 {unit}s"
        clocks["mediation.general"]["pauses"][0]["max"] = f"4 {unit}s"
        clocks["petition.handle"]["limit"] = f"10 {unit}s"
        clocks["petition.handle"]["extension"]["max"] = f"6 {unit}s"
        for name in ("mediation.general", "petition.handle"):
            clocks[name]["ladder"] = "by_the_hour"
        document["ladders"]["by_the_hour"] = [
            {"at": "50 %", "do": "warn", "tell": "handler"},
            {"at": "30 wall minutes before", "do": "urge", "tell": "handler"},
            {"at": f"2 {unit}s after", "do": "raise", "tell": "supervisor"},
        ]

    return change


@pytest.mark.parametrize(
    ("unit", "runs_at", "due", "rungs"),
    [
        # begun on Monday 23 March at 09:30, paused at 10:00, twenty hours in all
        (
            "working hour",
            "2026-03-23 15:30",
            "2026-03-26 14:00",
            ["2026-03-25 09:30", "2026-03-26 13:30", "2026-03-26 16:00"],
        ),
        (
            "wall hour",
            "2026-03-23 14:00",
            "2026-03-24 09:30",
            ["2026-03-23 23:30", "2026-03-24 09:00", "2026-03-24 11:30"],
        ),
    ],
)
def test_a_pause_of_an_hour_clock_ends_by_itself_at_its_cap_to_the_minute(
    district: office.District, unit: str, runs_at: str, due: str, rungs: list[str]
) -> None:
    stage.rules(district, pack=_hours(unit))
    filed = stage.mediating(district)
    district.at("2026-03-23 10:00")
    district.do(filed, "start_assessment", "mediator", assessment_reason="鉴定")
    clock = look.whole(district, filed.case_id).deadline("mediation.general")
    assert clock.state == "paused"
    assert _near(clock.next_at, runs_at)
    district.at("2026-03-27 09:00")
    found = look.hold(district, filed.case_id)
    clock = found.deadline("mediation.general")
    assert found.names.count("pause_ended") == 1
    assert clock.missed_at is not None
    assert _near(clock.due_at, due)
    fired = found.rungs_of("mediation.general")
    assert [rung.effect for rung in fired] == ["warn", "urge", "raise"]
    assert all(_near(rung.planned_at, at) for rung, at in zip(fired, rungs, strict=True))


def test_the_cap_counts_what_earlier_pauses_took(district: office.District) -> None:
    stage.rules(district, pack=_hours("working hour"))
    filed = stage.mediating(district)
    stage.assess(district, filed, since="2026-03-23 10:00", until="2026-03-23 14:00")  # 2.5 hours
    district.at("2026-03-23 15:00")
    district.do(filed, "start_assessment", "mediator", assessment_reason="复核")
    clock = look.whole(district, filed.case_id).deadline("mediation.general")
    assert _near(clock.next_at, "2026-03-23 16:30"), "an hour and a half is left"


@pytest.mark.parametrize(
    ("unit", "due", "longer"),
    [
        # accepted on Monday 23 March at 09:30, ten hours and six more
        ("working hour", "2026-03-24 14:00", "2026-03-25 11:30"),
        ("wall hour", "2026-03-23 19:30", "2026-03-24 01:30"),
    ],
)
def test_an_extension_in_hours_follows_the_limit_and_keeps_its_cap(
    district: office.District, unit: str, due: str, longer: str
) -> None:
    stage.rules(district, pack=_hours(unit))
    filed = district.file("petition_officer", process="petition")
    housing = str(district.offices["housing"])
    district.do(filed, "transfer", "petition_officer", to_office=housing)
    district.at("2026-03-23 09:30")
    district.do(filed, "accept", "handler", route="6")
    assert _near(_handling(district, filed).due_at, due)
    asked = {"extend_reason": "情况复杂"}
    refused = look.refused(district.do, filed, "extend", "head", extend_days=7, **asked)
    assert (type(refused), refused.code) == (errors.Invalid, "deadline.extension_cap")
    district.do(filed, "extend", "head", extend_days=6, **asked)
    clock = _handling(district, filed)
    assert (clock.extend_days, _near(clock.due_at, longer)) == (6, True)
    district.at("2026-03-25 12:30")
    found = look.hold(district, filed.case_id)
    assert found.deadline("petition.handle").missed_at is not None


def _handling(district: office.District, filed: act.Receipt) -> DeadlineRow:
    return look.hold(district, filed.case_id).deadline("petition.handle")


def _near(at: datetime | None, text: str) -> bool:
    """Whether an instant is this local minute, but for what the test itself takes: a pause that
    took a second more leaves one less."""
    return at is not None and abs(at - office.local(text)) < timedelta(minutes=3)
