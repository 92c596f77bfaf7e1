"""Counts of the mails what `judge` counts of the rungs: the ledger beside what its server took.

A line of a mail is one notice in words; which notice, is found by filling the pack's texts anew. A
mail that comes again under its id counts once where its sender was killed before it could record
it (`cut`), and else as doubled.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from rules import calendars, telling
from rules.pack import Text
from tests import office as small
from tests.faults import judge
from workflow import channels, db, read
from workflow.outbox import sending
from workflow.tables import case as case_tables
from workflow.tables import delivery
from workflow.tables import office as office_tables

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
_OFFICE: Final = office_tables.Office.__table__.c  # type: ignore[attr-defined]
_NOTICE: Final = delivery.Notice.__table__  # type: ignore[attr-defined]
_LEDGER: Final = delivery.Delivery.__table__  # type: ignore[attr-defined]

# Notices that reached somebody in the app, each with its row of the ledger or with none.
TOLD: Final = (
    select(
        _NOTICE.c.case_id,
        _NOTICE.c.seq,
        _NOTICE.c.cause,
        _NOTICE.c.words,
        _NOTICE.c.receiver_id,
        _CASE.number,
        _CASE.process,
        _OFFICE.name.label("office"),
        _LEDGER.c.state,
        _LEDGER.c.error,
        _LEDGER.c.ready_at,
        _LEDGER.c.sent_at,
        _LEDGER.c.message_id,
    )
    .join(_CASE.id.table, _CASE.id == _NOTICE.c.case_id)
    .join(_OFFICE.id.table, _OFFICE.id == _CASE.lead_office_id)
    .outerjoin(
        _LEDGER,
        (_LEDGER.c.case_id == _NOTICE.c.case_id)
        & (_LEDGER.c.seq == _NOTICE.c.seq)
        & (_LEDGER.c.n == _NOTICE.c.n)
        & (_LEDGER.c.channel == "mail"),
    )
    .where(_NOTICE.c.state == "sent")
)
MORE: Final = re.compile(r"另有 (\d+) 条，请登录系统查看。")
ONE_LINE: Final = telling.Room(lines=1, bytes=100_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as its server took it, at office time `at` or a moment before."""

    id: UUID
    to: str
    title: str
    lines: tuple[str, ...]
    at: datetime


def taken(got: EmailMessage, *, at: datetime) -> Mail:
    """What a mail server was given."""
    body = got.get_body(("plain",))
    assert body is not None
    return Mail(
        id=UUID(got[channels.ID_HEADER]),
        to=got["To"],
        title=got["Subject"],
        lines=tuple(body.get_content().strip().splitlines()),
        at=at,
    )


def judged(
    district: small.District,
    mails: Sequence[Mail],
    *,
    addresses: Mapping[UUID, str],
    at: datetime,
    cut: Collection[UUID] = (),
    faults: Sequence[tuple[datetime, datetime]] = (),
) -> judge.Verdict:
    """The verdict on all that was ready at office time `at`, and on every mail. The persons with
    `addresses` have had them, and their language Chinese, since before the first notice."""
    with db.snapshot(district.engine.database) as tx:
        house = read.house(tx)
        told = [row for row in tx.execute(TOLD) if row.receiver_id in addresses]
    notices: dict[UUID | None, list[Any]] = defaultdict(list)
    for row in told:
        notices[row.message_id].append(row)
    sent = [row for row in told if row.sent_at is not None]
    early = [row for row in sent if row.sent_at < row.ready_at]
    total = judge.Verdict(
        lost=(*_lost(told, at=at), *_not_there(sent, mails)),
        doubled=tuple(_again(mails, cut=cut)),
        early=tuple(f"the sending of {_name(row)}" for row in early),
        late_s=tuple(judge.late(((row.ready_at, row.sent_at) for row in sent), faults)),
    )
    words = _Words(house)
    for mail in {mail.id: mail for mail in reversed(mails)}.values():
        total += _read(mail, notices[mail.id], words, addresses=addresses)
    return total


