"""A pack's processes, compiled once: one `transitions` machine each, guards part by part.

The machine keeps no models. A slot carries the state through one trigger; conditions only
look and remember which of them failed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import transitions

from rules import errors, guards, load
from rules import pack as pack_

NOTHING: Final = "nothing"
"""The state before a case is filed."""
FILE: Final = "file_case"
"""The action that opens a case, in every process."""

# At INFO the library's own logging costs more than the transition.
logging.getLogger("transitions").setLevel(logging.WARNING)

Guarded = tuple[guards.Guard, ...]


@dataclass(slots=True)
class _Slot:
    """What the machine moves: a state, and nothing that outlives the trigger."""

    state: str


@dataclass(slots=True)
class _Look:
    """The facts that guards read, and the words of the one that failed."""

    facts: Mapping[str, object]
    failed: pack_.Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A deadline rule under its name, with the conditions for it to start."""

    name: str
    rule: pack_.DeadlineRule
    when: Guarded


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One process, ready to run."""

    name: str
    process: pack_.Process
    machine: transitions.Machine
    conditions: Mapping[str, tuple[tuple[guards.Guard, pack_.Text], ...]]
    starts: Mapping[str, tuple[Clock, ...]]
    stops: Mapping[str, frozenset[str]]
    pauses: Mapping[str, tuple[tuple[str, pack_.Pause], ...]]
    resumes: Mapping[str, tuple[tuple[str, pack_.Pause], ...]]
    extends: Mapping[str, tuple[str, pack_.Extension]]
    names_leader: str | None
    papers: Mapping[str, tuple[tuple[str, Guarded], ...]]
    """Per action, the papers it makes, each with its conditions."""
    serves: Mapping[str, frozenset[str]]
    """Per action, the papers it may serve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A compiled pack."""

    pack: pack_.Pack
    hash: str
    flows: Mapping[str, Flow]
    clocks: Mapping[str, Clock]
    ladders: Mapping[str, tuple[Guarded, ...]] = field(repr=False)
    """Per ladder, the criteria of each rung."""
    notices: Mapping[str, Sequence[pack_.Notice]] = field(repr=False)
    """By the action or the cause that they tell of."""

    def flow(self, process: str) -> Flow:
        """Raises: `process.unknown`."""
        try:
            return self.flows[process]
        except KeyError:
            raise errors.Invalid("process.unknown", field="process", process=process) from None


def compile_rules(loaded: load.Loaded) -> Rules:
    """Compiles a pack; its callers keep the result by hash."""
    pack = loaded.pack
    clocks = {
        name: Clock(name=name, rule=rule, when=_guards(pack, rule.when, rule.starts, rule.process))
        for name, rule in pack.deadlines.items()
    }
    told = {notice.on for notice in pack.notices}
    return Rules(
        pack=pack,
        hash=loaded.hash,
        flows={name: _flow(pack, name, clocks) for name in pack.processes},
        clocks=clocks,
        ladders={
            name: tuple(
                tuple(guards.compile_guard(test, pack.fields, ()) for test in rung.when)
                for rung in ladder
            )
            for name, ladder in pack.ladders.items()
        },
        notices={on: [notice for notice in pack.notices if notice.on == on] for on in told},
    )


def fire(flow: Flow, *, state: str, action: str, facts: Mapping[str, object]) -> str:
    """The state after the action.

    Raises: `action.unknown`; `action.wrong_state`; `action.condition`, which brings the
    failing condition's own words.
    """
    event = flow.machine.events.get(action)
    if event is None:
        raise errors.Invalid("action.unknown", field="action", action=action)
    unsaid = dict.fromkeys(f"fields.{name}" for name in flow.process.actions[action].takes)
    slot, look = _Slot(state), _Look({**unsaid, **facts})
    try:
        moved = event.trigger(slot, look)
    except transitions.MachineError:
        raise errors.NotNow("action.wrong_state", action=action, state=state) from None
    if not moved:
        words = look.failed or flow.process.actions[action].name
        raise errors.NotNow("action.condition", action=action, zh=words.zh, en=words.en)
    return slot.state


def offered(flow: Flow, *, state: str, facts: Mapping[str, object]) -> tuple[str, ...]:
    """The actions that can leave from a state, in the pack's order. Conditions on the case
    count; those on what will be typed cannot be judged yet."""
    return tuple(
        name
        for name, action in flow.process.actions.items()
        if state in _sources(action)
        and all(
            guards.holds(guard, facts)
            for guard, _ in flow.conditions[name]
            if not any(fact.startswith("fields.") for fact in guard.names)
        )
    )


def _sources(action: pack_.Action) -> tuple[str, ...]:
    return action.source or (NOTHING,)


def _flow(pack: pack_.Pack, name: str, clocks: Mapping[str, Clock]) -> Flow:
    process = pack.processes[name]
    own = {key: clock for key, clock in clocks.items() if clock.rule.process == name}
    conditions = {
        key: tuple(
            (
                guards.compile_guard(part.test, pack.fields, guards.readable(action, pack.fields)),
                part.otherwise,
            )
            for part in action.when
        )
        for key, action in process.actions.items()
    }
    return Flow(
        name=name,
        process=process,
        machine=_machine(process, conditions),
        conditions=conditions,
        starts=_by_action(own, lambda rule: rule.starts),
        stops={
            action: frozenset(key for key, clock in own.items() if action in clock.rule.stops)
            for action in process.actions
        },
        pauses=_pauses(own, lambda pause: (pause.starts,)),
        resumes=_pauses(own, lambda pause: pause.ends),
        extends={
            clock.rule.extension.action: (key, clock.rule.extension)
            for key, clock in own.items()
            if clock.rule.extension
        },
        names_leader=next((n for n, a in process.actions.items() if a.leader == "name"), None),
        papers=_papers(pack, name),
        serves={
            action: frozenset(
                key
                for key, paper in pack.papers.items()
                if paper.process == name and action in paper.served_by
            )
            for action in process.actions
        },
    )


def _papers(pack: pack_.Pack, process: str) -> Mapping[str, tuple[tuple[str, Guarded], ...]]:
    """What each action makes, in the order of the file of a case."""
    found: dict[str, tuple[tuple[str, Guarded], ...]] = {}
    own = [(key, paper) for key, paper in pack.papers.items() if paper.process == process]
    for key, paper in sorted(own, key=lambda item: (item[1].place, item[0])):
        for action in paper.made_by:
            actions = pack.processes[process].actions
            needs = (*actions[action].needs, *actions[FILE].needs)
            conditions = tuple(
                guards.compile_guard(test, pack.fields, needs) for test in paper.when
            )
            found[action] = (*found.get(action, ()), (key, conditions))
    return found


def _machine(
    process: pack_.Process,
    conditions: Mapping[str, tuple[tuple[guards.Guard, pack_.Text], ...]],
) -> transitions.Machine:
    machine = transitions.Machine(
        model=None,
        states=[NOTHING, *process.states],
        initial=NOTHING,
        auto_transitions=False,
        queued=False,
    )
    for name, action in process.actions.items():
        parts: list[str | Callable[..., bool | None]] = [
            _condition(guard, otherwise) for guard, otherwise in conditions[name]
        ]
        for source in _sources(action):
            machine.add_transition(name, source, action.to or source, conditions=parts)
    return machine


def _condition(guard: guards.Guard, otherwise: pack_.Text) -> Callable[[_Look], bool]:
    def holds(look: _Look) -> bool:
        if guards.holds(guard, look.facts):
            return True
        look.failed = otherwise
        return False

    return holds


def _guards(
    pack: pack_.Pack, tests: tuple[str, ...], starts: tuple[str, ...], process: str
) -> Guarded:
    actions = pack.processes[process].actions
    allowed = {name for start in starts for name in actions[start].needs}
    return tuple(guards.compile_guard(test, pack.fields, tuple(allowed)) for test in tests)


def _by_action(
    own: Mapping[str, Clock], actions: Callable[[pack_.DeadlineRule], tuple[str, ...]]
) -> Mapping[str, tuple[Clock, ...]]:
    found: dict[str, tuple[Clock, ...]] = {}
    for clock in own.values():
        for action in actions(clock.rule):
            found[action] = (*found.get(action, ()), clock)
    return found


def _pauses(
    own: Mapping[str, Clock], actions: Callable[[pack_.Pause], tuple[str, ...]]
) -> Mapping[str, tuple[tuple[str, pack_.Pause], ...]]:
    found: dict[str, tuple[tuple[str, pack_.Pause], ...]] = {}
    for key, clock in own.items():
        for pause in clock.rule.pauses:
            for action in actions(pause):
                found[action] = (*found.get(action, ()), (key, pause))
    return found
