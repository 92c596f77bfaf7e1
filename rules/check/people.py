"""Whoever's turn it is has a post, sees the case and may act on it; and so for every action."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import cache, cached_property

from rules import pack
from rules.check.report import Report
from rules.check.walk import Node, Stand, Walked

_NAMED_AT_ONCE: frozenset[pack.Relation] = frozenset({"resident", "leader"})
"""Relations of a person without whom the action makes no sense."""
_SURE: frozenset[pack.Relation] = frozenset({"office", "sender", "area", "grid"})
"""Relations that do not hang on which person did something to the case before."""
_BY_AREA: frozenset[pack.Relation] = frozenset({"area", "grid"})
"""Those that do not open a restricted case."""


def check(rules: pack.Pack, walked: Walked, report: Report) -> None:
    """Notes states without an owner and actions that nobody can reach. Invariant: I8, I10."""
    _People(rules, walked, report).check()


class _People:
    """The posts and rights of a pack, as one process needs them."""

    def __init__(self, rules: pack.Pack, walked: Walked, report: Report) -> None:
        self.rules, self.walked, self.report = rules, walked, report
        self.file = f"{walked.name}.yaml"
        self.actions = walked.process.actions
        self.levels = list(dict.fromkeys(row.level for row in rules.offices))
        self.posts: dict[Stand, set[str]] = defaultdict(set)
        for row in rules.offices:
            self.posts[Stand(self.levels.index(row.level), row.kind)] |= set(row.posts)
        self.rights = {
            right.role: right
            for right in rules.rights
            if not right.processes or walked.name in right.processes
        }
        self.named = self._named()
        self.holds = cache(self._holds)

    def _named(self) -> dict[pack.Relation, set[str]]:
        """The roles of those whom a case knows by name."""
        fields = self.rules.fields
        handlers: set[str] = set()
        for action in self.actions.values():
            given = action.handler or "nobody"
            field = fields.get(given.removeprefix("fields."))
            handlers |= set(action.by) if given == "actor" else {given}
            handlers |= {str(field.role)} if field and field.role else set()
        watching = {
            rung.tell
            for rule in self.walked.clocks.values()
            for rung in self.rules.ladders.get(rule.ladder or "", ())
            if rung.do in {"supervise", "raise"}
        }
        for action in self.actions.values():
            watching |= set(action.by) if action.supervision else set()
        leads = any(action.leader == "name" for action in self.actions.values())
        leader = fields.get("leader")
        return {
            "handler": handlers,
            "filer": set(self.actions["file_case"].by),
            "leader": {str(leader.role)} if leads and leader else set(),
            "supervisor": watching,
            "sender": self.senders,
            "resident": {"resident"},
            "invited": {"third_party"},
        }

    @cached_property
    def senders(self) -> set[str]:
        """The roles with a post at some office that may send a case on."""
        return {
            role
            for course in self.walked.courses
            for step in course.steps
            if step.source is not None and self.actions[step.action].sends
            for role in self.posts[step.source.lead]
        }

    @cached_property
    def sent_from(self) -> dict[tuple[str, Stand], frozenset[Stand | None]]:
        """By where a case may stand, the offices that may have sent it on last; None among them
        where it may never have been sent."""
        found: dict[tuple[str, Stand], frozenset[Stand | None]] = {}
        for course in self.walked.courses:
            after: dict[Node | None, list[Node]] = defaultdict(list)
            begun: dict[Stand | None, set[Node]] = defaultdict(set)
            for step in course.steps:
                if step.source is not None and self.actions[step.action].sends:
                    begun[step.source.lead].add(step.target)
                else:
                    after[step.source].append(step.target)
            begun[None] |= set(after[None])
            for sender, starts in begun.items():
                waiting, seen = list(starts), set(starts)
                while waiting:
                    node = waiting.pop()
                    at = (node.state, node.lead)
                    found[at] = found.get(at, frozenset()) | {sender}
                    news = set(after[node]) - seen
                    seen |= news
                    waiting += news
        return found

    def _holds(self, role: str, lead: Stand) -> frozenset[pack.Relation]:
        """The relations in which somebody of a role may stand to a case at an office."""
        found = {relation for relation, roles in self.named.items() if role in roles}
        if role in self.posts[lead]:
            found.add("office")
        if any(role in roles and at.depth <= lead.depth for at, roles in self.posts.items()):
            found.add("area")
        if any(role in roles for roles in self.posts.values()):
            found.add("grid")
        return frozenset(found)

    def reach(self, role: str, lead: Stand, *, acting: bool = True) -> frozenset[pack.Relation]:
        """The relations through which the rights of a role open a case to it there."""
        right = self.rights.get(role)
        if right is None:
            return frozenset()
        granted = set(right.sees) & set(right.acts) if acting else set(right.sees)
        return frozenset(granted & self.holds(role, lead))

    def opens(
        self, role: str, state: str, lead: Stand, *, acting: bool = True
    ) -> frozenset[pack.Relation]:
        """The same in one state, where only some have sent it on, or nobody has."""
        found = self.reach(role, lead, acting=acting)
        senders = self.sent_from.get((state, lead), frozenset({None}))
        is_known = all(sender is not None and role in self.posts[sender] for sender in senders)
        return found if is_known else found - {"sender"}

    def check(self) -> None:
        every = (node for course in self.walked.courses for node in course.nodes)
        nodes = {(n.state, n.lead): n for n in every if not self.walked.is_end(n)}
        for node in nodes.values():
            self.owner(node)
            self.sender(node)
        self.actors()
        self.steps_back(nodes.values())

    def steps_back(self, nodes: Collection[Node]) -> None:
        """Whoever sees a case and acts on cases may say that they must not."""
        leads = {node.lead for node in nodes}
        for name, action in self.actions.items():
            for role, right in self.rights.items() if action.recuses == "actor" else ():
                sees = any(self.reach(role, lead, acting=False) for lead in leads)
                if right.acts and sees and role not in {*action.by, "resident"}:
                    where = f"actions.{name}.by"
                    self.report.add("check.recusal_by", self.file, where, role=role)

    @cached_property
    def restrictable(self) -> bool:
        """Whether a case of this process can become restricted."""
        return any("confidentiality" in (action.sets or {}) for action in self.actions.values())

    # --- owners

    def owner(self, node: Node) -> None:
        """The role whose turn it is has a post, at the lead office or one of its level or above,
        and opens the case without anybody having named it."""
        owners, where = self.walked.process.states[node.state].owner, f"states.{node.state}.owner"
        if not owners:
            self.report.add("check.no_owner", self.file, where, state=node.state)
            return
        at = {"kind": node.lead.kind, "level": self.levels[node.lead.depth], "state": node.state}
        role = next((r for r in owners if r in self.posts[node.lead]), next(iter(owners), ""))
        if not any(
            role in roles and stand.depth <= node.lead.depth for stand, roles in self.posts.items()
        ):
            self.report.add("check.no_post", self.file, where, role=role, **at)
            return
        opened = self.opens(role, node.state, node.lead)
        # who filed it, or supervises it, may be somebody else
        named = opened - _BY_AREA - {"filer", "supervisor"}
        if not opened & _SURE or (self.restrictable and not named):
            self.report.add("check.owner_blind", self.file, where, role=role, **at)
        for field in self.unread(role):
            self.report.add("check.owner_unread", self.file, where, role=role, name=field)

    def sender(self, node: Node) -> None:
        """What goes back to whoever sent it on was sent on, by an office of the route's kinds."""
        senders = self.sent_from.get((node.state, node.lead), frozenset({None}))
        for name, action in self.actions.items():
            route = self.rules.routing.get(action.lead or "")
            if route is None or route.place != "sender" or node.state not in action.source:
                continue
            if any(sender is None or sender.kind not in route.kinds for sender in senders):
                where = f"actions.{name}.lead"
                self.report.add("check.no_sender", self.file, where, action=name, state=node.state)

    def unread(self, role: str) -> Iterator[str]:
        """The sealed fields in which the matter itself stands, that are hidden from a role."""
        right = self.rights.get(role)
        for name in self.actions["file_case"].needs:
            seen_by = self.rules.fields[name].seen_by
            if right and seen_by and seen_by not in (right.fields or {}):
                yield name

    # --- actions

    def actors(self) -> None:
        """Of each action, in every state, somebody can do it; and every role of it somewhere."""
        places: dict[str, set[tuple[str, Stand]]] = defaultdict(set)
        for course in self.walked.courses:
            for name, found in course.places.items():
                places[name] |= found
        for name, action in self.actions.items():
            found = places[name]
            for role in self._idle(action, found):
                where = f"actions.{name}.by"
                self.report.add("check.role_cannot_act", self.file, where, role=role)
            for state in sorted({at[0] for at in found if not self.able(action, *at)}):
                where = f"actions.{name}.by"
                self.report.add("check.out_of_reach", self.file, where, action=name, state=state)

    def _idle(self, action: pack.Action, places: Collection[tuple[str, Stand]]) -> Iterator[str]:
        """The roles of an action that can do it nowhere."""
        for role in action.by:
            # Who may step back is named for all that may ever see a case, here or elsewhere.
            if role == "ladder" or action.recuses == "actor" or not places:
                continue
            if not any(self.reach(role, lead) for _, lead in places):
                yield role

    def able(self, action: pack.Action, state: str, lead: Stand) -> bool:
        """Whether somebody can do it there, on a restricted case too."""
        if "ladder" in action.by:
            return True
        reached = {
            relation
            for role in action.by
            for relation in self.opens(role, state, lead, acting=action.recuses != "actor")
        }
        sure = _SURE | _NAMED_AT_ONCE
        if action.supervision in {"give", "end"}:
            sure |= {"supervisor"}
        return bool(reached & sure) and (not self.restrictable or bool(reached - _BY_AREA))
