"""Mediation at a desk, from acceptance to performance: in both languages, with and without
JavaScript."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from tests.browser import walk
from workflow.queries import case as case_query

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One act by its form: who, when, what they fill in and tick."""

    at: str
    who: str
    action: str
    fields: Mapping[str, str] = field(default_factory=dict)
    ticked: tuple[str, ...] = ()
    leads_to: str


MEDIATION = (
    Step(at="2026-03-23 09:30", who="desk", action="accept", leads_to="accepted"),
    Step(
        at="2026-03-23 09:40",
        who="desk",
        action="name_mediator",
        fields={"mediator": "@mediator"},
        ticked=("consent_applicant", "consent_respondent"),
        leads_to="mediating",
    ),
    Step(
        at="2026-03-25 15:00",
        who="mediator",
        action="record_session",
        fields={
            "attended": "both",
            "session_open": "closed",
            "session_on": "2026-03-25",
            "minutes": "<b>谈妥</b>",
        },
        ticked=("rights_told",),
        leads_to="session_held",
    ),
    Step(
        at="2026-03-25 16:00",
        who="mediator",
        action="record_agreement",
        fields={
            "agreement_form": "written",
            "agreement_terms": "晚九点后不施工。",
            "agreement_facts": "夜间施工，声音过大。",
            "agreement_duties": "施工方调整时间。",
            "perform_how": "自行履行。",
            "perform_place": "工地。",
            "perform_by": "2026-03-30",
            "effective_on": "2026-03-25",
        },
        ticked=("both_signed", "mediator_signed", "sealed_by_committee", "copies_given"),
        leads_to="performing",
    ),
    Step(
        at="2026-03-30 10:00",
        who="mediator",
        action="confirm_performance",
        fields={"performed_on": "2026-03-30"},
        leads_to="to_visit",
    ),
)


@pytest.mark.long("en", "plain")
# each database with each language, each language with and without script
@pytest.mark.parametrize(
    ("dialect", "language", "script"),
    [
        ("sqlite", "zh-CN", True),
        ("sqlite", "en", False),
        ("postgresql", "zh-CN", False),
        ("postgresql", "en", True),
    ],
    indirect=["dialect"],
    ids=lambda value: {True: "script", False: "plain"}.get(value, value),
)
def test_mediation_when_done_at_a_desk_goes_from_form_to_form(
    site: walk.Site, language: str, *, script: bool
) -> None:
    district = site.district
    filed = district.file("officer")
    for who, steps in itertools.groupby(MEDIATION, key=lambda step: step.who):
        with site.signed_in(who, language=language, script=script) as person:
            for step in steps:
                district.at(step.at)
                fill_in(person, step, filed.case_id, mediator=str(district.people["mediator"]))
                assert person.page.locator("html").get_attribute("lang") == language
                assert person.noise == []
                seen = case_query.view(district.engine, district.actor("supervisor"), filed.case_id)
                assert seen.case.state == step.leads_to, (step.action, seen.case.state)


@pytest.mark.long("en", "postgresql")
@pytest.mark.parametrize(("language", "script"), [("zh-CN", True), ("en", False)])
def test_a_third_party_when_invited_reads_how_it_stands_until_the_invitation_is_taken_back(
    site: walk.Site, language: str, *, script: bool
) -> None:
    district = site.district
    filed = district.file("officer")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    invite = Step(
        at="2026-03-23 10:00",
        who="mediator",
        action="invite",
        fields={"invited_who": "王示例", "invited_kind": "expert"},
        ticked=("invited_agreed",),
        leads_to="mediating",
    )
    take_back = Step(
        at="2026-03-23 10:05",
        who="mediator",
        action="end_invitations",
        fields={"invitation_end_reason": "party"},
        leads_to="mediating",
    )
    with (
        site.signed_in("mediator", language=language, script=script) as mediator,
        site.visitor(phone=True, language=language, script=script) as guest,
    ):
        fill_in(mediator, invite, filed.case_id, mediator="")
        mediator.go(f"/cases/{filed.case_id}")
        code = mediator.page.locator("section[aria-labelledby=inv] dd").inner_text()
        guest.go("/lookup")
        guest.fill({"number": filed.number, "code": code})
        guest.follow(guest.page.locator("main form button.btn-main"))
        said = guest.page.locator("main").inner_text()
        assert filed.number in said
        assert "漏水，402" in said
        for hidden in ("张示例", "李样本", "王示例", "泡坏"):
            assert hidden not in said
        guest.go("/mine/do/rate")
        assert guest.page.url.endswith("/mine")
        assert guest.noise == []
        fill_in(mediator, take_back, filed.case_id, mediator="")
        guest.go("/mine")
        assert guest.page.url.endswith("/lookup")


def fill_in(person: walk.Visitor, step: Step, case_id: UUID, *, mediator: str) -> None:
    """Opens the form of a step, fills it in and sends it."""
    person.go(f"/cases/{case_id}/do/{step.action}")
    person.fill({k: mediator if v == "@mediator" else v for k, v in step.fields.items()})
    for name in step.ticked:
        person.page.check(f"#f-{name}")
    person.follow(person.page.locator("main form button.btn-main"))
