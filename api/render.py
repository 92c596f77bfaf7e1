"""Pages: the Jinja environment, what every page is given, and the headers every answer carries.

Templates read the request's words and frame through globals (`_`, `due`, `here`, ...), so macros
are imported plainly, without `with context`. Escaping is always on; CSP allows no inline style
or script.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Literal, Protocol
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import jinja2
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import observe, texts

STATIC = "/static/"
LOOK_PATH = "/look"
LOOK_CHOICES: Mapping[str, frozenset[str]] = {
    texts.LANGUAGE_COOKIE: frozenset(texts.LANGUAGES),
    "theme": frozenset({"auto", "light", "dark"}),
    "contrast": frozenset({"auto", "more"}),
    "type": frozenset({"normal", "large", "larger"}),
    "keys": frozenset({"on", "off"}),
}
_LOOKS = ("theme", "contrast", "type", "keys")
_PLAIN_LOOKS = frozenset({"auto", "normal", "on"})
ICON_OF_TONE: Mapping[str, str] = {
    "green": "ok",
    "yellow": "warn",
    "red": "late",
    "grey": "circle",
    "paused": "pause",
}
CSP = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_YEAR_S = 365 * 24 * 3600
_IN_URL = "/?&=%#:;,+~.-_"


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """One entry of the main navigation. `icon` is a name of the sprite, without `i-`."""

    url: str
    label: str
    icon: str
    count: int | None = None
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One of the person's seats in the menu; `url` changes to it."""

    label: str
    url: str
    count: int | None = None
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The bar of a demo data set: office time, and where the clock is advanced."""

    now: datetime
    advance_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """The frame of a signed-in person. `nav` has at most five entries."""

    person: str
    place: str
    nav: tuple[NavItem, ...]
    seats: tuple[Seat, ...] = ()
    home_url: str = "/"
    search_url: str | None = "/search"
    logout_url: str = "/logout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """What every page knows of its request. `shell` is None before sign-in and for residents."""

    words: texts.Words
    path: str
    request_id: str
    csrf: str = ""
    shell: Shell | None = None
    demo: Demo | None = None
    look: Mapping[str, str] = field(default_factory=dict)
    toast: str | None = None

    def look_url(self, **change: str) -> str:
        """The link that remembers a language, theme, contrast or type and comes back here."""
        return f"{LOOK_PATH}?{urlencode({**change, 'back': self.path})}"


def here(
    request: Request,
    *,
    now: datetime | None = None,
    zone: ZoneInfo = texts.DEFAULT_ZONE,
    csrf: str = "",
    shell: Shell | None = None,
    demo: Demo | None = None,
    toast: str | None = None,
) -> Here:
    """The frame of one request, its language and look taken from cookies and headers."""
    path = request.url.path if request.method in {"GET", "HEAD"} else _came_from(request)
    if request.method in {"GET", "HEAD"} and request.url.query:
        path = f"{path}?{request.url.query}"
    return Here(
        words=texts.Words(language=language(request), zone=zone, now=now),
        path=path,
        request_id=observe.request_id(request.scope),
        csrf=csrf,
        shell=shell,
        demo=demo,
        look=_look(request),
        toast=toast,
    )


def language(request: Request) -> texts.Language:
    """The language of a request."""
    return texts.negotiate(
        request.cookies.get(texts.LANGUAGE_COOKIE), request.headers.get("accept-language")
    )


def _look(request: Request) -> dict[str, str]:
    """The person's theme, contrast and type, where chosen and known."""
    chosen = ((name, request.cookies.get(name, "")) for name in _LOOKS)
    return {
        name: value
        for name, value in chosen
        if value in LOOK_CHOICES[name] and value not in _PLAIN_LOOKS
    }


def _came_from(request: Request) -> str:
    """The page a form was sent from, so that a language link after a refused post leads back."""
    referer = request.headers.get("referer", "")
    base = str(request.base_url)
    return f"/{referer.removeprefix(base)}" if referer.startswith(base) else request.url.path


def local_path(path: str | None) -> str:
    """`path` if it stays on this site, else the start page."""
    if path and path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable():
        return path
    return "/"


def remember(request: Request) -> Response:
    """`GET /look`: keep a chosen language, theme, contrast or type; go back to the page."""
    response = see_other(request, local_path(request.query_params.get("back")))
    for name, allowed in LOOK_CHOICES.items():
        value = request.query_params.get(name)
        if value in allowed:
            response.set_cookie(
                name,
                value,
                max_age=_YEAR_S,
                path="/",
                httponly=True,
                samesite="lax",
                secure=request.url.scheme == "https",
            )
    return response


def is_htmx(request: Request) -> bool:
    """Whether htmx asks for a part of a page."""
    return request.headers.get("hx-request") == "true"


def see_other(request: Request, url: str) -> Response:
    """Send the browser to another page, also from an htmx request."""
    if is_htmx(request):
        return Response(headers={"HX-Redirect": quote(url, safe=_IN_URL)})
    return RedirectResponse(url, status_code=303)


def page(name: str, here: Here, *, status: int = 200, **view: object) -> HTMLResponse:
    """A whole page from `templates/<name>`, with the view's values by name."""
    return HTMLResponse(_rendered(name, here, view), status_code=status, headers=_headers(here))


def part(name: str, here: Here, *, status: int = 200, **view: object) -> HTMLResponse:
    """A part of a page, `templates/parts/<name>`, for htmx to swap in."""
    html = _rendered(f"parts/{name}", here, view)
    return HTMLResponse(html, status_code=status, headers=_headers(here))


