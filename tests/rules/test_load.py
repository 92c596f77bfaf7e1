"""Loading: the words of a pack understood, every fault at its file, line and key, one hash."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import errors, load, pack
from tests.rules import packs


def test_small_pack_when_loaded_is_understood(tmp_path: Path) -> None:
    loaded = load.load(packs.write(tmp_path / "noise")).pack
    process = loaded.processes["noise_visit"]
    assert process.actions["file_case"].source == ()
    assert process.actions["name_leader"].needs == ("leader",)
    assert process.states["waiting"].owner == ("grid_officer",)
    assert process.actions["record_visit"].when == (
        pack.Condition(
            test="fields.parties_met >= 1",
            otherwise=pack.Text(zh="至少要见到一方", en="Meet at least one side"),
        ),
    )
    rule = loaded.deadlines["noise.first_visit"]
    assert rule.limit == pack.Limit(length=pack.Length(n=2, unit="working_day"))
    assert rule.name.en == "Record the visit", "a clock without a name is called after its stop"
    assert [rung.at.kind for rung in loaded.ladders["gentle"]] == [
        "percent",
        "due",
        "after",
        "before",
    ]
    assert loaded.ladders["gentle"][3].at.length == pack.Length(n=2, unit="working_hour")
    assert loaded.rights[0].role == "grid_officer"
    assert loaded.rights[1].board is True


def test_scalars_when_loaded_stay_text(tmp_path: Path) -> None:
    folder = packs.write(
        tmp_path / "noise", ("categories.yaml", '"0201": {name: {zh: 用水', "0201: {name: {zh: on")
    )
    loaded = load.load(folder).pack
    assert list(loaded.categories) == ["02", "0201"]
    assert loaded.categories["0201"].name.zh == "on"
    assert list(loaded.fields["category"].choices or {}) == ["02", "0201"]


def test_choices_when_loaded_keep_their_order(tmp_path: Path) -> None:
    loaded = load.load(packs.write(tmp_path / "noise"))
    assert list(loaded.pack.fields["tone"].choices or {}) == ["02", "01"]
    assert list(load.from_document(loaded.document).pack.fields["tone"].choices or {}) == [
        "02",
        "01",
    ]


# --- the document and its hash


def test_document_when_read_back_gives_the_same_pack(tmp_path: Path) -> None:
    loaded = load.load(packs.write(tmp_path / "noise"))
    again = load.from_document(loaded.document)
    assert again == loaded
    assert list(again.pack.processes["noise_visit"].actions) == list(
        loaded.pack.processes["noise_visit"].actions
    )
    assert load.from_document(loaded.document) is again, "parsed once"


def test_document_when_written_is_canonical(tmp_path: Path) -> None:
    document = load.load(packs.write(tmp_path / "noise")).document
    assert document == json.dumps(
        json.loads(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert "calendars" not in json.loads(document)


def _reversed(value: object) -> object:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return [_reversed(child) for child in value]
    return value


@pytest.mark.parametrize("flow", [True, False])
def test_hash_when_formatting_and_key_order_change_stays(tmp_path: Path, flow: bool) -> None:
    folder = packs.write(tmp_path / "noise")
    before = load.load(folder)
    for path in folder.iterdir():
        value = _reversed(yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader))
        text = yaml.safe_dump(
            value, allow_unicode=True, sort_keys=False, default_flow_style=flow, width=40
        )
        path.write_text("# another hand\n\n" + text, encoding="utf-8-sig")
    after = load.load(folder)
    assert after.hash == before.hash
    assert after.pack == before.pack


def test_hash_when_a_word_changes_is_another(tmp_path: Path) -> None:
    before = load.load(packs.write(tmp_path / "one")).hash
    folder = packs.write(tmp_path / "two", ("deadlines.yaml", "2 working", "3 working"))
    assert load.load(folder).hash != before


# --- faults: file, line, key, code

FAULTS = [
    ("fields.yaml", "story: {type", "visited_on: {type", 11, "visited_on", "pack.doubled_key"),
    ("fields.yaml", "max: 2,", "max: 2, maximum: 3,", 3, "parties_met.maximum", "pack.unknown_key"),
    ("fields.yaml", "max: 2,", "max: two,", 3, "parties_met.max", "pack.not_a_number"),
    ("fields.yaml", "type: int", "type: number", 3, "parties_met.type", "pack.choice"),
    ("fields.yaml", "type: int, ", "", 3, "parties_met.type", "pack.missing_key"),
    (
        "fields.yaml",
        "choices: categories",
        "choices: all",
        1,
        "category.choices",
        "pack.wrong_shape",
    ),
    ("fields.yaml", '{value: "01", ', "{", 10, "tone.choices.2.value", "pack.missing_key"),
    ("fields.yaml", '"01"', '"02"', 10, "tone.choices.2.value", "pack.doubled_key"),
    ("deadlines.yaml", "2 working days", "2 days", 3, "noise.first_visit.limit", "pack.length"),
    ("deadlines.yaml", "2 working days", "soon", 3, "noise.first_visit.limit", "pack.length"),
    (
        "deadlines.yaml",
        "2 working days",
        "0 working days",
        3,
        "noise.first_visit.limit",
        "pack.length_zero",
    ),
    ("deadlines.yaml", "2 working days", "", 3, "noise.first_visit.limit", "pack.empty"),
    ("deadlines.yaml", "tag: default", "tag: usual", 7, "noise.first_visit.tag", "pack.choice"),
    (
        "deadlines.yaml",
        "  source: 本单位约定",
        "  on_miss: record_visit\n  source: x",
        8,
        "noise.first_visit.on_miss",
        "pack.on_miss",
    ),
    ("ladders.yaml", "75 %", "750 %", 2, "gentle.1.at", "pack.moment"),
    ("ladders.yaml", "1 working day after", "later", 4, "gentle.3.at", "pack.moment"),
    ("ladders.yaml", "1 working day after", "1 day after", 4, "gentle.3.at", "pack.length"),
    ("noise_visit.yaml", "process: noise_visit", "process: x", 1, "process", "pack.process_name"),
    ("noise_visit.yaml", "kind: dispute\n", "", 1, "kind", "pack.missing_key"),
    (
        "noise_visit.yaml",
        "    from: [waiting]\n",
        "",
        15,
        "actions.record_visit.from",
        "pack.missing_key",
    ),
    (
        "noise_visit.yaml",
        "    from: [waiting]\n",
        "    from: [waiting]\n    source: waiting\n",
        18,
        "actions.record_visit.source",
        "pack.unknown_key",
    ),
    (
        "noise_visit.yaml",
        "{if: fields.parties_met >= 1,",
        "{",
        21,
        "actions.record_visit.when.1.if",
        "pack.missing_key",
    ),
    (
        "noise_visit.yaml",
        "end: true",
        "end: maybe",
        5,
        "states.closed.end",
        "pack.not_true_or_false",
    ),
    (
        "noise_visit.yaml",
        "to: closed",
        "to: [closed]",
        18,
        "actions.record_visit.to",
        "pack.wrong_shape",
    ),
    ("pack.yaml", "zh: 噪声, en: Noise", "zh: 噪声", 3, "title.en", "pack.missing_key"),
    (
        "pack.yaml",
        "title: {zh: 噪声, en: Noise}",
        "title: &a {zh: 噪声, en: N}",
        3,
        "title",
        "pack.alias",
    ),
    ("pack.yaml", 'version: "1"', "version: !!int 1", 2, "version", "pack.tag"),
    ("pack.yaml", 'version: "1"', 'version: "a\\0b"', 2, "version", "pack.control_character"),
    ("pack.yaml", "levels:", "---\nlevels:", 6, "---", "pack.two_documents"),
    ("pack.yaml", "levels:", "extends: other\nlevels:", 5, "extends", "pack.unknown_base"),
    ("pack.yaml", "levels:", "extends: noise\nlevels:", 5, "extends", "pack.circular"),
    (
        "pack.yaml",
        "levels:",
        f"deep: {'[' * 20}x{']' * 20}\nlevels:",
        5,
        "deep.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1",
        "pack.too_deep",
    ),
    ("roles.yaml", "grid_officer: {", "grid_officer: {{", 2, "", "pack.yaml"),
]


@pytest.mark.parametrize(("file", "old", "new", "line", "key", "code"), FAULTS)
def test_fault_when_loading_has_file_line_key_code(
    tmp_path: Path, file: str, old: str, new: str, line: int, key: str, code: str
) -> None:
    found = packs.told(packs.write(tmp_path / "noise", (file, old, new)))
    assert (file, line, key, code) in found


def test_faults_when_several_are_all_told(tmp_path: Path) -> None:
    folder = packs.write(
        tmp_path / "noise",
        ("deadlines.yaml", "2 working days", "2 days"),
        ("ladders.yaml", "75 %", "often"),
        ("noise_visit.yaml", "process: noise_visit\n", ""),
    )
    assert [code for *_, code in packs.told(folder)] == [
        "pack.length",
        "pack.moment",
        "pack.process_name",
    ]


def test_aliases_when_nested_do_not_grow(tmp_path: Path) -> None:
    bomb = "\n".join(
        [
            "a: &a [x, x, x, x, x, x, x, x, x]",
            *(
                f"{b}: &{b} [{', '.join(['*' + a] * 9)}]"
                for a, b in zip("abcdefgh", "bcdefghi", strict=True)
            ),
        ]
    )
    folder = packs.write(tmp_path / "noise", ("pack.yaml", "levels:", bomb + "\nlevels:"))
    assert {code for *_, code in packs.told(folder)} == {"pack.alias"}


def test_file_when_too_large_is_not_read(tmp_path: Path) -> None:
    folder = packs.write(tmp_path / "noise")
    (folder / "notices.yaml").write_text("# " + "x" * load.MAX_BYTES, encoding="utf-8")
    assert packs.told(folder) == [("notices.yaml", 0, "", "pack.too_large")]


def test_folder_when_of_ten_megabytes_is_refused_unread(tmp_path: Path) -> None:
    folder = packs.write(tmp_path / "noise")
    for number in range(20):  # each for itself would do, and none is YAML
        (folder / f"part_{number}.yaml").write_text("{" * 500_000, encoding="utf-8")
    assert packs.told(folder) == [("noise", 0, "", "pack.folder_too_large")]


def test_folder_when_something_in_it_would_not_be_read_is_refused(tmp_path: Path) -> None:
    """What somebody changed there would be missing from a pack that is called sound."""
    folder = packs.write(tmp_path / "noise")
    (folder / "old.yaml").mkdir()
    (folder / "deadlines.yml").write_text("{}", encoding="utf-8")
    (folder / "Ladders.YAML").write_text("{}", encoding="utf-8")
    (folder / "gone.yaml").symlink_to(tmp_path / "nowhere")
    (folder / "notes.txt").write_text("of the office", encoding="utf-8")
    assert sorted(packs.told(folder)) == [
        (name, 0, "", "pack.unread_file")
        for name in ("Ladders.YAML", "deadlines.yml", "gone.yaml", "old.yaml")
    ]


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("deadlines.yaml", "petition.handle: {limit: 900 calendar days}", "pack.limit_of_law"),
        ("deadlines.yaml", "dispute.accept: {name: {zh: 受理}}", "pack.one_language"),
        ("deadlines.yaml", "dispute.accept: {limit: 99999 months}", "pack.length_long"),
    ],
)
def test_a_local_pack_that_changes_half_of_what_belongs_together_is_refused(
    tmp_path: Path, file: str, text: str, told: str
) -> None:
    folder = tmp_path / "ours"
    folder.mkdir()
    head = "name: ours\nextends: cn-national\nversion: '1'\ntitle: {zh: 甲, en: A}\n"
    (folder / "pack.yaml").write_text(head, encoding="utf-8")
    (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(errors.PackInvalid) as refused:
        load.load(folder)
    assert [(it.file, it.line, it.code) for it in refused.value.pack_faults] == [(file, 1, told)]


@pytest.mark.parametrize("base", ["ours", "nobody", "../../etc"])
def test_a_pack_that_extends_itself_or_none_is_told_where(tmp_path: Path, base: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    head = f"name: ours\nextends: {base}\nversion: '1'\ntitle: {{zh: 甲, en: A}}\n"
    (folder / "pack.yaml").write_text(head, encoding="utf-8")
    with pytest.raises(errors.PackInvalid) as refused:
        load.with_calendar(folder)
    code = "pack.circular" if base == "ours" else "pack.unknown_base"
    assert [(it.file, it.line, it.key, it.code) for it in refused.value.pack_faults] == [
        ("pack.yaml", 2, "extends", code)
    ]


def test_file_when_not_utf8(tmp_path: Path) -> None:
    folder = packs.write(tmp_path / "noise")
    (folder / "roles.yaml").write_bytes("网格员".encode("gb18030"))
    assert packs.told(folder) == [("roles.yaml", 0, "", "pack.not_utf8")]


MARKS = st.sampled_from(
    [*"{}[]:#'\"&*!?|%@`,\t\n\x00", "- ", "? ", "---\n", "\u2028", "\ufeff", ""]
)


@settings(max_examples=150)
@given(
    file=st.sampled_from(sorted(packs.FILES)),
    edits=st.lists(st.tuples(st.floats(0, 1), MARKS), min_size=1, max_size=3),
)
def test_file_when_garbled_is_loaded_or_refused(
    tmp_path_factory: pytest.TempPathFactory, file: str, edits: list[tuple[float, str]]
) -> None:
    folder = packs.write(tmp_path_factory.mktemp("noise", numbered=True))
    chars = list(packs.FILES[file])
    for where, mark in edits:
        chars[int(where * (len(chars) - 1))] = mark
    (folder / file).write_text("".join(chars), "utf-8")
    assert all(fault.file and fault.code for fault in packs.faults(folder))


def test_folder_when_missing(tmp_path: Path) -> None:
    assert {code for *_, code in packs.told(tmp_path / "none")} == {"pack.missing_file"}


def test_shipped_when_unknown() -> None:
    for name in ("nowhere", "../cn-national", "", "a" * 1000):
        with pytest.raises(errors.NotFound) as caught:
            load.shipped(name)
        assert caught.value.code == "pack.unknown"


# --- extends


def test_extends_when_a_locality_changes_one_limit(tmp_path: Path) -> None:
    local = tmp_path / "zhangwan"
    local.mkdir()
    (local / "pack.yaml").write_text(
        "name: zhangwan\nextends: cn-national\nversion: '3'\n", "utf-8"
    )
    (local / "deadlines.yaml").write_text("dispute.accept: {limit: 2 working days}\n", "utf-8")
    loaded, national = load.load(local), load.load(load.shipped())
    assert (loaded.pack.name, loaded.pack.version) == ("zhangwan", "3")
    assert loaded.pack.deadlines["dispute.accept"].limit.length == pack.Length(
        n=2, unit="working_day"
    )
    assert loaded.pack.deadlines["petition.handle"] == national.pack.deadlines["petition.handle"]
    assert loaded.hash != national.hash
    assert "extends" not in json.loads(loaded.document)["pack"]
    assert load.from_document(loaded.document) == loaded


def test_extends_when_the_base_is_at_fault_names_its_file(tmp_path: Path) -> None:
    packs.write(tmp_path / "base", ("ladders.yaml", "75 %", "often"))
    local = tmp_path / "local"
    local.mkdir()
    (local / "pack.yaml").write_text("name: local\nextends: base\n", "utf-8")
    with pytest.raises(errors.PackInvalid) as caught:
        load.load(local, base=lambda name: tmp_path / name)
    assert [(f.file, f.line) for f in caught.value.pack_faults] == [("base/ladders.yaml", 2)]


def test_extends_when_circular_over_several_packs(tmp_path: Path) -> None:
    for name, base in (("one", "two"), ("two", "three"), ("three", "two")):
        packs.write(
            tmp_path / name,
            ("pack.yaml", "name: noise", f"name: {name}\nextends: {base}"),
        )
    with pytest.raises(errors.PackInvalid) as caught:
        load.load(tmp_path / "one", base=lambda name: tmp_path / name)
    (fault,) = caught.value.pack_faults
    assert (fault.file, fault.key, fault.code) == ("three/pack.yaml", "extends", "pack.circular")
    assert dict(fault.params) == {"chain": "one > two > three > two"}


# --- calendars


def test_calendar_when_loaded_and_read_back() -> None:
    calendar = load.load_calendar(load.shipped())
    document = load.calendar_document(load.shipped())
    again = load.calendar_from_document(calendar.hash, calendar.zone, document)
    assert (again.zone, again.hours, again.years) == (
        "Asia/Shanghai",
        calendar.hours,
        calendar.years,
    )
    assert [year.status for year in calendar.years] == [
        "official",
        "official",
        "official",
        "provisional",
    ]


@pytest.mark.parametrize(
    ("old", "new", "hours", "told"),
    [
        ("official", "maybe", "09:00", ("calendars/2026.yaml", 2, "pack.choice")),
        ("[]", "[2026-02-30]", "09:00", ("calendars/2026.yaml", 4, "pack.wrong_shape")),
        ("[]", "[2025-01-01]", "09:00", ("calendars/2026.yaml", 4, "calendar.other_year")),
        ("source: x\n", "", "09:00", ("calendars/2026.yaml", 1, "pack.missing_key")),
        ("[]", "[]", "13:00", ("calendars/hours.yaml", 2, "calendar.hours")),
        ("[]", "[]", "25:00", ("calendars/hours.yaml", 2, "pack.wrong_shape")),
    ],
)
def test_calendar_when_wrong(
    tmp_path: Path, old: str, new: str, hours: str, told: tuple[str, int, str]
) -> None:
    (tmp_path / "calendars").mkdir()
    (tmp_path / "calendars" / "hours.yaml").write_text(
        f"zone: Asia/Shanghai\nhours: [['{hours}', '12:00']]\ntag: default\nsource: x\n", "utf-8"
    )
    year = "year: 2026\nstatus: official\nsource: x\ndays_off: []\nextra_workdays: []\n"
    (tmp_path / "calendars" / "2026.yaml").write_text(year.replace(old, new, 1), "utf-8")
    with pytest.raises(errors.PackInvalid) as caught:
        load.load_calendar(tmp_path)
    assert told in [(f.file, f.line, f.code) for f in caught.value.pack_faults]
