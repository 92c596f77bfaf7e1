"""A calendar edited under open cases: what is shown first is what is done, in each way, and a
run that breaks off leaves nothing half done."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import Any, Final
from uuid import UUID

import pytest
import yaml
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from rules import errors
from rules.load import dates
from tests import office
from tests.peers import stage
from tests.workflow import look
from workflow import db, read, sweep
from workflow.commands import calendars, packs
from workflow.tables import case as case_tables
from workflow.tables import delivery
from workflow.tables import office as tables

_LOG: Final = tables.OfficeLog.__table__.c  # type: ignore[attr-defined]
_EVENT: Final = case_tables.Event.__table__.c  # type: ignore[attr-defined]
_DEADLINE: Final = case_tables.Deadline.__table__  # type: ignore[attr-defined]
_TALLY: Final = case_tables.Tally.__table__.c  # type: ignore[attr-defined]
_NOTICE: Final = delivery.Notice.__table__.c  # type: ignore[attr-defined]

HOURS: Final = "9 working hours"

# --- edits of the shipped calendar, as an administrator's file


def year_file(district: office.District, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The year 2026 as it stands, with a change."""
    with db.snapshot(district.engine.database) as tx:
        document = json.loads(tx.execute(calendars.ACTIVE).one().document)
    year = document["years"]["2026"]
    change(year)
    return yaml.safe_dump(year, allow_unicode=True).encode()


def holidays(year: dict[str, Any]) -> None:
    """Two days off more: what waits for them moves on."""
    year["days_off"] += ["2026-03-24", "2026-03-26"]


def saturday(year: dict[str, Any]) -> None:
    """A make-up Saturday that is over: what counted from before it is due earlier."""
    year["extra_workdays"] += ["2026-03-21", "2026-03-22"]


def halves(year: dict[str, Any]) -> None:
    """Half days: clocks of hours move, and no other."""
    year["half_days"] = {"2026-03-23": "morning", "2026-03-25": [["10:00", "11:00"]]}


SUMMER: Final = """\
zone: Asia/Shanghai
tag: local
source: 本区通知
hours: [["09:00", "12:00"], ["13:30", "17:30"]]
versions:
  - {valid_from: 2026-03-24, hours: [["10:00", "12:00"]], source: 试行}
"""
EDITS: Final[dict[str, Callable[[office.District], bytes]]] = {
    "holidays": lambda district: year_file(district, holidays),
    "saturday": lambda district: year_file(district, saturday),
    "halves": lambda district: year_file(district, halves),
    "summer": lambda _: SUMMER.encode(),
}


def scene(district: office.District) -> None:
    """Cases of many kinds on the morning of Wednesday 25 March: filed, accepted, in pause,
    overdue, petitions; and nobody has swept since the office opened."""
    filed = [district.file() for _ in range(3)]
    district.file("petition_officer", process="petition")
    stage.mediating(district)
    paused = stage.mediating(district, category="0502")
    district.do(paused, "start_assessment", "mediator", assessment_reason="鉴定")
    stage.rules(district, pack=stage.accepted_within(HOURS, *_RUNGS))
    district.file()
    district.at("2026-03-24 11:00")
    district.do(filed[0], "accept", "desk")
    district.file()
    district.at("2026-03-25 08:30")
    district.jump("2026-03-25 11:00")


_RUNGS: Final = (
    {"at": "50 %", "do": "warn", "tell": "handler"},
    {"at": "when due", "do": "urge", "tell": "handler"},
)


def read_file(district: office.District, edit: str) -> calendars.Import:
    """An edit, read."""
    data = EDITS[edit](district)
    return calendars.read_file(district.engine.database, data, file=f"{edit}.yaml")


# --- what is stored


def rows(district: office.District) -> dict[tuple[UUID, int], Any]:
    """Every deadline."""
    with db.snapshot(district.engine.database) as tx:
        return {(row.case_id, row.no): row for row in tx.execute(select(_DEADLINE))}


def events(district: office.District, name: str) -> list[Any]:
    """Every event of a name."""
    with db.snapshot(district.engine.database) as tx:
        return list(tx.execute(select(_EVENT.case_id, _EVENT.seq).where(_EVENT.name == name)))


def told(district: office.District) -> int:
    """How many notices were ever queued."""
    with db.snapshot(district.engine.database) as tx:
        return tx.execute(select(func.count()).select_from(_NOTICE.case_id.table)).scalar_one()


