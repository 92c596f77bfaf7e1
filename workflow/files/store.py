"""The folder of attached files: sealed, each under a random name, written whole or not at all.

The file comes first and its row after, in the transaction of the event: a crash in between leaves
a file that no row names, which harms nobody and which `gridcase doctor` counts. A row without its
file is a fault, and `gridcase audit verify` names it.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from rules import errors
from workflow import personal

FOLDER: Final = "attachments"
"""In the data directory."""
MB: Final = 1024 * 1024
PART: Final = ".part"
"""Ends the name of a file that is not whole yet."""
_NAME: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file on the disk: what its row must remember to find and to open it."""

    name: str
    key_id: int
    nonce: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The files of one installation. `most_bytes` is what one may weigh."""

    folder: Path
    most_bytes: int

    def keep(self, seals: personal.Seals, content: bytes, *, place: bytes) -> Kept:
        """Seals a file and writes it. When this returns it outlives a power cut.

        Raises: `attachment.disk`; nothing is left behind then.
        """
        closed = seals.close(content, place=place)
        name = secrets.token_hex(16)
        path = self._path(name)
        try:
            _make_folder(path.parent, top=self.folder.parent)
            _write(path, closed.sealed)
        except OSError as error:
            with suppress(OSError):
                path.with_suffix(PART).unlink(missing_ok=True)
            why = os.strerror(error.errno or 0)
            raise errors.Busy("attachment.disk", folder=str(self.folder), why=why) from error
        return Kept(name=name, key_id=closed.key_id, nonce=closed.nonce)

    def has(self, name: str) -> bool:
        """Whether a file is there, whatever it holds."""
        return bool(_NAME.fullmatch(name)) and self._path(name).is_file()

    def open(self, seals: personal.Seals, name: str, *, nonce: bytes, place: bytes) -> bytes | None:
        """What a file holds; None where it is not there, or is not what was kept."""
        if not _NAME.fullmatch(name):  # a name of ours leads nowhere else
            return None
        try:
            sealed = self._path(name).read_bytes()
        except OSError:
            return None
        return seals.try_disclose(sealed, nonce=nonce, place=place)

    def drop(self, name: str) -> None:
        """Takes a file away that no row names, or will name."""
        if not _NAME.fullmatch(name):  # a name of ours leads nowhere else
            return
        with suppress(OSError):
            self._path(name).unlink(missing_ok=True)

    def names(self, *, before_s: float) -> Iterator[str]:
        """Every file last written before a moment of the system's clock, unfinished ones too:
        what is younger may be on its way to its row."""
        for path in sorted(self.folder.glob("*/*")):
            with suppress(OSError):
                if path.stat().st_mtime < before_s:
                    yield path.name

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / name


def place_of(case_id: UUID, attachment_id: UUID) -> bytes:
    """What binds a sealed file to its row: moved to another it does not open."""
    return case_id.bytes + f":file:{attachment_id}".encode()


def _make_folder(folder: Path, *, top: Path) -> None:
    """A folder and those above it, down from `top`, each on the disk for good."""
    if folder.is_dir():
        return
    if folder.parent != top:
        _make_folder(folder.parent, top=top)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync(folder.parent)


def _write(path: Path, sealed: bytes) -> None:
    part = path.with_suffix(PART)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(handle)
    part.rename(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Without it the name may be lost though the content is there."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
