"""No route is open by accident: each carries a guard, and the guard holds."""

from __future__ import annotations

import re
from collections.abc import Iterable

import httpx
import pytest
from fastapi import FastAPI
from fastapi.params import Depends
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.responses import HTMLResponse

from api import caller, problems, render
from tests.api import desk, site
from workflow import db, ids
from workflow.commands import act

PUBLIC = frozenset(
    {
        "GET /livez",
        "GET /readyz",
        "GET /metrics",
        "GET /openapi.json",
        "GET /docs",
        f"POST {desk.API}/session",
        f"GET {desk.API}/rules",
        f"GET {desk.API}/rules/{{pack_hash}}",
    }
)
"""Every route of the API that anybody may call. A new one is written here on purpose."""
PUBLIC_PAGES = frozenset(
    {
        "GET /login",
        "POST /login",
        "GET /logout",
        "POST /logout",
        "GET /look",  # language and type size, kept in a cookie
        "GET /lookup",
        "POST /mine/leave",  # forgets the case on this device
        "GET /rules",
        "GET /rules/{pack_hash}",
        "GET /demo/clock",  # not there in a real office
        "POST /demo/advance",
    }
)
"""Every page that anybody may open and every form that anybody may send, besides `/docs`."""
OF_SOME_POSTS = {
    "GET /board": {"supervisor"},
    "GET /board/health": {"supervisor"},
    "GET /board/part": {"supervisor"},
    "GET /board/undelivered": {"supervisor"},
    "GET /cases/new": {"officer"},
}
"""Pages of no case that are there for some posts alone. The others show what is one's own."""
DOOR = "POST /lookup"
RESIDENT_PAGES = frozenset(
    {
        DOOR,
        "GET /mine",
        "GET /mine/do/{name}",
        "POST /mine/do/{name}",
        "GET /mine/papers/{no}",
        "GET /mine/papers/{no}/pdf",
    }
)
"""Those that ask for number and code instead. All others ask for a session."""


@pytest.fixture
def front(database: db.Database) -> desk.Desk:
    """The district; nobody signs in."""
    return desk.open_desk(database)


def _ways(front: desk.Desk) -> list[tuple[str, str, caller.Entry]]:
    app = desk.application(front.district)
    return [
        (method, entry.path, entry) for entry in caller.registry(app) for method in entry.methods
    ]


def _filled(path: str, **known: str) -> str:
    """A path with something plausible for each of its parameters, or what is known of it."""
    given = {"action": "accept", "name": "dispute", "key": f"{ids.uuid7()}.1.1", **known}
    return re.sub(
        r"\{([a-z_]+)(:[a-z]+)?\}", lambda found: given.get(found[1], str(ids.uuid7())), path
    )


def test_every_route_carries_a_guard(front: desk.Desk) -> None:
    assert [path for _, path, entry in _ways(front) if entry.who is None] == []


def test_public_routes_are_those_written_here(front: desk.Desk) -> None:
    of_api = {
        f"{method} {path}"
        for method, path, entry in _ways(front)
        if entry.who == "public" and (entry.in_schema or f"{method} {path}" in PUBLIC)
    }
    assert of_api == PUBLIC


def test_session_routes_when_nobody_is_signed_in_refuse_before_anything_else(
    front: desk.Desk,
) -> None:
    tried = 0
    for method, path, entry in _ways(front):
        if entry.who != "session":
            continue
        for headers in (
            {},
            {"Authorization": "Bearer nonsense"},
            {"Authorization": "Basic b2ZmaWNlcjp4"},
            {"Cookie": f"{caller.COOKIE}=nonsense", "Sec-Fetch-Site": "same-origin"},
        ):
            answer = front.site.send(method, _filled(path), headers=headers)
            if path.startswith(problems.API_PREFIX):
                assert answer.status_code == 401, (method, path, headers)
                assert answer.json()["code"] == "login.required"
            elif method == "GET":
                assert (answer.status_code, answer.headers["location"].split("?")[0]) == (
                    303,
                    problems.LOGIN_PATH,
                ), (method, path)
            else:  # what was typed is kept in the sign-in form
                assert answer.status_code == 401, (method, path)
                assert f'action="{problems.LOGIN_PATH}"' in answer.text, (method, path)
            tried += 1
    assert tried >= 15 * 4


# ---- pages


def _pages(app: FastAPI) -> dict[str, caller.Entry]:
    """Every page and every form by method and path."""
    return {
        f"{method} {entry.path}": entry
        for entry in caller.registry(app)
        for method in entry.methods
        if not entry.in_schema and f"{method} {entry.path}" not in PUBLIC
    }


def _of(app: FastAPI, who: caller.Who | None) -> set[str]:
    return {name for name, entry in _pages(app).items() if entry.who == who}


def _closed(app: FastAPI) -> list[str]:
    """The pages that are not for anybody."""
    return sorted(_pages(app).keys() - PUBLIC_PAGES)


