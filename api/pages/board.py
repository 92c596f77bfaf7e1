"""The board: what is late and where, who holds it, what cannot go on; and whether all runs.

The page is drawn whole; with script two parts of it are asked for every other second: the
figures, and the signs of life of the workers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import caller, render, texts
from api import stuck as reasons
from api.pages import frame as frames
from api.pages import happened, signs, trend
from rules import errors
from workflow import access
from workflow.engine import Engine
from workflow.queries import board as board_query
from workflow.queries import deliveries, places

router = APIRouter()

BAR_WIDTH: Final = 300
"""SVG units of the widest bar."""
MOST_OFFICES: Final = 12
LATE_S: Final = 60
LEVELS: Final[Mapping[str, str]] = {
    "province": "Province",
    "city": "City",
    "district": "District",
    "street": "Street",
    "community": "Community",
    "grid": "Grid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A number that opens exactly its cases."""

    url: str
    label: str
    n: int
    tone: str | None
    words: str | None
    alarm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A level, an area, an office or a person with the open cases there: `url` looks closer, and
    each number opens its cases. `bars` are drawn to the widest row's scale."""

    name: str
    url: str | None
    lights: board_query.Lights
    urls: Mapping[str, str]
    bars: tuple[tuple[str, float, float], ...] = ()
    unaccepted: int = 0
    waits: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A late case with what is left of its time."""

    it: board_query.LateCase
    late: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A case that cannot escalate: why, and what helps."""

    it: board_query.StuckCase
    reason: reasons.Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything the board draws."""

    board: board_query.Board
    title: str
    crumbs: tuple[tuple[str, str], ...]
    here: str
    list_url: str
    tiles: tuple[Tile, ...]
    levels: tuple[Row, ...]
    areas: tuple[Row, ...]
    offices: tuple[Row, ...]
    more_offices: int
    handlers: tuple[Row, ...]
    late: tuple[Late, ...]
    more_late: bool
    stuck: tuple[Stuck, ...]
    wanted: tuple[reasons.Reason, ...]
    still: tuple[tuple[str, str, int], ...]
    ladder: tuple[tuple[str, str, int, str], ...]
    chart: trend.Chart | None
    signs: signs.Signs


@router.get("/board", dependencies=[caller.SESSION])
def get_board(frame: frames.Signed, area: str = "", office: str = "") -> Response:
    """The whole board."""
    found = _found(frame.engine, frame.person, area=area, office=office)
    return frame.page("board.html", view=_view(frame, found))


@router.get("/board/part", dependencies=[caller.SESSION])
def get_part(
    request: Request,
    signed: caller.Signed,
    opened: caller.Opened,
    area: str = "",
    office: str = "",
) -> Response:
    """Only the figures of this moment."""
    found = _found(opened, signed.actor, area=area, office=office, with_past=False)
    frame = frames.bare(request, opened, signed.actor, house=found.health.house)
    return render.part("board.html", frame.here, view=_view(frame, found))


@router.get("/board/health", dependencies=[caller.SESSION])
def get_health(request: Request, signed: caller.Signed, opened: caller.Opened) -> Response:
    """Only the signs of life."""
    found = board_query.health(opened.database, signed.actor)
    frame = frames.bare(request, opened, signed.actor, house=found.house)
    return render.part("board_signs.html", frame.here, signs=signs.signs(frame.words, found))


@router.get("/board/undelivered", dependencies=[caller.SESSION])
def get_undelivered(frame: frames.Signed) -> Response:
    """What could not be delivered outside the app, and a way to try once more."""
    if not frames.watches(frame):
        raise errors.NotFound("board.none")
    words, found = frame.words, deliveries.dead(frame.engine.database, frame.person)
    return frame.page(
        "board/undelivered.html",
        items=tuple(
            (it, words.channel(it.channel), words.error_text(it.error, {}).text if it.error else "")
            for it in found.items
        ),
        is_capped=found.is_capped,
    )


def _found(
    engine: Engine, actor: access.Actor, *, area: str, office: str, with_past: bool = True
) -> board_query.Board:
    if not area.isprintable():
        raise errors.NotFound("area.unknown", field="area", area=area)
    return board_query.board(
        engine.database,
        actor,
        area=area or None,
        office=frames.read_id(office) if office else None,
        with_past=with_past,
    )


def _view(frame: frames.Frame, found: board_query.Board) -> View:
    to = _Links(found)
    here = found.office.name if found.office else found.place.name
    offices = _offices(frame, found, to)
    return View(
        board=found,
        title=here,
        crumbs=tuple((to.board(area=area.code), area.name) for area in _above(found)),
        here=to.here,
        list_url=to.list(narrow="red"),
        tiles=_tiles(frame, found, to),
        levels=_levels(frame, found, to),
        areas=_areas(found, to),
        offices=offices[:MOST_OFFICES],
        more_offices=max(0, len(offices) - MOST_OFFICES),
        handlers=_handlers(frame, found, to),
        late=tuple(
            Late(it=it, late=frame.words.remaining(it.due_at, now=found.now)) for it in found.late
        ),
        more_late=found.total.red > len(found.late),
        stuck=tuple(Stuck(it=it, reason=reasons.of_case(it, frame.words)) for it in found.stuck),
        wanted=tuple(reasons.of_post(it, frame.words) for it in found.wanted),
        still=tuple(
            (to.list(state=it.state), frame.words.text(it.reason), it.n) for it in found.still
        ),
        ladder=_ladder(frame, found),
        chart=trend.chart(found.trend),
        signs=signs.signs(frame.words, found.health),
    )


def _above(found: board_query.Board) -> tuple[places.Named, ...]:
    """The way back: of an office the area through which one came as well."""
    if found.office is None:
        return found.above
    return (*found.above, places.Named(code=found.place.code, name=found.place.name))


@dataclass(frozen=True, slots=True)
class _Links:
    """Addresses of what a board shows: closer looks, and lists of exactly the cases counted."""

    found: board_query.Board

    @property
    def _kept(self) -> dict[str, object]:
        found = self.found
        area = None if found.place.code == found.post.scope else found.place.code
        return {"area": area, "office": found.office.id if found.office else None}

    @property
    def here(self) -> str:
        """What this board is of, as it stands behind an address."""
        return _query(self._kept)

    def board(self, **of: object) -> str:
        """A board of another area or office."""
        if of.get("area") == self.found.post.scope:
            of = {**of, "area": None}
        return f"/board{_query(of)}"

    def list(self, **narrow: object) -> str:
        """The list of this board's cases, narrowed."""
        seat = {"seat": f"area.{self.found.post.id}"}
        return f"/{_query(seat | self._kept | narrow)}"

    def lists(self, **narrow: object) -> dict[str, str]:
        """The lists of a row: of all, and by light."""
        by_light = {tone: self.list(**narrow, narrow=tone) for tone in board_query.LIGHTS}
        unaccepted = self.list(**narrow, narrow="unaccepted")
        return {"all": self.list(**narrow), "unaccepted": unaccepted} | by_light


