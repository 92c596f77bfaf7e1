"""The sender: what is ready goes outside the app, one message a person and channel.

A message is claimed with an id of its own (`sending`, under a lease), sent outside any
transaction, and recorded. Whoever is killed in between leaves the lease: after it the same message
goes again under the same id. So outside it is *at least once, with an id that never changes*, and
exactly once where the other side drops an id it has; in the ledger it is one row.

While a message waits for another try, what comes later for the same person and channel waits for
it, so that after an outage there are two messages and not one for each try. Times of tries are
the database's own, times of notices office time.

An address is opened here to send to it, and nowhere else. That is no logged reading: the log of
readings tells a party who has read of them in their case; this address is an officer's own,
given for this purpose, and no person sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Row, bindparam, select, update

from rules import errors, telling
from workflow import access, channels, db, ids, read
from workflow.decide import CaseRow
from workflow.engine import Engine
from workflow.outbox import letters
from workflow.tables import delivery
from workflow.tables import office as office_tables

_NOTICE: Final = delivery.Notice.__table__.c  # type: ignore[attr-defined]
_DELIVERY: Final = delivery.Delivery.__table__  # type: ignore[attr-defined]
_CONTACT: Final = delivery.Contact.__table__  # type: ignore[attr-defined]
_ACCOUNT: Final = office_tables.Account.__table__.c  # type: ignore[attr-defined]

BATCH: Final = 500
"""Notices that one message speaks of."""
LEASE: Final = timedelta(minutes=5)
"""Longer than any try takes (`channels.LIMIT_S`)."""
HELD: Final = timedelta(seconds=10)
"""So soon what waits for a message that is being sent is looked at again. Who records it waits for
nobody, and may have done so a moment before the hold was written."""
BACK_OFF_MIN: Final = (1, 5, 15, 60, 240)
"""Minutes after the first, second ... failure; the last one goes on."""
TRIES: Final = 14
"""By itself the last of them comes 37 hours after the first: a mail server that is away for a
day, and nobody there to see it before the next morning, loses nothing."""
KEPT: Final = timedelta(hours=36)
"""Before that nothing is given up, however often a channel that comes and goes was tried."""

_STATE: Final = _DELIVERY.c.state
_OF_ONE = (
    _DELIVERY.c.receiver_id == bindparam("b_receiver"),
    _DELIVERY.c.channel == bindparam("b_channel"),
    delivery.IN_TRANSIT,
)

# Index: delivery_queue. Whoever holds a contact writes its message; others take another one.
NEXT: Final = (
    select(
        db.DATABASE_TIME.label("at"),
        _DELIVERY.c.receiver_id,
        _DELIVERY.c.channel,
        _CONTACT.c.rhythm,
        _CONTACT.c.nonce,
        _CONTACT.c.sealed,
        _ACCOUNT.language,
    )
    .select_from(_DELIVERY)
    .join(
        _CONTACT,
        (_CONTACT.c.person_id == _DELIVERY.c.receiver_id)
        & (_CONTACT.c.channel == _DELIVERY.c.channel),
    )
    .outerjoin(_ACCOUNT.person_id.table, _ACCOUNT.person_id == _DELIVERY.c.receiver_id)
    .where(
        delivery.IN_TRANSIT,
        _DELIVERY.c.ready_at <= bindparam("now"),
        _DELIVERY.c.next_try_at <= db.DATABASE_TIME,
        _DELIVERY.c.channel.in_(bindparam("channels", expanding=True)),
    )
    .order_by(_DELIVERY.c.ready_at)
    .limit(1)
    .with_for_update(of=_CONTACT, key_share=True, skip_locked=True)
)
# Index: delivery_queue; the key of notice. What was tried before comes first.
READY: Final = (
    select(
        _DELIVERY.c.case_id,
        _DELIVERY.c.seq,
        _DELIVERY.c.n,
        _DELIVERY.c.message_id,
        _DELIVERY.c.state,
        _DELIVERY.c.next_try_at,
        _DELIVERY.c.tries,
        _DELIVERY.c.error,
        _NOTICE.cause,
        _NOTICE.words,
        _NOTICE.read_at,
    )
    .join(
        _NOTICE.case_id.table,
        (_NOTICE.case_id == _DELIVERY.c.case_id)
        & (_NOTICE.seq == _DELIVERY.c.seq)
        & (_NOTICE.n == _DELIVERY.c.n),
    )
    .where(*_OF_ONE, _DELIVERY.c.ready_at <= bindparam("now"))
    .order_by(
        _DELIVERY.c.message_id.is_(None),
        _DELIVERY.c.message_id,
        _DELIVERY.c.ready_at,
        *(_DELIVERY.c[name] for name in ("case_id", "seq", "n")),
    )
    .limit(BATCH)
)
# Index: delivery_queue, as all below.
PUT_OFF: Final = (
    update(_DELIVERY)
    .where(*_OF_ONE, _DELIVERY.c.ready_at <= bindparam("now"))
    .values(ready_at=bindparam("b_ready"))
)
HOLD: Final = (
    update(_DELIVERY)
    .where(*_OF_ONE, _DELIVERY.c.message_id.is_(None), _DELIVERY.c.ready_at <= bindparam("now"))
    .values(next_try_at=bindparam("b_next"))
)
SENT: Final = (
    update(_DELIVERY)
    .where(*_OF_ONE, _DELIVERY.c.message_id == bindparam("b_message"))
    .values(state="sent", error=None, sent_at=bindparam("now"))
)
# A lease that has passed to somebody else is theirs to end.
FAILED: Final = (
    update(_DELIVERY)
    .where(
        *_OF_ONE,
        _DELIVERY.c.message_id == bindparam("b_message"),
        _DELIVERY.c.next_try_at == bindparam("b_lease"),
    )
    .values(state=bindparam("b_state"), error=bindparam("b_error"), next_try_at=bindparam("b_next"))
)
FREE: Final = (
    update(_DELIVERY)
    .where(*_OF_ONE, _STATE == "waiting", _DELIVERY.c.next_try_at > db.DATABASE_TIME)
    .values(next_try_at=db.DATABASE_TIME)
)
# A channel that takes a message again is there for all that waited for it.
WAKE: Final = (
    update(_DELIVERY)
    .where(
        _DELIVERY.c.channel == bindparam("b_channel"),
        delivery.IN_TRANSIT,
        _STATE == "waiting",
        _DELIVERY.c.error.in_(sorted(delivery.AWAY)),
        _DELIVERY.c.next_try_at > db.DATABASE_TIME,
    )
    .values(next_try_at=db.DATABASE_TIME)
)
NOW: Final = select(db.DATABASE_TIME)

_LOG = structlog.get_logger()
_Ready = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReport:
    """What one run did. `messages` went out and told of `sent` notices; `failed` messages are
    tried again, as is a run that broke off, which counts as one; `dead` notices never are;
    `dropped` ones had no need, or no right, to be told."""

    messages: int = 0
    sent: int = 0
    failed: int = 0
    dead: int = 0
    dropped: int = 0

    def __add__(self, other: SendReport) -> SendReport:
        return SendReport(
            messages=self.messages + other.messages,
            sent=self.sent + other.sent,
            failed=self.failed + other.failed,
            dead=self.dead + other.dead,
            dropped=self.dropped + other.dropped,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parcel:
    """A message that is claimed. Without an `address` it cannot be opened any more."""

    receiver_id: UUID
    channel: str
    address: str | None
    message: channels.Message
    notices: int
    tries: int
    lease_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """One person and channel, looked at: nothing to send where there is no `parcel`."""

    parcel: _Parcel | None = None
    dropped: int = 0


def send(
    engine: Engine,
    *,
    door: channels.Door,
    public_url: str | None = None,
    is_ending: Callable[[], bool] = lambda: False,
) -> SendReport:
    """Sends until nothing is ready, or the process is to end: a message that is begun is
    finished, the rest is left for the next run. A channel that cannot be reached is left alone
    until the next run, so that it holds up no other."""
    total, run = SendReport(), _Run(door=door, is_ending=is_ending)
    while (names := door.names - run.away) and not is_ending():
        claim = _claim(engine, names, public_url=public_url)
        if claim is None:
            break
        total += SendReport(dropped=claim.dropped)
        if claim.parcel is not None:
            total += _deliver(engine, claim.parcel, run)
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run, with the channels that took something in it and those that are away."""

    door: channels.Door
    is_ending: Callable[[], bool]
    woken: set[str] = field(default_factory=set)
    away: set[str] = field(default_factory=set)


