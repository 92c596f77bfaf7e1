"""Every paper of a pack can be made: its names exist, what it must say is sure to be there, and
the actions that make and serve it can do so."""

from __future__ import annotations

import itertools
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from functools import cache

from rules import errors, guards, pack, papers
from rules.check.report import Report

FILE = "papers.yaml"
MAX_NAME = 50
"""Characters of a paper's name: it is stored with a word before it."""
SERVICE = ("served_method", "served_on")
"""What the engine takes from the fields of an action that serves."""
SIDES = {"applicant", "respondent", "both"}
"""What a field says that an action asks which serves a paper to both sides."""


def check(rules: pack.Pack, report: Report) -> None:
    """Notes what is wrong with the papers and with their clocks."""
    checker = _Checker(rules, report)
    for name, paper in rules.papers.items():
        checker.paper(name, paper)
    for one, other in itertools.combinations(rules.papers, 2):
        checker.pair(one, other)
    for process in {paper.process for paper in rules.papers.values()} & rules.processes.keys():
        checker.serving(process)
    for name, rule in rules.deadlines.items():
        checker.clock(name, rule)
    number = {slot.name for slot in papers.slots(rules.paper_number)}
    if papers.fault(rules.paper_number) or not {"serial", "year"} <= number <= papers.NUMBER:
        report.add("check.paper_number", "pack.yaml", "paper_number")


