"""A paper looked at before its act is done: all it will say, no number, nothing written but who
read it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from rules import papers as papers_
from tests import office
from tests.workflow import look
from workflow import db, ids
from workflow.commands import act
from workflow.commands import papers as commands
from workflow.decide import Scalar
from workflow.tables import paper as tables
from workflow.tables import personal as personal_tables

_PAPER = tables.Paper.__table__  # type: ignore[attr-defined]
_READ = personal_tables.PersonalRead.__table__  # type: ignore[attr-defined]

AGREED: dict[str, Scalar] = {
    **office.WRITTEN,
    "agreement_form": "written",
    "agreement_terms": "三日内修好，赔偿八百元。",
    "perform_by": "2026-04-10",
    "effective_on": "2026-03-23",
}
"""What is known before the two have signed."""


@pytest.fixture
def filed(district: office.District) -> act.Receipt:
    """A dispute in mediation, of which a session is on record."""
    it = district
    filed = it.file()
    it.at("2026-03-23 10:00")
    it.do(filed, "accept", "desk")
    it.do(filed, "name_mediator", "desk", mediator=str(it.people["mediator"]))
    it.hold_session(filed)
    return filed


def _draft(
    district: office.District, filed: act.Receipt, action: str, by: str, **fields: Scalar
) -> tuple[commands.Opened, ...]:
    request = act.Request(
        case_id=filed.case_id, action_id=ids.uuid7(), action=action, fields=fields
    )
    return commands.draft(district.engine, district.actor(by), request, reason="查看文书草稿")


def _rows(district: office.District, table: Any) -> list[Any]:
    with db.snapshot(district.engine.database) as tx:
        return list(tx.execute(select(table)))


def test_an_agreement_is_read_before_both_sign_it_and_nothing_is_done(
    district: office.District, filed: act.Receipt
) -> None:
    before = look.whole(district, filed.case_id)
    made, read = len(_rows(district, _PAPER)), len(_rows(district, _READ))
    unsigned = {name: value for name, value in AGREED.items() if value is not True}
    (paper,) = _draft(
        district, filed, "record_agreement", "mediator", **unsigned, both_signed=False
    )
    assert (paper.key, paper.number, paper.is_draft) == (
        "dispute.agreement_paper",
        papers_.NO_NUMBER,
        True,
    )
    assert paper.code is None
    told = papers_.document(paper.filled)
    assert "三日内修好" in told
    assert str(office.DISPUTE["applicant_name"]) in told
    assert look.whole(district, filed.case_id) == before
    assert len(_rows(district, _PAPER)) == made
    (reading,) = _rows(district, _READ)[read:]
    assert reading.fields == "paper:dispute.agreement_paper"
    assert reading.person_id == district.people["mediator"]


def test_a_draft_says_what_the_paper_then_says_but_for_the_number(
    district: office.District, filed: act.Receipt
) -> None:
    (draft,) = _draft(district, filed, "record_agreement", "mediator", **AGREED)
    district.do(filed, "record_agreement", "mediator", **AGREED, both_signed=True)
    no = max(row.no for row in _rows(district, _PAPER))
    paper = commands.open_one(
        district.engine, district.actor("mediator"), filed.case_id, no, reason="查看"
    )
    assert paper.number.endswith("1号")
    as_draft = papers_.document(paper.filled).replace(paper.number, papers_.NO_NUMBER)
    assert papers_.document(draft.filled) == as_draft


def test_a_draft_is_refused_as_the_act_would_be(
    district: office.District, filed: act.Receipt
) -> None:
    lacking = {**AGREED, "agreement_facts": ""}
    error = look.refused(_draft, district, filed, "record_agreement", "mediator", **lacking)
    assert (error.code, error.field) == ("field.missing", "agreement_facts")
    error = look.refused(_draft, district, filed, "record_agreement", "desk", **AGREED)
    assert error.code == "action.not_yours"
    error = look.refused(_draft, district, filed, "record_agreement", "other_officer", **AGREED)
    assert error.code == "case.unknown"
    (register,) = _draft(
        district, filed, "record_agreement", "mediator", **{**AGREED, "agreement_form": "oral"}
    )
    assert register.key == "dispute.oral_agreement"
    reason: dict[str, Scalar] = {"assessment_reason": "漏水责任需要鉴定。"}
    error = look.refused(_draft, district, filed, "start_assessment", "mediator", **reason)
    assert error.code == "paper.none"
    district.do(filed, "record_agreement", "mediator", **AGREED, both_signed=True)
    error = look.refused(_draft, district, filed, "record_agreement", "mediator", **AGREED)
    assert error.code == "action.wrong_state"
