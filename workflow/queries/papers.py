"""The papers of a case as one actor may know of them: number, day, served or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from rules import pack as pack_
from workflow import access
from workflow.decide import papers as papers_
from workflow.queries import office


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceView:
    """How a paper reached whom it is for. `seq` is the event that holds receipt and witness."""

    seq: int
    method: str
    served_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperView:
    """A paper that was made. `is_for_service` says that somebody must serve it."""

    no: int
    key: str
    name: pack_.Text
    number: str
    seq: int
    made_at: datetime
    to: pack_.Addressee
    is_for_service: bool
    service: ServiceView | None
    can_open: bool


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
    pack: pack_.Pack,
    rights: Mapping[str, pack_.FieldRight],
    actor: access.Actor,
) -> tuple[PaperView, ...]:
    """The papers that the events of a case tell of, oldest first; those that this actor may not
    know of are left out."""
    served = dict(_services(events))
    found = []
    for event in events:
        for note in event.payload.get("papers", ()):
            paper = pack.papers.get(note["name"])
            if paper is None or not access.knows_paper(rights, paper, pack, actor):
                continue
            found.append(
                PaperView(
                    no=note["no"],
                    key=note["name"],
                    name=paper.name,
                    number=note["number"],
                    seq=event.seq,
                    made_at=event.at,
                    to=paper.to,
                    is_for_service=bool(paper.served_by),
                    service=served.get(note["no"]),
                    can_open=access.may_open_paper(rights, paper, pack, actor),
                )
            )
    return tuple(found)


def waiting(events: Sequence[Told], pack: pack_.Pack) -> frozenset[str]:
    """The actions by which some paper of a case can be served now."""
    served = {no for no, _ in _services(events)}
    return frozenset(
        action
        for event in events
        for note in event.payload.get("papers", ())
        if note["no"] not in served and note["name"] in pack.papers
        for action in pack.papers[note["name"]].served_by
    )


def choices(
    papers: Sequence[PaperView], pack: pack_.Pack, action: str
) -> tuple[office.Choice, ...]:
    """What an action may serve, as a form offers it."""
    return tuple(
        office.Choice(value=str(it.no), label=it.number, hint=it.name)
        for it in papers
        if it.service is None and action in pack.papers[it.key].served_by
    )


def _services(events: Iterable[Told]) -> Iterable[tuple[int, ServiceView]]:
    for event in events:
        note = event.payload.get("service")
        if note is not None:
            fields = event.payload["fields"]
            yield (
                note["paper"],
                ServiceView(
                    seq=event.seq,
                    method=fields[papers_.METHOD],
                    served_on=date.fromisoformat(fields[papers_.SERVED_ON]),
                ),
            )
