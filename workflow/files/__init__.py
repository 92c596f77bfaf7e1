"""Attached files: what may come in, and where it lies. The only place that touches the disk."""

from __future__ import annotations

from workflow.files.content import SUFFIXES, Clean, cleaned, fingerprint
from workflow.files.store import FOLDER, MB, Kept, Store, place_of

__all__ = [
    "FOLDER",
    "MB",
    "SUFFIXES",
    "Clean",
    "Kept",
    "Store",
    "cleaned",
    "fingerprint",
    "place_of",
]
