"""How people work on disputes: most in time, some at the last day, some late."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from api.demo import matters
from api.demo.district import Cast
from api.demo.places import DISTRICT
from api.demo.plans import NAME, PAPER, PHONE, Plan
from workflow.decide import Scalar

Path = Literal[
    "agreed", "handed_up", "ended", "assessed", "breached", "refused", "withdrawn", "reopened",
    "no_answer", "led", "climbed", "alone",
]  # fmt: skip
Stage = Literal["accept", "session", "visit"]

_WRITTEN: Final[dict[str, Scalar]] = {
    "agreement_facts": "双方对经过没有异议，争议在于责任和费用。",
    "agreement_duties": "双方按各自的过错分担。",
    "perform_how": "自行履行，调解员到场见证。",
    "perform_place": "社区调解室。",
    "mediator_signed": True,
    "sealed_by_committee": True,
    "copies_given": True,
}
_LIMITS: Final[dict[Stage, int]] = {"accept": 3, "session": 5}
_LATE: Final = (1, 5)
"""Working days after the last one: the ladder names a leader on the sixth."""
_LEADER_NAMED: Final = 9
"""Working days after filing on which the ladder has named a leader, nobody having accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who works on a dispute of one grid."""

    officer: UUID
    desk: UUID
    mediator: UUID
    street_desk: UUID
    street_mediator: UUID
    supervisor: UUID
    leader: UUID
    district_leader: UUID


def is_restricted(matter: matters.Matter) -> bool:
    """Whether a matter of one household, which only those who work on it may see."""
    return matter.subject.startswith("家务琐事")


def people(cast: Cast, grid: str, *, nth: int = 0) -> People:
    """The holders along the line of a grid. `nth` chooses among mediators and leaders."""
    street, community = grid[:9], grid[:12]
    return People(
        officer=cast.officers[grid],
        desk=cast.holder("case_desk", community, "case_desk"),
        mediator=cast.holder("mediation_committee", community, "mediator", nth=nth),
        street_desk=cast.holder("mediation_committee", street, "case_desk"),
        street_mediator=cast.holder("mediation_committee", street, "mediator", nth=nth),
        supervisor=cast.holder("leading_office", street, "supervisor"),
        leader=cast.holder("leading_office", street, "leader", nth=nth),
        district_leader=cast.holder("leading_office", DISTRICT, "leader"),
    )


@dataclass(slots=True, kw_only=True)
class Dispute:
    """One dispute being planned."""

    plan: Plan
    who: People
    matter: matters.Matter
    path: Path = "agreed"
    late: Stage | None = None
    slow: Stage | None = None
    mediator: UUID = field(init=False)

    def __post_init__(self) -> None:
        self.mediator = self.who.mediator

    def work(self) -> Plan:
        """The whole way of the case along its path."""
        self._file()
        if self.path == "alone":
            return self.plan
        if self.path == "climbed":
            self._led_by_the_ladder()
        else:
            self._wait("accept", (0, 1))
        if self.path == "refused":
            self._refuse()
            return self.plan
        self._accept()
        self._name_mediator(by=self.who.desk, mediator=self.who.mediator)
        if self.path == "withdrawn":
            self._withdraw()
            return self.plan
        self._mediate()
        return self.plan

    # -- pace

    def _wait(self, stage: Stage, usual: tuple[int, int]) -> None:
        """Before a step with a limit in working days: as usual, at the last day, or too late."""
        limit = _LIMITS[stage]
        if self.late == stage:
            low, high = _LATE
            self.plan.later(limit + low, limit + high)
        elif self.slow == stage:
            self.plan.later(limit, limit)
        else:
            self.plan.later(*usual)

    # -- the desk

    def _file(self) -> None:
        dice, matter = self.plan.dice, self.matter
        # Only the filer among the grid officers sees a restricted case, and must visit later.
        restricted = is_restricted(matter)
        at_desk = self.plan.is_office_hour and not restricted and dice.random() < 0.2
        by = self.who.desk if at_desk else self.who.officer
        self.plan.file(
            by,
            subject=matter.subject,
            story=matter.story,
            category=matter.category,
            applicant_name=NAME,
            applicant_phone=PHONE,
            respondent_name=NAME,
            place_detail=dice.choice(matters.PLACES),
            danger="none" if dice.random() < 0.9 else "escalating",
            scale="01" if dice.random() < 0.93 else "02",
            grade="04" if dice.random() < 0.9 else "03",
            told=True,
            confidentiality="restricted" if restricted else "normal",
        )

    def _accept(self) -> None:
        self.plan.do("accept", self.who.desk)

    def _refuse(self) -> None:
        self.plan.do(
            "refuse",
            self.who.desk,
            mediation_bar="taken",
            refusal_reason="此事已由法院立案，正在审理。",
            legal_basis="人民调解工作若干规定第22条",
            other_routes="请等待法院判决；对判决不服的，可以上诉。",
        )
        self._serve(by=self.who.desk, to=None)

    def _name_mediator(self, *, by: UUID, mediator: UUID) -> None:
        if self.plan.dice.random() < 0.3:
            self.plan.later(0, 1)
        else:
            self.plan.soon()
        self.plan.do(
            "name_mediator",
            by,
            mediator=str(mediator),
            consent_applicant=True,
            consent_respondent=True,
        )
        self.mediator = mediator

    def _withdraw(self) -> None:
        self.plan.later(1, 3)
        self.plan.do("withdraw", self.mediator, withdraw_reason="双方自行和好，不再要求处理。")

    def _led_by_the_ladder(self) -> None:
        """Nobody accepts; the ladder climbs to the district and names its leader."""
        self.plan.later(_LEADER_NAMED + 1, _LEADER_NAMED + 2)
        self._approve_plan(self.who.district_leader, responsible=self.who.desk)
        self.plan.later(0, 1)

    # -- mediation

    def _mediate(self) -> None:
        self._wait("session", (1, 3))
        if self.path == "assessed":
            self._assess()
        self._session()
        if self.path == "led":
            self._led()
        if self.path in ("handed_up", "ended"):
            self._no_agreement()
            if self.path == "ended":
                self._end()
                return
            self._hand_up()
        elif self.plan.dice.random() < 0.3:
            self.plan.later(2, 4)
            self._session()
        self.plan.later(1, 4)
        self._agree()
        if self.path == "breached":
            self._breach()
        self._perform()
        self._visit()

    def _session(self) -> None:
        dice = self.plan.dice
        self.plan.do(
            "record_session",
            self.mediator,
            session_on=self.plan.day(0),
            session_place="社区调解室" if dice.random() < 0.7 else "纠纷现场",
            attended=dice.choice(("both", "both", "both", "separately", "applicant_only")),
            rights_told=True,
            session_open="closed",
            minutes=dice.choice(matters.SESSIONS),
        )

    def _assess(self) -> None:
        self.plan.do("start_assessment", self.mediator, assessment_reason="需要专业机构认定责任。")
        self.plan.days_later(9, 25)
        self.plan.do(
            "end_assessment", self.mediator, assessment_result="责任已经认定，见评估意见。"
        )
        self.plan.do(
            "add_material",
            self.mediator,
            material_kind="evidence",
            material_title="评估意见书，原件",
            material_sheets=3,
        )
        self.plan.soon()

    def _led(self) -> None:
        """The supervisor names the street's leader, whose plan fixes the four things."""
        self.plan.later(1, 2)
        self.plan.do("name_leader", self.who.supervisor, leader=str(self.who.leader))
        self.plan.later(1, 2)
        self._approve_plan(self.who.leader, responsible=self.mediator)

    def _approve_plan(self, leader: UUID, *, responsible: UUID) -> None:
        self.plan.do(
            "approve_plan",
            leader,
            responsible=str(responsible),
            measures=self.plan.dice.choice(matters.MEASURES),
            plan_until=self.plan.day(self.plan.dice.randint(25, 40)),
        )

    def _no_agreement(self) -> None:
        self.plan.later(2, 4)
        self.plan.do(
            "record_no_agreement",
            self.mediator,
            no_agreement_reason=self.plan.dice.choice(matters.APART),
            routes_told=True,
        )
        self._serve(by=self.mediator)

    def _end(self) -> None:
        self.plan.later(0, 2)
        if self.plan.dice.random() < 0.5:
            side = self.plan.dice.choice(("applicant", "respondent"))
            self.plan.do("refuse_mediation", self.mediator, refusing_side=side, routes_told=True)
        else:
            self.plan.do(
                "end_mediation",
                self.mediator,
                end_reason="一方不愿继续调解，已告知其他途径。",
                routes_told=True,
            )
        self._serve(by=self.mediator)

    def _serve(self, *, by: UUID, to: str | None = "both") -> None:
        """Hands over the paper that was made last, on the same day or the next."""
        self.plan.later(0, 1)
        self.plan.do(
            "serve_paper",
            by,
            paper=PAPER,
            served_to=to,
            served_method="in_person",
            served_on=self.plan.day(0),
            receipt="本人签收",
        )

    def _hand_up(self) -> None:
        self.plan.later(0, 2)
        self.plan.do(
            "hand_up", self.mediator, hand_up_reason="双方都愿意请街道再调一次。", both_willing=True
        )
        self.plan.later(0, 1)
        self._name_mediator(by=self.who.street_desk, mediator=self.who.street_mediator)
        self.plan.later(1, 4)
        self._session()

    # -- agreement and after

    def _agree(self) -> None:
        dice = self.plan.dice
        is_written = dice.random() < 0.7 or self.matter.category == "0502"
        self.plan.do(
            "record_agreement",
            self.mediator,
            agreement_form="written" if is_written else "oral",
            effective_on=self.plan.day(0),
            **(_WRITTEN if is_written else {"oral_wished": True}),
            agreement_terms=self.matter.settles,
            perform_by=self.plan.day(dice.randint(5, 16)),
            both_signed=True,
        )

    def _breach(self) -> None:
        self.plan.days_later(5, 9)
        self.plan.do(
            "report_breach",
            self.mediator,
            breach_note="到期没有做完，对方催过两次。",
            routes_told=True,
        )
        self.plan.later(1, 3)
        self._session()
        self.plan.later(1, 2)
        self._agree()

    def _perform(self) -> None:
        self.plan.days_later(2, 5)
        note = "已经做完，双方确认。"
        self.plan.do(
            "confirm_performance",
            self.mediator,
            performed_on=self.plan.day(0),
            performance_note=note,
        )

    def _visit(self) -> None:
        if self.path == "no_answer":
            self._no_answer()
            return
        low, high = (8, 11) if self.late == "visit" else (6, 7) if self.slow == "visit" else (1, 4)
        self.plan.days_later(low, high)
        if self.path == "reopened":
            self._reopen()
            return
        self.plan.do(
            "pay_visit",
            self.who.officer,
            visited_on=self.plan.day(0),
            visit_result="performed" if self.plan.dice.random() < 0.92 else "partly",
            visit_note=self.plan.dice.choice(matters.VISITS),
        )
        if self.plan.dice.random() < 0.6:
            self._rate()

    def _no_answer(self) -> None:
        self.plan.days_later(5, 6)
        attempts = {f"attempt_{3 - n}_on": self.plan.day(-n) for n in range(3)}
        self.plan.do("close_no_answer", self.who.officer, **attempts)

    def _rate(self) -> None:
        """The resident, at any hour of the next days."""
        dice = self.plan.dice
        self.plan.at += timedelta(hours=dice.randint(3, 70), minutes=dice.randint(0, 59))
        verdict = dice.choices(("satisfied", "fairly", "dissatisfied"), (70, 22, 8))[0]
        words = {"rating_words": dice.choice(matters.WORDS)} if dice.random() < 0.5 else {}
        self.plan.do("rate", None, rating_result=verdict, rating_attitude="satisfied", **words)

    def _reopen(self) -> None:
        """The visit finds that it was not done; the desk takes it up again."""
        self.plan.do("reopen", self.who.officer, reopen_reason="回访发现没有做完，双方又起争执。")
        self.plan.later(0, 1)
        self._name_mediator(by=self.who.desk, mediator=self.who.mediator)
        self.plan.later(1, 3)
        self._session()
        self.plan.later(1, 2)
        self._agree()
        self.path = "agreed"
        self._perform()
        self._visit()
