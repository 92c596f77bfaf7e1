"""The work list: one seat at a time, what is overdue first; finding a case by its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, cast, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api import caller, texts
from api.pages import frame as frames
from api.pages import way
from rules import errors, pack
from workflow import access
from workflow.queries import search, worklist

router = APIRouter()

SEATS: Final = ("handler", "leader", "office", "grid", "area", "sender", "supervisor", "filer")
"""Which of a person's seats is shown first; an office that leads nothing stands last."""
NARROWS: Final = get_args(worklist.Narrow)
LEVELS: Final = ("", "1", "2", "3", "4", "5", "6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A case as a line of the list."""

    url: str
    title: str
    number: str
    meta: tuple[str, ...]
    next: str | None
    tone: str
    due_at: object
    is_mine: bool
    climbed: worklist.Climbed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Cases that are due at about the same time."""

    key: str
    items: tuple[Line, ...]

    @property
    def count(self) -> int:
        """How many."""
        return len(self.items)

    def __getitem__(self, name: str) -> object:
        """By name, as templates ask for `items`, which a mapping has already."""
        return getattr(self, name)


async def narrowed(
    area: str = "",
    office: str = "",
    level: str = "",
    handler: str = "",
    unheld: str = "",
    state: str = "",
) -> worklist.Only:
    """What an address narrows the list to. Raises: not found for what cannot be there."""
    if not (area.isprintable() and state.isprintable()) or level not in LEVELS:
        raise errors.NotFound("area.unknown", field="area", area=area)
    return worklist.Only(
        area=area or None,
        office=frames.read_id(office) if office else None,
        level=int(level) if level else None,
        handler=frames.read_id(handler) if handler else None,
        unheld=True if unheld else None,
        state=state or None,
    )


@router.get("/", dependencies=[caller.SESSION])
def get_worklist(
    frame: frames.Signed,
    only: Annotated[worklist.Only, Depends(narrowed)],
    seat: str | None = None,
    narrow: str = "all",
    closed: str = "",
    cursor: str | None = None,
) -> Response:
    """One seat's list."""
    if narrow not in NARROWS:
        raise errors.NotFound("seat.unknown")
    database, actor = frame.engine.database, frame.person
    seats = _ordered(worklist.seats(database, actor))
    if not seats:
        return frame.page("worklist/none.html")
    chosen = seat or seats[0][0].key
    page = worklist.page(
        database,
        actor,
        seat_key=chosen,
        narrow=cast(worklist.Narrow, narrow),
        closed="closed" if closed else "open",
        cursor=cursor,
        only=only,
    )
    lines = tuple(_line(frame, item) for item in page.items)
    is_officer = actor.roles == {"grid_officer"}
    groups = _groups(frame.words, page.items, lines)
    due = {group.key: group for group in groups}
    mine = sum(
        line.is_mine for key in ("overdue", "today") if key in due for line in due[key].items
    )
    here = {"seat": chosen, "narrow": narrow, "closed": closed} | only.given
    return frame.page(
        "worklist/list.html",
        # an officer's list is a grid's: what is theirs to do stands apart from what they watch
        own=tuple(line for line in lines if line.is_mine) if is_officer else (),
        groups=_without_own(groups) if is_officer else groups,
        lines=lines,
        overdue=due["overdue"].count if "overdue" in due else 0,
        today=due["today"].count if "today" in due else 0,
        mine=mine,
        is_officer=is_officer,
        is_watched=frames.watches(frame),
        may_file=bool(frames.files(frame.pack, actor)),
        place=frames.place(frame, actor.posts[0]),
        seats=_chips(frame, seats, chosen, closed=bool(closed)),
        narrows=_narrows(frame, chosen, narrow=narrow, closed=bool(closed), turns=page.turns),
        is_closed=bool(closed),
        is_part=bool(only.given or narrow != "all"),
        others=tuple(
            (_url(seat=other.key), _seat_name(frame, other), n)
            for other, n in seats
            if n and other.key != chosen
        ),
        is_first=cursor is None,
        next_url=_url(**here, cursor=page.cursor) if page.cursor else None,
        list_url=_url(seat=chosen),
    )


@router.get("/search", dependencies=[caller.SESSION])
def get_search(frame: frames.Signed, q: str = "") -> Response:
    """A case number opens the case; what is not found, or not theirs, is simply not found."""
    asked = q.strip()
    if asked:
        found = search.number_to_id(frame.engine.database, frame.person, asked)
        if found is not None:
            return frame.go(f"/cases/{found}")
    return frame.page("worklist/search.html", asked=asked[:60])


def _ordered(
    seats: Sequence[tuple[access.Seat, int]],
) -> tuple[tuple[access.Seat, int], ...]:
    def place(pair: tuple[access.Seat, int]) -> tuple[bool, int]:
        relation = _relation(pair[0])
        return relation == "office" and not pair[1], SEATS.index(relation)

    return tuple(sorted(seats, key=place))


def _relation(seat: access.Seat) -> str:
    """A seat's relation; `area_4` is *area*."""
    return seat.kind.partition("_")[0]


def _seat_name(frame: frames.Frame, seat: access.Seat) -> str:
    words, post = frame.words, seat.post
    match _relation(seat):
        case "handler":
            return words.get("Mine to handle")
        case "leader":
            return words.get("My assignments")
        case "supervisor":
            return words.get("Supervised by me")
        case "filer":
            return words.get("Filed by me")
        case "sender":
            return words.get("Sent on by {office}", office=post.office_name if post else "")
        case "grid":
            return post.scope_name if post else words.get("My grid")
        case "office":
            return post.office_name if post else words.get("My office")
    return words.get("All of {place}", place=post.scope_name if post else "")


def _chips(
    frame: frames.Frame,
    seats: Sequence[tuple[access.Seat, int]],
    chosen: str,
    *,
    closed: bool,
) -> tuple[dict[str, object], ...]:
    return tuple(
        {
            "url": _url(seat=seat.key),
            "label": _seat_name(frame, seat),
            "count": _count(frame, n),
            "current": seat.key == chosen and not closed,
        }
        for seat, n in seats
    )


def _count(frame: frames.Frame, n: int) -> str:
    """A capped count: beyond the cap it says so."""
    if n > worklist.COUNT_CAP:
        return f"{frame.words.number(worklist.COUNT_CAP)}+"
    return frame.words.number(n)


def _narrows(
    frame: frames.Frame, chosen: str, *, narrow: str, closed: bool, turns: int
) -> tuple[dict[str, object], ...]:
    words = frame.words
    found = [
        (_url(seat=chosen, narrow="turn"), words.get("My turn"), turns, narrow == "turn"),
        (_url(seat=chosen, narrow="red"), words.get("Overdue"), None, narrow == "red"),
        (_url(seat=chosen, narrow="yellow"), words.get("Warned"), None, narrow == "yellow"),
        (_url(seat=chosen, closed="1"), words.get("Closed"), None, closed),
    ]
    return tuple(
        {
            "url": url,
            "label": label,
            "count": None if n is None else _count(frame, n),
            "current": current,
        }
        for url, label, n, current in found
    )


def _url(**query: object) -> str:
    """The list with what narrows it; what is not asked for is left out."""
    kept = {name: str(value) for name, value in query.items() if value and value != "all"}
    return f"/?{urlencode(kept)}" if kept else "/"


def _line(frame: frames.Frame, item: worklist.WorkItem) -> Line:
    words = frame.words
    meta = [item.grid_name]
    if item.category_name is not None:
        meta.append(words.text(item.category_name))
    meta.append(words.text(item.state_name))
    if item.has_leader:
        meta.append(words.get("Leader's case"))
    if item.is_stuck:
        meta.append(words.get("Cannot escalate"))
    process = frame.pack.processes.get(item.process)
    turn = None
    if process is not None and item.state in process.states and not item.is_closed:
        turn = way.turn(frame.pack, item.process, item.state, item.offered)
    return Line(
        url=f"/cases/{item.case_id}",
        title=item.subject,
        number=item.number,
        meta=tuple(meta),
        next=None if turn is None or process is None else next_words(frame, process, turn),
        tone=item.light,
        due_at=None if item.is_closed else item.due_at,
        is_mine=turn is not None and way.is_mine(turn, frame.person),
        climbed=None if item.is_closed else item.climbed,
    )


def next_words(frame: frames.Frame, process: pack.Process, turn: way.Turn) -> str | None:
    """The next act in words: mine as it is, another's with whose turn it is."""
    if turn.action is None:
        return None
    words = frame.words
    act = words.text(process.actions[turn.action].name)
    if frame.actor is not None and way.is_mine(turn, frame.actor):
        return act
    role = frame.pack.roles.get(turn.roles[0])
    who = words.text(role.name) if role else turn.roles[0]
    return words.get("Waiting for {who}: {act}", who=who, act=act)


def _groups(
    words: texts.Words, items: Sequence[worklist.WorkItem], lines: Sequence[Line]
) -> tuple[Group, ...]:
    """Lines by when they are due, in the order of the house's groups."""
    found: dict[str, list[Line]] = {key: [] for key in texts.GROUPS}
    for item, line in zip(items, lines, strict=True):
        found[_group(words, item)].append(line)
    return tuple(Group(key=key, items=tuple(inside)) for key, inside in found.items() if inside)


def _without_own(groups: Sequence[Group]) -> tuple[Group, ...]:
    others = [
        Group(key=group.key, items=tuple(line for line in group.items if not line.is_mine))
        for group in groups
    ]
    return tuple(group for group in others if group.items)


def _group(words: texts.Words, item: worklist.WorkItem) -> str:
    """When a case is due, seen from today. A due moment at midnight belongs to the day before."""
    today = words.today
    if item.due_at is None or today is None:
        return "none"
    if item.light == "red" or (words.now is not None and item.due_at <= words.now):
        return "overdue"
    due_on = words.local_day(item.due_at - timedelta(microseconds=1))
    if due_on == today:
        return "today"
    sunday = today + timedelta(days=6 - today.weekday())
    return "week" if due_on <= sunday else "later"
