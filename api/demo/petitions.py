"""How people work on petitions: transfer, acceptance, answer, service, review, recheck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from api.demo import matters
from api.demo.district import DEPARTMENTS, VACANT, Cast
from api.demo.places import CITY, DISTRICT
from api.demo.plans import NAME, PAPER, PHONE, Plan
from workflow.decide import Scalar

Path = Literal[
    "answered", "extended", "routed", "refused", "objected", "upheld", "withdrawn", "reviewed",
    "rechecked", "heard", "direct", "stuck", "late", "suggested", "accused", "disputed", "moved",
    "settled", "examined", "annulled",
]  # fmt: skip
_REVIEWED: Final = frozenset({"reviewed", "rechecked", "heard", "annulled"})
_QUICK: Final = frozenset({"rechecked", "heard"})
_REGIONS: Final = ("visit", "letter", "call", "network", "hotline")


_MOVED: Final = frozenset({"moved", "disputed"})
_FILED_THERE: Final = frozenset({"direct", "examined"})
_CLASSES: Final = {"suggested": "suggestion", "accused": "accusation", "examined": "accusation"}
_WORDS: Final = {
    "suggested": ("建议小区门口增设公交站", "老人出行要走一公里，建议在小区门口设站。"),
    "accused": ("反映窗口工作人员收费问题", "办事窗口多收费用，不给票据。"),
    "examined": ("反映物业公司虚报维修面积", "电梯修了两部，报了四部，由主管部门核实。"),
}


def _words(path: Path, matter: matters.Matter) -> dict[str, str]:
    subject, story = _WORDS.get(path, (matter.subject, matter.story))
    return {"subject": subject, "story": story}


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who works on a petition that goes to one department."""

    office: UUID
    officer: UUID
    handler: UUID | None
    head: UUID
    reviewer: UUID
    rechecker: UUID
    supervisor: UUID
    other: UUID
    other_handler: UUID


def people(cast: Cast, department: str) -> People:
    """The petition office, one department, and the organs above it."""
    handlers = cast.holders[(department, DISTRICT), "department_handler"]
    other = DEPARTMENTS[0] if department != DEPARTMENTS[0] else DEPARTMENTS[1]
    return People(
        office=cast.offices[department, DISTRICT],
        officer=cast.holder("petition_office", DISTRICT, "petition_officer"),
        handler=handlers[0] if handlers else None,
        head=cast.holder(department, DISTRICT, "organ_head"),
        reviewer=cast.holder("leading_office", DISTRICT, "reviewer"),
        rechecker=cast.holder("leading_office", CITY, "reviewer"),
        supervisor=cast.holder("leading_office", DISTRICT, "supervisor"),
        other=cast.offices[other, DISTRICT],
        other_handler=cast.holder(other, DISTRICT, "department_handler"),
    )


def department_of(matter: matters.Matter, path: Path) -> str:
    """Which department a matter goes to."""
    if path == "stuck":
        return VACANT
    return DEPARTMENTS[1] if matter.category.startswith("07") else DEPARTMENTS[0]


