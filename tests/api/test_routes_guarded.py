"""No route is open by accident: each carries a guard, and the guard holds."""

from __future__ import annotations

import re

import pytest

from api import caller, problems
from tests.api import desk
from workflow import db, ids

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


@pytest.fixture
def front(database: db.Database) -> desk.Desk:
    """The district; nobody signs in."""
    return desk.open_desk(database)


def _ways(front: desk.Desk) -> list[tuple[str, str, caller.Entry]]:
    app = desk.application(front.district)
    return [
        (method, entry.path, entry) for entry in caller.registry(app) for method in entry.methods
    ]


def _filled(path: str) -> str:
    """A path with something plausible for each of its parameters."""
    given = {"action": "accept", "name": "dispute", "key": f"{ids.uuid7()}.1.1"}
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