def imports(district: office.District) -> list[dict[str, Any]]:
    """The rows that imports left in the office log."""
    with db.snapshot(district.engine.database) as tx:
        found = tx.execute(
            select(_LOG.payload).where(_LOG.name == "calendar_imported").order_by(_LOG.seq)
        )
        return [json.loads(text) for text in found.scalars()]


def tallied(district: office.District) -> int:
    """How many misses offices answer for."""
    with db.snapshot(district.engine.database) as tx:
        return int(
            tx.execute(select(func.sum(_TALLY.n)).where(_TALLY.what == "missed")).scalar() or 0
        )


def standing(district: office.District) -> tuple[Any, ...]:
    """All that a preview must leave as it is."""
    with db.snapshot(district.engine.database) as tx:
        active = tx.execute(calendars.ACTIVE).one()
        logged = tx.execute(select(func.count()).select_from(_LOG.seq.table)).scalar_one()
        happened = tx.execute(select(func.count()).select_from(_EVENT.seq.table)).scalar_one()
    return rows(district), told(district), active, logged, happened


def hold(district: office.District) -> None:
    """Every invariant, of every case."""
    for case_id in look.case_ids(district):
        look.hold(district, case_id)
    look.counts_agree(district)
    look.chain_holds(district)


# --- preview equals result


@pytest.mark.long("halves", "saturday", "summer")
@pytest.mark.parametrize("notify", [False, True])
@pytest.mark.parametrize("mode", calendars.MODES)
@pytest.mark.parametrize("edit", EDITS)
def test_what_is_shown_is_what_is_done(
    district: office.District, edit: str, mode: calendars.Mode, notify: bool
) -> None:
    scene(district)
    made = read_file(district, edit)
    before = standing(district)
    shown = calendars.preview(district.engine, made)
    assert standing(district) == before, "a preview changes nothing"
    # what was due anyway is told anyway
    district.sweep()
    was, notices, misses = rows(district), told(district), events(district, "deadline_missed")
    lapses = events(district, "window_lapsed")
    done = calendars.apply(district.engine, made, mode=mode, notify=notify)
    assert done == shown[mode]
    # and what is stored says the same
    now = rows(district)
    moved = {key for key, row in was.items() if now[key].due_at != row.due_at}
    assert len(moved) == done.moved == len(events(district, "deadline_moved"))
    assert len(events(district, "deadline_missed")) - len(misses) == done.overdue
    assert len(events(district, "window_lapsed")) - len(lapses) == done.lapsed
    assert told(district) - notices == (done.notices if notify else 0)
    open_ = {key for key, row in was.items() if row.ended_at is None}
    under = {key for key in open_ if now[key].calendar_hash == made.edit.calendar.hash}
    wanted = {
        "keep": set(),
        "from_now_on": {key for key in open_ if was[key].missed_at is None},
        "rebuild": open_,
    }[mode]
    assert under == wanted
    assert all(was[key] == now[key] for key in was.keys() - wanted)
    hold(district)
    [logged] = imports(district)
    assert (logged["mode"], logged["notify"]) == (mode, notify)
    # given again it has nothing left to do
    again = calendars.apply(district.engine, made, mode=mode, notify=notify)
    assert (again, rows(district), len(imports(district))) == (calendars.Outcome(), now, 1)
    fresh = district.deadlines(district.file())["dispute.accept"][0]
    assert fresh.calendar_hash == made.edit.calendar.hash


def test_each_edit_moves_something_and_says_how_much(district: office.District) -> None:
    scene(district)
    shown = {edit: calendars.preview(district.engine, read_file(district, edit)) for edit in EDITS}
    assert all(found["keep"] == calendars.Outcome() for found in shown.values())
    assert all(found["rebuild"].moved >= found["from_now_on"].moved for found in shown.values())
    assert all(found["rebuild"].moved for found in shown.values())
    assert shown["holidays"]["rebuild"].forgiven > 0
    assert shown["holidays"]["from_now_on"].forgiven == 0
    assert shown["saturday"]["rebuild"].overdue > 0
    assert shown["saturday"]["rebuild"].notices > shown["saturday"]["rebuild"].moved
    example = shown["holidays"]["rebuild"].moving[0]
    assert example.to_at > example.from_at
    assert example.number


# --- one clock, followed