def _query(asked: Mapping[str, object]) -> str:
    kept = {name: str(value) for name, value in asked.items() if value is not None}
    return f"?{urlencode(kept)}" if kept else ""


def _tiles(frame: frames.Frame, found: board_query.Board, to: _Links) -> tuple[Tile, ...]:
    words, total = frame.words, found.total
    here = found.office.name if found.office else found.place.name
    tiles = [Tile(url=to.list(), label=words.get("Open"), n=total.total, tone=None, words=here)]
    for tone, label, n in (
        ("green", words.get("In time"), total.green),
        ("yellow", words.get("Warned"), total.yellow),
        ("red", words.get("Overdue"), total.red),
        ("grey", words.get("No office deadline"), total.grey),
    ):
        share = _share(frame, n, total.total)
        tiles.append(Tile(url=to.list(narrow=tone), label=label, n=n, tone=tone, words=share))
    return (*tiles, _unaccepted(words, found, to), _stuck_tile(words, found, to))


def _unaccepted(words: texts.Words, found: board_query.Board, to: _Links) -> Tile:
    since = min((it.waits_since for it in found.offices if it.waits_since), default=None)
    waits = None
    if since is not None:
        span = happened.span(words, int((found.now - since).total_seconds()))
        waits = words.get("oldest received {span} ago", span=span)
    return Tile(
        url=to.list(narrow="unaccepted"),
        label=words.get("Received, not accepted"),
        n=sum(it.unaccepted for it in found.offices),
        tone=None,
        words=waits or words.get("none"),
    )


