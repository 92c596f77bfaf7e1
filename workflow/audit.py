"""The chain of events of one case: canonical form, commitments, links, verification.

Personal values enter the chain as salted commitments only. Erasing a value with its salt
leaves every link valid, and nothing that could be guessed back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

START: Final = bytes(32)
"""What the first event links to."""


def canonical(value: object) -> str:
    """RFC 8785 for what our payloads hold: strings, integers, booleans, null, in lists and
    mappings with ASCII keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def commitment(salt: bytes, value: str) -> str:
    """A salted hash of a personal value, hex."""
    return hashlib.sha256(salt + value.encode()).hexdigest()


def moment(at: datetime) -> str:
    """An instant as the chain writes it: UTC, always with microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def link(
    *,
    prev: bytes,
    case_id: UUID,
    seq: int,
    at: datetime,
    name: str,
    action_id: str,
    actor_kind: str,
    actor_id: UUID | None,
    post_id: UUID | None,
    payload: str,
    commitments: str,
) -> bytes:
    """The hash of an event, which the next one carries. `payload` and `commitments` are
    canonical JSON already."""
    facts: Mapping[str, object] = {
        "case": str(case_id),
        "seq": seq,
        "at": moment(at),
        "name": name,
        "action": action_id,
        "kind": actor_kind,
        "actor": None if actor_id is None else str(actor_id),
        "post": None if post_id is None else str(post_id),
        "payload": payload,
        "commitments": commitments,
        "prev": prev.hex(),
    }
    return hashlib.sha256(canonical(facts).encode()).digest()


def log_link(*, prev: str, seq: int, at: datetime, name: str, payload: str) -> str:
    """The hash of a row of the office log, hex."""
    facts = {"seq": seq, "at": moment(at), "name": name, "payload": payload, "prev": prev}
    return hashlib.sha256(canonical(facts).encode()).hexdigest()
