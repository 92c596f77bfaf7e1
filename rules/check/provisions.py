"""The law row by row: every reference leads somewhere, every national rule stands on a row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Final

from rules import pack
from rules.check.report import Report

FILE: Final = "provisions.yaml"
_LEAD: Final = "lead"

ENGINE: Final = frozenset(
    {
        "chain",  # every act is an event; nothing is taken away or dated back
        "counting.cutoff",
        "counting.first_day",
        "counting.hours",
        "counting.month",
        "counting.roll",
        "look_up",  # a party follows the own case by number and code
        "no_scoring",  # there is no field, table or page that ranks or lists persons
        "readings",  # who opens a personal value is recorded, and the party sees it
        "tally",  # what is late counts for the office that holds the case
    }
)
"""What the program does for every pack, so that no line of a pack could take it away."""


def check(rules: pack.Pack, report: Report) -> None:
    """Notes references that lead nowhere, rows without answer or with two, and national clocks,
    national papers and sourced choices on no row. A pack without provisions is not asked for
    them."""
    if not rules.provisions:
        return
    for name, row in rules.provisions.items():
        if bool(row.kept_by) == (row.not_kept is not None):
            report.add("check.provision_answer", FILE, name)
        for reference in row.kept_by:
            if not is_there(rules, reference):
                report.add(
                    "check.provision_reference", FILE, f"{name}.kept_by", reference=reference
                )
    named = _named(rules)
    for file, key, wanted in _owed(rules):
        if not named & set(wanted):
            report.add("check.no_provision", file, key, name=key)


def is_there(rules: pack.Pack, reference: str) -> bool:
    """Whether a reference names a line of the pack."""
    kind, _, name = reference.partition(" ")
    judge = _KINDS.get(kind)
    return judge is not None and judge(rules, name)


def _named(rules: pack.Pack) -> frozenset[str]:
    """All references; a part of a paper names the paper too."""
    found = {reference for row in rules.provisions.values() for reference in row.kept_by}
    parts = (one.partition(" ")[2] for one in found if one.startswith("paper "))
    return frozenset(found | {f"paper {_paper_of(rules, part)[0]}" for part in parts})


def _owed(rules: pack.Pack) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """What must stand on a row: its file and key, and the references that would do."""
    for name, rule in rules.deadlines.items():
        if rule.tag == "national":
            yield "deadlines.yaml", name, (f"clock {name}",)
        longer = rule.extension
        if longer is not None and longer.tag == "national":
            yield "deadlines.yaml", f"{name}.extension", (f"clock {longer.name}",)
    for name, field in rules.fields.items():
        for value, choice in (field.choices or {}).items():
            if choice.source is not None:
                yield "fields.yaml", name, (f"field {name}", f"field {name}.{value}")
    for name, paper in rules.papers.items():
        for reference in _of_paper(name, paper) if paper.tag == "national" else ():
            yield "papers.yaml", name, (reference,)


def _of_paper(name: str, paper: pack.Paper) -> Iterator[str]:
    """What a row says of a paper: that it is there, who serves it; which acts make it, where
    they are several, and that it is the leading office's, where it is not the acting one's."""
    yield f"paper {name}"
    for act in (*paper.served_by, *(paper.made_by if len(paper.made_by) > 1 else ())):
        yield f"paper {name}.{act}"
    if paper.organ == _LEAD:
        yield f"paper {name}.{_LEAD}"


# -- kinds of references --------------------------------------------------------------------------


def _clock(rules: pack.Pack, name: str) -> bool:
    longer = {rule.extension.name for rule in rules.deadlines.values() if rule.extension}
    return name in rules.deadlines or name in longer


def _of_process(
    rules: pack.Pack, name: str, *, of: Callable[[pack.Process], Collection[str]]
) -> bool:
    process, _, rest = name.partition(".")
    found = rules.processes.get(process)
    return found is not None and rest in of(found)


def _action(rules: pack.Pack, name: str) -> bool:
    """`petition.answer`; `petition.uphold.upheld`: it leads to that state."""
    return _of_process(
        rules,
        name,
        of=lambda process: (
            set(process.actions) | {f"{key}.{it.to}" for key, it in process.actions.items()}
        ),
    )


def _state(rules: pack.Pack, name: str) -> bool:
    return _of_process(rules, name, of=lambda process: process.states)


def _guard(rules: pack.Pack, name: str) -> bool:
    """`petition.answer case.route == '6'`: a condition of an action, word for word."""
    action, _, test = name.partition(" ")
    return _of_process(
        rules,
        action,
        of=lambda process: {
            key
            for key, found in process.actions.items()
            if any(part.test == test for part in found.when)
        },
    )


def _bound(rules: pack.Pack, name: str, *, by: str) -> bool:
    """`petition.object`, `dispute.deem_failed`, `petition.send_down`: an action that is done while
    its clock runs (`within`), once its limit has passed (`after`), or when it runs no more
    (`outside`)."""
    return _of_process(
        rules,
        name,
        of=lambda process: {key for key, it in process.actions.items() if getattr(it, by)},
    )


def _effect(rules: pack.Pack, name: str) -> bool:
    """`petition.object_up.sends`: what an action does besides leading on."""
    effects = ("sends", "parts", "is_return", "ousts", "recuses", "today")
    return _of_process(
        rules,
        name,
        of=lambda process: {
            f"{key}.{effect}"
            for key, it in process.actions.items()
            for effect in effects
            if getattr(it, effect)
        },
    )


def _of_clock(rules: pack.Pack, name: str, *, part: str) -> bool:
    """`petition.serve_paper petition.notice_direct`: a clock `ends` with another at the latest;
    `petition.report_urgent regrade`: an act `starts` it; `petition.handle correct_route`: an act
    `recounts` it; `petition.handle case.route == '6'`: it runs only `when` this is so."""
    clock, _, other = name.partition(" ")
    return clock in rules.deadlines and other in getattr(rules.deadlines[clock], part)


def _overtakes(rules: pack.Pack, name: str) -> bool:
    """`petition.acceptance correct_route`: after an act nobody serves a paper any more."""
    paper, _, act = name.partition(" ")
    return paper in rules.papers and act in rules.papers[paper].overtaken_by


def _pause(rules: pack.Pack, name: str) -> bool:
    """`mediation.medical.start_assessment`: a clock stands still from an action on."""
    clock, _, action = name.rpartition(".")
    found = rules.deadlines.get(clock)
    return found is not None and any(pause.starts == action for pause in found.pauses)


def _field(rules: pack.Pack, name: str) -> bool:
    """`route`, or one of its values: `route.6`."""
    field, _, value = name.partition(".")
    found = rules.fields.get(field)
    return found is not None and (not value or value in (found.choices or {}))


def _of_field(rules: pack.Pack, name: str, *, part: str) -> bool:
    """`lower_office`: a field asks for an office `below`; `chosen_office`: one that `objected` may
    be named too; `effective_on`: its day is `not_before` another."""
    return name in rules.fields and bool(getattr(rules.fields[name], part))


def _chosen(rules: pack.Pack, name: str, *, part: str) -> bool:
    """`petition_class.accusation`: who chooses it `restricts` or `recuses`, as `part` says."""
    field, _, value = name.partition(".")
    found = rules.fields.get(field)
    choice = (found.choices or {}).get(value) if found is not None else None
    return choice is not None and bool(getattr(choice, part))


def _needs(rules: pack.Pack, name: str) -> bool:
    """`petition.refuse.refusal_reason`: an act asks for a field, always;
    `petition.refuse.earlier_number.finished`: where another field has this value."""
    process, action, field, value = (*name.split(".", 3), "", "", "")[:4]
    found = rules.processes[process].actions.get(action) if process in rules.processes else None
    if found is None:
        return False
    why = found.needs_if.get(field)
    return field in found.needs or (why is not None and value in why.values)


def _paper(rules: pack.Pack, name: str) -> bool:
    """`petition.acceptance`; `petition.acceptance.serve_paper`: an act makes or serves it;
    `dispute.registration.lead`: it is the leading office's."""
    key, part = _paper_of(rules, name)
    paper = rules.papers.get(key)
    if paper is None:
        return False
    acts = (*paper.made_by, *paper.served_by)
    return not part or part in acts or part == paper.organ == _LEAD


