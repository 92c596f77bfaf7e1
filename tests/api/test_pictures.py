"""Processes as drawings: everything of every shipped pack is there, and no words meet."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from importlib import resources
from xml.etree import ElementTree

import pytest

from api import texts
from api.rulebook import edition, labels, pictures
from rules import load, pack, picture
from rules.picture import shapes

PACKS = sorted(
    folder.name
    for folder in (resources.files("rules") / "packs").iterdir()
    if (folder / "pack.yaml").is_file()
)
# Written here: to read five packs costs whoever only collects the tests a tenth of a run.
OWN = {"cn-hotline": ("hotline",)}
ALL = [
    (name, process, language)
    for name in PACKS
    for process in ("dispute", "petition", *OWN.get(name, ()))
    for language in texts.LANGUAGES
]

pytestmark = pytest.mark.long("gaotai", "dongzhi", "hotline", "chongqing")


@functools.cache
def _edition(name: str) -> edition.Edition:
    loaded = load.load(load.shipped(name))
    return edition.Edition(pack=loaded.pack, hash=loaded.hash)


def _pack(name: str) -> pack.Pack:
    return _edition(name).pack


def _drawn(name: str, process: str, language: texts.Language) -> picture.Picture:
    return pictures.drawn(_edition(name), process, language)


def _said(drawn: picture.Picture) -> Mapping[str, str]:
    """What is written for each state, action and clock, its lines joined."""
    found: dict[str, str] = {}
    for word in drawn.words:
        found[word.key] = f"{found.get(word.key, '')}{word.text}".replace(" ", "")
    return found


def _bare(text: str) -> str:
    return text.replace(" ", "")


@pytest.mark.parametrize("name", PACKS)
def test_every_process_of_a_pack_is_drawn(name: str) -> None:
    assert set(_pack(name).processes) == {process for known, process, _ in ALL if known == name}


@pytest.mark.parametrize(("name", "process", "language"), ALL)
def test_drawing_of_a_shipped_process_shows_every_state_action_and_clock(
    name: str, process: str, language: texts.Language
) -> None:
    rules, words = _pack(name), texts.Words(language=language)
    said = _said(_drawn(name, process, language))
    found = rules.processes[process]
    for key, state in found.states.items():
        assert _bare(words.text(state.name)) in said[key], key
    for key, action in found.actions.items():
        assert _bare(words.text(action.name)) in said[key], key
        assert _bare(labels.roles(rules, action.by, words)) in said[key], key
    for key, rule in rules.deadlines.items():
        if rule.process == process:
            assert _bare(words.text(rule.name)) in said[key], key


@pytest.mark.parametrize(("name", "process", "language"), ALL)
def test_words_of_a_shipped_process_never_meet(
    name: str, process: str, language: texts.Language
) -> None:
    drawn = _drawn(name, process, language)
    assert [
        (one.text, other.text)
        for one, other in itertools.combinations(drawn.words, 2)
        if _meet(one.frame, other.frame)
    ] == []
    assert [
        word.text
        for word in drawn.words
        if word.frame[0] < 0 or word.frame[2] > drawn.width or word.frame[3] > drawn.height
    ] == []


@pytest.mark.parametrize(("name", "process", "language"), ALL)
def test_lines_of_a_shipped_process_run_through_no_words(
    name: str, process: str, language: texts.Language
) -> None:
    drawn = _drawn(name, process, language)
    assert [
        word.text
        for word in drawn.words
        for line in drawn.lines
        for leg in _legs(line)
        if _meet(word.frame, leg)
    ] == []


@pytest.mark.parametrize(("name", "process", "language"), ALL)
def test_boxes_of_a_shipped_process_hold_their_words_and_stand_apart(
    name: str, process: str, language: texts.Language
) -> None:
    drawn = _drawn(name, process, language)
    outer = [_frame(box) for box in drawn.boxes if box.kind in ("state", "end", "pill")]
    assert not [pair for pair in itertools.combinations(outer, 2) if _meet(*pair)]
    boxes = [_frame(box) for box in drawn.boxes]
    for word in drawn.words:
        cut = [box for box in boxes if _meet(box, word.frame) and not _holds(box, word.frame)]
        assert cut == [], word.text


@pytest.mark.parametrize(("name", "process", "language"), ALL)
def test_strips_for_paper_cut_no_words_and_leave_nothing_out(
    name: str, process: str, language: texts.Language
) -> None:
    drawn = _drawn(name, process, language)
    strips = picture.strips(drawn, ratio=1.25)
    ends = [top + height for top, height in strips]
    assert (strips[0][0], ends[-1]) == (0, drawn.height)
    assert [top for top, _ in strips[1:]] == ends[:-1]
    assert max(height for _, height in strips) <= 1.25 * drawn.width
    for cut in ends[:-1]:
        assert [it.text for it in drawn.words if it.frame[1] < cut < it.frame[3]] == []


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _holds(box: tuple[float, ...], frame: tuple[float, ...]) -> bool:
    return box[0] <= frame[0] and box[1] <= frame[1] and frame[2] <= box[2] and frame[3] <= box[3]


def _frame(box: shapes.Box) -> tuple[float, float, float, float]:
    return box.x, box.y, box.x + box.width, box.y + box.height


def _legs(line: shapes.Line) -> Iterator[tuple[float, float, float, float]]:
    for (x1, y1), (x2, y2) in itertools.pairwise(line.points):
        yield min(x1, x2) - 1, min(y1, y2) - 1, max(x1, x2) + 1, max(y1, y2) + 1


# ---- the order of the states


def _order(process: str) -> list[tuple[str, int]]:
    return [(node.state, node.depth) for node in picture.graph(_pack("cn-national"), process).nodes]


def test_states_stand_in_the_order_of_the_usual_way_with_detours_after_where_they_begin() -> None:
    order = _order("dispute")
    usual = [state for state, depth in order if depth == 0]
    assert usual[:3] == ["filed", "accepted", "mediating"]
    assert usual[-3:] == ["to_visit", "awaiting_rating", "closed"]
    place = {state: n for n, (state, _) in enumerate(order)}
    assert place["mediating"] < place["assessing"] < place["performing"]
    assert dict(order)["assessing"] == 1
    petition = [state for state, _ in _order("petition")]
    assert petition.index("served") < petition.index("reviewing") < petition.index("rechecking")
    assert petition[-1] == "closed"


def test_every_state_that_is_not_drawn_is_an_end_that_ways_name() -> None:
    graph = picture.graph(_pack("cn-national"), "dispute")
    drawn = {node.state for node in graph.nodes}
    left = set(_pack("cn-national").processes["dispute"].states) - drawn
    named = {it.to for node in graph.nodes for it in node.exits}
    assert left == {"withdrawn", "merged"}, "the others have a paper to serve"
    assert left <= named & graph.ends


# ---- where clocks run


def _clocks(process: str) -> dict[str, dict[str, bool]]:
    graph = picture.graph(_pack("cn-national"), process)
    return {node.state: {it.clock: it.is_paused for it in node.running} for node in graph.nodes}


def test_clock_runs_from_what_starts_it_to_what_stops_it() -> None:
    runs = _clocks("petition")
    # in the second the case waits for another office to have it, and the time runs on
    assert [s for s, it in runs.items() if "petition.handle" in it] == ["handling", "ousted"]
    assert [state for state, it in runs.items() if "petition.review_window" in it] == ["served"]


def test_clock_that_a_condition_rules_out_is_not_shown() -> None:
    """A petition that is told another route never gets a written answer, so that its clock does
    not run where the answer waits to be served."""
    runs = _clocks("petition")
    assert [s for s, it in runs.items() if "petition.tell_route" in it] == ["handling", "ousted"]
    assert "petition.transfer" not in runs["handling"]


def test_clock_stands_still_where_only_a_pause_leads() -> None:
    runs = _clocks("dispute")
    assert runs["assessing"]["mediation.general"] is True
    assert runs["assessing"]["mediation.labour"] is False
    assert runs["mediating"]["mediation.general"] is False
    assert _clocks("petition")["hearing"]["petition.recheck"] is True


def test_clock_of_an_act_that_is_open_at_any_time_stands_with_the_act() -> None:
    graph = picture.graph(_pack("cn-national"), "dispute")
    held = {act: clocks for group in graph.groups for act, clocks in group.actions.items()}
    assert held["name_leader"] == ("dispute.leader_plan",)
    assert all("dispute.leader_plan" not in it for it in _clocks("dispute").values())


# ---- a case on it


def test_case_when_shown_marks_its_states_and_the_ways_it_took() -> None:
    marks = picture.Marks(
        done=frozenset({"filed"}),
        now="accepted",
        next=frozenset({"mediating"}),
        taken=frozenset({("", "file_case"), ("filed", "accept")}),
    )
    drawn = pictures.marked(_edition("cn-national"), "dispute", "en", marks)
    boxes = {box.key: box.mark for box in drawn.boxes if box.kind == "state"}
    assert (boxes["filed"], boxes["accepted"], boxes["mediating"]) == ("done", "now", "next")
    assert boxes["to_visit"] == "plain"
    assert sum(line.is_taken for line in drawn.lines) == 2


# ---- words


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("办理期限：60 天", ("办理期限：60 天",)),
        ("申请司法确认的期限，到期不再受理", ("申请司法确认的", "期限，到期不再", "受理")),
        ("Time to transfer", ("Time to", "transfer")),
        ("Unbreakablewords stay", ("Unbreakablewords", "stay")),
        ("", ()),
    ],
)
def test_words_when_too_wide_break_at_spaces_and_between_chinese_letters(
    text: str, lines: tuple[str, ...]
) -> None:
    within = 120 if text.startswith("办理") else 12 * 7.5
    assert shapes.wrapped(text, "small", within=within) == lines


# ---- the file


@pytest.mark.parametrize(("name", "process", "language"), ALL)
def test_file_is_well_formed_and_names_itself(
    name: str, process: str, language: texts.Language
) -> None:
    words = texts.Words(language=language)
    root = ElementTree.fromstring(pictures.svg(_edition(name), process, words))
    space = "{http://www.w3.org/2000/svg}"
    assert root.findtext(f"{space}title") == words.text(_pack(name).processes[process].name)
    assert root.findtext(f"{space}desc")
    assert "--surface" in (root.findtext(f"{space}style") or "")
