"""Mediation at a desk, from acceptance to performance: in both languages, with and without
JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
        leads_to="mediating",
    ),
    Step(
        at="2026-03-25 15:00",
        who="mediator",
        action="record_session",
        fields={"attended": "both", "session_on": "2026-03-25", "minutes": "<b>谈妥</b>"},
        leads_to="mediating",
    ),
    Step(
        at="2026-03-25 16:00",
        who="mediator",
        action="record_agreement",
        fields={
            "agreement_form": "written",
            "agreement_terms": "晚九点后不施工。",
            "perform_by": "2026-03-30",
        },
        ticked=("both_signed",),
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


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_mediation_when_done_at_a_desk_goes_from_form_to_form(
    site: walk.Site, language: str, *, script: bool
) -> None:
    district = site.district
    filed = district.file("officer")
    for step in MEDIATION:
        district.at(step.at)
        with site.signed_in(step.who, language=language, script=script) as person:
            person.go(f"/cases/{filed.case_id}/do/{step.action}")
            mediator = str(district.people["mediator"])
            person.fill({k: mediator if v == "@mediator" else v for k, v in step.fields.items()})
            for name in step.ticked:
                person.page.check(f"#f-{name}")
            person.page.locator("main form button.btn-main").first.click()
            person.page.wait_for_load_state()
            assert person.page.locator("html").get_attribute("lang") == language
            assert person.noise == []
        seen = case_query.view(district.engine, district.actor("supervisor"), filed.case_id)
        assert seen.case.state == step.leads_to, (step.action, seen.case.state)
