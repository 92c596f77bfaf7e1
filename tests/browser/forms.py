"""The forms of actions: cases that between them offer every action of the shipped pack to
somebody, and who finds the form of each where."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar

from sqlalchemy import select, update

from api import forms, texts
from api.pages import action as action_page
from api.pages import frame, way
from rules import errors, load
from rules import pack as pack_
from tests import office
from tests.browser import walk
from workflow import access, db, ids
from workflow.commands import act
from workflow.commands import office as office_commands
from workflow.decide import Scalar
from workflow.queries import case as case_query
from workflow.tables import case as case_tables

Named = tuple[str, str]
"""A process and one of its actions."""
Step = tuple[str, str, Mapping[str, Scalar]]
"""Who does what, and what they fill in; `@name` is an office or a person of the district."""
_Part = TypeVar("_Part")
CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
CLOCK: Final = case_tables.Deadline.__table__.c  # type: ignore[attr-defined]
RESIDENT: Final = "resident"
ENGLISH: Final = texts.Words(language="en")
NATIONAL: Final = load.release(load.NATIONAL)[0].pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A case filed by somebody, and what was done with it before its forms are looked at."""

    by: str
    process: str
    filed: Mapping[str, Scalar] = field(default_factory=dict)
    steps: Sequence[Step] = ()
    late: str | None = None
    """A clock of it that is late, as a sweep would note it in some weeks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form of an action: who finds it, and on which case."""

    named: Named
    who: str
    case: act.Receipt

    @property
    def action(self) -> pack_.Action:
        """What is done by it."""
        process, name = self.named
        return NATIONAL.processes[process].actions[name]

    @property
    def path(self) -> str:
        """Its address."""
        base = "/mine" if self.who == RESIDENT else f"/cases/{self.case.case_id}"
        return f"{base}/do/{self.named[1]}"


# ---- the cases

