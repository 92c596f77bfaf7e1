"""Every name a pack uses exists and fits; every guard compiles."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import get_args

from rules import errors, guards, pack, papers, telling
from rules.check import content, texts
from rules.check.report import Report

_RECEIVERS = frozenset({"handler", "filer", "leader", "supervisor_above", "target"})
_PLACEHOLDERS = frozenset({"number", "process", "due_on", "office"})
_MOMENTS = frozenset({"deadline_missed", "window_lapsed", "deadline_moved"})
MAX_CAP = 50
"""Firings of one ladder in all: a deadline remembers each by a word."""

_ASKED: Mapping[str, tuple[str, ...]] = {
    "name": ("leader",),
    "approve_plan": ("responsible", "measures", "plan_until"),
    "propose_plan": ("measures",),
    "contact": ("contacted_on",),
    "give": ("supervisor",),
}
"""What the engine takes from the fields of an action upon leader or supervision."""
_LINKED = "earlier_number"
"""What it takes from the fields of an action that links an earlier case."""


def _is_proposed(process: pack.Process) -> bool:
    """Whether a leader's plan is written down before it is approved."""
    return any(action.leader == "propose_plan" for action in process.actions.values())


def check(rules: pack.Pack, report: Report) -> None:
    """Notes every name that is not there and every guard that does not compile."""
    checker = _Checker(rules, report)
    for name, process in rules.processes.items():
        checker.process(name, process)
    for name, field in rules.fields.items():
        checker.field(name, field)
    for name, rule in rules.deadlines.items():
        checker.deadline(name, rule)
    for name, ladder in rules.ladders.items():
        if sum(rung.cap for rung in ladder) > MAX_CAP:
            report.add("check.firings", "ladders.yaml", name, max=MAX_CAP)
        for number, rung in enumerate(ladder, start=1):
            checker.rung(name, f"{name}.{number}", rung)
    for name, route in rules.routing.items():
        checker.route(name, route)
    for right in rules.rights:
        checker.right(right)
    for number, notice in enumerate(rules.notices, start=1):
        checker.notice(str(number), notice)
    if rules.delivery is not None:
        checker.delivery(rules.delivery)
    for code in rules.categories:
        if len(code) > 2 and code[:2] not in rules.categories:
            report.add("check.category_parent", "categories.yaml", code, parent=code[:2])


