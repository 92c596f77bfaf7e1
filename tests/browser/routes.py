"""Which pages the program has, asked of the program itself: a new one is looked at, or named
here with the reason why not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Final

from starlette.routing import compile_path

from api import app, caller
from workflow import settings

NOT_LOOKED_AT: Final[Mapping[str, str]] = {
    "/board/health": "part of the board",
    "/board/part": "part of the board",
    "/cases/{case_id}/attachments/{no}": "a file",
    "/cases/{case_id}/file/pdf": "a file",
    "/cases/{case_id}/papers/{no}/docx": "a file",
    "/cases/{case_id}/papers/{no}/pdf": "a file",
    "/look": "sets a cookie and goes back",
    "/mine/papers/{no}/pdf": "a file",
    "/openapi.json": "for programs",
}

ANSWERS: Final = ("/cases/{case_id}/draft/{name}",)
"""Pages that a form is answered with, and that are nobody's own."""


@cache
def pages() -> tuple[str, ...]:
    """The paths of all pages, as the program declares them."""
    served = app.create_app(settings.Settings(secret_key=bytes(32).hex()))
    return tuple(
        entry.path
        for entry in caller.registry(served)
        if ("GET" in entry.methods or entry.path in ANSWERS) and not entry.in_schema
    )


def of(path: str) -> str:
    """The page that an address shows, as the program declares it; empty where it has none."""
    bare = path.partition("?")[0]
    return next((page for page in pages() if compile_path(page)[0].match(bare)), "")


def unseen(seen: Collection[str]) -> list[str]:
    """The pages that none of the addresses shows and that are not named above."""
    shown = {of(path) for path in seen}
    return [path for path in pages() if path not in NOT_LOOKED_AT and path not in shown]