EARLIER: Final = "@earlier"
"""Stands for the number of a case that was filed before."""
WHY: Final[Mapping[str, Scalar]] = {"objection_reason": "三定规定不由本单位负责。"}
TO_HOUSING: Final[Mapping[str, Scalar]] = {"to_office": "@housing"}
ABOUT_HOUSING: Final[Mapping[str, Scalar]] = {"complained_office": "@housing"}
SERVED: Final[Mapping[str, Scalar]] = {
    "served_method": "in_person",
    "served_on": "2026-03-20",
    "receipt": "本人签收",
}
REVIEWED: Final[Mapping[str, Scalar]] = {
    "review_outcome": "upheld",
    "review_opinion": "维持处理意见。",
}
ANNULS: Final[Mapping[str, Scalar]] = {"review_opinion": "事实未查清。"}
ACCEPTED: Final[Sequence[Step]] = (("desk", "accept", {}),)
MEDIATING: Final[Sequence[Step]] = (
    *ACCEPTED,
    ("desk", "name_mediator", {"mediator": "@mediator"}),
)
HEARD: Final[Sequence[Step]] = (
    *MEDIATING,
    ("mediator", "record_session", {**office.SESSION, "session_on": "2026-03-20"}),
)
PERFORMING: Final[Sequence[Step]] = (
    *HEARD,
    (
        "mediator",
        "record_agreement",
        {
            "agreement_form": "oral",
            "agreement_terms": "晚九点后不施工。",
            "perform_by": "2026-04-10",
            "both_signed": True,
        },
    ),
)
CONFIRMING: Final[Sequence[Step]] = (
    *PERFORMING,
    (
        "mediator",
        "apply_confirmation",
        {
            "applied_on": "2026-03-20",
            "both_applied": True,
            "confirmable": True,
            "court": "张湾区人民法院",
        },
    ),
)
PERFORMANCE_OUSTED: Final[Sequence[Step]] = (
    *PERFORMING,
    ("supervisor", "take_performance", {"complained_office": "@committee"}),
)
TO_VISIT: Final[Sequence[Step]] = (
    *PERFORMING,
    ("mediator", "confirm_performance", {"performed_on": "2026-03-20"}),
)
VISIT_OUSTED: Final[Sequence[Step]] = (
    *TO_VISIT,
    ("supervisor", "take_visit", {"complained_office": "@desk"}),
)
TO_RATE: Final[Sequence[Step]] = (
    *TO_VISIT,
    ("officer", "pay_visit", {"visited_on": "2026-03-20", "visit_result": "performed"}),
)
ASSESSING: Final[Sequence[Step]] = (
    *MEDIATING,
    ("mediator", "start_assessment", {"assessment_reason": "查漏水的原因。"}),
)
NO_AGREEMENT: Final[Sequence[Step]] = (
    *HEARD,
    (
        "mediator",
        "record_no_agreement",
        {"no_agreement_reason": "分歧太大。", "routes_told": True},
    ),
)
ASKED_TO_END: Final[Sequence[Step]] = (
    *ACCEPTED,
    (RESIDENT, "ask_to_end", {"asking_side": "applicant", "end_known": True}),
)
ASKED_HOW: Final[Sequence[Step]] = ((RESIDENT, "ask_progress", {}),)
SUPERVISED: Final[Sequence[Step]] = (
    ("supervisor", "supervise_case", {"supervise_reason": "拖得太久。"}),
)
WITH_A_PLAN: Final[Sequence[Step]] = (
    ("supervisor", "name_leader", {"leader": "@leader"}),
    (
        "leader",
        "approve_plan",
        {"responsible": "@mediator", "measures": "上门走访。", "plan_until": "2026-04-20"},
    ),
)
MERGED: Final[Sequence[Step]] = (
    ("desk", "merge", {"earlier_number": EARLIER, "merge_reason": "同一起漏水。"}),
)
SENT: Final[Sequence[Step]] = (("petition_officer", "transfer", TO_HOUSING),)
OBJECTING: Final[Sequence[Step]] = (*SENT, ("handler", "object", WHY))
RETURNED: Final[Sequence[Step]] = (*OBJECTING, ("petition_officer", "agree_return", {}))
RESENT: Final[Sequence[Step]] = (
    *RETURNED,
    ("petition_officer", "transfer_again", {"to_office": "@labour"}),
)
DISPUTED: Final[Sequence[Step]] = (*RESENT, ("other_handler", "object_again", WHY))
UPHELD: Final[Sequence[Step]] = (
    *OBJECTING,
    ("petition_officer", "uphold", {"uphold_reason": "三定规定明确。"}),
)
TOLD_WHERE: Final[Sequence[Step]] = (
    ("handler", "tell_where", {"lower_office": "@depot"}),
    ("handler", "serve_paper", {"paper": 2, **SERVED}),
)
SENT_DOWN: Final[Sequence[Step]] = (*TOLD_WHERE, ("handler", "send_down", {}))
DOWN_OBJECTING: Final[Sequence[Step]] = (*SENT_DOWN, ("other_handler", "object_up", WHY))
STUDYING: Final[Sequence[Step]] = (*SENT, ("handler", "study", {}))
STUDY_OUSTED: Final[Sequence[Step]] = (
    *STUDYING,
    ("petition_officer", "take_study", ABOUT_HOUSING),
)
OF_ANOTHER_ROUTE: Final[Sequence[Step]] = (*SENT, ("handler", "accept", {"route": "1"}))
OF_THE_FIFTH_ROUTE: Final[Sequence[Step]] = (*SENT, ("handler", "accept", {"route": "5"}))
HANDLING: Final[Sequence[Step]] = (*SENT, ("handler", "accept", {"route": "6"}))
OUSTED: Final[Sequence[Step]] = (*HANDLING, ("petition_officer", "take_away", ABOUT_HOUSING))
ANSWERED: Final[Sequence[Step]] = (
    *HANDLING,
    (
        "handler",
        "answer",
        {
            "outcome": "support",
            "facts_found": "经核实属实。",
            "opinion": "五日内发放。",
            "opinion_basis": "第三条",
        },
    ),
)
ANSWER_SERVED: Final[Sequence[Step]] = (*ANSWERED, ("handler", "serve_answer", SERVED))
REVIEWING: Final[Sequence[Step]] = (
    *ANSWER_SERVED,
    ("handler", "request_review", {"requested_on": "2026-03-20"}),
)
ANNULLED: Final[Sequence[Step]] = (*REVIEWING, ("reviewer", "annul", ANNULS))
REVIEW_ANSWERED: Final[Sequence[Step]] = (*REVIEWING, ("reviewer", "answer_review", REVIEWED))
REVIEW_SERVED: Final[Sequence[Step]] = (*REVIEW_ANSWERED, ("reviewer", "serve_review", SERVED))
STREET_REVIEWING: Final[Sequence[Step]] = (
    ("clerk", "accept", {"route": "6"}),
    *(("clerk", name, fields) for _, name, fields in REVIEWING[-3:]),
)
"""At a department of a street, for two organs must stand above the one that answers."""
STREET_OUSTED: Final[Sequence[Step]] = (
    STREET_REVIEWING[0],
    ("clerk", "take_away", {"complained_office": "@station"}),
)
STREET_REVIEW_SERVED: Final[Sequence[Step]] = (
    *STREET_REVIEWING,
    *(("street_reviewer", name, fields) for _, name, fields in REVIEW_SERVED[-2:]),
)
RECHECKING: Final[Sequence[Step]] = (
    *STREET_REVIEW_SERVED,
    ("street_reviewer", "request_recheck", {"requested_on": "2026-03-20"}),
)
HEARING: Final[Sequence[Step]] = (
    *RECHECKING,
    ("reviewer", "start_hearing", {"hearing_reason": "双方说法不一。"}),
)
RECHECK_ANSWERED: Final[Sequence[Step]] = (*RECHECKING, ("reviewer", "answer_recheck", REVIEWED))
RECHECK_ANNULLED: Final[Sequence[Step]] = (*RECHECKING, ("reviewer", "annul_recheck", ANNULS))
TAKEN_UP: Final[Sequence[Step]] = (("handler", "take_up", {}),)

