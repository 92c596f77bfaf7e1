"""One pack upon another: single values, rungs, lists with more and less, things taken away; and
every fault in the file of the pack that wrote the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules import check, errors, load, pack
from tests.rules import packs

HEAD = "name: local\nextends: noise\nversion: '2'\n"


def _local(tmp_path: Path, **files: str) -> Path:
    """A pack that extends the small one; files by the name of their subject."""
    packs.write(tmp_path / "noise")
    folder = tmp_path / "local"
    folder.mkdir()
    for name, text in {"pack": HEAD, **files}.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


def _loaded(tmp_path: Path, **files: str) -> load.Loaded:
    return load.load(_local(tmp_path, **files), base=lambda name: tmp_path / name)


def _told(tmp_path: Path, **files: str) -> list[tuple[str, int, str, str]]:
    """File, line, key and code of every fault, of loading or of the check."""
    try:
        loaded = _loaded(tmp_path, **files)
        faults = check.check(loaded.pack, packs.calendar(), places=loaded.places)
    except errors.PackInvalid as invalid:
        faults = invalid.pack_faults
    return [(f.file, f.line, f.key, f.code) for f in faults]


# --- what can be said


def test_one_rung_of_a_ladder_changes_and_the_others_stay(tmp_path: Path) -> None:
    loaded = _loaded(tmp_path, ladders="gentle: {3: {at: 2 working days after}}\n")
    below = load.load(tmp_path / "noise").pack.ladders["gentle"]
    found = loaded.pack.ladders["gentle"]
    assert found[2].at.length == pack.Length(n=2, unit="working_day")
    assert (found[2].do, found[2].tell) == (below[2].do, below[2].tell)
    assert found[:2] + found[3:] == below[:2] + below[3:]


def test_a_rung_is_taken_away_and_another_added(tmp_path: Path) -> None:
    more = "{at: 5 working days after, do: raise, tell: supervisor}"
    loaded = _loaded(tmp_path, ladders=f"gentle: {{remove: [{{do: leader}}], add: [{more}]}}\n")
    assert [rung.do for rung in loaded.pack.ladders["gentle"]] == ["warn", "urge", "raise", "raise"]


def test_the_number_of_an_item_is_that_of_the_pack_below(tmp_path: Path) -> None:
    loaded = _loaded(tmp_path, ladders="gentle: {1: (none), 4: {tell: handler}}\n")
    found = loaded.pack.ladders["gentle"]
    assert [(rung.do, rung.tell) for rung in found] == [
        ("urge", "handler"),
        ("raise", "supervisor"),
        ("leader", "handler"),
    ]


def test_a_list_gets_more_and_less(tmp_path: Path) -> None:
    loaded = _loaded(
        tmp_path,
        noise_visit="process: noise_visit\nactions: {record_visit: {by: {add: [supervisor]}, "
        "needs: {remove: visited_on, add: tone}}}\n",
    )
    action = loaded.pack.processes["noise_visit"].actions["record_visit"]
    assert action.by == ("grid_officer", "supervisor")
    assert action.needs == ("parties_met", "tone")


def test_a_word_alone_is_a_list_of_one(tmp_path: Path) -> None:
    loaded = _loaded(tmp_path, deadlines="noise.first_visit: {stops: {add: [name_leader]}}\n")
    assert loaded.pack.deadlines["noise.first_visit"].stops == ("record_visit", "name_leader")


def test_a_list_that_says_no_part_replaces_the_whole(tmp_path: Path) -> None:
    loaded = _loaded(tmp_path, ladders="gentle: [{at: when due, do: urge, tell: supervisor}]\n")
    assert [rung.do for rung in loaded.pack.ladders["gentle"]] == ["urge"]


def test_a_named_thing_is_taken_away_and_a_field_added(tmp_path: Path) -> None:
    loaded = _loaded(
        tmp_path,
        fields="tone: (none)\nnoise_level: {type: int, max: 140, name: {zh: 分贝, en: Decibels}}\n",
        categories='"0201": (none)\n',
    )
    assert "tone" not in loaded.pack.fields
    assert loaded.pack.fields["noise_level"].max == 140
    assert list(loaded.pack.fields["category"].choices or {}) == ["02"], "choices follow"


def test_a_merged_pack_read_back_from_its_document_is_the_same(tmp_path: Path) -> None:
    loaded = _loaded(
        tmp_path, ladders="gentle: {3: {at: 2 working days after}, remove: {do: leader}}\n"
    )
    assert load.from_document(loaded.document) == loaded
    assert "(none)" not in loaded.document


# --- faults, each where it was written


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (
            {"deadlines": "noise.other: (none)\n"},
            ("deadlines.yaml", 1, "noise.other", "pack.nothing_to_remove"),
        ),
        (
            {"fields": "# more\nloud: {type: int, name: {zh: 响, en: Loud}, min: (none)}\n"},
            ("fields.yaml", 2, "loud.min", "pack.nothing_to_remove"),
        ),
        (
            {"ladders": "gentle: {5: {do: warn}}\n"},
            ("ladders.yaml", 1, "gentle.5", "pack.no_such_item"),
        ),
        (
            {"ladders": "gentle:\n  remove:\n    - {do: warn}\n    - {do: measure}\n"},
            ("ladders.yaml", 4, "gentle.remove.2", "pack.nothing_to_remove"),
        ),
        (
            {"ladders": "gentle: {first: {do: warn}}\n"},
            ("ladders.yaml", 1, "gentle.first", "pack.no_such_item"),
        ),
        (
            {"deadlines": "noise.first_visit: {limit: 0 working days}\n"},
            ("deadlines.yaml", 1, "noise.first_visit.limit", "pack.length_zero"),
        ),
        (
            {"deadlines": "noise.first_visit:\n  ladder: steep\n"},
            ("deadlines.yaml", 2, "noise.first_visit.ladder", "check.unknown_ladder"),
        ),
        (
            {"deadlines": "noise.first_visit:\n  limit: 3 working days\n"},
            ("noise/examples.yaml", 3, "1.due", "check.example_wrong"),
        ),
        (
            {"ladders": "gentle:\n  add:\n    - {at: when due, do: urge, tell: nobody}\n"},
            ("ladders.yaml", 3, "gentle.5", "check.unknown_role"),
        ),
        (
            {"ladders": "gentle: (none)\n"},
            ("noise/deadlines.yaml", 6, "noise.first_visit.ladder", "check.unknown_ladder"),
        ),
        (
            {"pack": HEAD.replace("noise", "local")},
            ("pack.yaml", 2, "extends", "pack.circular"),
        ),
    ],
)
def test_a_fault_is_told_in_the_file_that_wrote_the_line(
    tmp_path: Path, files: dict[str, str], told: tuple[str, int, str, str]
) -> None:
    assert told in _told(tmp_path, **files)


def test_nothing_can_be_taken_away_where_nothing_is_extended(tmp_path: Path) -> None:
    found = packs.told(packs.write(tmp_path / "noise", ("fields.yaml", "max: 2,", "max: (none),")))
    assert ("fields.yaml", 3, "parties_met.max", "pack.nothing_to_remove") in found


def test_a_pack_without_calendars_counts_by_those_of_its_base(tmp_path: Path) -> None:
    folder = _local(tmp_path)
    (tmp_path / "noise" / "calendars").mkdir()
    found = load.calendar_folder(folder, base=lambda name: tmp_path / name)
    assert found == tmp_path / "noise"


def test_the_example_of_the_readme_is_sound(tmp_path: Path) -> None:
    """Each `# name.yaml` of the block begins a file; what follows it on the line is a remark."""
    text = (Path(__file__).parents[2] / "rules" / "README.md").read_text("utf-8")
    block = text.split("```yaml\n# pack.yaml", 1)[1].split("```", 1)[0]
    folder = tmp_path / "our-district"
    folder.mkdir()
    for part in f"# pack.yaml{block}".split("\n# "):
        name, _, rest = part.removeprefix("# ").partition("\n")
        (folder / name.partition(":")[0]).write_text(rest + "\n", "utf-8")
    loaded = load.load(folder)
    assert check.check(loaded.pack, packs.calendar(), places=loaded.places) == ()
    assert [rung.do for rung in loaded.pack.ladders["default"]] == [
        "warn",
        "urge",
        "supervise",
        "raise",
    ]
    assert "court_case" in loaded.pack.processes["dispute"].actions["accept"].needs
