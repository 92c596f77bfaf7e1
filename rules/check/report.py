"""Faults of a sound-looking pack, each with its place in the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rules import errors
from rules.load import tree

Places = Mapping[tuple[str, str], tree.Place]
"""Where a key of a file was written, by file and key; empty for a pack out of the database."""


@dataclass(slots=True)
class Report:
    """What was found, and where."""

    places: Places
    found: list[errors.PackFault] = field(default_factory=list)

    def add(self, code: str, file: str, key: str, **params: errors.Param) -> None:
        """Note a fault at a key, or at the nearest key above it that was written."""
        place, above = self.places.get((file, key)), key
        while place is None and "." in above:
            above = above.rpartition(".")[0]
            place = self.places.get((file, above))
        fault = errors.PackFault(
            file=place.file if place else file,
            line=place.line if place else 0,
            key=key,
            code=code,
            params=tuple(params.items()),
        )
        if fault not in self.found:
            self.found.append(fault)