def test_a_charge_by_a_wrong_calendar_is_taken_back_and_may_come_again(
    district: office.District,
) -> None:
    filed = district.file()
    district.at("2026-03-26 10:00")  # three working days are over
    clock = district.deadlines(filed)["dispute.accept"][0]
    assert (clock.missed_at is not None, district.case(filed).light) == (True, "red")
    assert tallied(district) == 1
    made = calendars.read_file(
        district.engine.database, year_file(district, holidays), file="2026.yaml"
    )
    done = calendars.apply(district.engine, made, mode="rebuild")
    assert (done.forgiven, done.overdue) == (1, 0)
    clock = district.deadlines(filed)["dispute.accept"][0]
    assert (clock.missed_at, str(clock.due_on)) == (None, "2026-03-27")
    assert district.case(filed).light == "yellow", "a fired rung stays fired"
    assert tallied(district) == 0
    district.at("2026-03-30 10:00")
    found = look.hold(district, filed.case_id)
    assert found.names.count("deadline_missed") == 2
    assert found.deadline("dispute.accept").missed_at is not None
    assert tallied(district) == 1


def test_a_move_is_muted_unless_asked_and_then_told_to_who_handles_it(
    district: office.District,
) -> None:
    filed = district.file()
    with db.snapshot(district.engine.database) as tx:
        assert read.house(tx).rules.pack.notices[-1].on == "deadline_moved"
    data = year_file(district, holidays)
    made = calendars.read_file(district.engine.database, data, file="2026.yaml")
    calendars.apply(district.engine, made, mode="from_now_on", notify=True)
    causes = [row.cause for row in look.notices(district, filed.case_id)]
    assert causes.count("deadline_moved") == 1


def test_a_start_named_by_a_day_keeps_its_day_in_another_zone(district: office.District) -> None:
    filed = district.file("petition_officer", process="petition")
    zone = SUMMER.replace("Asia/Shanghai", "America/New_York")
    made = calendars.read_file(district.engine.database, zone.encode(), file="hours.yaml")
    calendars.apply(district.engine, made, mode="rebuild")
    for row in look.hold(district, filed.case_id).deadlines:
        assert row.calendar_hash == made.edit.calendar.hash
    # two calendars of two zones stand side by side
    later = calendars.read_file(district.engine.database, SUMMER.encode(), file="hours.yaml")
    calendars.apply(district.engine, later, mode="keep")
    clock = look.hold(district, filed.case_id).deadlines[0]
    midnight = clock.due_at.astimezone(made.edit.calendar.index.zone)
    assert (midnight.hour, midnight.minute) == (0, 0)
    shanghai = district.deadlines(district.file())["dispute.accept"][0]
    assert look.local(shanghai.due_at).endswith("00:00")


# --- broken off, crossed, refused


