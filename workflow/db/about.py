"""What a database is and whether it keeps what it is given: for `gridcase doctor`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One setting that decides whether a commit outlives a power cut: as found, and whether
    it does."""

    name: str
    value: str
    is_safe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A database's product and version. `has_wal_fault`: it is SQLite with the WAL-reset fault
    and therefore runs without WAL."""

    product: str
    version: str
    is_supported: bool
    kept: tuple[Kept, ...]
    has_wal_fault: bool = False
