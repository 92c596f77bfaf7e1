"""When a notice may go outside the app, how grave it is, and its words with their places filled.

Pure over the pack's delivery rules and the calendar: the same question has the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

from rules import calendars, pack

Rhythm = Literal["at_once", "digest"]
"""How somebody wants to be told: each notice as it comes, or all at a set time."""

GRAVEST_FIRST: Final = (
    "rung.leader",
    "rung.raise",
    "rung.supervise",
    "rung.urge",
    "deadline_missed",
    "rung.measure",
    "rung.action",
    "rung.warn",
    "window_lapsed",
    "deadline_moved",
)
"""Causes in the order in which one message tells them; every other one comes after these."""

_MIDNIGHT: Final = time.min
_DAY: Final = timedelta(days=1)
_WEEKDAYS_ZH: Final = "一二三四五六日"
_WEEKDAYS_EN: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_EN: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
Language = Literal["zh", "en"]


# --- when


def ready_at(
    rules: pack.Delivery | None,
    calendar: calendars.Calendar,
    at: datetime,
    *,
    rhythm: Rhythm,
    cause: str,
) -> datetime:
    """The first instant, not before `at`, at which a notice of this cause may go.

    The digest breaks no quiet: who chose it is told once a working day, of whatever it is.
    """
    if rules is None:
        return at
    if rhythm == "digest":
        return _digest(calendar, at, wall=rules.digest_at)
    if rules.quiet is None or cause in rules.quiet.broken_by:
        return at
    return _after_quiet(rules.quiet, calendar, at)


def is_quiet_at(quiet: pack.Quiet, wall: time) -> bool:
    """Whether the hour alone is one of the quiet ones."""
    if quiet.begins <= quiet.ends:
        return quiet.begins <= wall < quiet.ends
    return wall >= quiet.begins or wall < quiet.ends


def _after_quiet(quiet: pack.Quiet, calendar: calendars.Calendar, at: datetime) -> datetime:
    """Every step goes forward, to a working day or to the end of the quiet hours."""
    day, wall = _on_the_wall(calendar, at)
    found = at
    while True:
        if quiet.days_off and not calendars.is_workday(calendar, day):
            day, wall = calendars.next_workday(calendar, day), _MIDNIGHT
        elif is_quiet_at(quiet, wall):
            if wall >= quiet.begins > quiet.ends:
                day += _DAY
            wall = quiet.ends
        else:
            return found
        # Never before `at`, where the clocks are put back and a wall's hour comes twice.
        found = max(at, calendars.instant(calendar.zone, day, wall))


def _digest(calendar: calendars.Calendar, at: datetime, *, wall: time) -> datetime:
    day = calendars.next_workday(calendar, calendars.local_date(calendar, at))
    found = calendars.instant(calendar.zone, day, wall)
    if found < at:
        day = calendars.next_workday(calendar, day + _DAY)
        found = calendars.instant(calendar.zone, day, wall)
    return found


def _on_the_wall(calendar: calendars.Calendar, at: datetime) -> tuple[date, time]:
    local = at.astimezone(calendars.zone(calendar))
    return local.date(), local.time()


# --- what


def gravity(cause: str) -> int:
    """The place of a cause among the others, the gravest 0."""
    return GRAVEST_FIRST.index(cause) if cause in GRAVEST_FIRST else len(GRAVEST_FIRST)


def words_of(rules: pack.Pack, *, cause: str, process: str, ask: str | None = None) -> pack.Text:
    """The pack's text for a cause: the process's own, else that of all, else the number; with the
    act that is asked for."""
    texts = {(notice.on, notice.process): notice.text for notice in rules.notices}
    found = texts.get((cause, process)) or texts.get((cause, None))
    found = found or pack.Text(zh="{number}", en="{number}")
    flow = rules.processes.get(process)
    act = flow.actions.get(ask or "") if flow else None
    if act is None:
        return found
    zh, en = f"{found.zh}请办理“{act.name.zh}”。", f"{found.en} Please do: {act.name.en}."
    return pack.Text(zh=zh, en=en)


def weekday(on: date, *, language: Language) -> str:
    """`周四`, `Thu`."""
    return f"周{_WEEKDAYS_ZH[on.weekday()]}" if language == "zh" else _WEEKDAYS_EN[on.weekday()]


def day(on: date, *, language: Language, this_year: int | None) -> str:
    """`11 月 26 日（周四）`, `Thu 26 Nov`; the year only if it is another one."""
    is_other = on.year != this_year
    if language == "zh":
        year = f"{on.year} 年 " if is_other else ""
        return f"{year}{on.month} 月 {on.day} 日（{weekday(on, language=language)}）"
    year = f" {on.year}" if is_other else ""
    return f"{weekday(on, language=language)} {on.day} {MONTHS_EN[on.month - 1]}{year}"


class _Known(dict[str, object]):
    """Places of a text; a missing one shows as an ellipsis and breaks nothing."""

    def __missing__(self, key: str) -> str:
        return "…"


def filled(text: str, places: Mapping[str, object]) -> str:
    """A text with its `{places}` filled."""
    return text.format_map(_Known(places)) if "{" in text else text


# --- one message of many notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One notice with what its text is filled with. Of a restricted case nothing is told
    outside the app, not even its number."""

    case: str
    cause: str
    text: pack.Text
    number: str
    process: pack.Text
    office: str
    due_on: date | None
    url: str | None
    is_restricted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What one message over a channel may hold."""

    lines: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message in words."""

    title: str
    body: str