def _deliver(engine: Engine, parcel: _Parcel, run: _Run) -> SendReport:
    try:
        if parcel.address is None:
            raise errors.Invalid("delivery.address")
        run.door.send(parcel.channel, parcel.address, parcel.message, is_ending=run.is_ending)
    except errors.GridcaseError as error:
        if error.code in delivery.AWAY:
            run.away.add(parcel.channel)
        return _failed(engine, parcel, error)
    with db.transaction(engine.database) as tx:
        one = _keys(parcel) | {"now": db.now(tx)}
        tx.execute(SENT, one)
        tx.execute(FREE, one)
        if parcel.channel not in run.woken:
            tx.execute(WAKE, one)
            run.woken.add(parcel.channel)
    return SendReport(messages=1, sent=parcel.notices)


def _failed(engine: Engine, parcel: _Parcel, error: errors.GridcaseError) -> SendReport:
    """Tried again later, unless it never can be, or was often and for long enough."""
    with db.transaction(engine.database) as tx:
        at = tx.execute(NOW).scalar_one()
        is_old = parcel.tries >= TRIES and at - _begun_at(parcel.message.id) >= KEPT
        is_dead = isinstance(error, errors.Invalid) or is_old
        outcome = {
            "b_lease": parcel.lease_at,
            "b_state": "dead" if is_dead else "waiting",
            "b_error": error.code,
            "b_next": at if is_dead else at + back_off(parcel.tries),
        }
        tx.execute(FAILED, _keys(parcel) | outcome)
    _LOG.warning(
        "delivery.dead" if is_dead else "delivery.failed",
        code=error.code,
        channel=parcel.channel,
        person_id=str(parcel.receiver_id),
        message_id=str(parcel.message.id),
        tries=parcel.tries,
    )
    return SendReport(dead=parcel.notices) if is_dead else SendReport(failed=1)