HANDED_OVER: Final[Sequence[Step]] = (
    (
        "petition_officer",
        "hand_over",
        {"handed_to": "discipline", "handed_organ": "区纪委监委", "handed_on": "2026-03-20"},
    ),
)

OF_THE_OFFICER: Final = (
    (),
    ACCEPTED,
    MEDIATING,
    HEARD,
    ASSESSING,
    NO_AGREEMENT,
    PERFORMING,
    CONFIRMING,
    PERFORMANCE_OUSTED,
    TO_VISIT,
    VISIT_OUSTED,
    TO_RATE,
    ASKED_TO_END,
    ASKED_HOW,
    WITH_A_PLAN,
    SUPERVISED,
    MERGED,
)
"""Disputes, all filed by the grid officer."""
OF_THE_PETITION_OFFICE: Final = (
    (),
    ASKED_HOW,
    SENT,
    OBJECTING,
    RETURNED,
    RESENT,
    UPHELD,
    DISPUTED,
    HANDLING,
    OF_ANOTHER_ROUTE,
    OF_THE_FIFTH_ROUTE,
    OUSTED,
    ANSWERED,
    ANSWER_SERVED,
    REVIEWING,
    ANNULLED,
    REVIEW_ANSWERED,
    REVIEW_SERVED,
)
OF_THE_DEPARTMENT: Final = ((), TOLD_WHERE, SENT_DOWN, DOWN_OBJECTING)
OF_THE_STREET: Final = (
    WITH_A_PLAN,
    SUPERVISED,
    STREET_OUSTED,
    STREET_REVIEWING,
    STREET_REVIEW_SERVED,
    RECHECKING,
    HEARING,
    RECHECK_ANSWERED,
    RECHECK_ANNULLED,
)


def lives() -> Iterator[Life]:
    """A case in each state that has forms, and those that a condition asks for."""
    for steps in OF_THE_OFFICER:
        yield Life(by="officer", process="dispute", steps=steps)
    yield Life(by="desk", process="dispute", filed={"complained_office": "@desk"})
    yield Life(
        by="officer",
        process="dispute",
        filed={"category": "0502"},
        steps=MEDIATING,
        late="mediation.medical",
    )
    yield Life(by="officer", process="dispute", filed={"category": "0701"})
    for steps in OF_THE_PETITION_OFFICE:
        yield Life(by="petition_officer", process="petition", steps=steps)
    for steps in OF_THE_DEPARTMENT:
        yield Life(by="handler", process="petition", steps=steps)
    for steps in OF_THE_STREET:
        yield Life(by="clerk", process="petition", steps=steps)
    for steps in (SENT, STUDYING, STUDY_OUSTED):
        suggested = {"petition_class": "suggestion"}
        yield Life(by="petition_officer", process="petition", filed=suggested, steps=steps)
    accused = {"petition_class": "accusation"}
    for steps in ((), HANDED_OVER):
        yield Life(by="petition_officer", process="petition", filed=accused, steps=steps)
    for steps in ((), TAKEN_UP):
        yield Life(by="handler", process="petition", filed=accused, steps=steps)


def lived(district: office.District) -> list[tuple[str, act.Receipt]]:
    """All of them, each with its process."""
    district.staff(
        "station",
        kind="department",
        area=office.STREET,
        superior="street",
        clerk="department_handler",
    )
    district.staff(
        "justice", kind="justice_office", area=office.STREET, superior="street", visitor="mediator"
    )
    district.staff("depot", kind="department", area=office.DISTRICT, superior="housing")
    keeper = office_commands.NewPost(  # by somebody who can sign in
        id=ids.uuid7(),
        role="department_handler",
        office_id=district.offices["depot"],
        holder_id=district.people["other_handler"],
    )
    office_commands.add_posts(district.engine.database, [keeper])
    district.seat({"street_reviewer": ("reviewer", "street")})
    return [(life.process, _live(district, life)) for life in lives()]


def _live(district: office.District, life: Life) -> act.Receipt:
    case = district.file(life.by, process=life.process, **_ids(district, life.filed))  # type: ignore[arg-type]
    for who, name, fields in life.steps:
        if who == RESIDENT:
            district.ask(case, name, **fields)
        else:
            district.do(case, name, who, **_ids(district, fields))
    if life.late is not None:
        clock = (CLOCK.case_id == case.case_id) & (CLOCK.rule == life.late)
        with db.transaction(district.engine.database) as tx:
            tx.execute(update(CLOCK.case_id.table).where(clock).values(missed_at=CLOCK.due_at))
    return case


