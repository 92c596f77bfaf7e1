"""The board: lights by area and office, the stuck queue, the ladder lately, the workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api import caller, render
from api.pages import frame as frames
from api.pages import happened
from workflow.queries import board as board_query

router = APIRouter()

BAR_WIDTH = 300
"""SVG units of the widest bar."""
MOST_OFFICES = 12
LATE_S = 60


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
    """An area or an office with its lights, and its bar drawn to the widest one's scale."""

    name: str
    url: str
    lights: board_query.Lights
    bars: tuple[tuple[str, float, float], ...]
    unaccepted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything the board draws."""

    board: board_query.Board
    tiles: tuple[Tile, ...]
    areas: tuple[Row, ...]
    offices: tuple[Row, ...]
    more_offices: int
    silent: int
    alive: int
    ladder: tuple[tuple[str, str, int, str], ...]
    ages: Mapping[UUID, str]


@router.get("/board", dependencies=[caller.SESSION])
def get_board(frame: frames.Signed) -> Response:
    """The whole board."""
    return frame.page("board.html", view=_view(frame))


@router.get("/board/part", dependencies=[caller.SESSION])
def get_part(frame: frames.Signed) -> Response:
    """Only what changes, asked for every five seconds."""
    return render.part("board.html", frame.here, view=_view(frame))


def _view(frame: frames.Frame) -> View:
    found = board_query.board(frame.engine.database, frame.person)
    seat = f"area.{found.post.id}"
    alive = sum(worker.is_alive for worker in found.workers)
    return View(
        board=found,
        tiles=_tiles(frame, found, seat),
        areas=_areas(found, seat),
        offices=_offices(found, seat),
        more_offices=max(0, len(found.offices) - MOST_OFFICES),
        silent=len(found.workers) - alive,
        alive=alive,
        ladder=_ladder(frame, found),
        ages={it.id: happened.span(frame.words, it.beat_age_s) for it in found.workers},
    )


def _url(seat: str, **narrow: object) -> str:
    kept = {"seat": seat} | {name: str(value) for name, value in narrow.items() if value}
    return f"/?{urlencode(kept)}"


def _tiles(frame: frames.Frame, found: board_query.Board, seat: str) -> tuple[Tile, ...]:
    words, total = frame.words, found.total
    tiles = [
        Tile(
            url=_url(seat), label=words.get("Open"), n=total.total, tone=None, words=found.area_name
        )
    ]
    for tone, label, n in (
        ("green", words.get("In time"), total.green),
        ("yellow", words.get("Warned"), total.yellow),
        ("red", words.get("Overdue"), total.red),
        ("grey", words.get("No office's clock"), total.grey),
    ):
        share = _share(frame, n, total.total)
        tiles.append(Tile(url=_url(seat, narrow=tone), label=label, n=n, tone=tone, words=share))
    stuck = found.stuck_count
    tiles.append(
        Tile(
            url=_url(seat, narrow="stuck"),
            label=words.get("Cannot escalate"),
            n=stuck,
            tone="red" if stuck else "grey",
            words=words.get("act now") if stuck else words.get("none"),
            alarm=stuck > 0,
        )
    )
    return tuple(tiles)


def _share(frame: frames.Frame, n: int, total: int) -> str:
    """A share in percent; below ten cases it says nothing."""
    if total >= 10:
        return f"{round(100 * n / total)}%"
    return frame.words.get("of {n}", n=frame.words.number(total))


def _areas(found: board_query.Board, seat: str) -> tuple[Row, ...]:
    widest = max((line.lights.total for line in found.areas), default=0)
    return tuple(
        Row(
            name=line.name,
            url=_url(seat, area=line.code),
            lights=line.lights,
            bars=_bars(line.lights, widest),
        )
        for line in found.areas
        if line.lights.total
    )


def _offices(found: board_query.Board, seat: str) -> tuple[Row, ...]:
    return tuple(
        Row(
            name=line.name,
            url=_url(seat, office=line.office_id),
            lights=line.lights,
            bars=(),
            unaccepted=line.unaccepted,
        )
        for line in found.offices[:MOST_OFFICES]
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
