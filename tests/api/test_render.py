"""Pages: frame, headers, links back, static files, and a deadline's picture."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, date, datetime
from importlib import resources
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api import forms, render, texts
from rules import pack
from tests.api import site

NOW = datetime(2026, 11, 23, 6, 20, tzinfo=UTC)
SHELL = render.Shell(
    person="林示例",
    place="第 3 网格",
    nav=tuple(
        render.NavItem(url=f"/{n}", label=f"<{n}>", icon="list", count=n, current=n == 0)
        for n in range(6)
    ),
)


def frame(language: texts.Language = "zh-CN", shell: render.Shell | None = None) -> render.Here:
    return render.Here(
        words=texts.Words(language=language, now=NOW),
        path="/work?x=1",
        request_id="AAAA-BBBB",
        csrf="token",
        shell=shell,
        demo=render.Demo(now=NOW, advance_url="/demo"),
    )


def login(here: render.Here, **view: object) -> str:
    given: dict[str, Any] = {
        "user": "",
        "refused": None,
        "next": "/",
        "kept": (),
        "kept_path": None,
        "lookup_url": "/lookup",
    }
    return bytes(render.page("login.html", here, **(given | view)).body).decode()


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_login_when_rendered_is_in_the_language_and_holds_the_token(
    language: texts.Language,
) -> None:
    html = login(frame(language))
    assert f'<html lang="{language}"' in html
    assert ("登录工作台" in html) == (language == "zh-CN")
    assert 'name="csrf" value="token"' in html
    assert "23 Nov" in html or "11-23 周一" in html


def test_page_when_rendered_has_no_inline_style_or_script() -> None:
    html = login(frame(), user='"><script>alert(1)</script>')
    assert "<script>" not in html
    assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:", html)


@pytest.mark.parametrize("name", ["css/tokens.css", "css/app.css", "js/app.js"])
def test_static_when_linked_carries_a_mark_of_its_content(name: str) -> None:
    content = (resources.files("api") / "static" / name).read_bytes()
    assert render.static_url(name).endswith(f"?v={hashlib.sha256(content).hexdigest()[:10]}")


def test_vendor_when_listed_has_its_hash_and_licence() -> None:
    folder = resources.files("api") / "static" / "vendor"
    for entry in json.loads((folder / "MANIFEST.json").read_text())["files"]:
        content = (folder / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert entry["version"]
        assert (folder / entry["licence_file"]).is_file()


def test_dark_tokens_when_chosen_equal_those_of_the_system() -> None:
    css = (resources.files("api") / "static" / "css" / "tokens.css").read_text()
    system, chosen = re.findall(r"color-scheme: dark;(.*?)\}", css, re.S)
    assert re.sub(r"\s+", " ", system) == re.sub(r"\s+", " ", chosen)


def test_shell_when_signed_in_shows_five_entries_at_most_and_escapes() -> None:
    here = frame(shell=SHELL)
    html = bytes(
        render.page("error.html", here, shape="refused", title="t", faults=(("<i>", ""),)).body
    ).decode()
    nav = html.split('class="nav"')[1].split("</nav>")[0]
    assert nav.count("<li>") == 5
    assert "&lt;1&gt;" in nav
    assert "<i>" not in html
    assert 'aria-current="page"' in html
    assert 'action="/logout"' in html


def test_look_when_chosen_is_kept_and_leads_back() -> None:
    visitor = _site()
    answer = visitor.get("/look", params={"lang": "en", "theme": "dark", "back": "/work?x=1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/work?x=1")
    assert visitor.cookies["lang"] == "en"
    assert '<html lang="en" data-theme="dark">' in visitor.get("/page").text
    visitor.get("/look", params={"theme": "auto", "lang": "<b>"})
    assert '<html lang="en">' in visitor.get("/page").text


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example", "/\\evil.example", "", None, "/a\nb", "x"]
)
def test_local_path_when_it_leads_away_is_the_start(path: str | None) -> None:
    assert render.local_path(path) == "/"


def test_headers_when_answering_are_strict_and_pages_not_stored() -> None:
    answer = _site().get("/page")
    csp = answer.headers["content-security-policy"]
    for part in (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ):
        assert part in csp
    assert "unsafe" not in csp
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "immutable" in _site().get("/static/x?v=1").headers["cache-control"]
    assert "no-cache" in _site().get("/static/x").headers["cache-control"]


def _span(first: int, last: int, counted: int, kind: str) -> SimpleNamespace:
    return SimpleNamespace(
        first_on=date(2026, 11, first),
        last_on=date(2026, 11, last),
        counted=counted,
        kind=kind,
        note="",
        name=None,
    )


SPANS = (
    _span(10, 10, 0, "first_day"),
    _span(11, 13, 3, "counted"),
    _span(14, 15, 0, "weekend"),
    _span(16, 19, 0, "pause"),
    _span(20, 20, 1, "counted"),
    _span(21, 22, 0, "weekend"),
    _span(23, 26, 4, "counted"),
)


def test_strip_when_today_is_inside_splits_used_and_left() -> None:
    drawn = render.strip(SPANS, date(2026, 11, 23))
    assert drawn.width == 17 * render.DAY_UNITS
    assert [(bar.x, bar.width, bar.kind) for bar in drawn.bars] == [
        (0, 20, "off"),
        (20, 60, "used"),
        (80, 40, "off"),
        (120, 80, "pause"),
        (200, 20, "used"),
        (220, 40, "off"),
        (260, 20, "used"),
        (280, 60, "left"),
    ]
    assert drawn.today_x == 272
    assert render.progress(SPANS, date(2026, 11, 23)) == render.Progress(
        total=8, used=5, left=3, paused_days=4
    )
    assert render.strip(SPANS, date(2026, 12, 1)).today_x is None


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_deadline_when_drawn_explains_itself(language: texts.Language) -> None:
    html = _macro(
        language,
        '{% from "parts/deadline.html" import deadline %}{{ deadline(d) }}',
        d=SimpleNamespace(
            name=pack.Text(zh="办理", en="Handling"),
            owner="office",
            due_at=datetime(2026, 11, 26, 9, 30, tzinfo=UTC),
            length=pack.Length(n=8, unit="working_day"),
            light="yellow",
            state="running",
            tag="national",
            source="第 1 条",
            is_provisional=True,
            ends_with=None,
            spans=SPANS,
        ),
    )
    told = {
        "zh-CN": ("11 月 26 日（周四）17:30", "剩 3 个工作日", "8 个工作日：已计 5 天", "暂定"),
        "en": (
            "Thu 26 Nov, 17:30",
            "3 working days left",
            "8 working days: 5 counted",
            "provisional",
        ),
    }
    assert all(words in html for words in told[language])
    assert html.count("<li") == len(SPANS) + 1


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh-CN", ("剩 1 天", "期间没有计入的日子。", "不晚于“告知”届满。")),
        ("en", ("1 day left", "No day of it counts.", "It ends with “Notice” at the latest.")),
    ],
)
def test_a_deadline_of_which_no_working_day_is_left_before_another_ends_says_so(
    language: texts.Language, told: tuple[str, ...]
) -> None:
    html = _macro(
        language,
        '{% from "parts/deadline.html" import deadline %}{{ deadline(d) }}',
        d=SimpleNamespace(
            name=pack.Text(zh="送达", en="Service"),
            owner="office",
            due_at=datetime(2026, 11, 24, 16, tzinfo=UTC),
            length=pack.Length(n=5, unit="working_day"),
            light="green",
            state="running",
            tag="default",
            source="",
            is_provisional=False,
            ends_with=pack.Text(zh="告知", en="Notice"),
            spans=(_span(23, 23, 0, "first_day"), _span(24, 24, 0, "holiday")),
        ),
    )
    assert all(words in html for words in told)


@pytest.mark.parametrize(
    ("state", "light", "words"),
    [
        ("running", "grey", "剩 3 天"),
        ("paused", "grey", "已暂停"),
        ("met", "grey", "按时完成"),
        ("lapsed", "grey", "期限已过"),
    ],
)
def test_deadline_when_no_office_is_late_has_no_tone(state: str, light: str, words: str) -> None:
    html = _macro(
        "zh-CN",
        '{% from "parts/deadline.html" import deadline_light %}{{ deadline_light(d) }}',
        d=SimpleNamespace(
            due_at=datetime(2026, 11, 26, 9, 30, tzinfo=UTC),
            length=None,
            light=light,
            state=state,
            spans=SPANS,
        ),
    )
    assert words in html
    assert "data-tone" not in html


def test_hours_when_explained_are_told_in_hours_without_a_strip() -> None:
    spans = (_span(23, 23, 120, "counted"), _span(24, 24, 45, "counted"))
    html = _macro(
        "zh-CN",
        '{% from "parts/deadline.html" import spans_list, progress_words %}'
        '{{ progress_words(s, "working_hour") }}{{ spans_list(s, "working_hour", at) }}',
        s=spans,
        at=datetime(2026, 11, 24, 2, 15, tzinfo=UTC),
    )
    assert "共 165 分钟" in html
    assert "2 小时" in html
    assert "45 分钟" in html


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_ladder_when_drawn_tells_planned_and_fired(language: texts.Language) -> None:
    def rung(effect: str, **more: object) -> SimpleNamespace:
        plain: dict[str, object] = {
            "effect": effect,
            "planned_at": NOW,
            "fired_at": None,
            "target": None,
            "at_top": False,
            "is_blocked": False,
        }
        return SimpleNamespace(**(plain | more))

    rungs = (rung("warn", fired_at=NOW, target="王演示"), rung("supervise", is_blocked=True))
    html = _macro(
        language,
        '{% from "parts/ladder.html" import ladder %}{{ ladder(r) }}',
        r=(*rungs, rung("leader")),
    )
    told = {
        "zh-CN": ("黄牌提醒", "无法升级", "领导包案"),
        "en": ("Yellow card", "Cannot", "Leader"),
    }
    assert all(words in html for words in told[language])
    assert html.count("data-tone") == 2


def test_inputs_when_drawn_are_described_by_hint_and_error() -> None:
    drawn = forms.Input(
        name="why",
        id="f-why",
        kind="textarea",
        label="理由",
        hint="写明",
        error="缺",
        value="</textarea>x",
    )
    html = _macro("zh-CN", '{% from "parts/inputs.html" import field %}{{ field(it) }}', it=drawn)
    assert 'aria-describedby="f-why-e f-why-h" aria-invalid="true"' in html
    assert "&lt;/textarea&gt;x</textarea>" in html
    assert "（可不填）" in html


def test_input_when_an_answer_makes_it_needed_says_so_without_a_script() -> None:
    needed = forms.Needed(words="「方式」选「邮寄」时必填", field="way", values=("post", "express"))
    for kind in ("text", "radios", "select", "checkbox"):
        drawn = forms.Input(name="no", id="f-no", kind=kind, label="单号", needed=needed)
        html = _macro(
            "zh-CN", '{% from "parts/inputs.html" import field %}{{ field(it) }}', it=drawn
        )
        assert "「方式」选「邮寄」时必填</p>" in html
        assert 'aria-describedby="f-no-n"' in html
        assert 'data-needed-if="way" data-answers="post express"' in html
        assert "（可不填）" not in html
        assert " required" not in html, "what is not known to be needed is not asked for"


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_worklist_when_drawn_tells_day_before_light(language: texts.Language) -> None:
    item = SimpleNamespace(
        url="/c",
        title="漏水",
        number="4803-7152-6",
        meta=("邻里",),
        next=None,
        tone="red",
        due_at=datetime(2026, 11, 12, 16, tzinfo=UTC),
        climbed=None,
    )
    groups = (
        SimpleNamespace(key="overdue", count=1, items=(item,)),
        SimpleNamespace(key="today", count=0, items=()),
    )
    html = _macro(
        language, '{% from "parts/worklist.html" import worklist %}{{ worklist(g) }}', g=groups
    )
    assert ("逾期 11 天" in html and "应于 11-12 24:00 前" in html) == (language == "zh-CN")
    assert ("11 days late" in html and "was due 12 Nov, 24:00" in html) == (language == "en")
    assert html.count("group-name") == 1


def _macro(language: texts.Language, source: str, **view: object) -> str:
    token = render._CURRENT.set(frame(language))
    try:
        return render.environment().from_string(source).render(view)
    finally:
        render._CURRENT.reset(token)


def _site() -> site.Site:
    app = FastAPI()
    app.add_api_route("/look", render.remember)
    app.add_middleware(render.SecurityHeaders)

    @app.get("/page")
    def page(request: Request) -> Response:
        view: dict[str, Any] = {"shape": "notfound", "title": "t", "faults": ()}
        return render.page("error.html", render.here(request, now=NOW), **view)

    @app.get("/static/x")
    def static() -> str:
        return "x"

    return site.Site(app)