def _begun_at(message_id: UUID) -> datetime:
    """When a message was first claimed: a UUIDv7 begins with its milliseconds."""
    return datetime.fromtimestamp((message_id.int >> 80) / 1000, UTC)


def back_off(tries: int) -> timedelta:
    """How long after so many failures the next try comes."""
    return timedelta(minutes=BACK_OFF_MIN[min(tries, len(BACK_OFF_MIN)) - 1])


def _keys(parcel: _Parcel) -> dict[str, Any]:
    return {
        "b_receiver": parcel.receiver_id,
        "b_channel": parcel.channel,
        "b_message": parcel.message.id,
    }


# --- claiming


def _claim(engine: Engine, names: frozenset[str], *, public_url: str | None) -> _Claim | None:
    """The person and channel that has waited longest; None where nothing is ready."""
    with db.transaction(engine.database) as tx:
        house = read.house(tx)
        wanted = {"now": house.now, "channels": sorted(names)}
        found = tx.execute(NEXT, wanted).one_or_none()
        if found is None:
            return None
        one = {"b_receiver": found.receiver_id, "b_channel": found.channel, "now": house.now}
        rows, held_until = _due(tx.execute(READY, one).all(), at=found.at)
        if held_until is not None:
            tx.execute(HOLD, one | {"b_next": held_until})
            return _Claim()
        if not rows:  # taken by another sender since
            return _Claim()
        ready_at = _ready_at(house, rows, rhythm=found.rhythm)
        if ready_at > house.now:
            tx.execute(PUT_OFF, one | {"b_ready": ready_at})
            return _Claim()
        cases = _cases(tx, rows)
        why = _reasons(tx, house, found, rows, cases)
        kept = [row for row, code in zip(rows, why, strict=True) if code is None]
        message_id = next((row.message_id for row in kept if row.message_id), None) or ids.uuid7()
        lease_at = found.at + LEASE
        _mark(tx, found.channel, rows, why, message_id=message_id, lease_at=lease_at)
        if not kept:
            return _Claim(dropped=len(rows))
        letter = letters.letter(tx, house, kept, cases, contact=found, public_url=public_url)
    place = channels.place_of(found.receiver_id, found.channel)
    parcel = _Parcel(
        receiver_id=found.receiver_id,
        channel=found.channel,
        address=engine.seals.try_open(found.sealed, nonce=found.nonce, place=place),
        # A mail has a subject; elsewhere it would say the first line twice.
        message=channels.Message(
            id=message_id,
            title=letter.title if found.channel == "mail" else "",
            body=letter.body,
        ),
        notices=len(kept),
        tries=max(row.tries for row in kept) + 1,
        lease_at=lease_at,
    )
    return _Claim(parcel=parcel, dropped=len(rows) - len(kept))