class _Checker:
    """One pack and the report on it."""

    def __init__(self, rules: pack.Pack, report: Report) -> None:
        self.rules = rules
        self.report = report
        self.granted = {name for right in rules.rights for name in right.fields or {}}
        self.ways = cache(lambda process: _Ways(rules.processes[process]))
        self.names = cache(self._names)

    # --- papers

    def paper(self, name: str, paper: pack.Paper) -> None:
        process = self.rules.processes.get(paper.process)
        if process is None:
            self.report.add("check.unknown_process", FILE, f"{name}.process", name=paper.process)
            return
        if len(name) > MAX_NAME:
            self.report.add("check.paper_name", FILE, name, max=MAX_NAME)
        if paper.seen_by not in self.granted:
            self.report.add(
                "check.unknown_field_right", FILE, f"{name}.seen_by", name=paper.seen_by
            )
        for key, actions in (("made_by", paper.made_by), ("served_by", paper.served_by)):
            for action in actions:
                self.action(name, process, key, action)
        if not paper.made_by:
            self.report.add("check.paper_never", FILE, f"{name}.made_by")
        if all(action in process.actions for action in (*paper.made_by, *paper.served_by)):
            self.conditions(name, paper, process)
            self.texts(name, paper, process)
            self.watched(name, paper, process)
            self.overtaken(name, paper, process)

    def action(self, paper: str, process: pack.Process, key: str, name: str) -> None:
        """An action that makes or serves a paper: it is there, time does not fire it, and it asks
        for what the engine takes."""
        found = process.actions.get(name)
        if found is None:
            self.report.add("check.unknown_action", FILE, f"{paper}.{key}", name=name)
        elif "ladder" in found.by:
            self.report.add("check.paper_by_time", FILE, f"{paper}.{key}", action=name)
        elif key == "served_by":
            for field in SERVICE:
                if field not in found.needs:
                    self.report.add(
                        "check.service_field", FILE, f"{paper}.{key}", action=name, name=field
                    )
            if self.rules.papers[paper].to == "both" and not self.asks_sides(found):
                self.report.add("check.service_sides", FILE, f"{paper}.{key}", action=name)

    def asks_sides(self, action: pack.Action) -> bool:
        """Whether an action asks which side had what it serves."""
        field = self.rules.fields.get("served_to")
        choices = (field.choices or {}) if field else {}
        is_asked = "served_to" in (*action.needs, *action.takes)
        return is_asked and choices.keys() >= SIDES

    def conditions(self, name: str, paper: pack.Paper, process: pack.Process) -> None:
        needed = set.intersection(*(set(process.actions[a].needs) for a in paper.made_by))
        needed |= set(_filing(process).needs)
        for number, test in enumerate(paper.when, start=1):
            self.guard(test, needed, file=FILE, key=f"{name}.when.{number}")

    def guard(self, test: str, allowed: Collection[str], *, file: str, key: str) -> None:
        try:
            guards.compile_guard(test, self.rules.fields, allowed)
        except errors.Invalid as fault:
            self.report.add(fault.code, file, key, **fault.params)

    def texts(self, name: str, paper: pack.Paper, process: pack.Process) -> None:
        """Both languages ask for names that exist, without a hole, and hold every part."""
        for language, sheet in (("zh", paper.zh), ("en", paper.en)):
            asked = dict.fromkeys(papers.asked(sheet))
            for slot in asked:
                self.slot(f"{name}.{language}", slot, paper, process)
            for number, part in enumerate(paper.parts, start=1):
                if part.field not in {slot.name for slot in asked}:
                    self.report.add(
                        "check.paper_part",
                        FILE,
                        f"{name}.parts.{number}",
                        name=part.field,
                        language=language,
                        source=part.source,
                    )
        for side in ("to", "body", "sign"):
            if _shape(paper.zh, side) != _shape(paper.en, side):
                self.report.add("check.paper_sides", FILE, f"{name}.en.{side}", part=side)
        names = ({slot.name for slot in papers.asked(sheet)} for sheet in (paper.zh, paper.en))
        for missing in sorted(set.symmetric_difference(*names)):
            self.report.add("check.paper_sides", FILE, f"{name}.en", part=missing)

    def pair(self, one: str, other: str) -> None:
        """Of two papers that an act makes for one place of the file, it makes one or the other."""
        first, second = self.rules.papers[one], self.rules.papers[other]
        apart = (first.process, first.place) != (second.process, second.place)
        tests = (*first.when, *second.when)
        if apart or not tests or set(first.made_by).isdisjoint(second.made_by):
            return
        if self.meet(tests):
            self.report.add("check.paper_twice", FILE, f"{other}.when", name=one)

    def meet(self, tests: Collection[str]) -> bool:
        """Whether some answers fulfil all of these conditions; not where they read what has no
        choices."""
        asked = [guards.compile_guard(test, self.rules.fields, self.rules.fields) for test in tests]
        names = sorted({name for guard in asked for name in guard.names})
        values = [self.choices(name) for name in names]
        return any(
            all(guards.holds(guard, dict(zip(names, answer, strict=True))) for guard in asked)
            for answer in itertools.product(*values)
        )

    def choices(self, name: str) -> Collection[object]:
        """What may be answered where a condition reads a field; none where that has no end."""
        field = self.rules.fields.get(name.removeprefix("fields."))
        if field is None or name.startswith("case."):
            return ()
        return (True, False) if field.type == "bool" else tuple(field.choices or ())

    def serving(self, process: str) -> None:
        """What asks how and when a paper was served serves one."""
        own = [paper for paper in self.rules.papers.values() if paper.process == process]
        served = {action for paper in own for action in paper.served_by}
        for name, action in self.rules.processes[process].actions.items():
            if set(SERVICE) <= set(action.needs) and name not in served:
                at = f"actions.{name}"
                self.report.add("check.serves_nothing", f"{process}.yaml", at, action=name)

    def slot(self, key: str, slot: papers.Slot, paper: pack.Paper, process: pack.Process) -> None:
        """A name exists, and where it may be missing the paper has words for that."""
        prefix, _, rest = slot.name.partition(".")
        if (rest or slot.name) not in self.names(paper.process)[prefix if rest else ""]:
            self.report.add("check.paper_slot", FILE, key, name=slot.name)
        elif slot.none is None and not self.is_sure(slot.name, paper, process):
            self.report.add("check.paper_hole", FILE, key, name=slot.name)

    def _names(self, process: str) -> Mapping[str, Collection[str]]:
        """The names that the papers of a process may ask for, by prefix."""
        rules = self.rules
        clocks = {name: rule for name, rule in rules.deadlines.items() if rule.process == process}
        sourced = {
            name
            for name, field in rules.fields.items()
            if any(choice.source for choice in (field.choices or {}).values())
        }
        return {
            "": {*papers.FACTS, *rules.fields},
            "on": rules.processes[process].actions,
            "due": clocks,
            "limit": {name for name, rule in clocks.items() if rule.limit.length is not None},
            "law": {*clocks, *sourced},
            "no": {name for name, paper in rules.papers.items() if paper.process == process},
        }

    def is_sure(self, name: str, paper: pack.Paper, process: pack.Process) -> bool:
        """Whether a name has something to say whenever the paper is made: every way to each of
        its actions goes through one that brings it."""
        prefix, _, rest = name.partition(".")
        if rest:
            if prefix == "limit" or rest in self.rules.deadlines:
                return prefix != "due" or self.brought(self.starters(rest), paper)
            if prefix == "law":
                has_all = all(it.source for it in (self.rules.fields[rest].choices or {}).values())
                return has_all and self.is_sure(rest, paper, process)
            bringing = (rest,) if prefix == "on" else self.makers(rest)
        elif name in papers.FACTS:
            return name != "category" or "category" in _filing(process).needs
        else:
            asked = {key for key in paper.made_by if _asked_for(paper, process, key, name)}
            if any(name in process.actions[key].takes for key in {*paper.made_by} - asked):
                return False  # what the act itself asks for it does not take from an earlier one
            bringing = (*self.ways(paper.process).needing[name], *asked)
        return self.brought(bringing, paper)

    def brought(self, bringing: Iterable[str], paper: pack.Paper) -> bool:
        """Whether every way to each action that makes the paper goes through one of these."""
        ways, without = self.ways(paper.process), frozenset(bringing)
        return all(
            action in without or not ways.reaches(action, without) for action in paper.made_by
        )

    def starters(self, clock: str) -> Iterable[str]:
        rule = self.rules.deadlines[clock]
        return () if rule.when else rule.starts

    def makers(self, name: str) -> Iterable[str]:
        paper = self.rules.papers[name]
        return () if paper.when else paper.made_by

    # --- the clock of papers

    def watched(self, name: str, paper: pack.Paper, process: pack.Process) -> None:
        """A paper that must reach a person lights up as long as it does not: each action that
        makes it starts a clock that its service stops. Where it is not always made, where its
        service serves other papers, and where the matter ends with it, only a clock of unserved
        papers does that."""
        shared = any(
            other.process == paper.process and set(other.served_by) & set(paper.served_by)
            for key, other in self.rules.papers.items()
            if key != name
        )
        for action in paper.made_by if paper.served_by else ():
            to = process.actions[action].to
            is_plain = not paper.when and not shared and not (to and process.states[to].end)
            if not any(
                action in rule.starts
                and set(rule.stops) & set(paper.served_by)
                and (rule.unserved or is_plain)
                for rule in self.rules.deadlines.values()
                if rule.process == paper.process
            ):
                self.report.add("check.paper_unwatched", FILE, f"{name}.served_by", action=action)

    def overtaken(self, name: str, paper: pack.Paper, process: pack.Process) -> None:
        """What overtakes a paper that waits to be served ends the clock of it."""
        clocks = [
            rule
            for rule in self.rules.deadlines.values()
            if rule.unserved and rule.process == paper.process
            if set(rule.starts) & set(paper.made_by)
        ]
        for action in paper.overtaken_by:
            is_known = paper.served_by and action in process.actions
            if not is_known or any(action not in rule.stops for rule in clocks):
                self.report.add("check.overtaken", FILE, f"{name}.overtaken_by", action=action)

    def clock(self, name: str, rule: pack.DeadlineRule) -> None:
        """The clock of unserved papers is started by what makes papers that somebody serves. A
        clock that any paper's service stops is one."""
        if not rule.unserved:
            if any(self.chooses(rule.process, action) for action in rule.stops):
                self.report.add("check.any_paper", "deadlines.yaml", f"{name}.unserved")
            return
        served = {
            action
            for paper in self.rules.papers.values()
            if paper.process == rule.process and paper.served_by
            for action in paper.made_by
        }
        if rule.belongs_to is not None or not set(rule.starts) <= served:
            self.report.add("check.unserved", "deadlines.yaml", f"{name}.unserved")
        serving = {
            action
            for paper in self.rules.papers.values()
            if paper.process == rule.process and set(paper.made_by) & set(rule.starts)
            for action in (*paper.served_by, *paper.overtaken_by)
        }
        for action in rule.stops:
            if action not in serving:
                self.report.add("check.unserved_stop", "deadlines.yaml", name, action=action)

    def chooses(self, process: str, action: str) -> bool:
        """Whether an action asks which paper it serves."""
        needs = self.rules.processes[process].actions[action].needs
        return any(self.rules.fields[field].type == "paper" for field in needs)


