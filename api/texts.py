"""Words of the product: language, catalogue, dates, numbers, in the person's language.

A msgid is a dotted key for errors (`error.<code>`, `error.<code>.remedy`) and a short English
phrase for page texts. Catalogues are read from `.po` once, at start. Placeholders are `{name}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.messages import pofile

from rules import errors, pack, telling
from workflow.queries import office as office_query

Language = Literal["zh-CN", "en"]
Tone = Literal["green", "yellow", "red", "grey", "paused"]
Message = tuple[str, ...]
"""The forms of one text: one, or singular and plural."""

LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")
DEFAULT: Language = "zh-CN"
LANGUAGE_COOKIE = "lang"
DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")
LIGHTS: Mapping[Tone, str] = {
    "green": "In time",
    "yellow": "Warned",
    "red": "Overdue",
    "grey": "No deadline running",
    "paused": "Paused",
}
"""Words of the lights; `grey` where no office's clock runs."""
SPANS: Mapping[str, str] = {
    "first_day": "Day it began, not counted",
    "counted": "Counted",
    "weekend": "Weekend, not counted",
    "holiday": "Public holiday, not counted",
    "make_up": "Make-up workday, counted",
    "half_day": "Half day, counted",
    "pause": "Paused, not counted",
    "extension": "Extended",
    "roll": "Moved on to a working day",
    "after_hours": "After office hours, not counted",
}
"""Words for the kinds of `rules.due.Span`."""
EFFECTS: Mapping[str, str] = {
    "warn": "Yellow card",
    "urge": "Red card: urged",
    "supervise": "Supervised",
    "raise": "Supervision raised",
    "leader": "Leader named, plan due",
    "action": "Action by the ladder",
    "measure": "Measure proposed",
}
"""Words for what a rung does (`pack.Effect`)."""
TAGS: Mapping[str, str] = {
    "national": "National rule",
    "local": "Local rule",
    "practice": "Practice",
    "default": "Default of this system",
}
"""Words for where a clock comes from (`pack.Tag`)."""
DEADLINE_STATES: Mapping[str, str] = {
    "paused": "Paused",
    "met": "Met in time",
    "met_late": "Met late",
    "lapsed": "Window over",
    "stopped": "Stopped",
}
"""Words for a deadline that does not run."""
GROUPS: Mapping[str, str] = {
    "overdue": "Overdue",
    "today": "Today",
    "week": "This week",
    "later": "Later",
    "none": "No deadline running",
}
"""Names of the groups of a work list."""
_PHRASES: Mapping[str, str] = {**SPANS, **EFFECTS, **TAGS, **DEADLINE_STATES}
_FOLDERS: Mapping[Language, str] = {"zh-CN": "zh_CN", "en": "en"}
_DAY = timedelta(days=1)
_HOUR_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorText:
    """An error in words: what is wrong, and what to do."""

    text: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of one request: a language, the office's zone, and today where it is known."""

    language: Language = DEFAULT
    zone: ZoneInfo = field(default_factory=lambda: DEFAULT_ZONE)
    now: datetime | None = None
    """Office time (UTC). Without it every date shows its year."""

    @property
    def is_zh(self) -> bool:
        """Whether these words are Chinese."""
        return self.language == "zh-CN"

    @property
    def _tongue(self) -> Literal["zh", "en"]:
        """The language as a pack's texts call it."""
        return "zh" if self.is_zh else "en"

    @property
    def today(self) -> date | None:
        """The local day of `now`."""
        return None if self.now is None else self.local_day(self.now)

    def local_day(self, at: datetime) -> date:
        """The local day of an instant."""
        return at.astimezone(self.zone).date()

    # ---- catalogue

    def get(self, msgid: str, **params: object) -> str:
        """The text of a msgid, its placeholders filled."""
        forms = catalogue(self.language).get(msgid, (msgid,))
        return telling.filled(forms[0], params)

    def count(self, one: str, many: str, n: int, **params: object) -> str:
        """The text for n things; `{n}` is the number."""
        forms = catalogue(self.language).get(one, (one, many))
        form = forms[0] if len(forms) == 1 or n == 1 else forms[1]
        return telling.filled(form, {**params, "n": self.number(n)})

    def text(self, both: pack.Text | None) -> str:
        """A pack's own words in this language."""
        if both is None:
            return ""
        return both.zh if self.is_zh else both.en

    def sentences(self, told: Sequence[str]) -> str:
        """Sentences in a row."""
        return ("" if self.is_zh else " ").join(told)

    def notice(self, message: office_query.Message) -> str:
        """A notice with its places filled, the day as this language writes it."""
        facts = {
            "number": message.number,
            "process": self.text(message.process),
            "office": message.office,
            "due_on": "" if message.due_on is None else self.day(message.due_on),
        }
        return telling.filled(self.text(message.text), facts)

    def error(
        self, fault: errors.GridcaseError, labels: Mapping[str, str] | None = None
    ) -> ErrorText:
        """An error in words. `labels` gives fields their titles."""
        params = self._params(fault.params)
        if fault.field is not None:
            params["field"] = (labels or {}).get(fault.field, fault.field)
        return self.error_text(fault.code, params)

    def error_text(self, code: str, params: Mapping[str, object]) -> ErrorText:
        """The two texts of an error code."""
        known = catalogue(self.language)
        text = known.get(f"error.{code}", (f"{code}",))[0]
        remedy = known.get(f"error.{code}.remedy", ("",))[0]
        return ErrorText(
            text=telling.filled(text, params).strip(), remedy=telling.filled(remedy, params).strip()
        )

    def _params(self, params: Mapping[str, errors.Param]) -> dict[str, object]:
        """Params in one language: `zh` and `en` give `text`, `x_zh` and `x_en` give `x`."""
        mine, other = ("zh", "en") if self.is_zh else ("en", "zh")
        chosen: dict[str, object] = {}
        for name, value in params.items():
            stem, _, tail = name.rpartition("_")
            if tail == mine:
                chosen[stem or "text"] = value
            elif tail != other:
                chosen[name] = value
        return chosen

    # ---- numbers and dates

    def number(self, n: int) -> str:
        """A whole number with its thousands marked."""
        return f"{n:,}"

    def day(self, on: date) -> str:
        """`11 月 26 日（周四）`, `Thu 26 Nov`; the year only if it is another one."""
        this_year = None if self.today is None else self.today.year
        return telling.day(on, language=self._tongue, this_year=this_year)

    def day_short(self, on: date) -> str:
        """For lists: `11-26`, `26 Nov`."""
        if self.is_zh:
            year = f"{on.year}-" if self._other_year(on) else ""
            return f"{year}{on:%m-%d}"
        year = f" {on.year}" if self._other_year(on) else ""
        return f"{on.day} {telling.MONTHS_EN[on.month - 1]}{year}"

    def weekday(self, on: date) -> str:
        """`周四`, `Thu`."""
        return telling.weekday(on, language=self._tongue)

    def days(self, first: date, last: date) -> str:
        """A run of days: `11-11 – 11-13`, `11–13 Nov`; one day with its weekday."""
        if first == last:
            short = self.day_short(first)
            weekday = self.weekday(first)
            return f"{short} {weekday}" if self.is_zh else f"{weekday} {short}"
        if self.is_zh:
            return f"{self.day_short(first)} – {self.day_short(last)}"
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day}–{self.day_short(last)}"
        return f"{self.day_short(first)}–{self.day_short(last)}"

    def moment(self, at: datetime) -> str:
        """`11 月 26 日（周四）17:30`, `Thu 26 Nov, 17:30`."""
        local = at.astimezone(self.zone)
        return self._joined(self.day(local.date()), f"{local:%H:%M}", gap="")

    def short(self, at: datetime) -> str:
        """For lists: `11-26 17:30`, `26 Nov, 17:30`."""
        local = at.astimezone(self.zone)
        return self._joined(self.day_short(local.date()), f"{local:%H:%M}", gap=" ")

    def due(self, due_at: datetime) -> str:
        """A due moment in full: the first instant too late, told as the end of the day before."""
        on, clock = self._end(due_at)
        return self._joined(self.day(on), clock, gap="")

    def due_short(self, due_at: datetime) -> str:
        """A due moment for lists: `11-23 24:00`."""
        on, clock = self._end(due_at)
        return self._joined(self.day_short(on), clock, gap=" ")

    def clock(self, at: datetime) -> str:
        """The hour: `14:20`."""
        return f"{at.astimezone(self.zone):%H:%M}"

    def _end(self, due_at: datetime) -> tuple[date, str]:
        """The last day and its hour; local midnight belongs to the day before, as 24:00."""
        local = due_at.astimezone(self.zone)
        if (local.hour, local.minute) == (0, 0):
            return local.date() - _DAY, "24:00"
        return local.date(), f"{local:%H:%M}"

    def _joined(self, day: str, clock: str, *, gap: str) -> str:
        return f"{day}{gap}{clock}" if self.is_zh else f"{day}, {clock}"

    def _other_year(self, on: date) -> bool:
        today = self.today
        return today is None or today.year != on.year

    # ---- lights and what is left

    def light(self, tone: Tone) -> str:
        """The word of a light: 期内, 已预警, 逾期, 已暂停."""
        return self.get(LIGHTS[tone])

    def phrase(self, key: str) -> str:
        """The words for a kind of span, an effect, a tag or a deadline's state."""
        return self.get(_PHRASES[key]) if key in _PHRASES else key

    def imported(self, said: Mapping[str, object]) -> str:
        """What an event says of a case of an earlier system, with the number that it had there."""
        number = str(said["old_number"])
        return self.get("Taken over from the earlier system, number there: {number}", number=number)

    def channel(self, name: str) -> str:
        """A way outside the app: 邮件, Mail."""
        known = {
            "mail": self.get("Mail"),
            "wecom": self.get("WeCom robot"),
            "dingtalk": self.get("DingTalk robot"),
            "feishu": self.get("Feishu robot"),
            "sms": self.get("Text message"),
        }
        return known.get(name, name)

    def delivery(self, state: str) -> str:
        """How far a notice has come on its way outside."""
        known = {
            "waiting": self.get("Waits"),
            "sending": self.get("Being sent"),
            "sent": self.get("Sent"),
            "dead": self.get("Could not be delivered"),
            "dropped": self.get("Not sent"),
        }
        return known[state]

    def group(self, key: str) -> str:
        """The name of a work list's group."""
        return self.get(GROUPS[key])

    def length(self, n: int, unit: pack.Unit) -> str:
        """A length with its unit: `3 个工作日`, `60 天`."""
        one, many = _LENGTHS[unit]
        return self.count(one, many, n)

    def counted(self, n: int, unit: pack.Unit) -> str:
        """What a span counts: days, or on hour and minute units minutes told as hours if whole."""
        if unit in pack.DAY_UNITS:
            return self.length(n, "calendar_day")
        return self.length(n // 60, "wall_hour") if n % 60 == 0 else self.length(n, "wall_minute")

    def remaining(
        self,
        due_at: datetime,
        *,
        now: datetime,
        unit: pack.Unit = "calendar_day",
        left: int | None = None,
    ) -> str:
        """What is left of a clock: 剩 3 个工作日, 今天到期, 逾期 11 天.

        `left` is the count of working days (or working hours, minutes) still to run, where
        the unit is one that a calendar counts; where none is left before the end, and without it,
        calendar days or wall time are told.
        """
        if now >= due_at:
            return self._late(due_at, now=now, unit=unit)
        if unit not in pack.DAY_UNITS:
            return self._time_left(due_at - now)
        days = (self._end(due_at)[0] - self.local_day(now)).days
        if days == 0:
            return self.get("Due today")
        if unit == "working_day" and left:
            return self.count("{n} working day left", "{n} working days left", left)
        return self.count("{n} day left", "{n} days left", days)

    def _late(self, due_at: datetime, *, now: datetime, unit: pack.Unit) -> str:
        days = (self.local_day(now) - self._end(due_at)[0]).days
        if days > 0:
            return self.count("{n} day late", "{n} days late", days)
        hours = int((now - due_at).total_seconds()) // _HOUR_S
        if hours > 0:
            return self.count("{n} hour late", "{n} hours late", hours)
        return self.get("Just overdue")

    def _time_left(self, left: timedelta) -> str:
        minutes = max(1, int(left.total_seconds()) // 60)
        if minutes >= 60:
            return self.count("{n} hour left", "{n} hours left", minutes // 60)
        return self.count("{n} minute left", "{n} minutes left", minutes)


_LENGTHS: Mapping[pack.Unit, tuple[str, str]] = {
    "working_day": ("{n} working day", "{n} working days"),
    "calendar_day": ("{n} day", "{n} days"),
    "month": ("{n} month", "{n} months"),
    "working_hour": ("{n} working hour", "{n} working hours"),
    "wall_hour": ("{n} hour", "{n} hours"),
    "working_minute": ("{n} working minute", "{n} working minutes"),
    "wall_minute": ("{n} minute", "{n} minutes"),
}


@cache
def catalogue(language: Language) -> Mapping[str, Message]:
    """All texts of one language by msgid, read from the `.po` file."""
    file = resources.files("api") / "locale" / _FOLDERS[language] / "LC_MESSAGES" / "gridcase.po"
    with file.open("rb") as stream:
        read = pofile.read_po(stream, locale=Locale.parse(_FOLDERS[language]), abort_invalid=True)
    messages: dict[str, Message] = {}
    for message in read:
        if not message.id or not message.string:
            continue
        msgid = message.id if isinstance(message.id, str) else message.id[0]
        told = message.string
        messages[msgid] = (told,) if isinstance(told, str) else tuple(told)
    return messages


def negotiate(cookie: str | None, accept: str | None) -> Language:
    """The language of a request: the person's choice, else the browser's, else Chinese."""
    if cookie in LANGUAGES:
        return "en" if cookie == "en" else "zh-CN"
    ranked = sorted(
        (_preference(part) for part in (accept or "")[:400].split(",")),
        key=lambda preference: -preference[1],
    )
    for tag, quality in ranked:
        if quality > 0 and tag.startswith("zh"):
            return "zh-CN"
        if quality > 0 and tag.startswith("en"):
            return "en"
    return DEFAULT


def _preference(part: str) -> tuple[str, float]:
    """One entry of Accept-Language: its tag and quality."""
    tag, _, weight = part.strip().lower().partition(";")
    try:
        quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
    except ValueError:
        quality = 0.0
    return tag.strip(), quality
