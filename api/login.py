"""The ways to prove who one is: a password for a session, number and code for one's own case.

Guessing is limited by counting failures in this process: per account and per address for
passwords, per case number and per address for codes. With several processes a guesser has as
many times the tries; the account's own lock in the database holds for all of them.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from api import caller, problems
from rules import errors
from workflow import access, clock, ids
from workflow.commands import people
from workflow.engine import Engine
from workflow.queries import search

MINUTE_S: Final = 60
MAX_NAME: Final = 50
REMEMBERED: Final = 20_000
"""Keys a limiter keeps; beyond them the ones unused for longest are forgotten."""


@dataclass(slots=True, kw_only=True)
class Limiter:
    """Counts failures by key. After `most` of them the key is shut for `shut_s` seconds from
    the last one; a success wipes them out."""

    most: int
    shut_s: int
    _failures: OrderedDict[bytes, tuple[int, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def shut_for_s(self, key: str) -> int:
        """Seconds until this key may try again; 0 where it may now."""
        with self._lock:
            failed, last = self._failures.get(_digest(key), (0, 0.0))
        left = last + self.shut_s - clock.monotonic()
        return 0 if failed < self.most or left <= 0 else int(left) + 1

    def failed(self, key: str) -> None:
        """One more failure. Those older than the shutting time count no more."""
        now, digest = clock.monotonic(), _digest(key)
        with self._lock:
            count, last = self._failures.pop(digest, (0, now))
            count = 0 if last + self.shut_s < now else count
            self._failures[digest] = (count + 1, now)
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forgets a key's failures."""
        with self._lock:
            self._failures.pop(_digest(key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limiters of one application."""

    account: Limiter = field(
        default_factory=lambda: Limiter(most=5, shut_s=people.LOCKED_MIN * MINUTE_S)
    )
    login_address: Limiter = field(default_factory=lambda: Limiter(most=30, shut_s=10 * MINUTE_S))
    number: Limiter = field(default_factory=lambda: Limiter(most=5, shut_s=30 * MINUTE_S))
    lookup_address: Limiter = field(default_factory=lambda: Limiter(most=20, shut_s=10 * MINUTE_S))
    test_message: Limiter = field(default_factory=lambda: Limiter(most=3, shut_s=10 * MINUTE_S))


def log_in(request: Request, username: str, password: str, *, kind: caller.Kind) -> str:
    """Opens a session and gives its token. Whether the account exists makes no difference to
    what is answered, nor to when it is shut.

    Raises: `login.wrong`, `login.locked`, `request.too_many`.
    """
    limits: Limits = request.app.state.limits
    opened: Engine = request.app.state.engine
    chosen = caller.chosen(request)
    name, address = username.strip(), caller.address(request)
    _refuse_shut(limits.login_address, address)
    if not name.isprintable() or len(name) > MAX_NAME:
        limits.login_address.failed(address)
        raise problems.Unauthenticated("login.wrong")
    left_s = limits.account.shut_for_s(name)
    if left_s:
        raise problems.TooMany("login.locked", minutes=-(-left_s // MINUTE_S), retry_after_s=left_s)
    try:
        token = people.log_in(
            opened.database,
            name,
            password,
            kind=kind,
            max_days=chosen.session_max_days,
        )
    except errors.NotPermitted as error:
        limits.account.failed(name)
        limits.login_address.failed(address)
        if error.code == "login.locked":
            locked_s = people.LOCKED_MIN * MINUTE_S
            raise problems.TooMany(
                "login.locked", minutes=people.LOCKED_MIN, retry_after_s=locked_s
            ) from error
        raise problems.Unauthenticated(error.code) from error
    limits.account.succeeded(name)
    return token


def log_out(request: Request, signed: caller.Caller) -> None:
    """Ends the session that the caller came with."""
    opened: Engine = request.app.state.engine
    people.log_out(opened.database, signed.token)


def resident(request: Request, number: str, code: str) -> access.Actor:
    """Whom number and code stand for: the resident whose case this is, or who was invited to it.

    Raises: `lookup.wrong`, whichever was wrong; `request.too_many`.
    """
    limits: Limits = request.app.state.limits
    opened: Engine = request.app.state.engine
    key = ids.digits_of(number)
    address = caller.address(request)
    _refuse_shut(limits.lookup_address, address)
    _refuse_shut(limits.number, key)
    try:
        found = search.by_code(opened, number, code)
    except errors.NotFound:
        limits.number.failed(key)
        limits.lookup_address.failed(address)
        raise
    limits.number.succeeded(key)
    return found


def count_test(request: Request, actor: access.Actor) -> None:
    """One more test message, which goes to an address that somebody has only claimed.

    Raises: `request.too_many`.
    """
    limits: Limits = request.app.state.limits
    key = str(actor.person_id)
    _refuse_shut(limits.test_message, key)
    limits.test_message.failed(key)


def _refuse_shut(limiter: Limiter, key: str) -> None:
    left_s = limiter.shut_for_s(key)
    if left_s:
        raise problems.TooMany("request.too_many", retry_after_s=left_s)


def _digest(key: str) -> bytes:
    """A key as it is kept: short, and no case number or account in memory longer than need be."""
    return hashlib.sha256(key.encode()).digest()
