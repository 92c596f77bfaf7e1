"""The papers of one act: made, numbered, filled; and the service of those made before.

An act that needs a paper is not done without it: what the paper lacks is told, and nothing is
written. Service alone starts a person's window.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

from rules import calendars, errors, guards
from rules import pack as pack_
from rules import papers as papers_
from workflow.decide.decision import PaperRow, Personal, ServiceRow
from workflow.decide.draft import Draft
from workflow.decide.facts import Command, EarlierPaper, PaperFacts, Scalar, reached_all

SEALED: Final = "paper:"
"""What the sealed value of a paper is called, before the paper's name."""
METHOD: Final = "served_method"
SERVED_ON: Final = "served_on"
SERVED_TO: Final = "served_to"
"""What an act of service says: how, on which day the person had it, and, of a paper to both sides,
who: a side, or `BOTH`."""
BOTH: Final = "both"


def known(draft: Draft) -> PaperFacts:
    """The facts that papers need.

    Raises: `paper.by_time`: what time fires makes and serves no paper.
    """
    found = draft.facts.papers
    if found is None:
        raise errors.NotNow("paper.by_time")
    return found


# -- service --------------------------------------------------------------------------------------


def serve(
    draft: Draft,
    action: pack_.Action,
    values: Mapping[str, Scalar],
    command: Command,
    *,
    seq: int,
) -> None:
    """Records that a paper was served, where the action does that.

    Raises: `service.no_paper`; `service.before_paper`; `service.side`.
    """
    names = draft.flow.serves.get(command.action, frozenset())
    if not names:
        return
    paper = _chosen(draft, action, values, names)
    calendar = draft.facts.calendar
    served_on = date.fromisoformat(str(values[SERVED_ON]))
    made_on = calendars.local_date(calendar, paper.made_at)
    if served_on < made_on:
        raise errors.Invalid(
            "service.before_paper",
            field=SERVED_ON,
            earliest=made_on.isoformat(),
            number=paper.number,
        )
    row = ServiceRow(
        case_id=draft.case.id,
        no=known(draft).services + len(draft.services) + 1,
        seq=seq,
        paper_no=paper.no,
        side=_side(draft, action, values, paper),
        method=str(values[METHOD]),
        served_on=served_on,
        served_by=command.actor_id,
        recorded_at=draft.at,
    )
    draft.services.append(row)
    note = {"no": row.no, "paper": paper.no, "number": paper.number}
    draft.add_to_event({"service": note | ({"side": row.side} if row.side else {})})


def _side(
    draft: Draft, action: pack_.Action, values: Mapping[str, Scalar], paper: EarlierPaper
) -> str:
    """The one side that had a paper to both; empty where all had it whom it is to, as under a pack
    that does not ask."""
    declared = draft.rules.pack.papers[paper.name]
    side = values.get(SERVED_TO)
    if declared.to != BOTH:
        if side not in (None, declared.to):
            raise errors.Invalid("service.side", field=SERVED_TO, number=paper.number)
        return ""
    if SERVED_TO not in (*action.needs, *action.takes) or side == BOTH:
        return ""
    if side is None or side in paper.served:
        raise errors.Invalid("service.side", field=SERVED_TO, number=paper.number)
    return str(side)


def _chosen(
    draft: Draft,
    action: pack_.Action,
    values: Mapping[str, Scalar],
    names: frozenset[str],
) -> EarlierPaper:
    """The paper that the field names; without such a field the latest that waits."""
    waiting = [paper for paper in _unserved(draft) if paper.name in names]
    fields = draft.rules.pack.fields
    field = next((name for name in action.needs if fields[name].type == "paper"), None)
    if field is not None:
        waiting = [paper for paper in waiting if paper.no == values[field]]
    if not waiting:
        raise errors.Invalid("service.no_paper", field=field)
    return waiting[-1]


def _unserved(draft: Draft) -> list[EarlierPaper]:
    """The papers of the case that somebody must still serve, oldest first."""
    declared = draft.rules.pack.papers
    return [
        paper
        for paper in known(draft).papers
        if paper.name in declared
        and declared[paper.name].served_by
        and not paper.is_overtaken
        and not reached_all(
            paper.served | {row.side for row in draft.services if row.paper_no == paper.no}
        )
    ]


def left_of(draft: Draft, makers: tuple[str, ...]) -> list[EarlierPaper]:
    """The papers that these actions have made and nobody has served. None where the act at hand
    knows of no papers."""
    if draft.facts.papers is None:
        return []
    declared = draft.rules.pack.papers
    return [p for p in _unserved(draft) if set(declared[p.name].made_by) & set(makers)]


# -- making ---------------------------------------------------------------------------------------


def plan(draft: Draft, values: Mapping[str, Scalar], action: str) -> None:
    """Which papers an act makes, known before the clocks move: one that must be served starts a
    clock."""
    found = draft.flow.papers.get(action, ())
    if found:
        facts = draft.guard_facts({**known(draft).values, **values})
        draft.planned = tuple(
            name
            for name, conditions in found
            if all(guards.holds(guard, facts) for guard in conditions)
        )


def make(draft: Draft, values: Mapping[str, Scalar], command: Command, *, seq: int) -> None:
    """Makes the papers of an act, if it makes any: each is numbered, filled, and sealed with the
    event, whose commitments carry its hash.

    Raises: `paper.missing`.
    """
    if not draft.planned:
        return
    personal = tuple(_made(draft, name, values, command, seq=seq) for name in draft.planned)
    rows = draft.papers[-len(personal) :]
    draft.planned = ()
    told = [{"no": row.no, "name": row.name, "number": row.number} for row in rows]
    draft.add_to_event({"papers": told}, personal)


