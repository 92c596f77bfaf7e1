"""Who calls: a session's cookie or a token becomes an actor; and what may not call at all.

Every route, of the API and of the pages, carries one of three guards, so that a test can prove
that none is open by accident: `PUBLIC`, `RESIDENT` (number and code in the body, read by
`login.resident`) or `SESSION` (most simply by a parameter `caller: caller.Signed`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems, render, texts
from rules import errors
from workflow import access, channels, settings
from workflow.commands import people
from workflow.engine import Engine

Who = Literal["public", "resident", "session"]
Kind = Literal["browser", "token"]

COOKIE: Final = "gridcase"
SECURE_COOKIE: Final = "__Host-gridcase"
"""The name where the site is reached over https: the browser holds such a cookie to this very
host, the whole site and https."""
BEARER: Final = "bearer "
MAX_BODY_BYTES: Final = 1024 * 1024
"""What a request may weigh. One text of 100 kB passes, so that its own field can be named; a form
writes a Chinese character as nine bytes."""
HEAVY: Final = re.compile(
    r"(?:/api/v1)?/cases/[^/]+/(?:papers/[^/]+/receipts|materials/[^/]+/files)"
)
"""Where files are sent to, which weigh more."""
FORM_BYTES: Final = 64 * 1024
"""What the form around a file may weigh."""
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_OWN_SITE: Final = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A signed-in person. `token` is the secret they came with; `kind` how they carry it."""

    actor: access.Actor
    token: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may call a route. Public routes and those for residents ask for no session."""

    who: Who

    async def __call__(self, request: Request) -> None:
        request.state.who = self.who


@dataclass(frozen=True, slots=True)
class SessionGuard:
    """Only somebody signed in may call: gives who, afresh for every request.

    Raises: `login.required`.
    """

    who: Who = "session"

    def __call__(self, request: Request) -> Caller:
        found = signed_in(request)
        if found is None:
            raise problems.Unauthenticated("login.required")
        return found


PUBLIC: Final = Depends(Guard("public"))
RESIDENT: Final = Depends(Guard("resident"))
SESSION: Final = Depends(SessionGuard())
Signed = Annotated[Caller, SESSION]
"""A parameter that guards its route and brings the caller."""


async def engine(request: Request) -> Engine:
    """The installation that this application serves."""
    found: Engine = request.app.state.engine
    return found


async def language(request: Request) -> texts.Words:
    """The words of this request, without office time."""
    return texts.Words(language=render.language(request))


Opened = Annotated[Engine, Depends(engine)]
Spoken = Annotated[texts.Words, Depends(language)]


def chosen(request: Request) -> settings.Settings:
    """The settings of this application."""
    found: settings.Settings = request.app.state.settings
    return found


def door(request: Request) -> channels.Door:
    """The ways outside the app."""
    found: channels.Door = request.app.state.door
    return found


def signed_in(request: Request) -> Caller | None:
    """Who the request's token or cookie stands for, read once a request; None for nobody."""
    if not hasattr(request.state, "caller"):
        request.state.caller = _identified(request)
    found: Caller | None = request.state.caller
    return found


def refuse_staff(request: Request) -> None:
    """What is a resident's own act is not done where an officer is signed in: whoever filed a case
    holds its code, and must not be the one who rates it.

    Raises: `resident.signed_in`.
    """
    if signed_in(request) is not None:
        raise errors.NotPermitted("resident.signed_in")


def _identified(request: Request) -> Caller | None:
    carried = secret(request)
    if carried is None:
        return None
    kind, token = carried
    opened: Engine = request.app.state.engine
    idle_min = chosen(request).session_idle_min
    actor = people.session_actor(opened.database, token, idle_min=idle_min)
    return None if actor is None else Caller(actor=actor, token=token, kind=kind)


def secret(request: Request) -> tuple[Kind, str] | None:
    """The token a request carries and how; a header wins over a cookie."""
    header = request.headers.get("authorization", "")
    if header[: len(BEARER)].lower() == BEARER:
        return "token", header[len(BEARER) :].strip()
    cookie = request.cookies.get(_cookie_name(request))
    return ("browser", cookie) if cookie else None


