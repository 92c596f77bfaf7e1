"""A QR code as squares to draw: the one door to segno."""

from __future__ import annotations

import importlib.util
import io
from dataclasses import dataclass
from functools import lru_cache

QUIET = 4
"""Empty squares around a code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code for SVG: its side in squares with the quiet zone, and the dark ones as a path."""

    text: str
    side: int
    path: str


def is_there() -> bool:
    """Whether codes can be drawn here."""
    return importlib.util.find_spec("segno") is not None


@lru_cache(maxsize=16)
def code(text: str) -> Code | None:
    """The code of a short text; None where nothing draws it."""
    if not is_there():
        return None
    import segno  # noqa: PLC0415  an extra's library, in its one door

    rows = list(segno.make(text, error="m", micro=False).matrix)
    path = "".join(
        f"M{x + QUIET} {y + QUIET}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    return Code(text=text, side=len(rows) + 2 * QUIET, path=path)


def png(text: str) -> bytes | None:
    """The code as a picture, for Word."""
    if not is_there():
        return None
    import segno  # noqa: PLC0415  an extra's library, in its one door

    found = io.BytesIO()
    segno.make(text, error="m", micro=False).save(found, kind="png", scale=6, border=QUIET)
    return found.getvalue()
