"""What a pack declares fits together: fields are asked and read, sealed values can be opened,
notices tell somebody, rungs stand inside their limit. Names are known to exist here.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, get_args

from rules import guards, pack
from rules.check import effects, names
from rules.check.report import Report

WORKDAYS_A_WEEK: Final = 5
_MINUTES: Final[Mapping[pack.Unit, float]] = {
    "working_day": 7 / WORKDAYS_A_WEEK * 1440,
    "calendar_day": 1440,
    "month": 30 * 1440,
    "working_hour": 7 / WORKDAYS_A_WEEK * 1440 / 8,
    "wall_hour": 60,
    "working_minute": 7 / WORKDAYS_A_WEEK * 1440 / 480,
    "wall_minute": 1,
}
"""Minutes on the wall in an ordinary week, an office day of eight hours."""
_OURS: Final = frozenset({"name", "phone", "id_number"})
"""Personal values that are somebody's, never a place's."""
_PLAIN: Final = frozenset(
    {"name", "source", "to", "by", "needs", "takes", "when", "resident_sees"}
    | {"within", "within_on", "outside", "after", "today"}
)
"""Parts of an action that say who does it and when; every other one does something."""
CONFIDENTIALITY: Final = frozenset({"normal", "restricted"})


def check(rules: pack.Pack, report: Report) -> None:
    """Notes what is declared and does not fit. Invariant: I8, I10."""
    content = _Content(rules, report)
    for name, process in rules.processes.items():
        content.process(name, process)
    for name, field in rules.fields.items():
        content.field(name, field)
    for name, rule in rules.deadlines.items():
        content.clock(name, rule)
    content.start_days()
    content.demands()
    for right in rules.rights:
        content.right(right)
    content.posts()


class _Content:
    """One pack and the report on it."""

    def __init__(self, rules: pack.Pack, report: Report) -> None:
        self.rules, self.report = rules, report
        self.rights = {right.role: right for right in rules.rights}
        self.staffed = {role for row in rules.offices for role in row.posts}
        self.recuses = any(a.recuses for p in rules.processes.values() for a in p.actions.values())
        self.users: dict[str, list[pack.Action]] = defaultdict(list)
        for _, _, action in self.actions():
            for field in {*action.needs, *action.takes}:
                self.users[field].append(action)
        self.lengthening = {
            (rule.process, rule.extension.action)
            for rule in rules.deadlines.values()
            if rule.extension is not None
        }
        self.timing = {
            (rule.process, key)
            for rule in rules.deadlines.values()
            for key in (
                *rule.starts,
                *rule.stops,
                *(side for pause in rule.pauses for side in (pause.starts, *pause.ends)),
            )
        }
        tests = [part.test for _, _, action in self.actions() for part in action.when]
        tests += [test for rule in rules.deadlines.values() for test in rule.when]
        self.read = {name for test in tests for name in self.guard(test).names}

    def actions(self) -> Iterator[tuple[str, str, pack.Action]]:
        """Process, name and action, of all."""
        for name, process in self.rules.processes.items():
            for key, action in process.actions.items():
                yield name, key, action

    def clocks(self, process: str) -> Iterator[pack.DeadlineRule]:
        return (rule for rule in self.rules.deadlines.values() if rule.process == process)

    def told(self, cause: str, process: str) -> bool:
        """Whether a notice answers to it."""
        return any(n.on == cause and n.process in {None, process} for n in self.rules.notices)

    # --- processes

    def process(self, name: str, process: pack.Process) -> None:
        file = f"{name}.yaml"
        for key, state in process.states.items():
            recusing = any(
                a.recuses == "actor" and key in a.source for a in process.actions.values()
            )
            is_left = not state.end or state.owner  # somebody may have a paper to serve
            if self.recuses and is_left and not recusing:
                self.report.add("check.no_recusal", file, f"states.{key}", state=key)
        for key, action in process.actions.items():
            self.action(name, process, key, action)
        self.facts(name, process)

    def action(self, name: str, process: pack.Process, key: str, action: pack.Action) -> None:
        file, at = f"{name}.yaml", f"actions.{key}"
        if not action.source and action.lead is None:
            self.report.add("check.no_lead", file, f"{at}.lead")
        if action.source and action.lead is not None and action.handler is None:
            self.report.add("check.handler_stays", file, f"{at}.handler", action=key)
        if action.ousts and (action.lead is None or not effects.bars(self.rules, action)):
            self.report.add("check.ousts_nobody", file, f"{at}.ousts")
        filled = {(str(column), field) for column, field in (action.sets or {}).items()}
        for field in (*action.needs, *action.takes):
            if field in get_args(pack.CaseAttribute) and (field, field) not in filled:
                self.report.add("check.not_set", file, f"{at}.sets", name=field)
        if not action.needs and self.owes_reason(name, process, key, action):
            self.report.add("check.no_reason", file, f"{at}.needs", action=key)
        if not action.source and not self.tells_story(action):
            self.report.add("check.no_story", file, f"{at}.needs")
        if action.recuses and action.resident_sees:
            self.report.add("check.recusal_shown", file, f"{at}.resident_sees")
        for state in action.source:
            target = process.states[action.to] if action.to else process.states[state]
            if process.states[state].done and target.end and not target.done:
                self.report.add("check.done_lost", file, f"states.{action.to}", state=state)
        if self.must_tell(name, process, key, action) and not self.told(key, name):
            self.report.add("check.untold", "notices.yaml", "", cause=key, process=name)
        self.writers(name, key, action)
        self.people(name, key, action)
        if "resident" in self.rights and action.resident_sees:
            self.party(process, key, action, file=file)

    def owes_reason(self, name: str, process: pack.Process, key: str, action: pack.Action) -> bool:
        """Whether an action must not be done without a word: it ends a matter unsettled, gives
        the office more time, puts it under supervision, or takes somebody out."""
        to = process.states[action.to] if action.to else None
        ends = to is not None and to.end and not to.done and "ladder" not in action.by
        lengthens = (name, key) in self.lengthening
        return ends or lengthens or bool(action.recuses or action.supervision)

    def tells_story(self, action: pack.Action) -> bool:
        """Whether filing asks what happened."""
        return any(self.rules.fields[name].personal == "free_text" for name in action.needs)

    def party(self, process: pack.Process, key: str, action: pack.Action, *, file: str) -> None:
        """The party reads what was told about them, and why the matter was settled, ended or
        given more time."""
        states = process.states
        to = states[action.to] if action.to else None
        decides = to is not None and (to.end or to.done)
        lengthens = any(
            r.extension and r.extension.action == key for r in self.rules.deadlines.values()
        )
        for name in (*action.needs, *action.takes):
            field = self.rules.fields[name]
            owed = field.party is not None or decides or lengthens
            opened = (self.rights["resident"].fields or {}).get(field.seen_by or "")
            if field.seen_by and owed and opened != "open":
                at = f"actions.{key}"
                self.report.add("check.party_blind", file, at, action=key, name=name)

    def must_tell(self, name: str, process: pack.Process, key: str, action: pack.Action) -> bool:
        """Whether an action is nothing, or leaves somebody in the dark, without a notice."""
        hands_over = action.lead is not None or bool(action.recuses) or action.leader == "name"
        watches = action.supervision in {"take", "give"}
        lengthens = (name, key) in self.lengthening
        idle = action.by != ("ladder",) and not self.does(name, process, key, action)
        return hands_over or watches or lengthens or idle

    def does(self, name: str, process: pack.Process, key: str, action: pack.Action) -> bool:
        """Whether an action changes anything: the case, a clock, who acts on it."""
        moved = action.to is not None and set(action.source) != {action.to}
        own = (part.name for part in dataclasses.fields(action) if part.name not in _PLAIN)
        timed = (name, key) in self.timing
        names_office = effects.bars(self.rules, action)
        return moved or timed or names_office or any(getattr(action, part) for part in own)

    def writers(self, name: str, key: str, action: pack.Action) -> None:
        """Whoever writes a sealed value may read it again."""
        for role in action.by:
            right = self.rights.get(role)
            for field in (*action.needs, *action.takes):
                seen_by = self.rules.fields[field].seen_by
                if right and seen_by and (right.fields or {}).get(seen_by) != "open":
                    at = f"actions.{key}.by"
                    self.report.add("check.writer_blind", f"{name}.yaml", at, role=role, name=field)

    def demands(self) -> None:
        """What one action demands for an answer, each that asks for both demands."""
        wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
        for _, _, action in self.actions():
            for field, why in action.needs_if.items():
                wanted[field, why.field] |= set(why.values)
        for name, key, action in self.actions():
            for (field, asked), values in wanted.items():
                if field in action.takes and asked in action.needs:
                    own = action.needs_if.get(field)
                    if own is None or (own.field == asked and set(own.values) != values):
                        at = f"actions.{key}.needs_if.{field}"
                        self.report.add("check.needs_if", f"{name}.yaml", at, name=field)

    def facts(self, name: str, process: pack.Process) -> None:
        """A fact that conditions read, some action of the process fills."""
        filled = {column for action in process.actions.values() for column in action.sets or {}}
        tests = [part.test for a in process.actions.values() for part in a.when]
        tests += [test for rule in self.clocks(name) for test in rule.when]
        for fact in sorted({fact for test in tests for fact in self.guard(test).names}):
            column = fact.removeprefix("case.")
            if column in get_args(pack.CaseAttribute) and column not in filled:
                self.report.add("check.never_filled", f"{name}.yaml", "actions", name=fact)

    def guard(self, test: str) -> guards.Guard:
        return guards.compile_guard(test, self.rules.fields, self.rules.fields)

    # --- fields

    def field(self, name: str, field: pack.Field) -> None:
        file = "fields.yaml"
        users = self.users[name]
        if not users:
            self.report.add("check.unused_field", file, name)
        if field.personal is None and (field.seen_by or field.party):
            self.report.add("check.unsealed", file, f"{name}.personal")
        if field.personal in _OURS and field.party is None:
            self.report.add("check.no_party", file, f"{name}.party")
        if field.type == "choice" and len(field.choices or {}) < 2:
            self.report.add("check.no_choices", file, name)
        is_duty = bool(users) and all(name in a.duties for a in users)
        if (
            field.type == "bool"
            and not field.must_be_true
            and not is_duty
            and not self.is_read(name)
        ):
            self.report.add("check.unread", file, f"{name}.must_be_true")
        other = self.rules.fields.get(field.not_before or "")
        if field.not_before is not None and not (other and other.type == field.type == "date"):
            self.report.add("check.not_before", file, f"{name}.not_before", name=field.not_before)
        has_side = field.past_only or field.future_only
        if field.type == "date" and not has_side and self.is_read(name):
            self.report.add("check.date_side", file, name, side="past_only")
        restricts = any((a.sets or {}).get("confidentiality") == name for a in users)
        if restricts and set(field.choices or {}) != CONFIDENTIALITY:
            self.report.add("check.confidentiality", file, f"{name}.choices")

    def is_read(self, name: str) -> bool:
        """Whether a condition reads the field."""
        return f"fields.{name}" in self.read

    def people(self, name: str, key: str, action: pack.Action) -> None:
        """Who is named takes something over; and who takes a case over has a role that can."""
        asked = {"name": "leader", "approve_plan": "responsible", "give": "supervisor"}
        expected = asked.get(str(action.leader or action.supervision))
        people = [it for it in action.needs if self.rules.fields[it].type == "person"]
        if action.recuses == "named" and len(people) != 1:
            self.report.add("check.recuses_whom", f"{name}.yaml", f"actions.{key}.recuses")
        for field in (*action.needs, *action.takes):
            declared = self.rules.fields[field]
            takes_over = action.handler == f"fields.{field}" or action.recuses == "named"
            if declared.type != "person":
                continue
            if not takes_over and field != expected:
                at = f"actions.{key}.needs"
                self.report.add("check.person_unused", f"{name}.yaml", at, name=field)
            elif declared.role is None and field != "responsible":
                self.report.add("check.person_role", "fields.yaml", f"{field}.role")

    # --- clocks

    def clock(self, name: str, rule: pack.DeadlineRule) -> None:
        file = "deadlines.yaml"
        is_window = rule.belongs_to is not None
        if not is_window and rule.ladder is None and not rule.soft:
            self.report.add("check.no_ladder", file, f"{name}.ladder")
        if is_window and rule.belongs_to != pack.ORGAN and rule.roll == "none":
            self.report.add("check.window_roll", file, f"{name}.roll")
        self.window(name, rule)
        for key, value, side in (
            ("limit", rule.limit.until, "future_only"),
            ("start_at", rule.start_at, "past_only"),
        ):
            field = self.rules.fields.get((value or "").removeprefix("fields."))
            if field is not None and not getattr(field, side):
                self.report.add("check.date_side", file, f"{name}.{key}", side=side)
        if rule.extension is not None:
            days = self.rules.fields[rule.extension.days]
            if days.min is None or days.min < 1:
                where = f"{name}.extension.days"
                self.report.add("check.extension_min", file, where, name=rule.extension.days)
        examples = {example.deadline for example in self.rules.examples}
        is_law = rule.tag == "national" and rule.limit.length is not None
        if is_law and examples and name not in examples:
            self.report.add("check.no_example", file, name)
        self.ladder(name, rule)
        self.cut(name, rule)
        self.recounts(name, rule)
        cause = "window_lapsed" if is_window else "deadline_missed"
        if not self.told(cause, rule.process):
            self.report.add("check.untold", "notices.yaml", "", cause=cause, process=rule.process)

    def window(self, name: str, rule: pack.DeadlineRule) -> None:
        """A window bounds what can be done only in it."""
        actions = self.rules.processes[rule.process].actions
        if rule.belongs_to == pack.ORGAN and not any(a.within == name for a in actions.values()):
            self.report.add("check.window_bounds", "deadlines.yaml", name)
        if rule.belongs_to is None:
            return
        file, lapse = f"{rule.process}.yaml", actions.get(rule.on_lapse or "")
        after = lapse.to if lapse is not None else None
        for key in rule.stops:
            action, at = actions[key], f"actions.{key}"
            if action.to is None and action.within != name:
                self.report.add("check.again", file, f"{at}.within", name=name)
            if action.within_on and after is not None and after not in action.source:
                self.report.add("check.asked_late", file, f"{at}.from", name=name, state=after)

    def recounts(self, name: str, rule: pack.DeadlineRule) -> None:
        """What corrects a case stops the clock and starts it, beside others, from no day of its
        own, and leads nowhere."""
        actions = self.rules.processes[rule.process].actions
        others = set(rule.starts) - set(rule.recounts)
        for key in rule.recounts:
            is_turn = key in rule.starts and key in rule.stops and others
            if not is_turn or rule.start_at is not None or actions[key].to is not None:
                self.report.add("check.recounts", "deadlines.yaml", f"{name}.recounts", action=key)

    def cut(self, name: str, rule: pack.DeadlineRule) -> None:
        """What ends with other clocks is of days and cannot be moved past their end; each of them
        is an office's, of calendar days that nothing moves, and ends by an act that starts it."""
        if not rule.no_later_than:
            return
        at = f"{name}.no_later_than"
        moves = rule.roll != "none" or rule.ends != "midnight" or rule.pauses or rule.extension
        if moves or rule.limit.length is None or rule.limit.length.unit not in pack.DAY_UNITS:
            self.report.add("check.cut", "deadlines.yaml", at)
        for key in rule.no_later_than:
            other = self.rules.deadlines.get(key)
            fits = (
                other is not None
                and key != name
                and other.process == rule.process
                and set(other.stops) & set(rule.starts)
            )
            if not fits or other is None or not _is_fixed(other):
                self.report.add("check.cut_by", "deadlines.yaml", at, name=key)

    def start_days(self) -> None:
        """A day that starts a clock at one action starts it at every action that asks for it."""
        days = {
            (rule.start_at or "").removeprefix("fields.") for rule in self.rules.deadlines.values()
        }
        for name, rule in self.rules.deadlines.items():
            actions = self.rules.processes[rule.process].actions
            asked = [set(actions[key].needs) & days for key in rule.starts]
            field = next((day for day in sorted(set.intersection(*asked))), None) if asked else None
            if field is not None and rule.start_at is None:
                self.report.add("check.start_day", "deadlines.yaml", f"{name}.start_at", name=field)

    def ladder(self, name: str, rule: pack.DeadlineRule) -> None:
        """Each rung stands after the start of the clock, reaches a post, and is told."""
        for number, rung in enumerate(self.rules.ladders.get(rule.ladder or "", ()), start=1):
            file, key = "ladders.yaml", f"{rule.ladder}.{number}"
            if rung.tell != "handler" and rung.tell not in self.staffed:
                self.report.add("check.role_nowhere", file, f"{key}.tell", role=rung.tell)
            if rung.do in {"supervise", "raise"} and not self.has_board(rung.tell):
                self.report.add("check.no_board", file, f"{key}.tell", role=rung.tell)
            limit, before = rule.limit.length, rung.at.length
            if rung.at.kind == "before" and limit and before and _min(before) >= _min(limit):
                self.report.add("check.rung_before_start", file, f"{key}.at", name=name)
            leader = self.rules.fields.get("leader")
            if rung.do == "leader" and leader and leader.role != rung.tell:
                self.report.add("check.rung_leader", file, f"{key}.tell", role=rung.tell)
            if not self.told(f"rung.{rung.do}", rule.process):
                cause = f"rung.{rung.do}"
                self.report.add(
                    "check.untold", "notices.yaml", "", cause=cause, process=rule.process
                )

    def has_board(self, role: str) -> bool:
        right = self.rights.get(role)
        return role == "handler" or (right is not None and right.board)

    # --- rights and posts

    def right(self, right: pack.Right) -> None:
        file = "rights.yaml"
        for relation in sorted(set(right.acts) - set(right.sees)):
            self.report.add("check.acts_unseen", file, f"{right.role}.acts", relation=relation)
        if right.fields and not right.sees:
            self.report.add("check.sees_nothing", file, f"{right.role}.sees")
        if right.sees and right.role not in {*self.staffed, *names.PSEUDO}:
            self.report.add("check.role_nowhere", file, right.role, role=right.role)
        wide = {"area", "grid"} & set(right.sees)
        for name, process in self.rules.processes.items():
            works = any(right.role in a.by for a in process.actions.values()) or any(
                right.role in s.owner for s in process.states.values()
            )
            if wide and right.acts and not works and not right.processes:
                self.report.add("check.too_wide", file, f"{right.role}.processes", process=name)

    def posts(self) -> None:
        """Every kind of office stands somewhere; every post has rights."""
        for kind in self.rules.office_kinds:
            if not any(row.kind == kind for row in self.rules.offices):
                self.report.add(
                    "check.kind_nowhere", "pack.yaml", f"office_kinds.{kind}", kind=kind
                )
        for role in sorted(self.staffed - self.rights.keys()):
            self.report.add("check.no_right", "rights.yaml", role, role=role)


