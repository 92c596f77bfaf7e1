"""A pack under the hash that is its identity, so that what is made of it is made once."""

from __future__ import annotations

from dataclasses import dataclass

from rules import pack as pack_


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edition:
    """A pack with its hash. Two of one hash are the same."""

    pack: pack_.Pack
    hash: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Edition) and self.hash == other.hash

    def __hash__(self) -> int:
        return hash(self.hash)
