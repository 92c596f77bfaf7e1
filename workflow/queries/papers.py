"""The papers of a case as one actor may know of them: number, day, served or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from rules import pack as pack_
from workflow import access, machine, read
from workflow.decide import Facts, attachments, reached_all
from workflow.decide import papers as papers_
from workflow.queries import office


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceView:
    """How a paper reached whom it is for. `side` is who, where a paper to both sides reached one of
    them, else empty; `seq` the event that holds receipt and witness."""

    seq: int
    side: str
    method: str
    served_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptView:
    """A receipt that was attached to a paper."""

    no: int
    media: str
    size_bytes: int
    attached_at: datetime
    can_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperView:
    """A paper that was made. `is_for_service` says that somebody must serve it; `is_served` that
    all have it whom it is to; `can_attach` that this actor may attach a receipt of a service."""

    no: int
    key: str
    name: pack_.Text
    number: str
    seq: int
    made_at: datetime
    to: pack_.Addressee
    is_for_service: bool
    is_served: bool
    services: tuple[ServiceView, ...]
    can_open: bool
    receipts: tuple[ReceiptView, ...]
    can_attach: bool


class Told(Protocol):
    """What an event says of papers."""

    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def payload(self) -> Mapping[str, Any]: ...


def listed(
    events: Sequence[Told],
    rules: machine.Rules,
    rights: Mapping[str, pack_.FieldRight],
    actor: access.Actor,
    *,
    house: read.House,
    facts: Facts,
) -> tuple[PaperView, ...]:
    """The papers that the events of a case tell of, oldest first; those that this actor may not
    know of are left out. Of receipts a resident is told nothing."""
    pack = rules.pack
    served = _services(events)
    attached = (
        [it for it in events if attachments.NOTE in it.payload] if actor.kind == "person" else []
    )
    found = []
    for event in events:
        for note in event.payload.get("papers", ()):
            paper = pack.papers.get(note["name"])
            if paper is None or not access.knows_paper(rights, paper, pack, actor):
                continue
            no = note["no"]
            may_look = access.may_open_receipt(rights, paper, pack, actor)
            own = [it for it in attached if it.payload[attachments.NOTE]["paper"] == no]
            found.append(
                PaperView(
                    no=no,
                    key=note["name"],
                    name=paper.name,
                    number=note["number"],
                    seq=event.seq,
                    made_at=event.at,
                    to=paper.to,
                    is_for_service=bool(paper.served_by),
                    is_served=_is_served(served[no]),
                    services=tuple(served[no]),
                    can_open=access.may_open_paper(rights, paper, pack, actor),
                    receipts=tuple(_receipt(it, can_open=may_look) for it in own),
                    can_attach=bool(served[no]) and _may_attach(paper, rules, actor, house, facts),
                )
            )
    return tuple(found)


def _may_attach(
    paper: pack_.Paper,
    rules: machine.Rules,
    actor: access.Actor,
    house: read.House,
    facts: Facts,
) -> bool:
    case = facts.case
    return case is not None and bool(
        access.may_attach_receipt(
            house.rules.pack,
            actor,
            case,
            paper=paper,
            actions=rules.flow(case.process).process.actions,
            recused=facts.recused,
        )
    )


def _receipt(event: Told, *, can_open: bool) -> ReceiptView:
    note = event.payload[attachments.NOTE]
    return ReceiptView(
        no=note["no"],
        media=note["media"],
        size_bytes=note["bytes"],
        attached_at=event.at,
        can_open=can_open,
    )


def waiting(events: Sequence[Told], pack: pack_.Pack) -> frozenset[str]:
    """The actions by which some paper of a case can be served now."""
    served = _services(events)
    return frozenset(
        action
        for event in events
        for note in event.payload.get("papers", ())
        if note["name"] in pack.papers and not _is_served(served[note["no"]])
        for action in pack.papers[note["name"]].served_by
    )


def choices(
    papers: Sequence[PaperView], pack: pack_.Pack, action: str
) -> tuple[office.Choice, ...]:
    """What an action may serve, as a form offers it."""
    return tuple(
        office.Choice(value=str(it.no), label=it.number, hint=it.name)
        for it in papers
        if not it.is_served and action in pack.papers[it.key].served_by
    )


def _services(events: Iterable[Told]) -> defaultdict[int, list[ServiceView]]:
    """Of each paper by its number, oldest first."""
    found = defaultdict(list)
    for event in events:
        note = event.payload.get("service")
        if note is not None:
            fields = event.payload["fields"]
            view = ServiceView(
                seq=event.seq,
                side=note.get("side", ""),
                method=fields[papers_.METHOD],
                served_on=date.fromisoformat(fields[papers_.SERVED_ON]),
            )
            found[note["paper"]].append(view)
    return found


def _is_served(services: Iterable[ServiceView]) -> bool:
    return reached_all({it.side for it in services})
