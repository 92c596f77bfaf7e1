"""What is outside: a channel that records, and looks at the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from rules import errors
from tests import office
from workflow import channels, db, outbox
from workflow.commands import contacts
from workflow.outbox import sending
from workflow.tables import delivery

LEDGER = delivery.Delivery.__table__  # type: ignore[attr-defined]
ALL = frozenset(channels.NAMES)


@dataclass(slots=True)
class Recording:
    """A channel that keeps what it is given. `answer` may raise what a real one would."""

    sent: list[tuple[str, str, channels.Message]] = field(default_factory=list)
    answer: Callable[[channels.Message], None] = field(default_factory=lambda: takes)
    names: frozenset[str] = ALL

    def send(
        self,
        channel: str,
        address: str,
        message: channels.Message,
        *,
        limit_s: float = 1,
        is_ending: Callable[[], bool] = lambda: False,
    ) -> None:
        """Takes a message."""
        self.answer(message)
        self.sent.append((channel, address, message))

    @property
    def bodies(self) -> list[str]:
        """The words of each."""
        return [message.body for _, _, message in self.sent]


def reach(
    district: office.District,
    person: str,
    *,
    channel: str = "mail",
    rhythm: str = "at_once",
    language: str = "zh-CN",
) -> str:
    """Gives a person an address on a channel; what it is."""
    address = f"{person}@example.org" if channel == "mail" else f"{person:0<20}".replace("_", "")
    contacts.set_contact(
        district.engine,
        district.actor(person),
        channel,
        rhythm=rhythm,
        address=address,
        language=language,
        offered=ALL,
    )
    return address


def send(
    district: office.District, door: channels.Door, *, public_url: str | None = None
) -> outbox.SendReport:
    """Relays what is queued, then sends."""
    outbox.run(district.engine)
    return outbox.send(district.engine, door=door, public_url=public_url)


def ledger(district: office.District, person: str | None = None) -> list[Any]:
    """The rows of the ledger, of one person or of all."""
    statement = select(LEDGER).order_by(LEDGER.c.queued_at, LEDGER.c.case_id, LEDGER.c.seq)
    if person is not None:
        statement = statement.where(LEDGER.c.receiver_id == district.people[person])
    with db.snapshot(district.engine.database) as tx:
        return list(tx.execute(statement))


def states(district: office.District, person: str | None = None) -> list[str]:
    """The states of these rows."""
    return [row.state for row in ledger(district, person)]


def pass_back_off(database: db.Database) -> None:
    """As if the time until the next try, or the end of a lease, had passed."""
    waits = LEDGER.c.state.in_(("waiting", "sending"))
    with db.transaction(database) as tx:
        tx.execute(update(LEDGER).where(waits).values(next_try_at=db.DATABASE_TIME))


def give_up(district: office.District, door: channels.Door) -> outbox.SendReport:
    """Tries what waits so often, and as if for so long, that the last try gives it up."""
    for _ in range(sending.TRIES + 1):
        outbox.send(district.engine, door=door)
        pass_back_off(district.engine.database)
    older = int(sending.KEPT.total_seconds() * 1000) << 80
    with db.transaction(district.engine.database) as tx:
        for message in {row.message_id for row in ledger(district)} - {None}:
            mine = update(LEDGER).where(LEDGER.c.message_id == message)
            tx.execute(mine.values(message_id=UUID(int=message.int - older)))
    return outbox.send(district.engine, door=door)


def takes(_message: channels.Message) -> None:
    """A channel that takes it."""


def fails(error: errors.GridcaseError) -> Callable[[channels.Message], None]:
    """A channel that answers so."""

    def answer(_message: channels.Message) -> None:
        raise error

    return answer
