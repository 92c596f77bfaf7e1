"""Where somebody is told of notices outside the app, and when: their own contacts.

The address is sealed, in a place of its own; pages show what is kept masked beside it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, get_args
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from rules import errors, pack, telling
from workflow import access, channels, db, ids
from workflow.engine import Engine
from workflow.tables import delivery
from workflow.tables import office as office_tables

_CONTACT: Final = delivery.Contact.__table__  # type: ignore[attr-defined]
_DELIVERY: Final = delivery.Delivery.__table__  # type: ignore[attr-defined]
_ACCOUNT: Final = office_tables.Account.__table__  # type: ignore[attr-defined]
_PERSON: Final = office_tables.Person.__table__.c  # type: ignore[attr-defined]
RHYTHMS: Final = (*get_args(telling.Rhythm), "off")
TEST_LIMIT_S: Final = 15.0
"""Somebody waits for the page."""

# Two settings of one person come one after the other.
LOCK: Final = select(_PERSON.id).where(_PERSON.id == bindparam("person_id")).with_for_update()
_MINE = (
    _CONTACT.c.person_id == bindparam("b_person"),
    _CONTACT.c.channel == bindparam("b_channel"),
)
ONE: Final = select(_CONTACT.c.nonce, _CONTACT.c.sealed).where(*_MINE)
CHANGE: Final = update(_CONTACT).where(*_MINE)
FORGET: Final = delete(_CONTACT).where(*_MINE)
SPEAK: Final = (
    update(_ACCOUNT)
    .where(_ACCOUNT.c.person_id == bindparam("b_person"))
    .values(language=bindparam("b_language"))
)
# Index: delivery_queue.
DROP: Final = (
    update(_DELIVERY)
    .where(
        _DELIVERY.c.receiver_id == bindparam("b_person"),
        _DELIVERY.c.channel == bindparam("b_channel"),
        delivery.IN_TRANSIT,
    )
    .values(state="dropped", error="delivery.off")
)

_TITLE: Final = pack.Text(zh="测试通知", en="A test")
_BODY: Final = pack.Text(
    zh="这是一条测试通知：以后的案件通知会发到这里。",
    en="This is a test: notices about your cases will come here.",
)


def set_contact(
    engine: Engine,
    actor: access.Actor,
    channel: str,
    *,
    rhythm: str,
    address: str | None,
    language: str,
    offered: Collection[str],
) -> None:
    """Sets one's own address and rhythm on a channel; without an address the one that is kept
    stays. Messages come in the `language` it was set in. What waits already goes when it would
    have; with `off` it does not go at all.

    Raises: `channel.unknown`, `contact.rhythm`, `contact.address`, `contact.no_address`.
    """
    if channel not in offered:
        raise errors.Invalid("channel.unknown", field="channel", channel=channel[:20])
    if rhythm not in RHYTHMS:
        raise errors.Invalid("contact.rhythm", field="rhythm", allowed=", ".join(RHYTHMS))
    values: dict[str, Any] = {"rhythm": rhythm}
    mine = {"b_person": _id(actor), "b_channel": channel}
    if address is not None:
        values |= _sealed(engine, _id(actor), channel, channels.clean(channel, address))
    with db.transaction(engine.database) as tx:
        tx.execute(LOCK, {"person_id": _id(actor)})
        values["updated_at"] = db.now(tx)
        if not tx.execute(CHANGE.values(values), mine).rowcount:
            if address is None:
                raise errors.Invalid("contact.no_address", field="address")
            tx.execute(insert(_CONTACT), values | {"person_id": _id(actor), "channel": channel})
        tx.execute(SPEAK, {"b_person": _id(actor), "b_language": language})
        if rhythm == "off":
            tx.execute(DROP, mine)


def forget(database: db.Database, actor: access.Actor, channel: str) -> None:
    """Forgets one's own address on a channel, with what was to go there."""
    mine = {"b_person": _id(actor), "b_channel": channel}
    with db.transaction(database) as tx:
        tx.execute(FORGET, mine)
        tx.execute(DROP, mine)


def send_test(
    engine: Engine, actor: access.Actor, channel: str, *, door: channels.Door, language: str
) -> None:
    """Sends a word to one's own address, now.

    Raises: `contact.unknown`; what `channels.Channels.send` raises.
    """
    with db.snapshot(engine.database) as tx:
        row = tx.execute(ONE, {"b_person": _id(actor), "b_channel": channel}).one_or_none()
    if row is None:
        raise errors.NotFound("contact.unknown", field="channel")
    place = channels.place_of(_id(actor), channel)
    address = engine.seals.open(row.sealed, nonce=row.nonce, place=place)
    is_en = language == "en"
    message = channels.Message(
        id=ids.uuid7(),
        title=_TITLE.en if is_en else _TITLE.zh,
        body=_BODY.en if is_en else _BODY.zh,
    )
    door.send(channel, address, message, limit_s=TEST_LIMIT_S)


def _sealed(engine: Engine, person_id: UUID, channel: str, address: str) -> dict[str, Any]:
    place = channels.place_of(person_id, channel)
    found = engine.seals.seal(address, kind="address", place=place)
    return {
        "key_id": found.key_id,
        "nonce": found.nonce,
        "sealed": found.sealed,
        "masked": channels.mask(channel, address),
    }


def _id(actor: access.Actor) -> UUID:
    """Who it is. Raises: `contact.unknown` for a resident, who has none."""
    if actor.person_id is None:
        raise errors.NotFound("contact.unknown", field="channel")
    return actor.person_id