def _stuck_tile(words: texts.Words, found: board_query.Board, to: _Links) -> Tile:
    stuck = found.stuck_count
    return Tile(
        url=to.list(narrow="stuck"),
        label=words.get("Cannot escalate"),
        n=stuck,
        tone="red" if stuck else "grey",
        words=words.get("act now") if stuck else words.get("none"),
        alarm=stuck > 0,
    )


def _share(frame: frames.Frame, n: int, total: int) -> str:
    """A share in percent; below ten cases it says nothing."""
    if total >= 10:
        return f"{round(100 * n / total)}%"
    return frame.words.get("of {n}", n=frame.words.number(total))


def _levels(frame: frames.Frame, found: board_query.Board, to: _Links) -> tuple[Row, ...]:
    """None of one office, which has one level."""
    if found.office is not None:
        return ()
    widest = max((line.lights.total for line in found.levels), default=0)
    return tuple(
        Row(
            name=frame.words.get(LEVELS[line.level]) if line.level in LEVELS else line.level,
            url=None,
            lights=line.lights,
            urls=to.lists(level=line.depth),
            bars=_bars(line.lights, widest),
        )
        for line in found.levels
        if line.lights.total
    )


def _areas(found: board_query.Board, to: _Links) -> tuple[Row, ...]:
    if found.office is not None:
        return ()
    widest = max((line.lights.total for line in found.areas), default=0)
    return tuple(
        Row(
            name=line.name,
            url=to.board(area=line.code),
            lights=line.lights,
            urls=to.lists(area=line.code),
            bars=_bars(line.lights, widest),
        )
        for line in found.areas
        if line.lights.total
    )


def _offices(frame: frames.Frame, found: board_query.Board, to: _Links) -> tuple[Row, ...]:
    return tuple(
        Row(
            name=line.name,
            url=to.board(area=found.place.code, office=line.office_id),
            lights=line.lights,
            urls=to.lists(office=line.office_id),
            unaccepted=line.unaccepted,
            waits=None
            if line.waits_since is None
            else happened.span(frame.words, int((found.now - line.waits_since).total_seconds())),
        )
        for line in found.offices
    )


def _handlers(frame: frames.Frame, found: board_query.Board, to: _Links) -> tuple[Row, ...]:
    return tuple(
        Row(
            name=line.name or frame.words.get("Nobody yet"),
            url=None,
            lights=line.lights,
            urls=to.lists(unheld="1")
            if line.person_id is None
            else to.lists(handler=line.person_id),
        )
        for line in found.handlers
    )


def _bars(lights: board_query.Lights, widest: int) -> tuple[tuple[str, float, float], ...]:
    """Tone, place and width of each stretch."""
    bars, x = [], 0.0
    for tone in board_query.LIGHTS:
        width = BAR_WIDTH * getattr(lights, tone) / widest if widest else 0.0
        if width:
            bars.append((tone, round(x, 1), round(width, 1)))
        x += width
    return tuple(bars)


def _ladder(frame: frames.Frame, found: board_query.Board) -> tuple[tuple[str, str, int, str], ...]:
    """Effect, tone, how often, and how punctually."""
    words, rows = frame.words, []
    for line in found.ladder:
        if not line.n:
            told = ""
        elif line.max_late_s < LATE_S:
            told = words.get("all on time")
        else:
            told = words.get("at most {late} late", late=happened.span(words, line.max_late_s))
        rows.append((line.effect, "yellow" if line.effect == "warn" else "red", line.n, told))
    return tuple(rows)
