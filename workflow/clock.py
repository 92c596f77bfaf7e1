"""System time, and the only reader of it: logins, limits, heartbeats, back-off, ids.

Office time, by which deadlines and rungs are judged, is `db.now()`; it may run ahead of
this one in a demo.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime


def system() -> datetime:
    """This machine's time, aware, in UTC."""
    return datetime.now(UTC)


def unix_ms() -> int:
    """Milliseconds since 1970, for UUIDv7."""
    return time.time_ns() // 1_000_000


def monotonic() -> float:
    """Seconds on a clock that never jumps, for measuring."""
    return time.monotonic()
