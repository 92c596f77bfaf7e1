"""One thing taken away from the default pack: the check objects, or a rule says why not (I10).

The long run takes each 82nd thing; all of them take minutes: `python -m tests.mutation`.
"""

from __future__ import annotations

import json

import pytest

from rules import check, errors, load, pack
from tests.mutation import harmless, mutants
from tests.rules import packs

EVERY = 82


@pytest.fixture(scope="module")
def bench() -> mutants.Bench:
    """The default pack."""
    folder = load.shipped()
    return mutants.Bench(load.load(folder), load.load_calendar(folder))


@pytest.mark.long
def test_I10_pack_with_one_thing_less_is_refused_or_harmless_by_a_rule(
    bench: mutants.Bench,
) -> None:
    ways = list(mutants.paths(bench.document))
    found = mutants.Figures([bench.judge(way) for way in ways[::EVERY]])
    assert [one.place for one in found.survived] == []
    assert found.count("objected") > found.count("harmless") > 0


@pytest.mark.parametrize(
    "way",
    [
        ("processes", "dispute", "states", "filed"),
        ("processes", "dispute", "actions", "accept"),
        ("processes", "petition", "actions", "transfer", "lead"),
        ("processes", "dispute", "actions", "hand_up", "to"),
        ("processes", "dispute", "kind"),
        ("processes", "petition", "kind"),
        ("processes", "petition", "actions", "uphold", "to"),
        ("rights", "supervisor"),
        ("rights", "mediator", "fields", "story"),
        ("deadlines", "petition.handle"),
        ("deadlines", "petition.handle", "when"),
        ("deadlines", "mediation.medical", "pauses"),
        ("processes", "petition", "actions", "file_case", "when", 0),
        ("processes", "petition", "actions", "transfer", "when", 1),
        ("processes", "petition", "actions", "object", "within"),
        ("processes", "dispute", "actions", "end_mediation", "needs", 1),
        ("deadlines", "petition.review_window", "on_lapse"),
        ("deadlines", "dispute.first_session", "stops", 1),
        ("ladders", "default"),
        ("routing", "superior_office"),
        ("roles", "mediator"),
        ("fields", "story", "personal"),
        ("notices", 4),
        ("notices", 4, "text", "en"),
        ("office_kinds",),
        ("offices",),
        ("categories", "0502"),
        ("papers",),
        ("papers", "petition.acceptance"),
        ("papers", "petition.acceptance", "served_by"),
        ("papers", "petition.acceptance", "when", 0),
        ("papers", "petition.transfer_letter", "made_by", 1),
        ("papers", "petition.opinion_paper", "en", "to"),
        ("papers", "petition.opinion_paper", "zh", "body", 2),
        ("papers", "dispute.rights_notice", "organ"),
        ("processes", "petition", "actions", "refuse", "needs_if"),
        ("processes", "petition", "actions", "serve_answer", "needs_if", "witness"),
        ("processes", "dispute", "actions", "record_agreement", "needs_if", "copies_given"),
        ("fields", "danger", "choices", 3, "restricts"),
        ("deadlines", "petition.serve_paper", "unserved"),
    ],
)
def test_I10_thing_that_a_case_needs_is_missed(
    bench: mutants.Bench, way: tuple[str | int, ...]
) -> None:
    if way == ("office_kinds",):
        way = ("pack", "office_kinds")
    assert bench.judge(way).outcome == "objected"


@pytest.mark.long
def test_mutant_when_read_in_part_is_the_one_read_whole(bench: mutants.Bench) -> None:
    ways = [way for way in mutants.paths(bench.document) if str(way[0]) in mutants.ALONE]
    told = set()
    for way in ways[::701]:
        try:
            alone: pack.Pack | None = bench.mutant(way)
        except errors.PackInvalid:
            alone = None
        try:
            whole: pack.Pack | None = mutants.whole(mutants.without(bench.document, way))
        except errors.PackInvalid:
            whole = None
        assert alone == whole, way
        told.add(whole is None)
    assert told == {True, False}


def test_document_when_a_thing_is_taken_away_stays_as_it_was(bench: mutants.Bench) -> None:
    before = json.dumps(bench.document)
    mutant = mutants.without(bench.document, ("deadlines", "dispute.accept", "stops", 0))
    left = bench.document["deadlines"]["dispute.accept"]["stops"][1:]
    assert mutant["deadlines"]["dispute.accept"]["stops"] == left
    assert json.dumps(bench.document) == before


def test_rules_when_nothing_fits_let_nothing_through(bench: mutants.Bench) -> None:
    for way in (
        ("processes", "dispute", "states", "filed"),
        ("processes", "dispute", "actions", "accept", "to"),
        ("processes", "petition", "kind"),
        ("deadlines", "petition.handle"),
        ("rights", "mediator"),
        ("fields", "story"),
        ("anything new",),
    ):
        assert harmless.rule_of(bench.document, way) is None


def test_rules_have_a_name_and_a_reason_each() -> None:
    assert all(len(rule.reason) > 20 for rule in harmless.RULES.values())
    assert len(harmless.RULES) == len({rule.reason for rule in harmless.RULES.values()})


def test_small_pack_when_every_thing_is_taken_away_in_turn(tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    folder = packs.write(tmp_path_factory.mktemp("mutation") / "noise")
    loaded = load.load(folder)
    assert check.check(loaded.pack, packs.calendar()) == ()
    small = mutants.Bench(loaded, packs.calendar())
    found = mutants.Figures([small.judge(way) for way in mutants.paths(small.document)])
    assert [one.place for one in found.survived] == []
