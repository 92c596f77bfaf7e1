"""The board as a shape of the API."""

from __future__ import annotations

from collections.abc import Iterable

from api import stuck as reasons
from api import texts
from api.routes.shapes import board as shapes
from rules import pack as pack_
from workflow.queries import board as board_query


def board(found: board_query.Board, words: texts.Words) -> shapes.Board:
    """A board. Which machine a worker runs on stays inside."""
    return shapes.Board(
        now=found.now,
        area_code=found.place.code,
        area_name=found.place.name,
        above=tuple(shapes.BoardArea(code=it.code, name=it.name) for it in found.above),
        office_id=None if found.office is None else found.office.id,
        post_id=found.post.id,
        total=_lights(found.total),
        levels=tuple(
            shapes.LevelLine(depth=it.depth, level=it.level, lights=_lights(it.lights))
            for it in found.levels
        ),
        areas=tuple(
            shapes.AreaLine(code=it.code, name=it.name, lights=_lights(it.lights))
            for it in found.areas
        ),
        offices=tuple(_office(it) for it in found.offices),
        handlers=tuple(
            shapes.HandlerLine(person_id=it.person_id, name=it.name, lights=_lights(it.lights))
            for it in found.handlers
        ),
        still=tuple(
            shapes.Still(reason=words.text(it.reason), state=it.state, n=it.n) for it in found.still
        ),
        late=tuple(_late(it, words) for it in found.late),
        stuck=tuple(_stuck(it, words) for it in found.stuck),
        wanted=tuple(_wanted(it, words) for it in found.wanted),
        stuck_count=found.stuck_count,
        ladder=tuple(
            shapes.RungCount(effect=it.effect, n=it.n, max_late_s=it.max_late_s)
            for it in found.ladder
        ),
        trend=tuple(
            shapes.TrendDay(counted_on=it.counted_on, open=it.open, overdue=it.overdue)
            for it in found.trend
        ),
        fairness=tuple(
            shapes.Fairness(
                office_id=it.office_id,
                name=it.name,
                this_month=_month(it.now),
                last_month=_month(it.before),
            )
            for it in found.fairness
        ),
        workers=tuple(_worker(it) for it in found.health.workers),
        alarms=tuple(_alarm(it) for it in found.health.alarms),
        queued_notices=found.queued_notices,
        dead_notices=found.dead_notices,
    )


def _lights(found: board_query.Lights) -> shapes.Lights:
    return shapes.Lights(green=found.green, yellow=found.yellow, red=found.red, grey=found.grey)


def _office(line: board_query.OfficeLine) -> shapes.OfficeLine:
    return shapes.OfficeLine(
        office_id=line.office_id,
        name=line.name,
        lights=_lights(line.lights),
        unaccepted=line.unaccepted,
        waits_since=line.waits_since,
    )


def _late(line: board_query.LateCase, words: texts.Words) -> shapes.Late:
    return shapes.Late(
        case_id=line.case_id,
        number=line.number,
        subject=line.subject,
        state=words.text(line.state),
        lead_office=line.lead_office,
        handler=line.handler,
        deadline=words.text(line.deadline),
        due_at=line.due_at,
        last=_step(line.last, words),
        next=_step(line.next, words),
        supervisor=line.supervisor,
        supervision=line.supervision,
        is_stuck=line.is_stuck,
        acts=_acts(line.acts, words),
    )


def _step(step: board_query.Step | None, words: texts.Words) -> shapes.Step | None:
    if step is None:
        return None
    return shapes.Step(
        effect=step.effect,
        planned_at=step.planned_at,
        fired_at=step.fired_at,
        target=step.target,
        role=None if step.role is None else words.text(step.role),
    )


def _acts(acts: Iterable[tuple[str, pack_.Text]], words: texts.Words) -> tuple[shapes.Act, ...]:
    return tuple(shapes.Act(name=name, title=words.text(title)) for name, title in acts)


def _stuck(line: board_query.StuckCase, words: texts.Words) -> shapes.Stuck:
    reason = reasons.of_case(line, words)
    return shapes.Stuck(
        case_id=line.case_id,
        number=line.number,
        subject=line.subject,
        lead_office=line.lead_office,
        effect=line.effect,
        role=reason.role,
        planned_at=line.planned_at,
        deadline=words.text(line.deadline),
        blockers=tuple(shapes.Blocker(office=it.office, why=it.why) for it in line.blockers),
        remedy=reason.remedy,
        acts=_acts(line.acts, words),
    )


def _wanted(line: board_query.WantedPost, words: texts.Words) -> shapes.WantedPost:
    reason = reasons.of_post(line, words)
    return shapes.WantedPost(
        role=reason.role, office=line.office, why=line.why, remedy=reason.remedy
    )


def _worker(line: board_query.WorkerLine) -> shapes.Worker:
    return shapes.Worker(
        id=line.id,
        beat_age_s=line.beat_age_s,
        tick_ms=line.tick_ms,
        fired=line.fired,
        errors=line.errors,
        skew_ms=line.skew_ms,
        life=line.life,
        is_alive=line.is_alive,
    )


def _alarm(line: board_query.AlarmLine) -> shapes.Alarm:
    return shapes.Alarm(
        kind=line.kind,
        subject=line.subject,
        first_at=line.first_at,
        times=line.times,
        case_id=line.case_id,
    )


def _month(found: board_query.Month) -> shapes.Month:
    return shapes.Month(missed=found.missed, returned=found.returned, paused_days=found.paused)