def _answers(
    app: FastAPI, filed: act.Receipt, names: Iterable[str], *, token: str | None = None
) -> dict[str, httpx.Response]:
    """What some pages answer for a case that is there, to somebody signed in or to nobody."""
    browser, headers = site.Site(app), {"Accept": "text/html"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    found = {}
    for name in names:
        method, _, path = name.partition(" ")
        browser.cookies.clear()
        where = _filled(path, case_id=str(filed.case_id), no="1", name="transfer")
        found[name] = browser.send(method, where, headers=headers)
    return found


def _asks_who_it_is(name: str, answer: httpx.Response) -> bool:
    """Whether somebody is led to sign in, or to look up, or is given that form with what they
    had typed."""
    door = "/lookup" if name in RESIDENT_PAGES else problems.LOGIN_PATH
    if answer.status_code == 303:
        return answer.headers["location"].partition("?")[0] == door
    status = 422 if name == DOOR else 401
    return answer.status_code == status and f'action="{door}"' in answer.text


def _petition(front: desk.Desk) -> act.Receipt:
    """With a paper, its first, so that every page of a case has something to show."""
    return front.district.file("petition_officer", process="petition")


def test_pages_open_to_anybody_are_those_written_here(front: desk.Desk) -> None:
    assert _of(desk.application(front.district), "public") == PUBLIC_PAGES


def test_pages_open_by_number_and_code_are_those_written_here(front: desk.Desk) -> None:
    assert _of(desk.application(front.district), "resident") == RESIDENT_PAGES


def test_all_that_is_served_is_a_route_with_a_guard_or_a_file_of_the_program(
    front: desk.Desk,
) -> None:
    app = desk.application(front.district)
    others = [
        found.path
        for found in iter_route_contexts(app.routes)
        if not isinstance(found.original_route, APIRoute)
    ]
    assert others == [render.STATIC.rstrip("/")]


def test_every_other_page_when_nobody_is_signed_in_asks_who_it_is(front: desk.Desk) -> None:
    app, filed = desk.application(front.district), _petition(front)
    answers = _answers(app, filed, _closed(app))
    assert [name for name, it in answers.items() if not _asks_who_it_is(name, it)] == []
    assert [name for name, it in answers.items() if filed.number in it.text] == []
    assert len(answers) >= 30


def test_every_page_of_a_case_when_it_is_somebody_elses_is_not_there(database: db.Database) -> None:
    front = desk.open_desk(database, "petition_officer", "other_officer")
    app, filed = desk.application(front.district), _petition(front)
    of_a_case = [name for name in _closed(app) if "{case_id}" in name]
    version = front.version(str(filed.case_id))
    theirs = _answers(app, filed, of_a_case, token=front.token("other_officer"))
    assert {name: it.status_code for name, it in theirs.items() if it.status_code != 404} == {}
    assert [name for name, it in theirs.items() if filed.number in it.text] == []
    assert front.version(str(filed.case_id)) == version
    to_read = [name for name in of_a_case if name.startswith("GET") and "pdf" not in name]
    own = _answers(app, filed, to_read, token=front.token("petition_officer"))
    missing = [name for name, it in own.items() if it.status_code == 404]
    of_files = [
        "GET /cases/{case_id}/attachments/{no}",
        "GET /cases/{case_id}/materials/{no}/files",
    ]
    assert sorted(missing) == of_files, "the case itself is there, and has neither"


def test_pages_of_no_case_are_there_for_the_posts_written_here(database: db.Database) -> None:
    people = ("officer", "mediator", "auditor", "supervisor")
    front = desk.open_desk(database, *people)
    app, filed = desk.application(front.district), _petition(front)
    staff = _of(app, "session")
    names = [name for name in sorted(staff) if name.startswith("GET") and "{" not in name]
    shown: dict[str, set[str]] = {name: set() for name in names}
    for who in people:
        for name, answer in _answers(app, filed, names, token=front.token(who)).items():
            assert answer.status_code in {200, 404}, (who, name)
            shown[name].update({who} if answer.is_success else ())
    assert {name: whose for name, whose in shown.items() if whose != {*people}} == OF_SOME_POSTS


@pytest.mark.parametrize("guard", [(), (caller.PUBLIC,), (caller.RESIDENT,)])
def test_a_page_without_its_guard_is_found(front: desk.Desk, guard: tuple[Depends, ...]) -> None:
    """What the tests above look at sees a page that lost its guard, or has the wrong one."""
    app = desk.application(front.district)
    app.router.routes = [*app.router.routes]  # those of the process stay as they are
    app.add_api_route("/cases/{case_id}/bare", _bare, dependencies=guard, include_in_schema=False)
    bare = "GET /cases/{case_id}/bare"
    answers = _answers(app, _petition(front), _closed(app))
    assert [name for name, it in answers.items() if not _asks_who_it_is(name, it)] == [bare]
    written: dict[caller.Who | None, frozenset[str]] = {
        "public": PUBLIC_PAGES,
        "resident": RESIDENT_PAGES,
        None: frozenset(),
    }
    assert [_of(app, who) - pages for who, pages in written.items() if _of(app, who) - pages] == [
        {bare}
    ]


def _bare(case_id: str) -> HTMLResponse:
    return HTMLResponse(case_id)


# ---- number and code, other sites, headers


def test_resident_routes_when_the_code_is_wrong_show_nothing(front: desk.Desk) -> None:
    filed = front.district.file("officer")
    tried = 0
    for method, path, entry in _ways(front):
        if entry.who != "resident" or not path.startswith(problems.API_PREFIX):
            continue
        sent: dict[str, object] = {"number": filed.number, "code": "x"}
        if "{action}" in path:
            sent |= {"id": str(ids.uuid7()), "fields": {}}
        answer = front.site.send(method, _filled(path), json=sent)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        tried += 1
    assert tried == 2


def test_change_when_from_another_site_is_refused_on_every_route(front: desk.Desk) -> None:
    for method, path, _entry in _ways(front):
        if method in {"GET", "HEAD"}:
            continue
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
            answer = front.site.send(
                method, _filled(path), headers={**headers, "Accept": "application/json"}
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "request.csrf"), path


def test_headers_when_anything_is_answered_are_strict(front: desk.Desk) -> None:
    for path in ("/livez", "/docs", "/nothing", f"{desk.API}/me", "/static/icon.svg"):
        answer = front.site.get(path)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "object-src 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-request-id"]
        if "static" not in path:
            assert answer.headers["cache-control"] == "no-store"