def _min(length: pack.Length) -> float:
    return length.n * _MINUTES[length.unit]


def unknown_codes(
    rules: pack.Pack, guard: guards.Guard, processes: Mapping[str, pack.Process]
) -> Iterator[tuple[str, str]]:
    """The facts a condition compares with a text that they never have, and the text."""
    for fact, text, begins in guards.compared(guard):
        known = _values(rules, fact, processes)
        is_met = known is None or any(k.startswith(text) if begins else k == text for k in known)
        if text and not is_met:
            yield fact, text


def _values(rules: pack.Pack, fact: str, processes: Mapping[str, pack.Process]) -> set[str] | None:
    """All that a fact may be; None where any text may."""
    scope, _, name = fact.partition(".")
    if scope == "fields":
        choices = rules.fields[name].choices
        return set(choices) if choices else None
    fixed = {
        "process": set(processes),
        "state": {state for process in processes.values() for state in process.states},
        "category": set(rules.categories),
        "lead_office_kind": set(rules.office_kinds),
        "plan": set(guards.PLANS),
    }
    if name in fixed:
        return fixed[name]
    actions = [a for process in processes.values() for a in process.actions.values()]
    filling = {field for a in actions for column, field in (a.sets or {}).items() if column == name}
    fields = (rules.fields[field] for field in filling if field in rules.fields)
    return {code for field in fields for code in field.choices or {}}


def _is_fixed(rule: pack.DeadlineRule) -> bool:
    """An office's clock that ends on the same day, whatever comes."""
    length = rule.limit.length
    moves = rule.roll != "none" or rule.pauses or rule.extension or rule.belongs_to
    return not moves and length is not None and length.unit in ("calendar_day", "month")
