"""Third parties whom both sides let into a case: by a code of their own, until the mediation is
over. Law: 人民调解法第20条.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from rules import pack as pack_


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an invitation hangs on of one event: the act, and the state that it led to."""

    seq: int
    at: datetime
    name: str
    state: str


def standing(process: pack_.Process, events: Iterable[Told]) -> tuple[Told, ...]:
    """Those of a case's events, oldest first, that are invitations which hold: made since all
    were last taken back, and since the matter was last done."""
    found: list[Told] = []
    for event in events:
        action = process.actions.get(event.name)
        led_to = process.states.get(event.state)
        if action and action.invitation == "make":
            found.append(event)
        is_over = led_to is not None and (led_to.done or led_to.end)
        if is_over or (action and action.invitation == "end"):
            found.clear()
    return tuple(found)