def _paper_of(rules: pack.Pack, name: str) -> tuple[str, str]:
    """The paper that a reference names, and the part of it. Names of papers have dots."""
    if name in rules.papers:
        return name, ""
    key, _, part = name.rpartition(".")
    return key, part


def _right(rules: pack.Pack, name: str) -> bool:
    """`mediator`, or one kind of field that it reads: `mediator.minutes`."""
    role, _, field = name.partition(".")
    rights = [right for right in rules.rights if right.role == role]
    return any(not field or field in (right.fields or {}) for right in rights)


_KINDS: Final[Mapping[str, Callable[[pack.Pack, str], bool]]] = {
    "action": _action,
    "after": partial(_bound, by="after"),
    "below": partial(_of_field, part="below"),
    "clock": _clock,
    "effect": _effect,
    "ends": partial(_of_clock, part="no_later_than"),
    "engine": lambda _, name: name in ENGINE,
    "field": _field,
    "guard": _guard,
    "ladder": lambda rules, name: name in rules.ladders,
    "needs": _needs,
    "not_before": partial(_of_field, part="not_before"),
    "notice": lambda rules, name: any(notice.on == name for notice in rules.notices),
    "objected": partial(_of_field, part="objected"),
    "outside": partial(_bound, by="outside"),
    "overtakes": _overtakes,
    "paper": _paper,
    "pause": _pause,
    "recounts": partial(_of_clock, part="recounts"),
    "recuses": partial(_chosen, part="recuses"),
    "restricts": partial(_chosen, part="restricts"),
    "right": _right,
    "role": lambda rules, name: name in rules.roles,
    "route": lambda rules, name: name in rules.routing,
    "runs_on": lambda rules, name: name in rules.deadlines and rules.deadlines[name].runs_on,
    "starts": partial(_of_clock, part="starts"),
    "state": _state,
    "when": partial(_of_clock, part="when"),
    "within": partial(_bound, by="within"),
}