def test_a_run_that_breaks_off_goes_on_and_leaves_nothing_half_done(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene(district)
    district.sweep()
    made = read_file(district, "holidays")
    shown = calendars.preview(district.engine, made)["rebuild"]
    monkeypatch.setattr(calendars, "BATCH", 2)
    monkeypatch.setattr(calendars, "SQLITE_BATCH", 2)
    wrote = calendars._written

    def dies(tx: db.Tx, found: Any, *, engine: Any) -> Any:
        outcome = wrote(tx, found, engine=engine)
        if len(events(district, "calendar_changed")) >= 2:
            raise KeyboardInterrupt
        return outcome

    monkeypatch.setattr(calendars, "_written", dies)
    with pytest.raises(KeyboardInterrupt):
        calendars.apply(district.engine, made, mode="rebuild")
    monkeypatch.setattr(calendars, "_written", wrote)
    assert len(events(district, "calendar_changed")) == 2, "the batch that broke left nothing"
    hold(district)
    again = replace(made, before=made.edit.calendar.hash)
    rest = calendars.apply(district.engine, again, mode="rebuild")
    assert rest.cases == shown.cases - 2
    assert len(events(district, "deadline_moved")) == shown.moved
    assert len(imports(district)) == 1
    hold(district)


def test_a_run_gives_way_between_its_batches(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        district.file()
    made = calendars.read_file(
        district.engine.database, year_file(district, holidays), file="2026.yaml"
    )
    monkeypatch.setattr(calendars, "BATCH", 2)
    monkeypatch.setattr(calendars, "SQLITE_BATCH", 2)
    rests: list[object] = []
    monkeypatch.setattr(db, "give_way", rests.append)
    assert calendars.apply(district.engine, made, mode="rebuild").cases == 5
    # A pass looks at two, two and one case and finds no more; the second pass moves none.
    assert len(rests) == 2 * 3


def test_a_case_that_the_database_refuses_does_not_hold_up_the_others(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed = [district.file() for _ in range(4)]
    made = calendars.read_file(
        district.engine.database, year_file(district, holidays), file="2026.yaml"
    )
    apply, sick = db.apply, filed[1].case_id

    def refuses(tx: db.Tx, written: db.Rows) -> frozenset[UUID]:
        if any(row[0] == sick for row in written.cases):
            raise IntegrityError("", {}, Exception())
        return apply(tx, written)

    monkeypatch.setattr(db, "apply", refuses)
    done = calendars.apply(district.engine, made, mode="rebuild")
    assert (done.cases, done.failed) == (3, 1)
    assert done.failing == (district.case(filed[1]).number,)
    monkeypatch.undo()
    assert calendars.apply(district.engine, made, mode="rebuild").cases == 1
    hold(district)


def test_an_import_beside_sweeps_and_people_loses_and_doubles_nothing(
    district: office.District,
) -> None:
    filed = [district.file() for _ in range(12)]
    district.jump("2026-03-26 10:00")  # everything is late, and nobody has swept
    made = calendars.read_file(
        district.engine.database, year_file(district, holidays), file="2026.yaml"
    )

    def people() -> None:
        for one in filed[::3]:
            with contextlib.suppress(errors.Busy):
                district.do(one, "accept", "desk")

    def sweeps() -> None:
        for _ in range(3):
            with contextlib.suppress(errors.Busy):
                sweep.tick(district.engine, limit=3)

    with ThreadPoolExecutor(3) as pool:
        work = [pool.submit(people), pool.submit(sweeps)]
        done = pool.submit(calendars.apply, district.engine, made, mode="rebuild").result()
        for one in work:
            one.result()
    assert done.failed == 0
    again = calendars.apply(district.engine, made, mode="rebuild")
    assert again.failed == 0
    district.sweep()
    hold(district)
    for row in rows(district).values():
        assert row.ended_at is not None or row.calendar_hash == made.edit.calendar.hash


def test_an_import_that_another_one_crossed_is_refused(district: office.District) -> None:
    first, second = (read_file(district, edit) for edit in ("holidays", "saturday"))
    calendars.apply(district.engine, first, mode="keep")
    refused = look.refused(calendars.apply, district.engine, second, mode="keep")
    assert (type(refused), refused.code) == (errors.Stale, "calendar.changed")
    assert len(imports(district)) == 1


def test_a_faulty_file_leaves_calendar_and_cases_alone(district: office.District) -> None:
    scene(district)
    before = standing(district)
    for data in (
        b"year: 2026",
        SUMMER.replace("12:00", "14:00", 1).encode(),
        year_file(district, lambda year: year["extra_workdays"].append("2026-01-01")),
        "年份：2026".encode("gbk"),
        b"#" * (dates.MAX_NOTICE_BYTES + 1),
    ):
        refused = look.refused(
            calendars.read_file, district.engine.database, data, file="2026.yaml"
        )
        assert isinstance(refused, errors.PackInvalid)
        assert refused.code == "calendar.invalid"
        assert all(fault.file == "2026.yaml" for fault in refused.pack_faults)
    assert standing(district) == before


def test_the_same_file_again_is_nothing_new(district: office.District) -> None:
    made = calendars.read_file(
        district.engine.database, year_file(district, lambda _: None), file="2026.yaml"
    )
    assert made.edit.is_same
    assert all(
        asdict(found) == asdict(calendars.Outcome())
        for found in calendars.preview(district.engine, made).values()
    )


def test_a_pack_is_as_sound_as_before_once_a_holiday_has_moved(district: office.District) -> None:
    database = district.engine.database
    calendars.apply(district.engine, read_file(district, "holidays"), mode="keep")
    with db.transaction(database) as tx:
        house = read.house(tx)
        packs.activate(tx, house.rules.hash)
    assert look.refused(packs.switch, database, "0" * 64).code == "pack.unknown"


def test_a_clock_taken_up_again_counts_by_the_calendar_in_force(district: office.District) -> None:
    """It was stopped by a correction while the calendar changed; its twin ran on and moved."""
    corrected, twin = (district.file("officer", category="0502") for _ in range(2))
    for case in (corrected, twin):
        district.do(case, "accept", "desk")
    district.do(corrected, "correct_category", "desk", category="0201")
    made = read_file(district, "holidays")
    calendars.apply(district.engine, made, mode="rebuild", notify=False)
    district.do(corrected, "correct_category", "desk", category="0502")
    (one,), (other,) = (district.deadlines(case)["mediation.medical"] for case in (corrected, twin))
    assert (one.due_on, one.calendar_hash) == (other.due_on, other.calendar_hash)
    look.hold(district, corrected.case_id)
