"""The law row by row: what the shipped pack keeps, and what the check says of a broken row."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

import pytest

from rules import check, load, pack
from rules.check import provisions, report

TEXT = pack.Text(zh="一条", en="A row")


@functools.cache
def _shipped() -> pack.Pack:
    return load.release(load.NATIONAL)[0].pack


def _faults(rules: pack.Pack) -> list[tuple[str, str]]:
    found = report.Report({})
    provisions.check(rules, found)
    return [(fault.key, fault.code) for fault in found.found]


def _with(rows: Mapping[str, pack.Provision]) -> pack.Pack:
    shipped = _shipped()
    return dataclasses.replace(shipped, provisions={**shipped.provisions, **rows})


def _row(*kept_by: str, not_kept: pack.Text | None = None) -> pack.Provision:
    return pack.Provision(
        words=TEXT, source="法", tag="national", kept_by=kept_by, not_kept=not_kept
    )


def test_provisions_when_shipped_are_kept_or_say_why() -> None:
    rows = _shipped().provisions
    assert len(rows) > 120
    assert all(bool(row.kept_by) != (row.not_kept is not None) for row in rows.values())
    assert all(row.words.zh.endswith("。") and row.words.en for row in rows.values())


@pytest.mark.parametrize(
    "reference",
    [
        "clock petition.gone",
        "action petition.gone",
        "action nowhere.accept",
        "state petition.gone",
        "field gone",
        "field route.7",
        "guard petition.accept case.route == '7'",
        "guard petition.gone case.route == '6'",
        "when petition.handle case.route == '7'",
        "when petition.gone case.route == '6'",
        "pause petition.handle.start_hearing",
        "pause petition.gone.start_hearing",
        "within petition.accept",
        "right gone",
        "right mediator.gone",
        "role gone",
        "route gone",
        "paper gone",
        "paper petition.acceptance.refuse",
        "paper petition.acceptance.lead",
        "needs petition.refuse",
        "needs petition.refuse.earlier_number",
        "needs petition.refuse.earlier_number.judicial",
        "needs petition.gone.earlier_number",
        "restricts danger.none",
        "restricts danger",
        "restricts gone.minors",
        "notice gone",
        "ladder gone",
        "engine magic",
        "law petition.handle",
        "petition.handle",
        "",
    ],
)
def test_provision_when_its_reference_leads_nowhere(reference: str) -> None:
    assert _faults(_with({"P99": _row(reference)})) == [
        ("P99.kept_by", "check.provision_reference")
    ]


@pytest.mark.parametrize(
    "reference",
    [
        "clock petition.handle",
        "clock petition.extend",
        "action petition.object",
        "state petition.handling",
        "field route",
        "field route.6",
        "guard petition.file_case fields.representatives <= fields.heads",
        "when petition.handle case.route == '6'",
        "pause petition.recheck.start_hearing",
        "within petition.object",
        "right mediator",
        "right mediator.minutes",
        "role leader",
        "route superior_office",
        "paper petition.acceptance",
        "paper petition.acceptance.accept",
        "paper petition.acceptance.serve_paper",
        "paper dispute.registration.lead",
        "needs petition.refuse.refusal_reason",
        "needs petition.refuse.earlier_number.finished",
        "restricts danger.minors",
        "notice rung.warn",
        "ladder default",
        "engine counting.month",
    ],
)
def test_provision_when_its_reference_is_there(reference: str) -> None:
    assert _faults(_with({"P99": _row(reference)})) == []


def test_provision_when_neither_kept_nor_excused_or_both() -> None:
    both = _row("field route", not_kept=TEXT)
    assert _faults(_with({"P98": _row(), "P99": both})) == [
        ("P98", "check.provision_answer"),
        ("P99", "check.provision_answer"),
    ]


def _without(*references: str) -> pack.Pack:
    """The shipped pack, its rows not naming these any more."""
    shipped = _shipped()
    rows = {
        name: dataclasses.replace(
            row, kept_by=tuple(one for one in row.kept_by if one not in references)
        )
        for name, row in shipped.provisions.items()
    }
    kept = {name: row for name, row in rows.items() if row.kept_by or row.not_kept}
    return dataclasses.replace(shipped, provisions=kept)


@pytest.mark.parametrize(
    ("references", "key"),
    [
        (("clock petition.handle",), "petition.handle"),
        (("clock petition.extend",), "petition.handle.extension"),
        (("field refusal_ground.pending",), "refusal_ground"),
        (("field route", "field route.1"), "route"),
        (("paper petition.designation_letter",), "petition.designation_letter"),
        (("paper petition.objection_letter.object",), "petition.objection_letter"),
        (("paper petition.opinion_paper.serve_answer",), "petition.opinion_paper"),
        (("paper dispute.rights_notice.lead",), "dispute.rights_notice"),
    ],
)
def test_check_when_no_provision_names_a_national_clock_or_a_ground(
    references: tuple[str, ...], key: str
) -> None:
    assert set(_faults(_without(*references))) == {(key, "check.no_provision")}


def test_check_when_any_national_clock_is_on_no_row() -> None:
    shipped = _shipped()
    national = [name for name, rule in shipped.deadlines.items() if rule.tag == "national"]
    assert len(national) > 10
    for name in national:
        assert (name, "check.no_provision") in _faults(_without(f"clock {name}"))


def test_engine_facts_when_shipped_are_all_used() -> None:
    named = {one for row in _shipped().provisions.values() for one in row.kept_by}
    assert {f"engine {name}" for name in provisions.ENGINE} >= {
        one for one in named if one.startswith("engine ")
    }


def test_pack_check_when_a_row_is_broken_says_so() -> None:
    faults = check.check(_with({"P99": _row()}), load.load_calendar(load.shipped()))
    assert [(fault.file, fault.key) for fault in faults] == [("provisions.yaml", "P99")]


def test_check_when_a_pack_has_no_provisions_asks_for_none() -> None:
    assert _faults(dataclasses.replace(_shipped(), provisions={})) == []
