"""What `pack due` says of a clock: its rule, its end, the spans that explain it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import rich.table

from api import texts
from api.cli import answer
from rules import calendars, due, errors
from rules import pack as pack_
from rules.due import caps as due_caps
from rules.due import counting

_UNITS: Final[Mapping[pack_.Unit, str]] = {
    "working_day": "working day",
    "calendar_day": "calendar day",
    "month": "month",
    "working_hour": "working hour",
    "wall_hour": "wall hour",
    "working_minute": "working minute",
    "wall_minute": "wall minute",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question about one clock."""

    start_at: datetime
    extend: int
    pauses: tuple[due.Pause, ...]
    until: date | None


def described(pack: pack_.Pack, name: str, *, extension: pack_.Extension | None) -> dict[str, Any]:
    """A clock's rule; asked for an extension, it says whose extension that is and how it works."""
    rule = pack.deadlines[name]
    told: dict[str, Any] = {
        "clock": name,
        "process": rule.process,
        "name": answer.both(rule.name),
        "limit": _length(rule.limit.length) or f"until {rule.limit.until}",
        "no_later_than": list(rule.no_later_than),
        "belongs_to": rule.belongs_to or "office",
        "starts": list(rule.starts),
        "stops": list(rule.stops),
        "tag": rule.tag,
        "source": rule.source,
    }
    if rule.extension is not None:
        told["extension"] = _extension(rule.extension)
    if extension is not None:
        told = {"extension_of": name, "how": _how(pack, name, extension)} | told
        told["clock"] = extension.name
        told["name"] = answer.both(extension.text)
    return told


def computed(
    pack: pack_.Pack,
    name: str,
    *,
    extension: pack_.Extension | None,
    asked: Asked,
    calendar: calendars.Calendar,
) -> dict[str, Any]:
    """The rule with its end and the spans.

    Raises: what `due.admit` and `due.due` raise, as on a case; `deadline.pause_cap`, where a
    case would have gone on by itself.
    """
    rule = pack.deadlines[name]
    due.admit(rule, pauses=asked.pauses, extend_days=asked.extend, until=asked.until)
    _check_cap(rule, asked, calendar)
    found = due.due(
        rule,
        calendar=calendar,
        start_at=asked.start_at,
        pauses=asked.pauses,
        extend_days=asked.extend,
        until=asked.until,
    )
    zone = calendars.zone(calendar)
    spans = _spans(rule, asked, calendar=calendar)
    return described(pack, name, extension=extension) | {
        "start_at": asked.start_at.astimezone(zone).isoformat(),
        "extend_days": asked.extend,
        "due_at": found.due_at.astimezone(zone).isoformat(),
        "due_on": found.due_on.isoformat(),
        "provisional": found.provisional,
        "spans": [_span(span) for span in spans],
    }


def _check_cap(rule: pack_.DeadlineRule, asked: Asked, calendar: calendars.Calendar) -> None:
    """A pause may last as long as the longest that the clock knows."""
    lengths = [pause.max for pause in rule.pauses]
    caps = [cap for cap in lengths if cap is not None]
    if not caps or len(caps) < len(lengths):
        return
    for pause in asked.pauses:
        to_at = pause.to_at or calendars.start_of_day(calendar, counting.days_after(pause.to_on, 1))
        last_at = max(_cap_ends(cap, pause, calendar) for cap in caps)
        if to_at > last_at:
            until = last_at.astimezone(calendars.zone(calendar))
            raise errors.Invalid("deadline.pause_cap", field="pause", until=f"{until:%F %H:%M}")


def _cap_ends(cap: pack_.Length, pause: due.Pause, calendar: calendars.Calendar) -> datetime:
    """Where a pause is given in dates, hours count from the end of its first day on."""
    skipped = 0 if cap.unit in pack_.DAY_UNITS else 1
    first = counting.days_after(pause.from_on, skipped)
    from_at = pause.from_at or calendars.start_of_day(calendar, first)
    return due_caps.ends(cap, calendar=calendar, from_at=from_at)