def is_to_serve(draft: Draft, makers: tuple[str, ...]) -> bool:
    """Whether the act at hand makes a paper, of those that these actions make, to be served."""
    declared = [draft.rules.pack.papers[name] for name in draft.planned]
    return any(it.served_by and set(it.made_by) & set(makers) for it in declared)


def _made(
    draft: Draft, name: str, values: Mapping[str, Scalar], command: Command, *, seq: int
) -> Personal:
    paper = draft.rules.pack.papers[name]
    row = _numbered(draft, name, paper, command, seq=seq)
    look = _Look(draft, values, command, row)
    filled = papers_.fill(name, paper, number=row.number, look=look)
    draft.papers.append(row)
    return Personal(field=f"{SEALED}{name}", kind="free_text", value=papers_.document(filled))


def _numbered(
    draft: Draft, name: str, paper: pack_.Paper, command: Command, *, seq: int
) -> PaperRow:
    """The next number of the organ's series: its last one and those of this act, and one."""
    facts = known(draft)
    office_id = _organ(draft, paper, command)
    series = paper.series
    ours = sum((row.office_id, row.series) == (office_id, series) for row in draft.papers)
    serial = facts.last.get((office_id, series), 0) + ours + 1
    return PaperRow(
        case_id=draft.case.id,
        no=len(facts.papers) + len(draft.papers) + 1,
        seq=seq,
        name=name,
        office_id=office_id,
        series=series,
        year=draft.today.year,
        serial=serial,
        number=papers_.number_of(
            papers_.NO_NUMBER if facts.is_draft else draft.rules.pack.paper_number,
            office=facts.names.get(str(office_id), ""),
            series=series,
            year=draft.today.year,
            serial=serial,
        ),
        made_at=draft.at,
    )


def _organ(draft: Draft, paper: pack_.Paper, command: Command) -> UUID:
    post = draft.post(command.post_id) if command.post_id else None
    if paper.organ == "lead" or post is None:
        return draft.case.lead_office_id
    return post.office_id


class _Look:
    """What a template's names stand for in one act."""

    def __init__(
        self, draft: Draft, values: Mapping[str, Scalar], command: Command, row: PaperRow
    ) -> None:
        self.draft = draft
        self.values = values
        self.command = command
        self.row = row
        self.facts = known(draft)

    def __call__(self, name: str) -> pack_.Text | None:
        """The words for a name, None for nothing."""
        prefix, _, rest = name.partition(".")
        if rest:
            return self._of(prefix, rest)
        return self._fact(name) if name in papers_.FACTS else self._field(name)

    def _field(self, name: str) -> pack_.Text | None:
        """What this act was told; of what it does not ask for, what an earlier one was told."""
        action = self.draft.flow.process.actions[self.command.action]
        is_own = name in action.needs or name in action.takes
        value = self.values.get(name) if is_own else self.facts.values.get(name)
        field = self.draft.rules.pack.fields[name]
        return papers_.shown(field, value, named=self.facts.names)

    def _fact(self, name: str) -> pack_.Text | None:
        case, names = self.draft.case, self.facts.names
        calendar = self.draft.facts.calendar
        category = self.draft.rules.pack.categories.get(case.category or "")
        received_on = calendars.local_date(calendar, case.received_at)
        times = len(self._done(self.command.action)) + 1
        known_: dict[str, pack_.Text | None] = {
            "number": papers_.plain(case.number),
            "subject": papers_.plain(case.subject),
            "category": category.name if category else None,
            "grid": papers_.plain(names.get(case.origin_grid)),
            "received_on": papers_.day(received_on),
            "today": papers_.day(self.draft.today),
            "office": papers_.plain(names.get(str(self.row.office_id))),
            "lead_office": papers_.plain(names.get(str(case.lead_office_id))),
            "actor": papers_.plain(self.facts.actor),
            "paper_no": papers_.plain(self.row.number),
            "times": papers_.plain(str(times)),
        }
        return known_[name]

    def _of(self, prefix: str, name: str) -> pack_.Text | None:
        rule = self.draft.rules.pack.deadlines.get(name)
        if prefix == "no":
            return papers_.plain(self._number_of(name))
        if prefix == "on":
            return self._day_of(name)
        if prefix == "due":
            open_ = [row.due_on for row in self.draft.open_deadlines() if row.rule == name]
            return papers_.day(open_[-1]) if open_ else None
        if prefix == "law":
            return papers_.plain(rule.source if rule else self._source_of(name))
        found = rule.limit.length if rule else None
        return None if found is None else papers_.length(found)

    def _source_of(self, field: str) -> str | None:
        """What the law says of the choice that was made."""
        value = self.values[field] if field in self.values else self.facts.values.get(field)
        choice = (self.draft.rules.pack.fields[field].choices or {}).get(str(value))
        return choice.source if choice else None

    def _number_of(self, name: str) -> str | None:
        """That of a paper which the last act that makes such papers has made: where an oral
        agreement came after a written one there is none."""
        made = [row.number for row in self.draft.papers if row.name == name]
        if made:
            return made[-1]
        makers = self.draft.rules.pack.papers[name].made_by
        last = max((at for maker in makers for at in self._done(maker)), default=self.draft.at)
        earlier = [it for it in self.facts.papers if it.name == name and it.made_at >= last]
        return earlier[-1].number if earlier else None

    def _day_of(self, action: str) -> pack_.Text | None:
        if action == self.command.action:
            return papers_.day(self.draft.today)
        done = self._done(action)
        if not done:
            return None
        return papers_.day(calendars.local_date(self.draft.facts.calendar, done[-1]))

    def _done(self, action: str) -> list[datetime]:
        """When it was done."""
        return [at for name, at, _ in self.facts.history if name == action]