TITLE_MOST: Final = 100
_WAITS: Final = {
    "zh": ("有 {n} 条通知，请登录系统查看。",) * 2,
    "en": ("{n} notice waits for you in the app.", "{n} notices wait for you in the app."),
}
_MORE: Final = {
    "zh": ("另有 {n} 条，请登录系统查看。",) * 2,
    "en": ("and {n} more in the app.",) * 2,
}
_TITLE: Final = {"zh": "{n} 条通知：{first}", "en": "{n} notices: {first}"}


def letter(
    notices: Sequence[Told], *, language: Language, this_year: int, room: Room, home: str | None
) -> Letter:
    """One message for one person: a line per case, its gravest notice, the gravest first; what
    has no room is counted. `home` is where the app is."""
    ranked = sorted(notices, key=lambda it: (gravity(it.cause), it.due_on or date.max))
    gravest = {it.case: it for it in reversed(ranked)}
    told = [it for it in ranked if it is gravest[it.case]]
    open_ = [it for it in told if not it.is_restricted]
    lines = [_line(it, language=language, this_year=this_year) for it in open_]
    body = [f"{lines[n]}\n{it.url}" if it.url else lines[n] for n, it in enumerate(open_)]
    del body[room.lines :]
    while len((whole := _whole(body, len(told), language, home)).encode()) > room.bytes and body:
        body.pop()
    if len(told) > 1 and lines:
        title = _TITLE[language].format(n=len(told), first=lines[0])
    else:
        title = lines[0] if lines else _counted(_WAITS, len(told), language)
    return Letter(title=title[:TITLE_MOST], body=whole)


def plain(n: int, *, language: Language, home: str | None) -> Letter:
    """A message that says only how many notices wait."""
    title = _counted(_WAITS, n, language)
    return Letter(title=title, body=_whole((), n, language, home))


def _whole(body: Sequence[str], n: int, language: Language, home: str | None) -> str:
    """The lines that have room, and how many of n have none."""
    rest = _counted(_MORE if body else _WAITS, n - len(body), language)
    return "\n".join([*body, *(part for part in (rest, home) if rest and part)])


def _line(it: Told, *, language: Language, this_year: int) -> str:
    """A notice in words."""
    is_zh = language == "zh"
    on = "" if it.due_on is None else day(it.due_on, language=language, this_year=this_year)
    places = {
        "number": it.number,
        "process": it.process.zh if is_zh else it.process.en,
        "office": it.office,
        "due_on": on,
    }
    return filled(it.text.zh if is_zh else it.text.en, places)


def _counted(forms: Mapping[str, tuple[str, str]], n: int, language: Language) -> str:
    """The form for n things; nothing for none."""
    one, many = forms[language]
    return (one if n == 1 else many).format(n=n) if n else ""
