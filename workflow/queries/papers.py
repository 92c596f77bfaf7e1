"""The papers and the materials of a case as one actor may know of them: number, day, served or
not; what came from outside, and its scans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from rules import pack as pack_
from rules import papers
from workflow import access, machine, read
from workflow.decide import Facts, FileKind, attachments, is_overtaken, reached_all
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
class FileView:
    """A file that was attached: a receipt to a paper, a scan or a photo to a material."""

    no: int
    media: str
    size_bytes: int
    attached_at: datetime
    can_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperView:
    """A paper that was made. `is_for_service` says that somebody must serve it; `is_served` that
    all have it whom it is to; `is_overtaken` that not all have it and it is not true any more;
    `can_attach` that this actor may attach a receipt of a service."""

    no: int
    key: str
    name: pack_.Text
    number: str
    seq: int
    made_at: datetime
    to: pack_.Addressee
    is_for_service: bool
    is_served: bool
    is_overtaken: bool
    services: tuple[ServiceView, ...]
    can_open: bool
    receipts: tuple[FileView, ...]
    can_attach: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialView:
    """Something from outside that lies in the file of a case (材料): `seq` is the event by which it
    came in, which holds its title; `place` where it lies in the whole file."""

    seq: int
    kind: pack_.Text
    place: int
    sheets: int
    added_at: datetime
    files: tuple[FileView, ...]
    can_attach: bool


class Told(Protocol):
    """What an event says of papers."""

    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def name(self) -> str: ...
    @property
    def actor_id(self) -> UUID | None: ...
    @property
    def fields(self) -> Mapping[str, object]: ...
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
    know of are left out. A resident is told nothing of receipts, nor of what reached nobody before
    it was overtaken."""
    pack = rules.pack
    served = _services(events)
    attached = _attached(events, actor, kind="receipt")
    actions = rules.flow(facts.case.process).process.actions if facts.case else {}
    found = []
    for event in events:
        for note in event.payload.get("papers", ()):
            paper = pack.papers.get(note["name"])
            if paper is None or not access.knows_paper(rights, paper, pack, actor):
                continue
            no = note["no"]
            is_over = not _is_served(served[no]) and is_overtaken(paper, _since(event, events))
            if is_over and not served[no] and actor.kind == "resident":
                continue
            may_look = access.may_open_file(rights, paper, pack, actor)
            by = [actions[name] for name in paper.served_by if name in actions]
            found.append(
                PaperView(
                    no=no,
                    key=note["name"],
                    name=paper.name,
                    number=note["number"],
                    seq=event.seq,
                    made_at=event.at,
                    to=paper.to,
                    is_for_service=bool(paper.served_by) and not is_over,
                    is_served=_is_served(served[no]),
                    is_overtaken=is_over,
                    services=tuple(served[no]),
                    can_open=access.may_open_paper(rights, paper, pack, actor),
                    receipts=tuple(_file(it, can_open=may_look) for it in attached[no]),
                    can_attach=bool(served[no]) and _may_attach(actor, house, facts, by=by),
                )
            )
    return tuple(found)


def materials(
    events: Sequence[Told],
    rules: machine.Rules,
    rights: Mapping[str, pack_.FieldRight],
    actor: access.Actor,
    *,
    house: read.House,
    facts: Facts,
) -> tuple[MaterialView, ...]:
    """What came from outside into the file of a case, oldest first. A resident is shown none: it
    may be the other side's."""
    pack, attached = rules.pack, _attached(events, actor, kind="material")
    if actor.kind != "person" or facts.case is None:
        return ()
    actions = rules.flow(facts.case.process).process.actions.items()
    kinds = pack.fields[papers.MATERIAL].choices if papers.MATERIAL in pack.fields else None
    return tuple(
        MaterialView(
            seq=it.seq,
            kind=kind.name,
            place=kind.place,
            sheets=int(str(it.fields[papers.MATERIAL_SHEETS])),
            added_at=it.at,
            files=tuple(
                _file(one, can_open=_opens(one, rights, pack, actor)) for one in attached[it.seq]
            ),
            can_attach=_may_attach(actor, house, facts, by=[a for n, a in actions if n == it.name]),
        )
        for it in events
        if kinds and papers.MATERIAL in it.fields
        for kind in [kinds[str(it.fields[papers.MATERIAL])]]
    )


def _may_attach(
    actor: access.Actor, house: read.House, facts: Facts, *, by: Sequence[pack_.Action]
) -> bool:
    case = facts.case
    return case is not None and bool(
        access.may_attach(house.rules.pack, actor, case, by=by, recused=facts.recused)
    )


def _attached(
    events: Sequence[Told], actor: access.Actor, *, kind: FileKind
) -> defaultdict[int, list[Told]]:
    """The events of files, by the number of what they belong to; a resident is told of none."""
    found: defaultdict[int, list[Told]] = defaultdict(list)
    for event in events if actor.kind == "person" else ():
        note = event.payload.get(attachments.NOTE)
        if note is not None and note["kind"] == kind:
            found[note[attachments.OF[kind]]].append(event)
    return found


def _opens(
    event: Told, rights: Mapping[str, pack_.FieldRight], pack: pack_.Pack, actor: access.Actor
) -> bool:
    is_own = event.actor_id == actor.person_id
    return access.may_open_file(rights, None, pack, actor, is_own=is_own)


def _file(event: Told, *, can_open: bool) -> FileView:
    note = event.payload[attachments.NOTE]
    return FileView(
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
        for paper in [pack.papers[note["name"]]]
        if not is_overtaken(paper, _since(event, events))
        for action in paper.served_by
    )


def choices(
    papers: Sequence[PaperView], pack: pack_.Pack, action: str
) -> tuple[office.Choice, ...]:
    """What an action may serve, as a form offers it."""
    return tuple(
        office.Choice(value=str(it.no), label=it.number, hint=it.name)
        for it in papers
        if it.is_for_service and not it.is_served and action in pack.papers[it.key].served_by
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


def _since(made: Told, events: Iterable[Told]) -> set[str]:
    """The acts after the one that made a paper."""
    return {it.name for it in events if it.seq > made.seq}


def _is_served(services: Iterable[ServiceView]) -> bool:
    return reached_all({it.side for it in services})