def _shape(sheet: pack.Sheet, part: str) -> object:
    """What the two languages of a paper have alike: who it is to, its blocks and rows, how many
    sign."""
    if part == "to":
        return sheet.to is None
    if part == "sign":
        return len(sheet.sign)
    return [(it.text is None, it.heading is None, len(it.rows)) for it in sheet.body]


def _asked_for(paper: pack.Paper, process: pack.Process, action: str, name: str) -> bool:
    """Whether an action that makes a paper needs a field for the very answer that the paper is
    made for."""
    why = process.actions[action].needs_if.get(name)
    return why is not None and any(
        test == f"fields.{why.field} == '{value}'" for test in paper.when for value in why.values
    )


def _filing(process: pack.Process) -> pack.Action:
    return next(action for action in process.actions.values() if not action.source)


class _Ways:
    """The ways of one process from its filing on. Conditions are not looked at: what may be left
    out counts as left out."""

    def __init__(self, process: pack.Process) -> None:
        self.actions = process.actions
        self.opened = [key for key, action in process.actions.items() if not action.source]
        self.needing: dict[str, list[str]] = defaultdict(list)
        self.leaving: dict[str, list[str]] = defaultdict(list)
        for key, action in process.actions.items():
            for field in action.needs:
                self.needing[field].append(key)
            for state in action.source:
                self.leaving[state].append(key)
        self.reached = cache(self._reached)

    def reaches(self, wanted: str, without: frozenset[str]) -> bool:
        """Whether an action can be reached by others than these."""
        if wanted in self.opened:
            return True
        return not self.reached(without).isdisjoint(self.actions[wanted].source)

    def _reached(self, without: frozenset[str]) -> frozenset[str]:
        """The states that a case comes to without these actions."""
        begun = (self.actions[key].to for key in self.opened if key not in without)
        states = deque(state for state in begun if state)
        seen = set(states)
        while states:
            for key in self.leaving[states.popleft()]:
                to = self.actions[key].to
                if to is not None and to not in seen and key not in without:
                    seen.add(to)
                    states.append(to)
        return frozenset(seen)
