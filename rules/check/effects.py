"""What an action does to a case besides moving it is whole: what begins can end, who is let in
can be let out, who objected is remembered, and nobody loses a case or gains time by the way.
Names are known to exist here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rules import pack
from rules.check.report import Report

AFTER_A_PLAN: Final[tuple[pack.LeaderEffect, ...]] = (
    "contact",
    "extend",
    "sign_off",
    "unsigned",
    "end",
)
"""What a leader's assignment comes to once its plan is approved."""


def check(rules: pack.Pack, report: Report) -> None:
    """Notes effects that lack their other half. Invariant: I10."""
    for name, process in rules.processes.items():
        _Effects(rules, name, process, report).check()


def bars(rules: pack.Pack, action: pack.Action) -> bool:
    """Whether an action asks which office is complained about."""
    return any(rules.fields[name].excludes for name in (*action.needs, *action.takes))


class _Effects:
    """One process, and the report on it."""

    def __init__(self, rules: pack.Pack, name: str, process: pack.Process, report: Report) -> None:
        self.rules, self.name, self.report = rules, name, report
        self.file = f"{name}.yaml"
        self.states, self.actions = process.states, process.actions
        self.clocks = {key: r for key, r in rules.deadlines.items() if r.process == name}

    def check(self) -> None:
        self.leader()
        self.supervision()
        self.invitations()
        self.objections()
        self.complaints()
        for key, action in self.actions.items():
            self.waits(key, action)
            self.below(key, action)
        for key, rule in self.clocks.items():
            for pause in rule.pauses:
                self.pause(key, rule, pause)

    def sources(self, *keys: str) -> set[str]:
        """The states in which one of these actions can be done."""
        return {state for key in keys for state in self.actions[key].source}

    def waits(self, key: str, action: pack.Action) -> None:
        """Where an act leads on once papers are served, they can be served there."""
        rule = self.clocks.get(action.outside or "")
        if rule is None or action.to is None:
            return
        serving = {
            act
            for paper in self.rules.papers.values()
            if set(paper.made_by) & set(rule.starts)
            for act in paper.served_by
        }
        for state in action.source:
            if not any(state in self.actions[act].source for act in serving & set(rule.stops)):
                self.report.add("check.waits", self.file, f"actions.{key}.from", state=state)

    def below(self, key: str, action: pack.Action) -> None:
        """An office below is asked for where there is a lead office, by a field of offices."""
        for name in (*action.needs, *action.takes):
            field = self.rules.fields[name]
            if field.below and (field.type != "office" or not action.source):
                self.report.add("check.below", self.file, f"actions.{key}.needs", name=name)

    def leading(self, effect: pack.LeaderEffect) -> list[str]:
        return [key for key, action in self.actions.items() if action.leader == effect]

    def leader(self) -> None:
        """Where a leader's plan is approved, clocks wait for it and for the day it names, and the
        assignment can go to its end."""
        named, approved = self.leading("name"), self.leading("approve_plan")
        if not approved:
            return
        clocks = self.clocks.values()
        waits = any(set(named) & set(r.starts) and set(approved) & set(r.stops) for r in clocks)
        day = "fields.plan_until"
        watched = any(r.limit.until == day and set(approved) & set(r.starts) for r in clocks)
        if not waits or not watched:
            self.report.add("check.no_plan_clock", self.file, "actions", process=self.name)
        for state in sorted(self.sources(*named) - self.sources(*approved)):
            at = f"actions.{min(approved)}.from"
            self.report.add("check.no_plan_there", self.file, at, state=state)
        for effect in AFTER_A_PLAN:
            if not self.leading(effect):
                self.report.add("check.leader_effect", self.file, "actions", effect=effect)

    def supervision(self) -> None:
        """A case can be supervised, and wherever that may begin it can end."""
        does = {key: action.supervision for key, action in self.actions.items()}
        begins = [key for key, effect in does.items() if effect in {"take", "give"}]
        ends = [key for key, effect in does.items() if effect == "end"]
        if (begins or ends) and not {"take", "end"} <= set(does.values()):
            self.report.add("check.supervision", self.file, "actions", process=self.name)
        for state in sorted(self.sources(*begins) - self.sources(*ends)):
            at = f"actions.{begins[0]}.from"
            self.report.add("check.no_end_there", self.file, at, state=state)

    def invitations(self) -> None:
        """Who is let into a case comes with the consent of both sides, sees it, and can be let
        out again wherever they were let in; nobody is let out whom nobody lets in."""
        made = [key for key, action in self.actions.items() if action.invitation == "make"]
        ended = [key for key, action in self.actions.items() if action.invitation == "end"]
        sees = any(
            "invited" in right.sees and (not right.processes or self.name in right.processes)
            for right in self.rules.rights
        )
        for key in made:
            asked = [self.rules.fields.get(one) for one in self.actions[key].needs]
            if not sees or not any(field and field.must_be_true for field in asked):
                self.report.add("check.invitation", self.file, f"actions.{key}")
            for state in sorted(self.sources(key) - self.sources(*ended)):
                self.report.add("check.no_way_out", self.file, f"actions.{key}.from", state=state)
        for key in ended if not made else ():
            self.report.add("check.nobody_invited", self.file, f"actions.{key}.invitation")

    def objections(self) -> None:
        """Where the common superior of those who objected decides, they are remembered."""
        places = {
            key: self.rules.routing[action.lead].place
            for key, action in self.actions.items()
            if action.lead is not None
        }
        for key, action in self.actions.items() if "common" in places.values() else ():
            objects = places.get(key) == "common" or action.is_return
            if objects and not action.parts:
                self.report.add("check.objector_forgotten", self.file, f"actions.{key}.parts")

    def complaints(self) -> None:
        """An office is taken a case only where it leads it, and gains no time by it that a law
        has not given."""
        naming = [key for key, action in self.actions.items() if bars(self.rules, action)]
        kept = {state for key in naming if not self.moves(key) for state in self.sources(key)}
        for key in filter(self.moves, naming):
            for state in sorted(self.sources(key) & kept) if not self.actions[key].ousts else ():
                at = f"actions.{key}.ousts"
                self.report.add("check.moves_for_nothing", self.file, at, state=state)
        for key, rule in self.clocks.items():
            ousting = [name for name in rule.starts if self.actions[name].ousts]
            if ousting and rule.tag == "national" and not rule.runs_on:
                at = f"{key}.runs_on"
                self.report.add("check.time_gained", "deadlines.yaml", at, action=ousting[0])

    def moves(self, key: str) -> bool:
        return self.actions[key].lead is not None

    def pause(self, key: str, rule: pack.DeadlineRule, pause: pack.Pause) -> None:
        """A clock stands still as long as the case stands where the pause has put it."""
        held = self.actions[pause.starts].to
        if held is None:
            return
        for name in self._leaving(held):
            if name not in {*pause.ends, *rule.stops, rule.on_lapse}:
                at = f"{key}.pauses"
                self.report.add("check.pause_left", "deadlines.yaml", at, action=name, state=held)
        for name in pause.ends:
            action = self.actions[name]
            if held in action.source and action.to in {None, held}:
                at = f"actions.{name}.to"
                self.report.add("check.pause_ended_there", self.file, at, state=held)

    def _leaving(self, state: str) -> Iterator[str]:
        """The actions that take an open case from a state to another."""
        for name, action in self.actions.items():
            to = action.to
            if state in action.source and to not in {None, state} and not self.states[str(to)].end:
                yield name