class _Checker:
    """One pack and the report on it."""

    def __init__(self, rules: pack.Pack, report: Report) -> None:
        self.rules = rules
        self.report = report
        self.granted = {name for right in rules.rights for name in right.fields or {}}
        self.rights = {right.role: right for right in rules.rights}
        self.moments = cache(self._moments)

    def known(
        self, code: str, names: Iterable[str], among: Collection[str], *, file: str, key: str
    ) -> bool:
        """Whether all names exist; notes the fault for each that does not."""
        missing = [name for name in names if name not in among]
        for name in missing:
            self.report.add(code, file, key, name=name)
        return not missing

    # --- processes

    def process(self, name: str, process: pack.Process) -> None:
        file = f"{name}.yaml"
        for key, state in process.states.items():
            where = f"states.{key}.owner"
            self.known("check.unknown_role", state.owner, self.rules.roles, file=file, key=where)
            if not state.owner and not state.end:
                self.report.add("check.no_owner", file, where, state=key)
            for main in state.main:
                if main not in process.actions or key not in process.actions[main].source:
                    where = f"states.{key}.main"
                    self.report.add("check.main_action", file, where, state=key, action=main)
        openers = [key for key, action in process.actions.items() if not action.source]
        if openers != ["file_case"]:
            self.report.add("check.opening", file, "actions", found=", ".join(openers))
        for key, action in process.actions.items():
            self.action(name, process, key, action)

    def action(self, name: str, process: pack.Process, key: str, action: pack.Action) -> None:
        file, at = f"{name}.yaml", f"actions.{key}"
        self.known(
            "check.unknown_state", action.source, process.states, file=file, key=f"{at}.from"
        )
        if action.to is not None:
            self.known(
                "check.unknown_state", (action.to,), process.states, file=file, key=f"{at}.to"
            )
        elif not action.source:
            self.report.add("check.opening", file, f"{at}.to", found=key)
        self.actors(name, action, file=file, at=at)
        self.known(
            "check.unknown_field", action.needs, self.rules.fields, file=file, key=f"{at}.needs"
        )
        self.known(
            "check.unknown_field", action.takes, self.rules.fields, file=file, key=f"{at}.takes"
        )
        for field in sorted(set(action.needs) & set(action.takes)):
            self.report.add("check.field_twice", file, f"{at}.takes", name=field)
        for field, why in action.needs_if.items():
            key = f"{at}.needs_if.{field}"
            self.known("check.unknown_input", (field,), action.takes, file=file, key=key)
            self.known("check.unknown_input", (why.field,), action.needs, file=file, key=key)
            declared = self.rules.fields.get(why.field)
            choices = declared.choices if declared else None
            self.known("check.unknown_input", why.values, choices or {}, file=file, key=key)
        if action.lead is not None:
            self.lead(name, action, file=file, key=f"{at}.lead")
        self.handler(action, file=file, key=f"{at}.handler")
        given, sets = (*action.needs, *action.takes), tuple((action.sets or {}).values())
        self.known("check.unknown_input", sets, given, file=file, key=f"{at}.sets")
        self.windows(name, action, file=file, at=at)
        self.link(process, action, file=file, key=f"{at}.link")
        self.known("check.unknown_input", action.duties, given, file=file, key=f"{at}.duties")
        for duty in action.duties:
            known = self.rules.fields.get(duty)
            if known is not None and known.type != "bool":
                self.report.add("check.duty_type", file, f"{at}.duties", name=duty)
        asked = _ASKED.get(action.leader or "", ()) + _ASKED.get(action.supervision or "", ())
        if action.leader == "approve_plan" and _is_proposed(process):
            asked = tuple(field for field in asked if field not in _ASKED["propose_plan"])
        if papers.MATERIAL in given:
            asked += tuple(papers.OF_MATERIAL)
        self.known("check.unknown_input", asked, action.needs, file=file, key=f"{at}.needs")
        readable = guards.readable(action, self.rules.fields)
        for number, part in enumerate(action.when, start=1):
            key = f"{at}.when.{number}.if"
            self.guard(part.test, readable, {name: process}, file=file, key=key)

    def actors(self, process: str, action: pack.Action, *, file: str, at: str) -> None:
        """Somebody can do it: the roles exist, and their rights let them act."""
        if not action.by:
            self.report.add("check.nobody_acts", file, f"{at}.by")
        if not self.known(
            "check.unknown_role", action.by, self.rules.roles, file=file, key=f"{at}.by"
        ):
            return
        for role in action.by:
            right = self.rights.get(role)
            if role == "ladder" or not self.rules.rights:
                continue
            processes = right.processes if right else ()
            if right is None or not right.acts or (processes and process not in processes):
                self.report.add("check.role_cannot_act", file, f"{at}.by", role=role)

    def lead(self, process: str, action: pack.Action, *, file: str, key: str) -> None:
        name = str(action.lead)
        if self.known("check.unknown_route", (name,), self.rules.routing, file=file, key=key):
            field = self.rules.routing[name].field
            self.known(
                "check.unknown_input",
                [field] if field else [],
                {*action.needs, *self.told(process, action)},
                file=file,
                key=key,
            )

    def told(self, process: str, action: pack.Action) -> set[str]:
        """What every act that leads to where this one is done has asked for. Only what makes a
        paper knows of it."""
        actions = self.rules.processes[process].actions
        own = (it for it in self.rules.papers.values() if it.process == process)
        makes = any(actions.get(name) is action for paper in own for name in paper.made_by)
        ways = [set(it.needs) for it in actions.values() if it.to in action.source]
        return set.intersection(*ways) if makes and ways else set()

    def link(self, process: pack.Process, action: pack.Action, *, file: str, key: str) -> None:
        """It asks for the earlier case; one that is merged into that ends, and is not settled."""
        if action.link is None:
            if _LINKED in action.needs:
                self.report.add("check.unlinked", file, key)
            return
        given = (*action.needs, *action.takes)
        self.known("check.unknown_input", (_LINKED,), given, file=file, key=key)
        to = process.states.get(action.to or "")
        is_over = to is not None and to.end and not to.done
        if action.link == "merge" and not (is_over and _LINKED in action.needs):
            self.report.add("check.merge", file, key)

    def handler(self, action: pack.Action, *, file: str, key: str) -> None:
        value = action.handler
        if value in {None, "actor", "nobody"} or value in self.rules.roles:
            return
        name = str(value).removeprefix("fields.")
        field = self.rules.fields.get(name)
        if value == name or name not in action.needs or field is None or field.type != "person":
            self.report.add("check.handler", file, key, text=value)

    def guard(
        self,
        test: str,
        allowed: Collection[str],
        processes: Mapping[str, pack.Process],
        *,
        file: str,
        key: str,
    ) -> None:
        """A condition compiles, and compares with codes that there are in these processes."""
        try:
            guard = guards.compile_guard(test, self.rules.fields, allowed)
        except errors.Invalid as fault:
            self.report.add(fault.code, file, key, **fault.params)
            return
        for fact, text in content.unknown_codes(self.rules, guard, processes):
            self.report.add("guard.unknown_code", file, key, name=fact, text=text)

    # --- fields

    def field(self, name: str, field: pack.Field) -> None:
        file = "fields.yaml"
        if field.type == "choice" and not field.choices:
            self.report.add("check.no_choices", file, name)
        if papers.OF_MATERIAL.get(name, field.type) != field.type:
            wanted = papers.OF_MATERIAL[name]
            self.report.add("check.material_type", file, f"{name}.type", type=wanted)
        if field.role is not None:
            self.known(
                "check.unknown_role", (field.role,), self.rules.roles, file=file, key=f"{name}.role"
            )
        if field.seen_by is not None:
            key = f"{name}.seen_by"
            self.known(
                "check.unknown_field_right", (field.seen_by,), self.granted, file=file, key=key
            )
        elif field.personal is not None:
            self.report.add("check.sealed_unseen", file, name)
        if field.personal is not None and field.type != "text":
            self.report.add("check.sealed_type", file, f"{name}.personal", type=field.type)
        if field.min is not None and field.max is not None and field.min > field.max:
            self.report.add("check.bounds", file, f"{name}.max", min=field.min, max=field.max)

    # --- deadlines

    def deadline(self, name: str, rule: pack.DeadlineRule) -> None:
        file = "deadlines.yaml"
        if not self.known(
            "check.unknown_process",
            (rule.process,),
            self.rules.processes,
            file=file,
            key=f"{name}.process",
        ):
            return
        actions = self.rules.processes[rule.process].actions
        known = self.known(
            "check.unknown_action", rule.starts, actions, file=file, key=f"{name}.starts"
        )
        self.known("check.unknown_action", rule.stops, actions, file=file, key=f"{name}.stops")
        if not rule.starts or not rule.stops:
            self.report.add("check.never", file, name)
        if rule.ladder is not None:
            self.known(
                "check.unknown_ladder",
                (rule.ladder,),
                self.rules.ladders,
                file=file,
                key=f"{name}.ladder",
            )
        if rule.belongs_to is not None and rule.ladder is not None:
            self.report.add("check.window_ladder", file, f"{name}.ladder")
        if known:
            self.inputs(name, rule, [actions[start] for start in rule.starts])
        self.ends(name, rule, actions)
        if rule.extension is not None:
            self.extension(name, rule, rule.extension, actions)
        for number, pause in enumerate(rule.pauses, start=1):
            named = (pause.starts, *pause.ends)
            self.known(
                "check.unknown_action", named, actions, file=file, key=f"{name}.pauses.{number}"
            )

    def inputs(self, name: str, rule: pack.DeadlineRule, starts: list[pack.Action]) -> None:
        """What a clock reads of the fields must be asked by every action that starts it."""
        needed = set.intersection(*(set(action.needs) for action in starts)) if starts else set()
        file = "deadlines.yaml"
        if (rule.limit.until is None) == (rule.limit.length is None):
            self.report.add("check.limit", file, f"{name}.limit")
        for key, value in (("limit", rule.limit.until), ("start_at", rule.start_at)):
            if value is not None:
                self.day(value, needed, file=file, key=f"{name}.{key}")
        processes = {rule.process: self.rules.processes[rule.process]}
        for number, test in enumerate(rule.when, start=1):
            self.guard(test, needed, processes, file=file, key=f"{name}.when.{number}")

    def windows(self, name: str, action: pack.Action, *, file: str, at: str) -> None:
        """What bounds an action is a clock of its process, and the day of asking a field of it."""
        own = [key for key, rule in self.rules.deadlines.items() if rule.process == name]
        bounds = {"within": action.within, "outside": action.outside, "after": action.after}
        if action.within_on is not None:
            bounds["within"] = action.within or ""
            self.day(action.within_on, action.needs, file=file, key=f"{at}.within_on")
        if action.today is not None:
            self.day(f"fields.{action.today}", action.needs, file=file, key=f"{at}.today")
            if not action.source or action.within_on == f"fields.{action.today}":
                self.report.add("check.today", file, f"{at}.today", name=action.today)
        for key, clock in bounds.items():
            if clock is not None:
                self.known("check.unknown_deadline", (clock,), own, file=file, key=f"{at}.{key}")
        rule = self.rules.deadlines.get(action.outside or "")
        waits = rule is None or rule.unserved == (action.to is not None)
        if action.outside is not None and (not waits or action.outside == action.within):
            self.report.add("check.outside", file, f"{at}.outside", name=action.outside)

    def day(self, value: str, needed: Collection[str], *, file: str, key: str) -> None:
        """A date field that is always there."""
        field = value.removeprefix("fields.")
        declared = self.rules.fields.get(field)
        if value == field or field not in needed or not declared or declared.type != "date":
            self.report.add("check.date_field", file, key, text=value)

    def ends(self, name: str, rule: pack.DeadlineRule, actions: Mapping[str, pack.Action]) -> None:
        """What happens when a limit has passed."""
        file = "deadlines.yaml"
        for key, action in (("on_lapse", rule.on_lapse), ("on_miss", rule.on_miss)):
            if action is not None:
                self.known(
                    "check.unknown_action", (action,), actions, file=file, key=f"{name}.{key}"
                )
        lapse = actions.get(rule.on_lapse or "")
        if rule.on_lapse is not None and rule.belongs_to is None:
            self.report.add("check.office_lapse", file, f"{name}.on_lapse")
        if rule.on_miss is not None and rule.belongs_to is not None:
            self.report.add("check.window_miss", file, f"{name}.on_miss")
        if lapse is not None and ("ladder" not in lapse.by or lapse.needs):
            self.report.add("check.not_for_ladder", file, f"{name}.on_lapse", action=rule.on_lapse)

    def extension(
        self,
        name: str,
        rule: pack.DeadlineRule,
        extension: pack.Extension,
        actions: Mapping[str, pack.Action],
    ) -> None:
        file, at = "deadlines.yaml", f"{name}.extension"
        if not self.known(
            "check.unknown_action", (extension.action,), actions, file=file, key=f"{at}.action"
        ):
            return
        action = actions[extension.action]
        self.known(
            "check.unknown_input", (extension.days,), action.needs, file=file, key=f"{at}.days"
        )
        field = self.rules.fields.get(extension.days)
        if field is not None and field.type != "int":
            self.report.add("check.extension_days", file, f"{at}.days", name=extension.days)
        if extension.by not in action.by:
            self.report.add("check.unknown_role", file, f"{at}.by", name=extension.by)
        length = rule.limit.length
        # until a day that a field names is a matter of days
        counts_days = length is None or length.unit in pack.DAY_UNITS
        if counts_days != (extension.max.unit in pack.DAY_UNITS):
            self.report.add("check.extension_unit", file, f"{at}.max")

    # --- ladders, routes, rights, notices

    def rung(self, ladder: str, key: str, rung: pack.Rung) -> None:
        file = "ladders.yaml"
        self.known(
            "check.unknown_role", (rung.tell,), {*self.rules.roles, "handler"}, file=file, key=key
        )
        bounded = 1 <= rung.cap <= MAX_CAP and (rung.every is None) == (rung.cap == 1)
        if not bounded:
            self.report.add("check.repetition", file, f"{key}.every", max=MAX_CAP)
        if (rung.do == "action") != (rung.action is not None):
            self.report.add("check.rung_action", file, f"{key}.do")
        if (rung.do == "measure") != (rung.measure is not None):
            self.report.add("check.rung_measure", file, f"{key}.do")
        used = {r.process for r in self.rules.deadlines.values() if r.ladder == ladder}
        users = {name: self.rules.processes[name] for name in used & set(self.rules.processes)}
        for number, test in enumerate(rung.when, start=1):
            self.guard(test, (), users, file=file, key=f"{key}.when.{number}")
        for name in sorted(users):
            self.effect(rung, self.rules.processes[name], file=file, key=key)

    def effect(self, rung: pack.Rung, process: pack.Process, *, file: str, key: str) -> None:
        """What a rung does must be something the process knows."""
        if rung.do == "leader" and not any(a.leader == "name" for a in process.actions.values()):
            self.report.add("check.no_leader_action", file, f"{key}.do", process=process.name.en)
        if rung.action is None:
            return
        action = process.actions.get(rung.action)
        if action is None:
            self.report.add("check.unknown_action", file, f"{key}.action", name=rung.action)
        elif "ladder" not in action.by or action.needs:
            self.report.add("check.not_for_ladder", file, f"{key}.action", action=rung.action)

    def route(self, name: str, route: pack.Route) -> None:
        file = "routing.yaml"
        kinds = self.rules.office_kinds
        self.known("check.unknown_office_kind", route.kinds, kinds, file=file, key=f"{name}.kinds")
        if not route.kinds:
            self.report.add("check.no_kinds", file, f"{name}.kinds")
        field = self.rules.fields.get(route.field or "")
        is_named = route.place == "field"
        if is_named != (route.field is not None) or (
            is_named and (not field or field.type != "office")
        ):
            self.report.add("check.route_field", file, f"{name}.field")

    def right(self, right: pack.Right) -> None:
        file = "rights.yaml"
        self.known("check.unknown_role", (right.role,), self.rules.roles, file=file, key=right.role)
        key = f"{right.role}.processes"
        self.known(
            "check.unknown_process", right.processes, self.rules.processes, file=file, key=key
        )

    def notice(self, key: str, notice: pack.Notice) -> None:
        file = "notices.yaml"
        if notice.process is not None and not self.known(
            "check.unknown_process",
            (notice.process,),
            self.rules.processes,
            file=file,
            key=f"{key}.process",
        ):
            return
        moments = self.moments(notice.process)
        self.known("check.unknown_moment", (notice.on,), moments, file=file, key=f"{key}.on")
        receivers = {*self.rules.roles, *_RECEIVERS}
        self.known("check.unknown_role", notice.tell, receivers, file=file, key=f"{key}.tell")
        if not notice.tell or (
            set(notice.tell) == {"target"} and not notice.on.startswith("rung.")
        ):
            self.report.add("check.no_receiver", file, f"{key}.tell")
        for language, text in (("zh", notice.text.zh), ("en", notice.text.en)):
            where = f"{key}.text.{language}"
            self.known(
                "check.unknown_placeholder",
                sorted(texts.placeholders(text)),
                _PLACEHOLDERS,
                file=file,
                key=where,
            )

    def _moments(self, process: str | None) -> set[str]:
        """What a notice may answer to, in one process or in any."""
        found = {f"rung.{effect}" for effect in get_args(pack.Effect)} | _MOMENTS
        for name, declared in self.rules.processes.items():
            if process in {None, name}:
                found |= set(declared.actions)
        return found

    def delivery(self, delivery: pack.Delivery) -> None:
        file, quiet = "delivery.yaml", delivery.quiet
        walls = {"digest_at": delivery.digest_at}
        if quiet is not None:
            walls |= {"quiet.begins": quiet.begins, "quiet.ends": quiet.ends}
            key, causes = "quiet.broken_by", self.moments(None)
            self.known("check.unknown_moment", quiet.broken_by, causes, file=file, key=key)
            if quiet.begins == quiet.ends:
                self.report.add("check.quiet", file, "quiet.ends")
            elif telling.is_quiet_at(quiet, delivery.digest_at):
                self.report.add("check.digest_quiet", file, "digest_at")
        for key, wall in walls.items():
            if wall.second or wall.microsecond or wall.tzinfo:
                self.report.add("check.not_a_minute", file, key)
