"""The board: what a supervisor watches."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from api.routes import shapes
from api.routes.shapes import Shape


class Lights(Shape):
    """Open cases by light."""

    green: int
    yellow: int
    red: int
    grey: int


class BoardArea(Shape):
    """The area looked at, or one above or below it."""

    code: str
    name: str


class AreaLine(Shape):
    """An area below the one looked at."""

    code: str
    name: str
    lights: Lights


class LevelLine(Shape):
    """What offices of one level lead. `depth` is that of their areas, 1 at the top."""

    depth: int
    level: str
    lights: Lights


class OfficeLine(Shape):
    """An office with what it leads, and what it has received but not accepted: how many, and
    since when the oldest waits."""

    office_id: UUID
    name: str
    lights: Lights
    unaccepted: int
    waits_since: datetime | None


class HandlerLine(Shape):
    """Whose hands the office's open cases are in; null: nobody's yet."""

    person_id: UUID | None
    name: str | None
    lights: Lights


class Still(Shape):
    """Cases whose clock stands still now, and why. `state` lists them."""

    reason: str
    state: str
    n: int


class Act(Shape):
    """An action that this person may do about the case."""

    name: str
    title: str


class Step(Shape):
    """A rung of the ladder: fired, with whom it told, or still to come, with whom it looks for."""

    effect: str
    planned_at: datetime
    fired_at: datetime | None
    target: str | None
    role: str | None


class Late(Shape):
    """A late case and where it stands on its ladder. `supervision` says who put it under
    supervision: the ladder, or somebody by hand."""

    case_id: UUID
    number: str
    subject: str
    state: str
    lead_office: str
    handler: str | None
    deadline: str
    due_at: datetime
    last: Step | None
    next: Step | None
    supervisor: str | None
    supervision: str | None
    is_stuck: bool
    acts: tuple[Act, ...]


class Blocker(Shape):
    """A post that could not take it: vacant, away or recused."""

    office: str
    why: str


class Stuck(Shape):
    """A case that cannot escalate, and whom it looked for in vain."""

    case_id: UUID
    number: str
    subject: str
    lead_office: str
    effect: str
    role: str
    planned_at: datetime
    deadline: str
    blockers: tuple[Blocker, ...]
    remedy: str
    acts: tuple[Act, ...]


class WantedPost(Shape):
    """A post that a ladder seeks in vain, without the cases that wait for it: vacant, away, or,
    with no office, missing."""

    role: str
    office: str | None
    why: str
    remedy: str


class RungCount(Shape):
    """How often the ladder did something in the last seven days, and how late at most."""

    effect: str
    n: int
    max_late_s: int


class Worker(Shape):
    """A process that sweeps: `alive`, `silent` (dead or cut off) or `stopped` by itself."""

    id: UUID
    beat_age_s: int
    tick_ms: int
    fired: int
    errors: int
    skew_ms: int
    life: str
    is_alive: bool


class Alarm(Shape):
    """Something that should not be, as long as it lasts."""

    kind: str
    subject: str
    first_at: datetime
    times: int
    case_id: UUID | None


class TrendDay(Shape):
    """Open and overdue cases at the beginning of a local day."""

    counted_on: date
    open: int
    overdue: int


class Month(Shape):
    """What an office answers for in one month."""

    missed: int
    returned: int
    paused_days: int


class Fairness(Shape):
    """An office's account, this month and the last: lateness is charged to the office that held
    the case when it fell due."""

    office_id: UUID
    name: str
    this_month: Month
    last_month: Month


class Board(Shape):
    """What a supervisor watches: open cases by light, level, area and office; the late ones and
    those that cannot escalate; the ladder, the days and the months; the workers and alarms."""

    model_config = shapes.example(
        {
            "now": "2026-03-26T02:00:00Z",
            "area_code": "420303",
            "area_name": "张湾区",
            "above": [],
            "office_id": None,
            "post_id": shapes.EXAMPLE_ID,
            "total": {"green": 40, "yellow": 6, "red": 2, "grey": 3},
            "levels": [
                {
                    "depth": 5,
                    "level": "community",
                    "lights": {"green": 40, "yellow": 6, "red": 2, "grey": 3},
                }
            ],
            "areas": [
                {
                    "code": "420303001",
                    "name": "花果街道",
                    "lights": {"green": 40, "yellow": 6, "red": 2, "grey": 3},
                }
            ],
            "offices": [
                {
                    "office_id": shapes.OTHER_ID,
                    "name": "花果园社区案件台",
                    "lights": {"green": 4, "yellow": 1, "red": 2, "grey": 0},
                    "unaccepted": 3,
                    "waits_since": "2026-03-20T08:00:00Z",
                }
            ],
            "handlers": [],
            "still": [{"reason": "Expert assessment", "state": "dispute.assessing", "n": 1}],
            "late": [
                {
                    "case_id": shapes.EXAMPLE_ID,
                    "number": "4803-7152-6",
                    "subject": "3号楼502漏水，402天花板受损",
                    "state": "Awaiting acceptance",
                    "lead_office": "花果园社区案件台",
                    "handler": None,
                    "deadline": "Time to accept",
                    "due_at": "2026-03-25T16:00:00Z",
                    "last": {
                        "effect": "urge",
                        "planned_at": "2026-03-26T01:00:00Z",
                        "fired_at": "2026-03-26T01:00:01Z",
                        "target": "演示案件台",
                        "role": None,
                    },
                    "next": {
                        "effect": "supervise",
                        "planned_at": "2026-03-27T01:00:00Z",
                        "fired_at": None,
                        "target": None,
                        "role": "Supervisor",
                    },
                    "supervisor": None,
                    "supervision": None,
                    "is_stuck": False,
                    "acts": [{"name": "urge", "title": "Urge"}],
                }
            ],
            "stuck": [],
            "wanted": [
                {
                    "role": "Supervisor",
                    "office": "花果街道办事处",
                    "why": "vacant",
                    "remedy": "Have a holder or a deputy named at 花果街道办事处 or above.",
                }
            ],
            "stuck_count": 0,
            "ladder": [{"effect": "warn", "n": 6, "max_late_s": 2}],
            "trend": [{"counted_on": "2026-03-25", "open": 50, "overdue": 1}],
            "fairness": [
                {
                    "office_id": shapes.OTHER_ID,
                    "name": "花果园社区案件台",
                    "this_month": {"missed": 2, "returned": 0, "paused_days": 0},
                    "last_month": {"missed": 1, "returned": 1, "paused_days": 12},
                }
            ],
            "workers": [
                {
                    "id": shapes.EXAMPLE_ID,
                    "beat_age_s": 1,
                    "tick_ms": 4,
                    "fired": 8,
                    "errors": 0,
                    "skew_ms": 3,
                    "life": "alive",
                    "is_alive": True,
                }
            ],
            "alarms": [],
            "queued_notices": 0,
            "dead_notices": 0,
        }
    )

    now: datetime
    area_code: str
    area_name: str
    above: tuple[BoardArea, ...]
    office_id: UUID | None
    post_id: UUID
    total: Lights
    levels: tuple[LevelLine, ...]
    areas: tuple[AreaLine, ...]
    offices: tuple[OfficeLine, ...]
    handlers: tuple[HandlerLine, ...]
    still: tuple[Still, ...]
    late: tuple[Late, ...]
    stuck: tuple[Stuck, ...]
    wanted: tuple[WantedPost, ...]
    stuck_count: int
    ladder: tuple[RungCount, ...]
    trend: tuple[TrendDay, ...]
    fairness: tuple[Fairness, ...]
    workers: tuple[Worker, ...]
    alarms: tuple[Alarm, ...]
    queued_notices: int
    dead_notices: int
