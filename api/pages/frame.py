"""What every page is given: who asks, the installation, and the frame drawn around the page.

A page is a plain function of its frame; it shows what a query gives and sends what a command
needs. The word for what was just done crosses to the next page in a cookie of half a minute.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from api import caller, render, texts
from rules import calendars, errors, pack
from workflow import access, read
from workflow.engine import Engine
from workflow.queries import office

FLASH: Final = "flash"
FLASH_S: Final = 30
FORM_FIELDS: Final = 300
"""A form of ours has fewer inputs than this."""
FILE: Final = "file_case"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One request for a page. `actor` is None where nobody has signed in."""

    request: Request
    engine: Engine
    actor: access.Actor | None
    house: read.House
    here: render.Here

    @property
    def words(self) -> texts.Words:
        """The words of this request."""
        return self.here.words

    @property
    def pack(self) -> pack.Pack:
        """The active pack."""
        return self.house.rules.pack

    @property
    def person(self) -> access.Actor:
        """Who has signed in. Raises: `login.required`, which a guard has ruled out."""
        if self.actor is None:
            raise errors.NotPermitted("login.required")
        return self.actor

    def page(self, name: str, *, status: int = 200, **view: object) -> Response:
        """A whole page; the word of what was done is shown once."""
        response = render.page(name, self.here, status=status, **view)
        if self.here.toast is not None:
            response.delete_cookie(FLASH, path="/")
        return response

    def go(self, url: str, *, toast: str | None = None) -> Response:
        """On to another page of ours, with a word of what was done."""
        response = render.see_other(self.request, render.local_path(url))
        if toast is not None:
            response.set_cookie(
                FLASH,
                base64.urlsafe_b64encode(toast.encode()).decode(),
                max_age=FLASH_S,
                path="/",
                httponly=True,
                samesite="lax",
                secure=self.request.url.scheme == "https",
            )
        return response


def signed(request: Request, who: caller.Signed) -> Frame:
    """The frame of somebody signed in."""
    return _framed(request, who.actor)


def opened(request: Request) -> Frame:
    """The frame of a page that anybody may see."""
    found = caller.signed_in(request)
    return _framed(request, found.actor if found else None)


def public(request: Request) -> Frame:
    """The frame of a page for residents and before sign-in: it looks the same to everybody."""
    return _framed(request, None)


async def sent(request: Request) -> Mapping[str, str]:
    """The texts of a sent form. A name that comes twice counts once.

    Raises: `request.malformed` for a letter that no form sends and no database keeps.
    """
    form = await request.form(max_fields=FORM_FIELDS)
    found = {name: value for name, value in form.items() if isinstance(value, str)}
    if any("\x00" in value for value in found.values()):
        raise errors.Invalid("request.malformed")
    return found


Signed = Annotated[Frame, Depends(signed)]
Opened = Annotated[Frame, Depends(opened)]
Public = Annotated[Frame, Depends(public)]
Sent = Annotated[Mapping[str, str], Depends(sent)]


def read_id(text: str | None) -> UUID:
    """An id from an address or a hidden input. Raises: `case.unknown`, as for any other id."""
    try:
        return UUID(text or "")
    except ValueError as error:
        raise errors.NotFound("case.unknown") from error


def _framed(request: Request, actor: access.Actor | None) -> Frame:
    engine: Engine = request.app.state.engine
    if actor is None:
        house, unread = office.house(engine.database), 0
    else:
        house, unread = office.standing(engine.database, actor)
    frame = bare(request, engine, actor, house=house)
    if actor is not None:
        here = replace(frame.here, shell=_shell(frame, actor, unread=unread))
        frame = replace(frame, here=here)
    request.state.here = frame.here
    return frame


def bare(
    request: Request, engine: Engine, actor: access.Actor | None, *, house: read.House
) -> Frame:
    """A frame without the shell, for a part of a page whose query has brought the house."""
    here = render.here(
        request,
        now=house.now,
        zone=calendars.zone(house.calendar),
        demo=render.Demo(now=house.now, advance_url="/demo/clock") if house.is_demo else None,
        toast=_flashed(request),
    )
    return Frame(request=request, engine=engine, actor=actor, house=house, here=here)


def _flashed(request: Request) -> str | None:
    """What the page before has left to say."""
    kept = request.cookies.get(FLASH)
    if not kept:
        return None
    try:
        return base64.urlsafe_b64decode(kept).decode()[:300]
    except (binascii.Error, ValueError):
        return None


# ---- who one is, and where one can go


def files(found: pack.Pack, actor: access.Actor) -> tuple[str, ...]:
    """The processes in which a person may open a case."""
    return tuple(
        name
        for name, process in found.processes.items()
        if FILE in process.actions
        and any(
            post.role in process.actions[FILE].by and _covers(found, post.role, name)
            for post in actor.posts
        )
    )


def _covers(found: pack.Pack, role: str, process: str) -> bool:
    rows = access.rights_of(found, role)
    return any(not right.processes or process in right.processes for right in rows)


def place(frame: Frame, post: access.HeldPost) -> str:
    """A post in words: the grid, or the office with the role."""
    if post.scope != post.area:
        return post.scope_name
    role = frame.pack.roles.get(post.role)
    return f"{post.office_name} · {frame.words.text(role.name)}" if role else post.office_name


def watches(frame: Frame) -> bool:
    """Whether a person watches other people's cases, and has a board for it."""
    shell = frame.here.shell
    return shell is not None and any(item.url == "/board" for item in shell.nav)


def home(frame: Frame) -> str:
    """Where a person's day begins."""
    shell = frame.here.shell
    return shell.home_url if shell else "/"


def _shell(frame: Frame, actor: access.Actor, *, unread: int) -> render.Shell:
    nav = _nav(frame, actor, unread=unread)
    return render.Shell(
        person=actor.name,
        place="、".join(dict.fromkeys(place(frame, post) for post in actor.posts[:2])),
        nav=nav,
        home_url=nav[0].url,
    )


def _nav(frame: Frame, actor: access.Actor, *, unread: int) -> tuple[render.NavItem, ...]:
    """At most five entries, the first one where the day begins."""
    words = frame.words
    rows = [right for role in actor.roles for right in access.rights_of(frame.pack, role)]
    is_leader = any("leader" in right.sees for right in rows)
    has_board = any(right.board for right in rows)
    entries: list[tuple[str, str, str, int | None]] = []
    if is_leader:
        entries.append(("/leader", words.get("Assigned"), "flag", None))
    if has_board:
        entries.append(("/board", words.get("Board"), "chart", None))
    if has_board and not is_leader and "supervisor" in actor.roles:
        entries.append(("/leader", words.get("Leaders"), "flag", None))
    label = words.get("Cases") if has_board else words.get("To do")
    entries.append(("/", label, "list", None))
    if files(frame.pack, actor):
        entries.append(("/cases/new", words.get("File"), "plus", None))
    entries.append(("/notices", words.get("Notices"), "bell", unread))
    entries.append(("/search", words.get("Find a case"), "search", None))
    path = frame.request.url.path
    return tuple(
        render.NavItem(url=url, label=label, icon=icon, count=count, current=_leads(url, path))
        for url, label, icon, count in entries[:5]
    )


def _leads(url: str, path: str) -> bool:
    """Whether a page stands under an entry; a case belongs to the list."""
    if url == "/":
        return path == "/" or (path.startswith("/cases/") and path != "/cases/new")
    return path == url or path.startswith(f"{url}/")
