"""Passwords of the tests are hashed by the same algorithm with less work."""

from __future__ import annotations

import pwdlib
import pytest
from pwdlib.hashers import argon2

from workflow.commands import people


@pytest.fixture(autouse=True)
def light_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash of the product costs 64 MiB on purpose; a suite makes thousands of them."""
    light = pwdlib.PasswordHash((argon2.Argon2Hasher(time_cost=1, memory_cost=64),))
    monkeypatch.setattr(people, "HASHER", light)