def _due(rows: Sequence[_Ready], *, at: datetime) -> tuple[list[_Ready], datetime | None]:
    """The notices of the next message; or until when all of them wait for one under way."""
    tried = [row for row in rows if row.message_id is not None]
    if not tried:
        return list(rows), None
    mine = [row for row in tried if row.message_id == tried[0].message_id]
    until = max(row.next_try_at for row in mine)
    if until <= at:
        return mine, None
    return [], min(until, at + HELD) if mine[0].state == "sending" else until


def _ready_at(house: read.House, rows: Sequence[_Ready], *, rhythm: str) -> datetime:
    """When the first of them may go, asked again: what is sent later than planned is not to wake
    anybody either. A digest that is late breaks no quiet, whatever it tells."""
    causes = [row.cause if rhythm == "at_once" else "" for row in rows]
    rules = house.rules.pack.delivery
    return min(
        telling.ready_at(rules, house.calendar, house.now, rhythm="at_once", cause=cause)
        for cause in causes
    )


def _cases(tx: db.Tx, rows: Sequence[_Ready]) -> dict[UUID, CaseRow]:
    found = tx.execute(read.CASES, {"case_ids": sorted({row.case_id for row in rows})})
    return {row.id: CaseRow(*row) for row in found}


def _reasons(
    tx: db.Tx,
    house: read.House,
    contact: _Ready,
    rows: Sequence[_Ready],
    cases: Mapping[UUID, CaseRow],
) -> list[str | None]:
    """For each notice, why it need not, or must not, go any more. Invariant: 7, 8."""
    actor = read.actor(tx, contact.receiver_id)
    recused = read.kept_out(tx, cases)

    def reason(row: _Ready) -> str | None:
        case = cases[row.case_id]
        hidden_from = recused.get(case.id, frozenset())
        if actor is None or not access.may_see(house.rules.pack, actor, case, recused=hidden_from):
            return "delivery.not_theirs"
        if contact.rhythm == "off":
            return "delivery.off"
        # What was tried may have arrived: it goes again as it was.
        is_known = row.read_at is not None and row.message_id is None
        return "delivery.read" if is_known else None

    return [reason(row) for row in rows]


def _mark(
    tx: db.Tx,
    channel: str,
    rows: Sequence[_Ready],
    why: Sequence[str | None],
    *,
    message_id: UUID,
    lease_at: datetime,
) -> None:
    db.change_rows(
        tx,
        _DELIVERY,
        [
            {
                "case_id": row.case_id,
                "seq": row.seq,
                "n": row.n,
                "channel": channel,
                "state": "sending" if code is None else "dropped",
                "message_id": message_id if code is None else row.message_id,
                "error": code or row.error,  # of the try before
                "next_try_at": lease_at,
                "tries": row.tries + (code is None),
            }
            for row, code in zip(rows, why, strict=True)
        ],
    )
