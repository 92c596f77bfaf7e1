"""The rules of an office in one language: its processes, clocks, choices with their sources,
and articles of the law. Made from the pack alone."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from api import texts
from api.rulebook import articles as law
from api.rulebook import clocks as told
from api.rulebook import labels, papers, pictures
from api.rulebook.articles import Law
from api.rulebook.clocks import ClockRules
from api.rulebook.edition import Edition
from api.rulebook.papers import PaperRules
from rules import pack as pack_
from rules import picture


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRules:
    """An action that is open in a state: by whom, and where it leads (empty: it stays), in words
    and as the pack has it."""

    name: str
    title: str
    by: str
    roles: tuple[str, ...]
    to: str
    leads_to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRules:
    """A state in words: whose turn it is, the clocks that run there, what can be done."""

    name: str
    title: str
    owner: str
    running: tuple[str, ...]
    acts: tuple[ActRules, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyTime:
    """Actions that are open in several states and leave them as they are."""

    where: str
    acts: tuple[ActRules, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedChoice:
    """A value that a law or a rule of work gives, with its source."""

    title: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedChoices:
    """A field whose values have sources, as the grounds of refusal, and the actions that ask
    for it."""

    name: str
    title: str
    asked: str
    choices: tuple[SourcedChoice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRules:
    """A process in words."""

    name: str
    title: str
    opening: tuple[ActRules, ...]
    states: tuple[StateRules, ...]
    any_time: tuple[AnyTime, ...]
    clocks: tuple[ClockRules, ...]
    choices: tuple[SourcedChoices, ...]
    papers: tuple[PaperRules, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The rules in words. `hash` is the pack's identity, under which a case keeps its rules."""

    name: str
    version: str
    title: str
    hash: str
    processes: tuple[ProcessRules, ...]
    articles: tuple[Law, ...]


@functools.lru_cache(maxsize=16)
def book(edition: Edition, language: texts.Language) -> Book:
    """The rules of a pack in one language."""
    pack, words = edition.pack, texts.Words(language=language)
    return Book(
        name=pack.name,
        version=pack.version,
        title=words.text(pack.title),
        hash=edition.hash,
        processes=tuple(_process(edition, name, words) for name in pack.processes),
        articles=law.laws(pack, words),
    )


def _process(edition: Edition, name: str, words: texts.Words) -> ProcessRules:
    pack = edition.pack
    process, graph = pack.processes[name], pictures.graph(edition, name)
    lines = {
        key: labels.clock(pack, rule, words)
        for key, rule in pack.deadlines.items()
        if rule.process == name
    }
    return ProcessRules(
        name=name,
        title=words.text(process.name),
        opening=tuple(_act(pack, process, act, words) for act in graph.opening),
        states=tuple(
            StateRules(
                name=node.state,
                title=words.text(process.states[node.state].name),
                owner=labels.owner(pack, process.states[node.state], words),
                running=tuple(
                    words.get("{clock} (stands still)", clock=lines[it.clock])
                    if it.is_paused
                    else lines[it.clock]
                    for it in node.running
                ),
                acts=tuple(
                    _act(pack, process, act, words)
                    for act in (*node.straight, *(it.action for it in node.exits))
                ),
            )
            for node in graph.nodes
        ),
        any_time=tuple(
            AnyTime(
                where=labels.where(process, group.states, words),
                acts=tuple(_act(pack, process, act, words) for act in group.actions),
            )
            for group in graph.groups
        ),
        clocks=tuple(told.clock(pack, key, words) for key in _as_read(graph, lines)),
        choices=tuple(_choices(pack, process, words)),
        papers=papers.papers(pack, name, words),
    )


def _as_read(graph: picture.Graph, names: Collection[str]) -> tuple[str, ...]:
    """Clocks in the order in which the drawing tells them."""
    drawn = [
        *(it.clock for node in graph.nodes for it in node.running),
        *(clock for group in graph.groups for held in group.actions.values() for clock in held),
    ]
    return tuple(dict.fromkeys((*drawn, *names)))


def _act(pack: pack_.Pack, process: pack_.Process, name: str, words: texts.Words) -> ActRules:
    action = process.actions[name]
    return ActRules(
        name=name,
        title=words.text(action.name),
        by=labels.roles(pack, action.by, words),
        roles=action.by,
        leads_to=action.to,
        to=words.text(process.states[action.to].name) if action.to else "",
    )


def _choices(pack: pack_.Pack, process: pack_.Process, words: texts.Words) -> list[SourcedChoices]:
    asked: dict[str, list[str]] = {}
    for action in process.actions.values():
        for name in (*action.needs, *action.takes):
            asked.setdefault(name, []).append(words.text(action.name))
    found = []
    for name, acts in asked.items():
        given = _sourced(pack.fields[name].choices or {}, words)
        if given:
            found.append(
                SourcedChoices(
                    name=name,
                    title=words.text(pack.fields[name].name),
                    asked=labels.joined(acts, words),
                    choices=given,
                )
            )
    return found


def _sourced(choices: Mapping[str, pack_.Choice], words: texts.Words) -> tuple[SourcedChoice, ...]:
    return tuple(
        SourcedChoice(title=words.text(it.name), source=it.source)
        for it in choices.values()
        if it.source
    )
