"""What `office calendar` answers: a calendar in words, a preview and a result as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from rich import cells

from api import texts
from api.cli import answer
from rules import calendars
from rules.load import dates
from workflow.commands import calendars as commands
from workflow.queries import almanac

_DAY: Final = timedelta(days=1)
_STATUS: Final = {"official": ("正式", "official"), "provisional": ("暂定", "provisional")}
_HALVES: Final = {"morning": ("上午", "morning"), "afternoon": ("下午", "afternoon")}


def print_rows(lines: Sequence[tuple[str, ...]], *, indent: str = "") -> None:
    """A line a row, in columns, however wide."""
    widths = [max(map(cells.cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = map(cells.set_cell_size, line, widths)
        answer.OUT.print(indent + "  ".join(padded).rstrip())


def either(words: texts.Words, zh: str, en: str) -> str:
    """The text of this answer's language."""
    return zh if words.is_zh else en


# --- calendars


def summary(stored: almanac.Stored) -> dict[str, Any]:
    """One line of the list, for machines."""
    calendar = stored.calendar
    return {
        "hash": calendar.hash,
        "is_active": stored.is_active,
        "zone": calendar.zone,
        "added_at": stored.added_at.isoformat(),
        "years": {str(year.year): year.status for year in calendar.years},
    }


def described(stored: almanac.Stored) -> dict[str, Any]:
    """One calendar whole, for machines."""
    years = [dates.year_document(year) for year in stored.calendar.years]
    hours = dates.hours_document(stored.hours)
    return summary(stored) | {"hours": hours, "years": years}


def print_list(found: Sequence[almanac.Stored], words: texts.Words) -> None:
    """The calendars, a line each."""
    head = ("日历", "", "时区", "年份") if words.is_zh else ("Calendar", "", "Zone", "Years")
    lines = [head]
    for stored in found:
        years = ", ".join(_year(year, words) for year in stored.calendar.years)
        active = either(words, "现用", "in use") if stored.is_active else ""
        lines.append((stored.calendar.hash[:12], active, stored.calendar.zone, years))
    print_rows(lines)


def _year(year: calendars.Year, words: texts.Words) -> str:
    if year.status == "official":
        return str(year.year)
    return either(words, f"{year.year}（暂定）", f"{year.year} (provisional)")


def print_calendar(stored: almanac.Stored, words: texts.Words) -> None:
    """One calendar in words."""
    calendar, hours = stored.calendar, stored.hours
    answer.OUT.print(f"{calendar.hash}  {calendar.zone}")
    usual = either(words, "办公时间", "Office hours")
    lines = [(usual, _week(hours.hours, hours.weekdays, words), hours.source)]
    for version in hours.versions:
        since = either(words, f"自 {version.valid_from} 起", f"from {version.valid_from}")
        lines.append((since, _week(version.hours, version.weekdays, words), version.source))
    print_rows(lines)
    for year in calendar.years:
        print_year(year, words)


def print_year(year: calendars.Year, words: texts.Words) -> None:
    """A year in words: runs of days off, make-up workdays, half days."""
    status = _STATUS[year.status][0 if words.is_zh else 1]
    answer.OUT.print(f"{year.year}  {status}  {year.source}")
    lines = [
        (either(words, "放假", "Days off"), ", ".join(_runs(year.days_off))),
        (either(words, "补班", "Make-up workdays"), ", ".join(_runs(year.extra_workdays))),
    ]
    half = [f"{day:%m-%d} {_half(part, words)}" for day, part in sorted(year.half_days.items())]
    lines.append((either(words, "半天", "Half days"), ", ".join(half)))
    print_rows([line for line in lines if line[1]], indent="  ")


def _runs(days: Iterable[date]) -> list[str]:
    """Days in a row as one."""
    ordered = sorted(days)
    breaks = [n + 1 for n, (one, two) in enumerate(pairwise(ordered)) if two - one > _DAY]
    runs = [ordered[a:b] for a, b in pairwise([0, *breaks, len(ordered)]) if ordered]
    return [
        f"{run[0]:%m-%d}" if len(run) == 1 else f"{run[0]:%m-%d}..{run[-1]:%m-%d}" for run in runs
    ]


def _half(part: calendars.Half | calendars.Stretches, words: texts.Words) -> str:
    if isinstance(part, str):
        return _HALVES[part][0 if words.is_zh else 1]
    return _walls(part)


def _walls(stretches: calendars.Stretches) -> str:
    return " ".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in stretches)


def _week(
    hours: calendars.Stretches,
    weekdays: Mapping[calendars.Weekday, calendars.Stretches],
    words: texts.Words,
) -> str:
    parts = [_walls(hours)]
    for n, name in enumerate(calendars.WEEKDAYS):
        if name in weekdays:
            day = words.weekday(date(2024, 1, 1) + n * _DAY)  # a Monday
            parts.append(f"{day} {_walls(weekdays[name])}")
    return either(words, "；", "; ").join(parts)