def _lost(told: Sequence[Any], *, at: datetime) -> Iterator[str]:
    """Notices that are not in the ledger, or not sent."""
    for row in told:
        if row.state is None:
            yield f"the row of {_name(row)}"
        elif row.state != "sent" and (row.ready_at <= at or row.state in ("dead", "dropped")):
            yield f"the mail of {_name(row)}: {row.state} {row.error or ''}"


def _not_there(sent: Sequence[Any], mails: Sequence[Mail]) -> Iterator[str]:
    """Notices that the ledger calls sent and no mail brought."""
    brought = {mail.id for mail in mails}
    yield from (f"the mail of {_name(row)}" for row in sent if row.message_id not in brought)


def _again(mails: Sequence[Mail], *, cut: Collection[UUID]) -> Iterator[str]:
    """Mails that came again though nobody had to send them again, or with other content."""
    for mail_id, same in groupby(sorted(mails, key=lambda mail: mail.id), lambda mail: mail.id):
        contents = [(mail.to, mail.title, mail.lines) for mail in same]
        if len(set(contents)) > 1:
            yield f"mail {mail_id}, with other content"
        elif len(contents) > 1 and mail_id not in cut:
            yield f"mail {mail_id}"


def _read(
    mail: Mail, rows: Sequence[Any], words: _Words, *, addresses: Mapping[UUID, str]
) -> judge.Verdict:
    """One mail beside the notices that the ledger says it brought. What else it tells of was,
    or will be, told by another one."""
    known = {words.line(row): row.case_id for row in rows}
    counted = sum(int(found[1]) for line in mail.lines if (found := MORE.fullmatch(line)))
    lines = [line for line in mail.lines if not MORE.fullmatch(line)]
    cases = Counter(known.get(line, line) for line in lines)
    doubled = [f"“{line}” in mail {mail.id}" for line in lines if line not in known]
    doubled += [f"case {case} in mail {mail.id}" for case, n in cases.items() if n > 1]
    missing = len(set(known.values())) - counted - sum(line in known for line in lines)
    early = any(mail.at < row.ready_at <= row.sent_at for row in rows if row.sent_at)
    strangers = {row.receiver_id for row in rows if addresses[row.receiver_id] != mail.to}
    return judge.Verdict(
        lost=(f"{missing} cases in mail {mail.id}",) if missing > 0 else (),
        doubled=tuple(doubled),
        early=(f"mail {mail.id}, taken at {mail.at:%F %T}",) if early else (),
        wrong=(f"mail {mail.id} went to somebody else",) if strangers else (),
    )


def uncombined(
    waiting: Mapping[UUID, int], mails: Sequence[Mail], *, addresses: Mapping[UUID, str]
) -> Iterator[str]:
    """Persons who got more than two mails (and one more for each full one) of what waited for
    them when the server was back: one that was tried before, one of all that came meanwhile."""
    got = Counter(to for _, to in {(mail.id, mail.to) for mail in mails})
    for person, n in waiting.items():
        if got[addresses[person]] > 2 + n // sending.BATCH:
            yield f"{got[addresses[person]]} mails of {n} notices for person {person}"


class _Words:
    """The texts of notices, each alone, as the active pack has them."""

    def __init__(self, house: read.House) -> None:
        self._pack = house.rules.pack
        self._year = calendars.local_date(house.calendar, house.now).year

    def line(self, row: Any) -> str:
        """A notice in words."""
        process, words = self._pack.processes[row.process], json.loads(row.words)
        due_on = words.get("due_on")
        told = telling.Told(
            case=str(row.case_id),
            cause=row.cause,
            text=telling.words_of(
                self._pack, cause=row.cause, process=row.process, ask=words.get("ask")
            ),
            number=row.number,
            process=Text(zh=process.name.zh, en=process.name.en),
            office=row.office,
            due_on=date.fromisoformat(due_on) if due_on else None,
            url=None,
            is_restricted=False,
        )
        return telling.letter(
            [told], language="zh", this_year=self._year, room=ONE_LINE, home=None
        ).body


def _name(row: Any) -> str:
    return f"notice {row.cause} of case {row.case_id} event {row.seq}"