def actor(district: office.District, who: str, case: act.Receipt) -> access.Actor:
    """Somebody of the district, or the resident of a case."""
    if who != RESIDENT:
        return district.actor(who)
    return district.resident(case)


def _ids(district: office.District, fields: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """With the ids of those who are named."""
    known: dict[str, object] = {
        f"@{name}": key for name, key in (*district.people.items(), *district.offices.items())
    }
    if EARLIER in fields.values():
        with db.snapshot(district.engine.database) as tx:
            first = select(CASE.number).where(CASE.state == "filed").order_by(CASE.opened_at)
            known[EARLIER] = tx.execute(first).scalars().first()
    return {
        name: str(known[value]) if isinstance(value, str) and value in known else value
        for name, value in fields.items()
    }


# ---- the forms


def wanted(pack: pack_.Pack = NATIONAL) -> frozenset[Named]:
    """The actions that somebody does by a form of its own: not those of the ladder alone, nor
    filing, which has pages of its own."""
    return frozenset(
        (process, name)
        for process, found in pack.processes.items()
        for name, action in found.actions.items()
        if set(action.by) != {"ladder"} and name != frame.FILE
    )


def found(district: office.District, cases: Sequence[tuple[str, act.Receipt]]) -> tuple[Form, ...]:
    """The form of each action that any of the cases offers to anybody who can sign in, once."""
    forms_: dict[Named, Form] = {}
    for process, case in cases:
        for who in _concerned(process, district.case(case).state, known=forms_):
            for name in _offered(district, who, case):
                forms_.setdefault((process, name), Form(named=(process, name), who=who, case=case))
    return tuple(forms_.values())


def _offered(district: office.District, who: str, case: act.Receipt) -> Sequence[str]:
    """What somebody may do there; nothing where the case is not theirs."""
    with suppress(errors.NotFound):
        return case_query.view(district.engine, actor(district, who, case), case.case_id).actions
    return ()


def _concerned(process: str, state: str, *, known: Collection[Named]) -> Iterator[str]:
    """Who may have a form there that is not known yet, by their role: a view costs more."""
    roles = {
        role
        for name, action in NATIONAL.processes[process].actions.items()
        if state in action.source and (process, name) not in known
        for role in action.by
    }
    if RESIDENT in roles:
        yield RESIDENT
    yield from dict.fromkeys(
        who for who, role, *_ in office.POSTS if who in walk.STAFF and role in roles
    )


# ---- what they are made of


def kinds(pack: pack_.Pack, named: Iterable[Named]) -> frozenset[str]:
    """The kinds of input on the forms of some actions."""
    return frozenset(
        it.kind
        for process, name in named
        for it in inputs(pack, pack.processes[process].actions[name])
    )


def inputs(pack: pack_.Pack, action: pack_.Action) -> tuple[forms.Input, ...]:
    """The inputs of an action's form."""
    return forms.inputs(action, pack.fields, ENGLISH)


def drawn(form: Form) -> frozenset[tuple[object, ...]]:
    """What a form is drawn of: its page, its button, and its inputs as they are marked."""
    page = RESIDENT if form.who == RESIDENT else action_page.LAYOUTS.get(form.named[1], "")
    ending = way.is_ending(NATIONAL.processes[form.named[0]], form.action)
    parts = {
        ("input", it.kind, bool(it.hint), it.required, it.needed is not None)
        for it in inputs(NATIONAL, form.action)
    }
    return frozenset({("page", page), ("button", ending), *parts})


def asked(form: Form) -> frozenset[str]:
    """The kinds of input that are found empty when a form is sent as it stands."""
    return frozenset(it.kind for it in inputs(NATIONAL, form.action) if it.required)


def unlike(offered: Sequence[Form]) -> tuple[Form, ...]:
    """Those that do not ask the same under the same name: an action that both processes have is
    the same page of another case."""
    first: dict[object, Form] = {}
    for it in offered:
        action = it.action
        key = (action.name.zh, action.needs, action.takes, it.who == RESIDENT, drawn(it))
        first.setdefault(key, it)
    return tuple(first.values())


def between_them(
    offered: Sequence[Form], parts: Callable[[Form], frozenset[_Part]]
) -> tuple[Form, ...]:
    """Some forms that have between them every part which any has."""
    chosen: list[Form] = []
    known: set[_Part] = set()
    for form in sorted(offered, key=lambda it: len(parts(it)), reverse=True):
        if not parts(form) <= known:
            chosen.append(form)
            known |= parts(form)
    return tuple(chosen)
