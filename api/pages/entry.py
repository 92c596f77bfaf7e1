"""Signing in and out, and how pages look: language, type size, contrast, theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import caller, login, problems, render
from api.pages import frame as frames
from rules import errors

router = APIRouter()

KEPT: Final = "kept."
KEPT_PATH: Final = "kept_path"
Kept = Sequence[tuple[str, str]]
"""What somebody had filled in when their session ended."""


@router.get(render.LOOK_PATH, dependencies=[caller.PUBLIC])
def look(request: Request) -> Response:
    """Keep a choice of looks and go back to the page."""
    return render.remember(request)


@router.get("/login", dependencies=[caller.PUBLIC])
def get_login(frame: frames.Opened) -> Response:
    """The sign-in form; somebody who is in already goes on."""
    if frame.actor is not None:
        return frame.go(_next(frame))
    return _form(frame)


@router.post("/login", dependencies=[caller.PUBLIC])
def post_login(request: Request, frame: frames.Public, sent: frames.Sent) -> Response:
    """Sign in and go on to where one wanted to go."""
    user, password = sent.get("user", "").strip(), sent.get("password", "")
    try:
        token = login.log_in(request, user, password, kind="browser")
    except (problems.Unauthenticated, problems.TooMany) as error:
        return _form(
            frame,
            user=user,
            error=error,
            onward=sent.get("next", "/"),
            kept=_kept(sent),
            kept_path=sent.get(KEPT_PATH),
        )
    if KEPT_PATH in sent:
        path = render.local_path(sent[KEPT_PATH])
        response = frame.page("resume.html", kept=_kept(sent), kept_path=path)
    else:
        # by the sign-in page, which knows where this person's day begins
        onward = render.local_path(sent.get("next"))
        response = frame.go(f"/login?{urlencode({'next': onward})}")
    caller.remember(request, response, token)
    return response


@router.post("/logout", dependencies=[caller.PUBLIC])
def post_logout(request: Request, frame: frames.Opened) -> Response:
    """Sign out. It works twice."""
    found = caller.signed_in(request)
    if found is not None:
        login.log_out(request, found)
    response = frame.go("/login", toast=frame.words.get("You have signed out."))
    caller.forget(request, response)
    return response


@router.get("/logout", dependencies=[caller.PUBLIC])
def get_logout(frame: frames.Opened) -> Response:
    """A link cannot sign anybody out: it only asks."""
    return frame.page("logout.html")


def _kept(sent: Mapping[str, str]) -> Kept:
    return [
        (name.removeprefix(KEPT), value) for name, value in sent.items() if name.startswith(KEPT)
    ]


def _next(frame: frames.Frame) -> str:
    onward = render.local_path(frame.request.query_params.get("next"))
    return frames.home(frame) if onward == "/" else onward


def _form(
    frame: frames.Frame,
    *,
    user: str = "",
    error: errors.GridcaseError | None = None,
    onward: str | None = None,
    kept: Kept = (),
    kept_path: str | None = None,
) -> Response:
    words = frame.words
    return frame.page(
        "login.html",
        status=200 if error is None else int(problems.status_of(error)),
        user=user,
        refused=None if error is None else problems.joined(words.error(error), words),
        next=render.local_path(onward or frame.request.query_params.get("next")),
        lookup_url="/lookup",
        kept=kept,
        kept_path=kept_path,
    )