@dataclass(slots=True, kw_only=True)
class Petition:
    """One petition being planned."""

    plan: Plan
    who: People
    matter: matters.Matter
    path: Path = "answered"

    def work(self) -> Plan:
        """The whole way of the petition along its path."""
        self._register()
        if self.path == "accused":
            self._hand_over()
            return self.plan
        if self.path in _FILED_THERE:
            self.plan.days_later(1, 9)
        else:
            self._transfer()
            if self.path == "stuck":
                return self.plan
            if self.path == "objected":
                self._object()
            elif self.path in _MOVED:
                self._move()
            self.plan.days_later(2, 9) if self.path not in _QUICK else self.plan.later(1, 2)
        if self.path == "refused":
            self._refuse()
        elif self.path == "withdrawn":
            self.plan.do("withdraw", self._handler, withdraw_reason="问题已经解决，不再要求办理。")
        elif self.path == "routed":
            self._tell_route()
        elif self.path == "suggested":
            self._study()
        elif self.path == "examined":
            self._examine()
        else:
            self._handle()
        return self.plan

    @property
    def _handler(self) -> UUID:
        if self.who.handler is None:
            raise ValueError("a petition at a vacant post goes no further")
        return self.who.handler

    def _register(self) -> None:
        dice, matter = self.plan.dice, self.matter
        heads = 1 if dice.random() < 0.75 else dice.randint(2, 12)
        self.plan.file(
            self._handler if self.path in _FILED_THERE else self.who.officer,
            **_words(self.path, matter),
            category=matter.category,
            channel=dice.choice(_REGIONS),
            petitioner_name=NAME,
            petitioner_phone=PHONE,
            heads=heads,
            representatives=min(heads, dice.randint(1, 5)) if heads > 1 else 0,
            identity_clear=True,
            petition_class=_CLASSES.get(self.path, "claim"),
            scale="01" if heads < 5 else "02",
            grade="04",
        )

    def _transfer(self) -> None:
        if self.path == "late":
            self.plan.days_later(16, 19)
        elif self.path in _QUICK:
            self.plan.later(0, 1)
        else:
            self.plan.days_later(1, 8)
        first = self.who.other if self.path in _MOVED else self.who.office
        self.plan.do("transfer", self.who.officer, to_office=str(first))

    def _object(self) -> None:
        """The department says that it is not competent; the petition office decides."""
        self.plan.later(1, 3)
        self.plan.do("object", self._handler, objection_reason="此事涉及其他单位职责，建议核对。")
        self.plan.later(1, 4)
        self.plan.do("uphold", self.who.officer, uphold_reason="三定规定明确由本单位负责。")

    def _move(self) -> None:
        """The first department's objection is agreed to; the second objects as well where the
        path is `disputed`, and the district says who takes it."""
        self.plan.later(1, 2)
        reason = "此事由其他单位主管，建议改转。"
        self.plan.do("object", self.who.other_handler, objection_reason=reason)
        self.plan.later(1, 2)
        self.plan.do("agree_return", self.who.officer)
        self.plan.later(0, 1)
        self.plan.do("transfer_again", self.who.officer, to_office=str(self.who.office))
        if self.path == "moved":
            return
        self.plan.later(1, 3)
        self.plan.do("object_again", self._handler, objection_reason="不在本单位职责清单内。")
        self.plan.later(1, 3)
        self.plan.do(
            "designate",
            self.who.supervisor,
            chosen_office=str(self.who.office),
            designate_reason="按职责清单由其主管。",
        )

    def _hand_over(self) -> None:
        """The petition office sends an accusation to the discipline body, and knows no more."""
        self.plan.days_later(1, 6)
        self.plan.do(
            "hand_over",
            self.who.officer,
            handed_to="discipline",
            handed_organ="区纪委监委信访室",
            handed_on=self.plan.day(0),
        )
        self.plan.later(1, 3)
        self._serve("serve_paper", self.who.officer, paper=PAPER)

    def _study(self) -> None:
        self.plan.do("study", self._handler)
        self.plan.days_later(8, 30)
        self.plan.do(
            "reply",
            self._handler,
            adoption=self.plan.dice.choice(("adopted", "partly", "not_adopted")),
            reply_words="建议已经研究，结果和理由已电话说明。",
        )
        self._serve_notice()

    def _examine(self) -> None:
        """The department may deal with the accusation itself."""
        self.plan.do("take_up", self._handler)
        self._serve_notice()
        self.plan.days_later(8, 30)
        self.plan.do("feed_back", self._handler, feedback_words="已核实，责令退还多报的费用。")
        self._serve_notice()

    def _refuse(self) -> None:
        self.plan.do(
            "refuse",
            self._handler,
            refusal_ground="judicial",
            refusal_reason="属于诉讼事项，法院已经立案。",
            other_routes="请向受理的法院了解审理情况。",
            remedy_told=True,
        )
        self._serve_notice()

    def _accept(self, *, route: str, **told: str) -> None:
        self.plan.do("accept", self._handler, route=route, **told)
        self._serve_notice()

    def _serve_notice(self) -> None:
        """Serves the notice that was just made."""
        self.plan.later(0, 1) if self.path in _QUICK else self.plan.later(1, 3)
        self._serve("serve_paper", self._handler, paper=PAPER)

    def _tell_route(self) -> None:
        """Told which way to go; what is the department's own duty it does itself."""
        is_duty = self.plan.dice.random() < 0.3
        if is_duty:
            self._accept(route="5", route_how="由本单位依法查处。")
        else:
            self._accept(
                route="2",
                route_how="请向劳动人事争议仲裁委员会申请仲裁，按劳动争议调解仲裁法办理。",
            )
        self.plan.days_later(2, 10)
        if is_duty:
            self.plan.do(
                "fulfil",
                self._handler,
                duty_done="done",
                duty_words="已到现场检查，责令三日内改正。",
            )
        else:
            self.plan.do(
                "tell_route",
                self._handler,
                route_told="请向劳动人事争议仲裁委员会申请仲裁，时效一年。",
            )
        self._serve_notice()

    def _handle(self) -> None:
        self._accept(route="6")
        if self.path == "extended":
            self.plan.days_later(38, 48)  # within the sixty days, however late the notice went
            self.plan.do(
                "extend",
                self.who.head,
                extend_days=self.plan.dice.choice((15, 20, 30)),
                extend_reason="涉及多个单位，需要核对历年资料。",
            )
            self._serve_notice()
            self.plan.days_later(4, 12)
        elif self.path in _QUICK:
            self.plan.later(3, 6)
        else:
            self.plan.days_later(12, 42)
        if self.path == "settled":
            self.plan.do(
                "settle",
                self._handler,
                both_agree=True,
                settlement_form="mediation",
                settlement_terms=self.matter.settles,
            )
            return
        self._answer()
        self.plan.later(0, 1) if self.path in _QUICK else self.plan.later(1, 3)
        self._serve("serve_answer", self._handler)
        if self.path in _REVIEWED:
            self._review()

    def _answer(self) -> None:
        self.plan.do(
            "answer",
            self._handler,
            outcome=self.plan.dice.choices(("support", "explain", "not_support"), (6, 3, 2))[0],
            facts_found="经调阅资料并到现场核实，反映的情况基本属实。",
            opinion=self.matter.settles,
            opinion_basis="信访工作条例第32条及相关政策",
        )

    def _serve(self, action: str, by: UUID, **more: Scalar) -> None:
        method = self.plan.dice.choice(("in_person", "in_person", "post", "electronic"))
        number = self.plan.dice.randint(100, 999)
        if method == "post":
            more["post_number"] = f"XA {number} 00{number} 42"
        elif method == "electronic":
            more["message_consent"] = True
        self.plan.do(
            action,
            by,
            served_method=method,
            served_on=self.plan.day(0),
            receipt=f"送达回证第 {number} 号",
            **more,
        )
        dice = self.plan.dice
        if action == "serve_answer" and self.path == "answered" and dice.random() < 0.4:
            self.plan.at += timedelta(hours=dice.randint(20, 90))
            verdict = dice.choice(("satisfied", "fairly", "dissatisfied"))
            self.plan.do("rate", None, rating_result=verdict, rating_attitude="fairly")

    def _review(self) -> None:
        self.plan.later(2, 5)
        if self.path == "annulled":
            self._annul()
            return
        self.plan.do("request_review", self.who.officer, requested_on=self.plan.day(0))
        self.plan.later(4, 8)
        self.plan.do(
            "answer_review",
            self.who.reviewer,
            review_outcome="upheld",
            review_opinion="原处理意见事实清楚，依据充分，予以维持。",
        )
        self.plan.later(0, 2)
        self._serve("serve_review", self.who.reviewer)
        if self.path in _QUICK:
            self._recheck()

    def _annul(self) -> None:
        """The petitioner asks; the answer does not stand, and the department gives another."""
        self.plan.do("ask_review", None, review_request="没有说明为什么只算到十月。")
        self.plan.later(4, 8)
        opinion = "处理意见没有查清补贴的起止时间。"
        self.plan.do("annul", self.who.reviewer, review_opinion=opinion)
        self.plan.later(0, 2)
        self._serve("serve_annulment", self.who.reviewer, chosen_office=str(self.who.office))
        self.plan.days_later(5, 15)
        self._answer()
        self.plan.later(1, 3)
        self._serve("serve_answer", self._handler)

    def _recheck(self) -> None:
        self.plan.later(2, 4)
        self.plan.do("request_recheck", self.who.officer, requested_on=self.plan.day(0))
        self.plan.later(2, 4)
        if self.path == "heard":
            self.plan.do(
                "start_hearing", self.who.rechecker, hearing_reason="事实有争议，需要听证。"
            )
            self.plan.later(5, 9)
            self.plan.do("end_hearing", self.who.rechecker, hearing_note="双方陈述，听证笔录在卷。")
            self.plan.later(2, 4)
        self.plan.do(
            "answer_recheck",
            self.who.rechecker,
            review_outcome="upheld",
            review_opinion="复查意见正确，予以维持。",
        )
        self.plan.later(1, 4)
        self._serve("serve_recheck", self.who.rechecker)
