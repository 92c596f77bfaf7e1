"""What these tests set up: other rules and calendars, office time, posts, a mediation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from rules import load
from tests import office
from tests.workflow import look
from workflow import db, read, scheduler
from workflow.commands import act, packs
from workflow.commands import office as office_commands

LADDER: Final = ["warn", "urge", "supervise", "raise", "leader"]
"""The effects of the shipped ladder, in order."""

_Change = Callable[[Any], None]


def _unchanged(_document: Any) -> None:
    """As it is."""


def rules(
    district: office.District, *, pack: _Change = _unchanged, calendar: _Change = _unchanged
) -> None:
    """From now on: the pack and the calendar in force with a change. The pack's worked examples,
    which are of the old ones, are left out."""
    with db.transaction(district.engine.database) as tx:
        house = read.house(tx)
        law = json.loads(tx.execute(read.PACK, {"hash": house.rules.hash}).one().document)
        days = json.loads(tx.execute(read.CALENDAR, {"hash": house.calendar.hash}).one().document)
        law["examples"] = []
        pack(law)
        calendar(days)
        loaded = load.from_document(_text(law))
        text = _text(days)
        made = load.calendar_from_document(_hash(text), days["hours"]["zone"], text)
        packs.add(tx, loaded, made, document=text)
        packs.activate(tx, loaded.hash, calendar_hash=made.hash)


def day_off(*days: str) -> _Change:
    """A calendar with these days off too."""

    def change(document: Any) -> None:
        for day in days:
            document["years"][day[:4]]["days_off"].append(day)

    return change


def zone(name: str) -> _Change:
    """A calendar of another place, its days and hours the same."""

    def change(document: Any) -> None:
        document["hours"]["zone"] = name

    return change


def accepted_within(limit: str, *rungs: dict[str, Any]) -> _Change:
    """A pack in which disputes are accepted within this limit, under a ladder of these rungs."""

    def change(document: Any) -> None:
        clock = document["deadlines"]["dispute.accept"]
        clock["limit"] = limit
        clock["ladder"] = "own"
        document["ladders"]["own"] = list(rungs)

    return change


def _text(document: Any) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- time and people


def walk(district: office.District, to: datetime) -> None:
    """Puts office time forward to an instant, sweeping on the way."""
    scheduler.advance(district.engine, by=max(to - district.now(), timedelta()))


def appoint(
    district: office.District, post: str, holder: str | None, *, deputy: str | None = None
) -> None:
    """Gives a post to somebody, or to nobody."""
    office_commands.appoint(
        district.engine.database,
        district.posts[post],
        holder_id=None if holder is None else district.people[holder],
        deputy_id=None if deputy is None else district.people[deputy],
    )


def mediating(district: office.District, *, category: str = "0201") -> act.Receipt:
    """A dispute that was first mediated on the morning of Monday 23 March."""
    filed = district.file(category=category)
    district.at("2026-03-23 09:30")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    session = {"session_on": "2026-03-23", "attended": "both", "minutes": "各说各的。"}
    district.do(filed, "record_session", "mediator", **session)
    return filed


def assess(district: office.District, filed: act.Receipt, *, since: str, until: str) -> None:
    """Pauses the mediation from one local moment to another; nobody sweeps meanwhile."""
    district.jump(since)
    district.do(filed, "start_assessment", "mediator", assessment_reason="鉴定")
    district.jump(until)
    district.do(filed, "end_assessment", "mediator", assessment_result="渗漏")


# --- what came of it


def planned(found: look.Whole, rule: str) -> list[tuple[str, str]]:
    """The rungs that fired on a clock, with the local moments they were planned for."""
    return [(rung.effect, look.local(rung.planned_at)) for rung in found.rungs_of(rule)]


def told(district: office.District, case_id: UUID, *, rule: str) -> list[Any]:
    """The notices of a case that speak of one clock."""
    rows = look.notices(district, case_id)
    return [row for row in rows if json.loads(row.words).get("deadline") == rule]
