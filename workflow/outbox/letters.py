"""The words of one message: what is told of each case, in the receiver's language."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Row, bindparam, select

from rules import calendars, telling
from rules.pack import Pack, Text
from workflow import db, read
from workflow.decide import CaseRow
from workflow.tables import office as office_tables

_OFFICE: Final = office_tables.Office.__table__.c  # type: ignore[attr-defined]
_LOG: Final = structlog.get_logger()
Ready = Row[*tuple[Any, ...]]

ROOMS: Final[Mapping[str, telling.Room]] = {
    "mail": telling.Room(lines=20, bytes=100_000),
    "dingtalk": telling.Room(lines=20, bytes=15_000),
    "feishu": telling.Room(lines=20, bytes=15_000),
    "wecom": telling.Room(lines=20, bytes=2_000),
    "sms": telling.Room(lines=2, bytes=500),
}

OFFICES: Final = select(_OFFICE.id, _OFFICE.name).where(
    _OFFICE.id.in_(bindparam("ids", expanding=True))
)


def letter(
    tx: db.Tx,
    house: read.House,
    rows: Sequence[Ready],
    cases: Mapping[UUID, CaseRow],
    *,
    contact: Ready,
    public_url: str | None,
) -> telling.Letter:
    """The words of a message, in the language of the receiver's account; where they cannot be
    made, how many notices there are, so that one text of a pack holds up nobody."""
    leads = {cases[row.case_id].lead_office_id for row in rows}
    offices = {row.id: row.name for row in tx.execute(OFFICES, {"ids": sorted(leads)})}
    language: telling.Language = "en" if contact.language == "en" else "zh"
    home = f"{public_url}/notices" if public_url else None
    try:
        return telling.letter(
            _told(house.rules.pack, rows, cases, offices, public_url=public_url),
            language=language,
            this_year=calendars.local_date(house.calendar, house.now).year,
            room=ROOMS[contact.channel],
            home=home,
        )
    except Exception as error:  # noqa: BLE001  whatever it is, the receiver must hear
        causes = sorted({row.cause for row in rows})
        _LOG.error("delivery.unwritten", error=type(error).__name__, causes=causes)
        return telling.plain(len({row.case_id for row in rows}), language=language, home=home)


def _told(
    pack: Pack,
    rows: Sequence[Ready],
    cases: Mapping[UUID, CaseRow],
    offices: Mapping[UUID, str],
    *,
    public_url: str | None,
) -> list[telling.Told]:
    told = []
    # In an order of their own: sent again, a message has the same lines.
    for row in sorted(rows, key=lambda row: (row.case_id, row.seq, row.n)):
        case, words = cases[row.case_id], json.loads(row.words)
        process, due_on = pack.processes.get(case.process), words.get("due_on")
        told.append(
            telling.Told(
                case=str(case.id),
                cause=row.cause,
                text=telling.words_of(
                    pack, cause=row.cause, process=case.process, ask=words.get("ask")
                ),
                number=case.number,
                process=process.name if process else Text(zh=case.process, en=case.process),
                office=offices[case.lead_office_id],
                due_on=date.fromisoformat(due_on) if due_on else None,
                url=f"{public_url}/cases/{case.id}" if public_url else None,
                is_restricted=case.confidentiality != "normal",
            )
        )
    return told