def remember(request: Request, response: Response, token: str) -> None:
    """Gives a browser its session, kept for as long as one may last at most."""
    response.set_cookie(
        _cookie_name(request),
        token,
        max_age=chosen(request).session_max_days * 24 * 3600,
        path="/",
        httponly=True,
        samesite="lax",
        secure=_is_https(request),
    )


def forget(request: Request, response: Response) -> None:
    """Takes a browser's session away, and what it has kept of our pages."""
    response.delete_cookie(
        _cookie_name(request), path="/", httponly=True, samesite="lax", secure=_is_https(request)
    )
    response.headers["Clear-Site-Data"] = '"cache"'


def address(request: Request) -> str:
    """Where the request comes from, for limits; one word for all where it is unknown."""
    return request.client.host if request.client else "unknown"


def _cookie_name(request: Request) -> str:
    return SECURE_COOKIE if _is_https(request) else COOKIE


def _is_https(request: Request) -> bool:
    return request.url.scheme == "https"


# ---- the registry of rights


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One way in: a route's methods and path, and who may use it (None: it has no guard)."""

    methods: tuple[str, ...]
    path: str
    who: Who | None
    in_schema: bool


def registry(app: FastAPI) -> tuple[Entry, ...]:
    """Every route of an application with who may call it. Mounted files keep no rights."""
    return tuple(
        Entry(
            methods=tuple(sorted(found.methods or ())),
            path=found.path or "",
            who=next(_guards(found.dependant), None),
            in_schema=bool(found.include_in_schema),
        )
        for found in iter_route_contexts(app.routes)
        if isinstance(found.original_route, APIRoute)
    )


def methods_of(app: FastAPI, path: str) -> tuple[str, ...]:
    """The methods that an address takes, over all its routes."""
    found: set[str] = set()
    for entry in registry(app):
        if compile_path(entry.path)[0].match(path):
            found.update(entry.methods)
    return tuple(sorted(found))


def _guards(dependant: Dependant) -> Iterator[Who]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Guard | SessionGuard):
            yield inner.call.who
        yield from _guards(inner)


# ---- what may not call at all


class SameOrigin:
    """ASGI middleware: nothing is changed at the bidding of another site.

    A browser says where a request comes from (`Sec-Fetch-Site`, before it `Origin`); one that
    changes something must come from this very origin. A program says neither, and passes if it
    brings no session cookie. Together with the cookie's SameSite this needs no form token.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _SAFE_METHODS:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        if is_own(request):
            await self.app(scope, receive, send)
            return
        refused = problems.respond(request, errors.NotPermitted("request.csrf"))
        await refused(scope, receive, send)


def is_own(request: Request) -> bool:
    """Whether an unsafe request comes from this site itself, or from no browser."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in _OWN_SITE
    origin = request.headers.get("origin")
    if origin is not None:
        return origin == f"{request.url.scheme}://{request.url.netloc}"
    carried = secret(request)
    return carried is None or carried[0] == "token"


def heaviest(request: Request) -> int:
    """What the body of a request may weigh."""
    if HEAVY.fullmatch(request.url.path):
        return chosen(request).attachment_max_mb * 1024 * 1024 + FORM_BYTES
    return MAX_BODY_BYTES


def too_large(request: Request) -> problems.TooLarge:
    """What is said of a heavier one."""
    if HEAVY.fullmatch(request.url.path):
        most_mb = chosen(request).attachment_max_mb
        return problems.TooLarge("attachment.too_large", field="file", most_mb=most_mb)
    return problems.TooLarge("request.too_large")


class BodyLimit:
    """ASGI middleware: a body heavier than `heaviest` is refused, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        most = heaviest(request)
        announced = request.headers.get("content-length", "0")
        if not announced.isdigit() or int(announced) > most:
            refused = problems.respond(request, too_large(request))
            await refused(scope, receive, send)
            return
        weight = 0

        async def weighed() -> Message:
            nonlocal weight
            message = await receive()
            weight += len(message.get("body", b""))
            if weight > most:
                # of what FastAPI reads itself, it takes any other error for a broken body (400)
                raise too_large(request) if most > MAX_BODY_BYTES else HTTPException(413)
            return message

        await self.app(scope, weighed, send)