def print_facts(told: Mapping[str, Any], words: texts.Words) -> None:
    """The facts of an answer, one a line, the words of people first."""
    name = told["name"]["zh" if words.is_zh else "en"]
    answer.OUT.print(f"{told['clock']}  {name}", style="bold")
    for key, (zh, en) in _LINES.items():
        if key in told and told[key] != []:
            value = told[key]
            if isinstance(value, Mapping):
                value = value["zh" if words.is_zh else "en"]
            elif isinstance(value, list):
                value = ", ".join(value)
            elif isinstance(value, bool):
                value = _YES[value][0 if words.is_zh else 1]
            elif key == "tag":
                value = words.phrase(value)
            answer.OUT.print(f"  {zh if words.is_zh else en}: {value}")


_YES: Final = {True: ("是，所涉年份的放假通知尚未公布", "yes"), False: ("否", "no")}
_LINES: Final[Mapping[str, tuple[str, str]]] = {
    "extension_of": ("所延长的时限", "Extension of"),
    "how": ("如何延长", "How"),
    "limit": ("长度", "Limit"),
    "no_later_than": ("不晚于其届满", "No later than the end of"),
    "belongs_to": ("归属", "Belongs to"),
    "starts": ("由此开始", "Started by"),
    "stops": ("由此停止", "Stopped by"),
    "tag": ("依据类别", "Tag"),
    "source": ("依据", "Source"),
    "start_at": ("开始", "Start"),
    "due_on": ("最后一天", "Last day"),
    "due_at": ("逾期始于", "Too late from"),
    "provisional": ("暂定", "Provisional"),
}


def spans_table(
    rule: pack_.DeadlineRule, asked: Asked, *, calendar: calendars.Calendar, words: texts.Words
) -> rich.table.Table:
    """The spans as people read them."""
    table = rich.table.Table(box=None, pad_edge=False, show_header=False)
    unit = rule.limit.length.unit if rule.limit.length else "calendar_day"
    for span in _spans(rule, asked, calendar=calendar):
        note = words.text(span.name) if span.name else span.note
        counted = words.counted(span.counted, unit) if span.counted else ""
        days = words.days(span.first_on, span.last_on)
        table.add_row(f"  {days}", words.phrase(span.kind), counted, note)
    return table


def limit_text(rule: pack_.DeadlineRule, words: texts.Words) -> str:
    """A limit as people read it."""
    length = rule.limit.length
    return str(rule.limit.until) if length is None else words.length(length.n, length.unit)


def _spans(
    rule: pack_.DeadlineRule, asked: Asked, *, calendar: calendars.Calendar
) -> tuple[due.Span, ...]:
    return due.explain(
        rule,
        calendar=calendar,
        start_at=asked.start_at,
        pauses=asked.pauses,
        extend_days=asked.extend,
        until=asked.until,
    )


def _span(span: due.Span) -> dict[str, Any]:
    told: dict[str, Any] = {
        "first_on": span.first_on.isoformat(),
        "last_on": span.last_on.isoformat(),
        "counted": span.counted,
        "kind": span.kind,
    }
    if span.note:
        told["note"] = span.note
    if span.name is not None:
        told["name"] = answer.both(span.name)
    return told


def _length(length: pack_.Length | None) -> str | None:
    if length is None:
        return None
    return f"{length.n} {_UNITS[length.unit]}{'' if length.n == 1 else 's'}"


def _extension(extension: pack_.Extension) -> dict[str, Any]:
    return {
        "name": extension.name,
        "max": _length(extension.max),
        "by": extension.by,
        "action": extension.action,
        "tag": extension.tag,
        "source": extension.source,
    }


def _how(pack: pack_.Pack, name: str, extension: pack_.Extension) -> dict[str, str]:
    rule, role = pack.deadlines[name], pack.roles[extension.by].name
    words = {lang: texts.Words(language=lang) for lang in texts.LANGUAGES}
    most = {lang: w.length(extension.max.n, extension.max.unit) for lang, w in words.items()}
    command = f"gridcase pack due {name} --start DATE --extend DAYS"
    return {
        "zh": f"这是“{rule.name.zh}”（{name}）的延长，不单独起算：在期限届满前由{role.zh}批准，"
        f"累计最多 {most['zh-CN']}，接在原期限之后计算。用 {command} 计算。",
        "en": f"This is the extension of “{rule.name.en}” ({name}) and has no start of its own: "
        f"approved by the {role.en.lower()} before the limit ends, at most {most['en']} in all, "
        f"counted on from the limit. Compute it with {command}.",
    }
