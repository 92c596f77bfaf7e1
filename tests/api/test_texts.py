"""Words: both catalogues complete, dates and lengths as the office writes them."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import jinja2
import pytest
from jinja2 import nodes

from api import problems, render, texts
from api.pages import happened
from rules import errors, pack

NOW = datetime(2026, 11, 23, 6, 20, tzinfo=UTC)
ZH = texts.Words(language="zh-CN", now=NOW)
EN = texts.Words(language="en", now=NOW)
HALF_PAST_FIVE = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
END_OF_TODAY = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
COLLECTORS = frozenset({"add", "known", "fault", "_fault"})
"""Functions of `rules.load` and `rules.check` that note a fault of a pack by its code."""
RAISED = frozenset(
    {"Invalid", "NotFound", "NotPermitted", "NotNow", "Conflict", "Stale", "Busy", "GridcaseError"}
    | {kind.__name__ for kind in problems.STATUSES}
)


def test_dates_when_full() -> None:
    assert ZH.due(HALF_PAST_FIVE) == "11 月 26 日（周四）17:30"
    assert EN.due(HALF_PAST_FIVE) == "Thu 26 Nov, 17:30"
    assert ZH.day(date(2027, 1, 1)) == "2027 年 1 月 1 日（周五）"
    assert EN.day(date(2027, 1, 1)) == "Fri 1 Jan 2027"


def test_dates_when_in_lists() -> None:
    assert ZH.short(HALF_PAST_FIVE) == "11-26 17:30"
    assert EN.short(HALF_PAST_FIVE) == "26 Nov, 17:30"
    assert ZH.due_short(datetime(2027, 1, 1, 16, tzinfo=UTC)) == "2027-01-01 24:00"
    assert EN.days(date(2026, 11, 11), date(2026, 11, 13)) == "11–13 Nov"
    assert EN.days(date(2026, 11, 20), date(2026, 12, 16)) == "20 Nov–16 Dec"
    assert ZH.days(date(2026, 11, 10), date(2026, 11, 10)) == "11-10 周二"
    assert ZH.days(date(2026, 11, 11), date(2026, 11, 13)) == "11-11 – 11-13"


def test_due_at_local_midnight_when_told_is_the_end_of_the_day_before() -> None:
    assert ZH.due(END_OF_TODAY) == "11 月 23 日（周一）24:00"
    assert ZH.due_short(END_OF_TODAY) == "11-23 24:00"
    assert EN.due(END_OF_TODAY) == "Mon 23 Nov, 24:00"
    assert ZH.moment(END_OF_TODAY) == "11 月 24 日（周二）00:00", "an event stays where it is"
    west = texts.Words(language="en", zone=ZoneInfo("America/New_York"), now=NOW)
    assert west.due(datetime(2026, 11, 24, 5, tzinfo=UTC)) == "Mon 23 Nov, 24:00"


def test_year_when_today_is_unknown_is_told() -> None:
    assert texts.Words().day(date(2026, 11, 26)) == "2026 年 11 月 26 日（周四）"


@pytest.mark.parametrize(
    ("due_at", "unit", "left", "zh", "en"),
    [
        (HALF_PAST_FIVE, "working_day", 3, "剩 3 个工作日", "3 working days left"),
        (HALF_PAST_FIVE, "working_day", 1, "剩 1 个工作日", "1 working day left"),
        (HALF_PAST_FIVE, "calendar_day", None, "剩 3 天", "3 days left"),
        (END_OF_TODAY, "calendar_day", None, "今天到期", "Due today"),
        (NOW - timedelta(days=11), "calendar_day", None, "逾期 11 天", "11 days late"),
        (datetime(2026, 11, 22, 16, tzinfo=UTC), "month", None, "逾期 1 天", "1 day late"),
        (NOW - timedelta(hours=2), "working_day", 0, "逾期 2 小时", "2 hours late"),
        (NOW, "working_day", 0, "刚刚逾期", "Just overdue"),
        (NOW + timedelta(hours=3), "wall_hour", None, "剩 3 小时", "3 hours left"),
        (NOW + timedelta(minutes=20), "wall_minute", None, "剩 20 分钟", "20 minutes left"),
    ],
)
def test_remaining_when_running(
    due_at: datetime, unit: pack.Unit, left: int | None, zh: str, en: str
) -> None:
    assert ZH.remaining(due_at, now=NOW, unit=unit, left=left) == zh
    assert EN.remaining(due_at, now=NOW, unit=unit, left=left) == en


def test_lights_and_numbers() -> None:
    assert [ZH.light(tone) for tone in texts.LIGHTS] == [
        "期内",
        "已预警",
        "逾期",
        "没有计时",
        "已暂停",
    ]
    assert EN.number(3800) == "3,800"
    assert ZH.length(60, "calendar_day") == "60 天"
    assert EN.length(1, "working_day") == "1 working day"


@pytest.mark.parametrize(
    ("cookie", "accept", "language"),
    [
        (None, None, "zh-CN"),
        ("en", "zh-CN", "en"),
        ("zh-CN", "en", "zh-CN"),
        ("klingon", "en-GB,en;q=0.9", "en"),
        (None, "fr, en;q=0.5, zh;q=0.8", "zh-CN"),
        (None, "zh-TW", "zh-CN"),
        (None, "fr", "zh-CN"),
        (None, "en;q=x, ,;;", "zh-CN"),
        (None, "en;q=0", "zh-CN"),
    ],
)
def test_language_when_negotiated(
    cookie: str | None, accept: str | None, language: texts.Language
) -> None:
    assert texts.negotiate(cookie, accept) == language


def test_error_when_told_fills_params_and_picks_the_language() -> None:
    fault = errors.NotNow("request.method", allow="GET")
    assert EN.error(fault).remedy == "It takes: GET."
    both = errors.NotNow("x", zh="至少一方", en="At least one side", name_zh="甲", name_en="A")
    assert ZH._params(both.params) == {"text": "至少一方", "name": "甲"}
    assert EN._params(both.params) == {"text": "At least one side", "name": "A"}
    assert "…" in EN.error(errors.Invalid("request.method")).remedy, (
        "a missing param breaks nothing"
    )


# ---- completeness


def _python_files(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from sorted(Path(str(resources.files(package))).rglob("*.py"))


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _code(call: ast.Call) -> str | None:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    if _name(call) == "PackFault":
        return _text(named.get("code"))
    if _name(call) in COLLECTORS:
        said = _text(call.args[0]) if call.args else None
        return said if said and re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", said) else None
    if _name(call) in RAISED:
        return _text(call.args[0] if call.args else named.get("code"))
    return None


def raised_codes() -> dict[str, str]:
    """Every error code in the source, with a file that raises it.

    Codes stand as the first argument of an error or of a collector of pack faults, or in a
    table whose name ends in CODES.
    """
    found: dict[str, str] = {"pack.invalid": "errors.py"}
    for path in _python_files("rules", "workflow", "api"):
        for call in _calls(path):
            code = _code(call)
            if code is not None:
                found.setdefault(code, path.name)
        for code in _tabled(path):
            found.setdefault(code, path.name)
    return found


def _tabled(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.AnnAssign | ast.Assign) and isinstance(node.value, ast.Dict):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(name, ast.Name) and name.id.endswith("CODES") for name in targets):
                yield from filter(None, map(_text, node.value.values))


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_error_code_when_raised_has_both_texts(language: texts.Language) -> None:
    known = texts.catalogue(language)
    missing = sorted(
        f"{code} ({file})"
        for code, file in raised_codes().items()
        if not {f"error.{code}", f"error.{code}.remedy"} <= known.keys()
    )
    assert missing == []


def _phrases_of_templates() -> Iterator[str]:
    env = render.environment()
    root = Path(str(resources.files("api") / "templates"))
    for path in sorted(root.rglob("*.html")):
        tree = env.parse(path.read_text(encoding="utf-8"))
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in {"_", "n_"}:
                assert isinstance(call.args[0], nodes.Const), f"{path.name}:{call.lineno}"
                yield call.args[0].value


def _phrases_of_python() -> Iterator[str]:
    tables = (
        texts.LIGHTS,
        texts.SPANS,
        texts.EFFECTS,
        texts.TAGS,
        texts.DEADLINE_STATES,
        texts.GROUPS,
        problems.TITLES,
        happened.BY_TIME,
    )
    for table in tables:
        yield from table.values()
    for one, _ in texts._LENGTHS.values():
        yield one
    for path in _python_files("api"):
        for call in _calls(path):
            receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
            owner = getattr(receiver, "attr", getattr(receiver, "id", ""))
            phrase = _text(call.args[0]) if call.args else None
            if _name(call) in {"get", "count"} and owner in {"words", "self"} and phrase:
                yield phrase


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_phrase_when_used_has_a_text(language: texts.Language) -> None:
    known = texts.catalogue(language)
    used = {*_phrases_of_templates(), *_phrases_of_python()}
    assert sorted(used - known.keys()) == []


def test_catalogues_when_compared_have_the_same_entries_and_placeholders() -> None:
    zh, en = texts.catalogue("zh-CN"), texts.catalogue("en")
    assert zh.keys() == en.keys()
    formatter = string.Formatter()
    for msgid in zh:
        fields = [
            {name for _, name, _, _ in formatter.parse(forms[-1]) if name}
            for forms in (zh[msgid], en[msgid])
        ]
        assert fields[0] == fields[1], msgid
        assert all(form.strip() for forms in (zh[msgid], en[msgid]) for form in forms), msgid


def test_template_when_name_is_unknown_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render.environment().from_string("{{ nothing }}").render()