# --- an import


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How one import is told. `ways` are the modes, `called` the people, as the command line
    calls them."""

    words: texts.Words
    ways: Mapping[commands.Mode, str]
    path: str
    called: Mapping[UUID, str]

    def head(self, made: commands.Import) -> dict[str, Any]:
        """What the file is, for machines."""
        edit = made.edit
        return {
            "file": self.path,
            "year": None if edit.year is None else edit.year.year,
            "status": None if edit.year is None else edit.year.status,
            "was": None if made.was is None else made.was.status,
            "is_same": edit.is_same,
            "before": made.before,
            "calendar": edit.calendar.hash,
        }

    def previewed(
        self, made: commands.Import, shown: Mapping[commands.Mode, commands.Outcome]
    ) -> dict[str, Any]:
        """A preview for machines."""
        return self.head(made) | {
            "applied": None,
            "preview": {self.ways[mode]: asdict(outcome) for mode, outcome in shown.items()},
        }

    def print_preview(
        self, made: commands.Import, shown: Mapping[commands.Mode, commands.Outcome]
    ) -> None:
        """What each way would do."""
        self._print_file(made)
        head = ("", *(self.ways[mode] for mode in shown))
        lines = [head]
        for key, label in self._labels():
            counts = [getattr(outcome, key) for outcome in shown.values()]
            if any(counts) or key in _ALWAYS:
                lines.append((label, *(str(n) for n in counts)))
        print_rows(lines)
        self._print_examples(shown["rebuild"])
        self._print_failed(shown["rebuild"])
        nothing = (
            "没有更改任何内容。执行：" if self.words.is_zh else "Nothing was changed. To do it: "
        )
        line = f"gridcase office calendar import {self.path} --apply {'|'.join(self.ways.values())}"
        answer.OUT.print(f"{nothing}{line} [--notify]")

    def print_result(
        self, made: commands.Import, done: commands.Outcome, *, way: str, notify: bool
    ) -> None:
        """What was done."""
        self._print_file(made)
        lines = [(label, str(getattr(done, key))) for key, label in self._labels(is_sent=notify)]
        print_rows([line for line in lines if line[1] != "0"] or lines[:1])
        self._print_examples(done)
        self._print_failed(done)
        line = (
            f"日历 {made.edit.calendar.hash[:12]} 已启用（{way}）。"
            if self.words.is_zh
            else f"Calendar {made.edit.calendar.hash[:12]} is in use ({way})."
        )
        answer.OUT.print(line)

    def _print_file(self, made: commands.Import) -> None:
        words, year = self.words, made.edit.year
        if year is not None:
            print_year(year, words)
            was = None if made.was is None else _STATUS[made.was.status][0 if words.is_zh else 1]
            missing = either(words, "没有", "not there")
            answer.OUT.print(
                either(words, f"现用日历中：{was or missing}", f"In use now: {was or missing}"),
            )
        else:
            calendar = made.edit.calendar
            told = _week(calendar.hours, calendar.weekdays, words)
            usual = either(words, "办公时间", "Office hours")
            answer.OUT.print(f"{usual}  {calendar.zone}  {told}")
            for version in calendar.versions:
                since = either(words, f"自 {version.valid_from} 起", f"from {version.valid_from}")
                told = _week(version.hours, version.weekdays, words)
                answer.OUT.print(f"  {since}  {told}")
        if made.edit.is_same:
            same = either(words, "与现用日历相同。", "Nothing differs from the calendar in use.")
            answer.OUT.print(same)

    def _labels(self, *, is_sent: bool | None = None) -> tuple[tuple[str, str], ...]:
        notices = {
            None: ("通知（加 --notify 才发出）", "Notices, sent only with --notify"),
            True: ("发出通知", "Notices sent"),
            False: ("未发出的通知", "Notices kept back"),
        }[is_sent]
        told = (*_LABELS, ("notices", *notices), *_LAST)
        return tuple((key, either(self.words, zh, en)) for key, zh, en in told)

    def _print_examples(self, outcome: commands.Outcome) -> None:
        words, groups = self.words, []
        late = {(one.case_id, one.rule) for one in outcome.late}
        moving = [one for one in outcome.moving if (one.case_id, one.rule) not in late]
        for title, examples in (
            (either(words, "变为逾期或届满", "become late"), outcome.late),
            (either(words, "移动", "move"), moving),
        ):
            groups += [(title, *self._example(one)) for one in examples]
        groups += [
            (
                either(words, "通知", "notice"),
                one.number,
                words.text(one.name),
                self._cause(one.cause),
                self.called.get(one.receiver_id, "-"),
            )
            for one in outcome.told
        ]
        if groups:
            answer.OUT.print(either(words, "例：", "Examples:"))
            print_rows(groups, indent="  ")

    def _example(self, one: commands.Example) -> tuple[str, str, str, str]:
        words = self.words
        if one.from_on == one.to_on:
            before, after = words.short(one.from_at), words.short(one.to_at)
        else:
            before, after = one.from_on.isoformat(), one.to_on.isoformat()
        return one.number, words.text(one.name), before, f"-> {after}"

    def _cause(self, cause: str) -> str:
        """What a notice is about, in a word or two."""
        if cause.startswith("rung."):
            return self.words.phrase(cause.removeprefix("rung."))
        found = _CAUSES.get(cause)
        return cause if found is None else either(self.words, *found)

    def _print_failed(self, outcome: commands.Outcome) -> None:
        if outcome.failed:
            numbers = ", ".join(outcome.failing)
            line = either(
                self.words,
                f"有 {outcome.failed} 个案件无法重新计算，保持原样：{numbers}",
                f"{outcome.failed} cases could not be computed and stay as they are: {numbers}",
            )
            answer.ERR.print(line, style="red")


_CAUSES: Final = {
    "deadline_missed": ("逾期", "overdue"),
    "window_lapsed": ("届满", "window over"),
    "deadline_moved": ("期限变更", "date moved"),
}
_ALWAYS: Final = frozenset({"moved", "overdue", "notices"})
_LABELS: Final = (
    ("moved", "期限移动", "Deadlines that move"),
    ("overdue", "因此逾期", "... become overdue by it"),
    ("lapsed", "当事人期限因此届满", "... parties' windows that lapse by it"),
    ("forgiven", "不再计为逾期", "... count as late no more"),
)
_LAST: Final = (
    ("cases", "改用新日历的案件", "Cases put under the calendar"),
    ("failed", "无法重新计算的案件", "Cases that fail"),
)
