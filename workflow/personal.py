"""Personal values: sealed with the installation's key, masked for lists, found by keyed hash.

Each value is encrypted under a key derived from the installation's secret, bound to its
place (case, event, field), so that a row moved elsewhere does not open.
"""

from __future__ import annotations

import hmac
import os
import unicodedata
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rules import errors

KEY_ID: Final = 1
NONCE_BYTES: Final = 12
SALT_BYTES: Final = 16
FULL_PHONE: Final = 11
FOUND_BY: Final = frozenset({"name", "phone", "id_number"})
"""Kinds that can be found by their exact value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The content of a file, encrypted."""

    key_id: int
    nonce: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A value as it is stored."""

    key_id: int
    nonce: bytes
    sealed: bytes
    salt: bytes
    masked: str
    finder: bytes | None


@dataclass(frozen=True, slots=True)
class Seals:
    """The installation's keys. `secret` never leaves this object."""

    secret: bytes = field(repr=False)
    _value: AESGCM = field(init=False, repr=False)
    _find: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_value", AESGCM(_derive(self.secret, b"gridcase value 1")))
        object.__setattr__(self, "_find", _derive(self.secret, b"gridcase finder 1"))

    def seal(self, value: str, *, kind: str, place: bytes) -> Sealed:
        """Encrypts one value. `place` is `place_of` its row."""
        closed = self.close(value.encode(), place=place)
        return Sealed(
            key_id=closed.key_id,
            nonce=closed.nonce,
            sealed=closed.sealed,
            salt=os.urandom(SALT_BYTES),
            masked=mask(value, kind=kind),
            finder=self.finder(value, kind=kind) if kind in FOUND_BY else None,
        )

    def open(self, sealed: bytes, *, nonce: bytes, place: bytes) -> str:
        """The value. Raises: `personal.unreadable` where key, row or place are not its own."""
        value = self.try_open(sealed, nonce=nonce, place=place)
        if value is None:
            raise errors.Invalid("personal.unreadable")
        return value

    def close(self, content: bytes, *, place: bytes) -> Closed:
        """Encrypts the content of a file. `place` binds it to its row."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._value.encrypt(nonce, content, place)
        return Closed(key_id=KEY_ID, nonce=nonce, sealed=sealed)

    def try_open(self, sealed: bytes, *, nonce: bytes, place: bytes) -> str | None:
        """The value, or None where it cannot be what was sealed there."""
        content = self.try_disclose(sealed, nonce=nonce, place=place)
        return None if content is None else content.decode()

    def try_disclose(self, sealed: bytes, *, nonce: bytes, place: bytes) -> bytes | None:
        """The content of a file, or None where it cannot be what was closed there."""
        try:
            return self._value.decrypt(nonce, sealed, place)
        except InvalidTag:
            return None

    def finder(self, value: str, *, kind: str) -> bytes:
        """The keyed hash by which an exact value is found."""
        plain = "".join(unicodedata.normalize("NFKC", value).split()).casefold()
        return hmac.digest(self._find, f"{kind}:{plain}".encode(), "sha256")


def place_of(case_id: UUID, *, seq: int, field: str) -> bytes:
    """What binds a sealed value to its row."""
    return case_id.bytes + f":{seq}:{field}".encode()


def mask(value: str, *, kind: str) -> str:
    """The form that lists may show: enough to recognise one's own, no more."""
    if kind == "name":
        return value[:1] + "*" * min(len(value) - 1, 2) if len(value) > 1 else "*"
    if kind in ("phone", "id_number"):
        return value[:3] + "****" + value[-4:] if len(value) >= FULL_PHONE else "****"
    return "…"


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(secret)
