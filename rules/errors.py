"""One family of errors: the class says what the caller can do, the code what happened.

Codes are dotted and never change. Their words are catalogue entries `error.<code>` and
`error.<code>.remedy`, in Chinese and English, so an error carries facts and no sentences.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Param = str | int | bool | None


class GridcaseError(Exception):
    """What every error of ours is. `field` names the input at fault, `params` fill the text.

    `also` holds further faults of the same request, so that a form is mended in one go.
    """

    def __init__(
        self,
        code: str,
        *,
        field: str | None = None,
        also: Iterable[GridcaseError] = (),
        **params: Param,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.params = params
        self.also = tuple(also)

    def __str__(self) -> str:
        facts = "".join(f" {name}={value}" for name, value in self.params.items())
        place = f" [{self.field}]" if self.field else ""
        return f"{self.code}{place}{facts}"

    @property
    def faults(self) -> tuple[GridcaseError, ...]:
        """This fault and its companions."""
        return (self, *self.also)


class Invalid(GridcaseError):
    """The input is wrong; send it again corrected."""


class NotFound(GridcaseError):
    """It is not there, or not yours: the two look the same."""


class NotPermitted(GridcaseError):
    """You may see the object, but this act is not yours."""


class NotNow(GridcaseError):
    """The act is yours, but the state, a condition or a clock does not allow it now."""


class Conflict(GridcaseError):
    """The id is taken by something else."""


class Stale(GridcaseError):
    """Somebody changed the case since you read it."""


class Busy(GridcaseError):
    """Nothing was done; try again in a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackFault:
    """One fault of a pack: where it is and how to mend it."""

    file: str
    line: int
    key: str
    code: str
    params: tuple[tuple[str, Param], ...] = ()

    def __str__(self) -> str:
        facts = "".join(f" {name}={value}" for name, value in self.params)
        return f"{self.file}:{self.line}: {self.key}: {self.code}{facts}"


class PackInvalid(GridcaseError):
    """A pack, or another file, cannot be used; all its faults are told at once. `count` says how
    many there are where not all are given."""

    def __init__(
        self,
        faults: Iterable[PackFault],
        *,
        code: str = "pack.invalid",
        count: int | None = None,
    ) -> None:
        self.pack_faults = tuple(faults)
        super().__init__(code, count=len(self.pack_faults) if count is None else count)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.pack_faults)
