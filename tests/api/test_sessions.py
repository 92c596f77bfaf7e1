"""Signing in and out: tokens, cookies, where requests may come from, guesses."""

from __future__ import annotations

from datetime import timedelta

import pwdlib
import pytest
import time_machine

from api import caller, login
from tests import office
from tests.api import desk
from workflow import clock, db
from workflow.commands import people

SESSION = f"{desk.API}/session"
WHO = {"username": "officer", "password": office.PASSWORD}


@pytest.fixture
def front(database: db.Database) -> desk.Desk:
    """The district with one account."""
    return desk.open_desk(database, "officer")


def test_token_when_signed_in_opens_and_after_signing_out_does_not(front: desk.Desk) -> None:
    answer = front.site.post(SESSION, json=WHO)
    assert answer.status_code == 201
    assert "set-cookie" not in answer.headers
    mine = {"Authorization": f"Bearer {answer.json()['token']}"}
    me = front.site.get(f"{desk.API}/me", headers={**mine, **desk.ENGLISH}).json()
    assert me["name"] == "演示officer"
    assert [post["role_name"] for post in me["posts"]] == ["Grid officer"]
    assert {seat["relation"] for seat in me["seats"]} == {"filer", "grid", "handler"}
    assert front.site.send("DELETE", SESSION, headers=mine).status_code == 204
    after = front.site.get(f"{desk.API}/me", headers=mine)
    assert (after.status_code, after.json()["code"]) == (401, "login.required")
    assert after.headers["www-authenticate"].startswith("Bearer")


def test_cookie_when_browser_signs_in_is_out_of_reach_of_scripts(front: desk.Desk) -> None:
    answer = front.site.post(SESSION, json={**WHO, "kind": "browser"})
    assert answer.json() == {"kind": "browser", "token": None}
    cookie = answer.headers["set-cookie"].lower()
    assert all(mark in cookie for mark in ("httponly", "samesite=lax", "path=/"))
    assert front.site.get(f"{desk.API}/me").status_code == 200
    out = front.site.send("DELETE", SESSION, headers={"Sec-Fetch-Site": "same-origin"})
    assert out.status_code == 204
    assert front.site.get(f"{desk.API}/me").status_code == 401


def test_cookie_when_over_https_belongs_to_this_host_alone(front: desk.Desk) -> None:
    answer = front.site.post(f"https://testserver{SESSION}", json={**WHO, "kind": "browser"})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{caller.SECURE_COOKIE}=")
    assert "secure" in cookie.lower()
    assert "domain" not in cookie.lower()


ORIGINS: tuple[tuple[dict[str, str], int], ...] = (
    ({"Sec-Fetch-Site": "same-origin"}, 200),
    ({"Sec-Fetch-Site": "none"}, 200),
    ({"Origin": "http://testserver"}, 200),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, 403),
    ({"Origin": "http://evil.example"}, 403),
    ({"Origin": "https://testserver"}, 403),
    ({"Origin": "http://testserver.evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({}, 403),
)


def test_change_when_cookie_is_sent_from_elsewhere_is_refused(front: desk.Desk) -> None:
    filed = front.file()
    path = f"{desk.API}/cases/{filed['case_id']}/readings"
    front.site.post(SESSION, json={**WHO, "kind": "browser"})
    for headers, status in ORIGINS:
        answer = front.site.post(path, json={"reason": "联系当事人"}, headers=headers)
        assert answer.status_code == status, headers
        assert status == 200 or answer.json()["code"] == "request.csrf"


def test_sign_in_when_sent_from_another_site_is_refused(front: desk.Desk) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
        answer = front.site.post(SESSION, json=WHO, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "request.csrf")


@pytest.mark.parametrize("name", ["officer", "nobody", "desk"])
def test_guesses_when_repeated_are_shut_alike_for_any_name(front: desk.Desk, name: str) -> None:
    wrong = {"username": name, "password": "guess"}
    codes = [front.site.post(SESSION, json=wrong).json()["code"] for _ in range(7)]
    assert codes == ["login.wrong"] * 5 + ["login.locked"] * 2
    last = front.site.post(SESSION, json={"username": name, "password": office.PASSWORD})
    assert last.status_code == 429
    assert 0 < int(last.headers["retry-after"]) <= 600


def test_session_when_idle_too_long_has_ended(front: desk.Desk) -> None:
    front.site.post(SESSION, json={**WHO, "kind": "browser"})
    with time_machine.travel(clock.system() + timedelta(hours=13), tick=False):
        assert front.site.get(f"{desk.API}/me").status_code == 401


def test_password_when_it_has_odd_letters_is_only_wrong(front: desk.Desk) -> None:
    for name, password in (
        ("officer", "\u0000\ufeff密"),
        ("ｏｆｆｉｃｅｒ", "x"),
        ("'; drop", "x"),
    ):
        answer = front.site.post(SESSION, json={"username": name, "password": password})
        assert (answer.status_code, answer.json()["code"]) == (401, "login.wrong")


def test_name_when_no_account_could_have_it_is_only_wrong(front: desk.Desk) -> None:
    for name in ("offi\x00cer", "x" * 51, ""):
        sent = {"user": name, "password": "x", "next": "/"}
        headers = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
        answer = front.site.post("/login", data=sent, headers=headers)
        assert answer.status_code in {401, 422}, answer.text
    assert front.site.post(SESSION, json={**WHO, "username": "a\x00"}).status_code == 422


def test_limiter_when_time_has_passed_opens_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    limiter = login.Limiter(most=2, shut_s=60)
    limiter.failed("key")
    assert limiter.shut_for_s("key") == 0
    limiter.failed("key")
    assert limiter.shut_for_s("key") > 0
    assert limiter.shut_for_s("other") == 0
    now[0] += 61
    assert limiter.shut_for_s("key") == 0
    limiter.failed("key")
    assert limiter.shut_for_s("key") == 0, "old failures count no more"


def test_limiter_when_many_keys_come_keeps_no_more_than_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(login, "REMEMBERED", 3)
    limiter = login.Limiter(most=1, shut_s=60)
    for n in range(10):
        limiter.failed(str(n))
    assert [n for n in range(10) if limiter.shut_for_s(str(n))] == [7, 8, 9]


def test_guess_when_nobody_has_the_name_costs_as_much_as_when_somebody_has() -> None:
    real = pwdlib.PasswordHash.recommended()
    assert not real.current_hasher.check_needs_rehash(people._NOBODY)
    assert real.verify("guess", people._NOBODY) is False
