"""Lists: whose turn it is, and what one seat holds."""

from __future__ import annotations

from tests import office
from workflow import db
from workflow.queries import worklist


def _numbers(district: office.District, person: str, **asked: object) -> list[str]:
    page = worklist.page(district.engine.database, district.actor(person), **asked)  # type: ignore[arg-type]
    return [item.number for item in page.items]


def test_my_turn_is_what_waits_for_a_post_of_mine(database: db.Database) -> None:
    district = office.build(database)
    waiting, accepted = district.file("officer"), district.file("officer")
    district.do(accepted, "accept", "desk")
    district.do(accepted, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    area = next(
        seat.key
        for seat, _ in worklist.seats(database, district.actor("desk"))
        if seat.kind == "area_5"
    )
    assert set(_numbers(district, "desk", seat_key=area)) == {waiting.number, accepted.number}
    assert _numbers(district, "desk", seat_key=area, narrow="turn") == [waiting.number]
    page = worklist.page(database, district.actor("desk"), seat_key=area)
    assert page.turns == 1
    grid = f"grid.{district.posts['officer']}"
    assert _numbers(district, "officer", seat_key=grid, narrow="turn") == []


def test_a_line_shows_the_last_step_of_the_ladder_of_what_runs(database: db.Database) -> None:
    district = office.build(database)
    late, met = district.file(), district.file()
    district.at("2026-03-26 09:00")
    district.do(met, "accept", "desk")
    page = worklist.page(database, district.actor("desk"))
    steps = {item.number: item.climbed for item in page.items}
    assert steps[met.number] is None, "of a clock that has ended nothing is climbed"
    step = steps[late.number]
    assert step is not None
    assert (step.effect, step.planned_at) == ("urge", office.local("2026-03-26 09:00"))
    assert step.fired_at >= step.planned_at
    assert len(page.items) == 2, "one line a case, however many rungs have fired"
