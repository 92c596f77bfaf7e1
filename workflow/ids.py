"""Ids, numbers and codes: made at the edge, before any transaction.

A case number is what a person reads over the phone: eight random digits and a check digit
(`4803-7152-6`). It says nothing about how many cases there are. The look-up code is an HMAC
of the case id, so that a lost answer can be given again and nothing is stored.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from uuid import UUID, uuid5

from workflow import clock

_IMPORTED = UUID("8f5f0c0e-5d0b-4c53-9a35-3d1e4d7c5b11")
"""The namespace of imported cases. It never changes: it tells what is there already."""
NUMBER_DIGITS = 8
CODE_DIGITS = 6

# Damm's table: a totally anti-symmetric quasigroup, which catches every wrong digit and
# every swap of two neighbours. Source: H. M. Damm, 2004.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


def uuid7() -> UUID:
    """A UUID that sorts by the time it was made (RFC 9562, version 7)."""
    value = (clock.unix_ms() & ((1 << 48) - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def imported_case(process: str, number: str) -> UUID:
    """The id of a case that had this number in an earlier system: the same each time it comes."""
    told = unicodedata.normalize("NFC", number).strip()
    return uuid5(_IMPORTED, f"{process} {told}")


def check_digit(digits: str) -> int:
    """The digit that makes the whole number check out."""
    state = 0
    for digit in digits:
        state = _DAMM[state][int(digit)]
    return state


def case_number() -> str:
    """A fresh number; the database's unique key decides if it is free."""
    digits = f"{secrets.randbelow(10**NUMBER_DIGITS):0{NUMBER_DIGITS}d}"
    return f"{digits[:4]}-{digits[4:]}-{check_digit(digits)}"


def digits_of(text: str) -> str:
    """The digits in a text as ASCII: people type full-width ones, hyphens and spaces."""
    return "".join(str(unicodedata.decimal(ch)) for ch in text if ch.isdecimal())


def read_number(text: str) -> str | None:
    """The number as stored, from what a person typed; None where a digit is wrong."""
    digits = digits_of(text)
    if len(digits) != NUMBER_DIGITS + 1 or check_digit(digits) != 0:
        return None
    return f"{digits[:4]}-{digits[4:8]}-{digits[8]}"


def lookup_code(key: bytes, case_id: UUID) -> str:
    """The resident's code for one case, six digits."""
    return _code(key, b"lookup:" + case_id.bytes)


def invitation_code(key: bytes, case_id: UUID, seq: int) -> str:
    """The code of who was invited to a case by the event `seq`, six digits."""
    return _code(key, b"invited:" + case_id.bytes + seq.to_bytes(8, "big"))


def _code(key: bytes, what: bytes) -> str:
    mac = hmac.digest(key, what, "sha256")
    return f"{int.from_bytes(mac[:8], 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"