def drawing(**view: object) -> str:
    """A drawing as a file of its own, from `templates/picture.svg`."""
    return environment().get_template("picture.svg").render(view).strip() + "\n"


def text(name: str, here: Here, **view: object) -> str:
    """A template's text alone, for what is no answer by itself."""
    return _rendered(name, here, view)


def _headers(here: Here) -> dict[str, str]:
    return {"Content-Language": here.words.language, "Vary": "Accept-Language, Cookie, HX-Request"}


def _rendered(name: str, here: Here, view: Mapping[str, object]) -> str:
    token = _CURRENT.set(here)
    try:
        return environment().get_template(name).render(view)
    finally:
        _CURRENT.reset(token)


# ---- the environment

_CURRENT: ContextVar[Here] = ContextVar("here")


@cache
def environment() -> jinja2.Environment:
    """The one Jinja environment: escapes always, and an unknown name is an error."""
    env = jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    env.globals.update(_globals())
    env.filters["num"] = "{:g}".format  # a length of a drawing, without a trailing zero
    return env


def _source(name: str) -> str | None:
    """A template's text from the package, wherever that is installed."""
    file = resources.files("api") / "templates" / name
    return file.read_text(encoding="utf-8") if file.is_file() else None


def _globals() -> dict[str, object]:
    """The names every template may use."""
    return {
        "_": _of_words("get"),
        "n_": _of_words("count"),
        "here": _CURRENT.get,
        "words": lambda: _CURRENT.get().words,
        "static": static_url,
        "icon_of": ICON_OF_TONE.__getitem__,
        "light_word": _of_words("light"),
        "strip": strip,
        "progress": progress,
        **{name: _of_words(name) for name in _WORDS_IN_TEMPLATES},
    }


_WORDS_IN_TEMPLATES = (
    "text",
    "number",
    "day",
    "day_short",
    "days",
    "moment",
    "short",
    "due",
    "due_short",
    "clock",
    "length",
    "counted",
    "remaining",
    "phrase",
    "group",
)


def _of_words(name: str) -> Callable[..., str]:
    """A method of the current request's words, as a template global."""

    def call(*args: object, **params: object) -> str:
        return str(getattr(_CURRENT.get().words, name)(*args, **params))

    return call


@cache
def static_url(path: str) -> str:
    """The address of a static file with a mark of its content, so that it may be kept for ever."""
    content = (resources.files("api") / "static" / path).read_bytes()
    return f"{STATIC}{path}?v={hashlib.sha256(content).hexdigest()[:10]}"


# ---- the strip of a deadline

DAY_UNITS = 20
"""One day of a strip in SVG units."""

StripClass = Literal["used", "left", "off", "pause"]
_OFF_KINDS = frozenset({"first_day", "weekend", "holiday", "roll"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A run of days in a strip, in SVG units."""

    x: int
    width: int
    kind: StripClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A deadline drawn: one day is 20 units wide. `today_x` is None outside of it."""

    width: int
    bars: tuple[Bar, ...]
    today_x: int | None


class SpanLike(Protocol):
    """What a strip and its list need of a span; `rules.due.Span` has it."""

    @property
    def first_on(self) -> date: ...
    @property
    def last_on(self) -> date: ...
    @property
    def counted(self) -> int: ...
    @property
    def kind(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A deadline in numbers, in its own unit; `paused_days` are days left out by pauses."""

    total: int
    used: int
    left: int
    paused_days: int


def progress(spans: Sequence[SpanLike], today: date | None = None) -> Progress:
    """How much of a day-counted limit is used, today included, and how much is left."""
    total = sum(span.counted for span in spans)
    used = sum(days for span in spans for kind, days in _runs(span, today) if kind == "used")
    paused = sum((span.last_on - span.first_on).days + 1 for span in spans if span.kind == "pause")
    return Progress(total=total, used=used, left=total - used, paused_days=paused)


def strip(spans: Sequence[SpanLike], today: date | None = None) -> Strip:
    """Draw spans. Days counted up to and including today are *used*, later ones *left*."""
    bars: list[Bar] = []
    today_x: int | None = None
    x = 0
    for span in spans:
        if today is not None and span.first_on <= today <= span.last_on:
            today_x = x + (today - span.first_on).days * DAY_UNITS + DAY_UNITS * 3 // 5
        for kind, days in _runs(span, today):
            bars.append(Bar(x=x, width=days * DAY_UNITS, kind=kind))
            x += days * DAY_UNITS
    return Strip(width=max(x, DAY_UNITS), bars=tuple(bars), today_x=today_x)


def _runs(span: SpanLike, today: date | None) -> list[tuple[StripClass, int]]:
    """A span as one run, or as two where today cuts a counted one."""
    length = (span.last_on - span.first_on).days + 1
    if span.kind == "pause":
        return [("pause", length)]
    if span.kind in _OFF_KINDS or not span.counted:
        return [("off", length)]
    used = 0 if today is None else min(length, max(0, (today - span.first_on).days + 1))
    runs: list[tuple[StripClass, int]] = [("used", used), ("left", length - used)]
    return [run for run in runs if run[1]]


# ---- headers


class SecurityHeaders:
    """ASGI middleware: the strict headers; pages are never stored, marked static files kept."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", _caching(scope, message["status"]))
            await send(message)

        await self.app(scope, receive, guarded)


def _caching(scope: Scope, status: int) -> str:
    """How long an answer may be kept."""
    if not scope["path"].startswith(STATIC):
        return "no-store"
    if b"v=" in scope["query_string"] and status < 400:
        return f"public, max-age={_YEAR_S}, immutable"
    return "no-cache"
