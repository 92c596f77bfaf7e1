"""A small pack, written out in files, that a test bends in one place."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from rules import calendars, check, errors, load
from tests.rules import shipped

FILES = {
    "pack.yaml": """\
name: noise
version: "1"
title: {zh: 噪声, en: Noise}
office_kinds: {case_desk: {zh: 案件台, en: Desk}, committee: {zh: 调委会, en: Committee}}
levels: {community: {zh: 社区, en: Community}}
""",
    "noise_visit.yaml": """\
process: noise_visit
name: {zh: 噪声劝导, en: Noise visit}
states:
  waiting: {name: {zh: 待上门, en: To be visited}, owner: grid_officer}
  closed:  {name: {zh: 已结案, en: Closed}, end: true}
actions:
  file_case:
    name: {zh: 上报, en: File}
    from: nothing
    to: waiting
    by: [grid_officer]
    needs: [category, story, tone]
    lead: desk
    sets: {category: category}
  record_visit:
    name: {zh: 登记上门, en: Record the visit}
    from: [waiting]
    to: closed
    by: [grid_officer]
    needs: [visited_on, parties_met]
    when: [{if: fields.parties_met >= 1, else: {zh: 至少要见到一方, en: Meet at least one side}}]
  name_leader:
    name: {zh: 指定领导, en: Name a leader}
    from: waiting
    by: supervisor
    needs: leader
    leader: name
kind: dispute
""",
    "offices.yaml": """\
- {level: community, kind: committee, posts: supervisor}
- {level: community, kind: case_desk, posts: [grid_officer, supervisor]}
""",
    "deadlines.yaml": """\
noise.first_visit:
  process: noise_visit
  limit: 2 working days
  starts: file_case
  stops: record_visit
  ladder: gentle
  tag: default
  source: 本单位约定
""",
    "ladders.yaml": """\
gentle:
  - {at: 75 %, do: warn, tell: handler}
  - {at: when due, do: urge, tell: handler, every: 1 working day, cap: 3}
  - {at: 1 working day after, do: raise, tell: supervisor}
  - {at: 2 working hours before, do: leader, tell: supervisor}
""",
    "fields.yaml": """\
category: {type: choice, choices: categories, name: {zh: 类别, en: Category}}
visited_on: {type: date, name: {zh: 上门日期, en: Visited on}}
parties_met: {type: int, min: 0, max: 2, name: {zh: 见到几方, en: Sides met}}
leader: {type: person, role: supervisor, name: {zh: 领导, en: Leader}}
tone:
  type: choice
  name: {zh: 态度, en: Tone}
  choices:
    - {value: "02", name: {zh: 平静, en: Calm}}
    - {value: "01", name: {zh: 激动, en: Upset}}
story: {type: text, max: 4000, personal: free_text, seen_by: story, name: {zh: 经过, en: Story}}
""",
    "roles.yaml": """\
grid_officer: {name: {zh: 网格员, en: Grid officer}}
supervisor: {name: {zh: 督办员, en: Supervisor}}
resident: {name: {zh: 居民, en: Resident}}
ladder: {name: {zh: 系统, en: System}}
""",
    "rights.yaml": """\
grid_officer: {sees: grid, acts: grid, fields: {story: open}}
supervisor: {sees: [area], acts: [area], board: true}
""",
    "routing.yaml": "desk: {place: nearest, kinds: case_desk}\n",
    "categories.yaml": """\
"02": {name: {zh: 邻里, en: Neighbours}}
"0201": {name: {zh: 用水, en: Water}}
""",
    "notices.yaml": """\
- on: file_case
  tell: supervisor
  text: {zh: "{number} 已上报。", en: "{number} was filed."}
- {on: name_leader, tell: supervisor, text: {zh: "{number} 由您包案。", en: "{number} is yours."}}
- {on: rung.warn, tell: target, text: {zh: "{number} 将到期。", en: "{number} is due soon."}}
- {on: rung.urge, tell: target, text: {zh: "{number} 已到期。", en: "{number} is overdue."}}
- {on: rung.raise, tell: target, text: {zh: "{number} 提级督办。", en: "{number} is raised."}}
- {on: rung.leader, tell: target, text: {zh: "{number} 由您包案。", en: "{number} is yours."}}
- {on: deadline_missed, tell: handler, text: {zh: "{number} 已逾期。", en: "{number} is late."}}
- {on: window_lapsed, tell: handler, text: {zh: "{number} 期满。", en: "{number} has lapsed."}}
""",
    "delivery.yaml": """\
quiet: {begins: "20:00", ends: "08:00", days_off: true, broken_by: [rung.urge]}
digest_at: "17:00"
tag: default
source: 本单位约定
""",
    "examples.yaml": """\
- deadline: noise.first_visit
  start: 2026-03-20 16:00
  due: 2026-03-24 24:00
  because: Friday is not counted, the weekend is off
""",
}


def write(folder: Path, *changes: tuple[str, str, str]) -> Path:
    """The small pack in a folder, with `(file, old, new)` replaced; a new file has old ''."""
    folder.mkdir(parents=True, exist_ok=True)
    files = dict(FILES)
    for file, old, new in changes:
        text = files.get(file, "")
        assert old in text, (file, old)
        files[file] = text.replace(old, new, 1) if old else text + new
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def faults(folder: Path) -> tuple[errors.PackFault, ...]:
    """All faults of a folder, of loading or of the check."""
    try:
        loaded = load.load(folder)
    except errors.PackInvalid as invalid:
        return invalid.pack_faults
    return check.check(loaded.pack, calendar(), places=loaded.places)


def calendar() -> calendars.Calendar:
    """The shipped calendar."""
    return shipped.calendar()


def told(folder: Path) -> list[tuple[str, int, str, str]]:
    """File, line, key and code of every fault."""
    return [(f.file, f.line, f.key, f.code) for f in faults(folder)]


def changed(name: str, **parts: Any) -> list[tuple[str, str]]:
    """What the check says of the default pack with parts of one process changed."""
    loaded = load.release(load.NATIONAL)[0]
    process = dataclasses.replace(loaded.pack.processes[name], **parts)
    processes = {**loaded.pack.processes, name: process}
    pack = dataclasses.replace(loaded.pack, processes=processes)
    faults = check.check(pack, load.load_calendar(load.shipped()))
    return [(fault.code, fault.key) for fault in faults]
