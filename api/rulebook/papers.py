"""The papers of a process in words: what makes each, whose it is, what it must hold, and where
that comes from."""

from __future__ import annotations

from dataclasses import dataclass

from api import texts
from api.rulebook import clocks, conditions, labels
from api.rulebook.clocks import Basis
from rules import pack as pack_


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperPart:
    """What the law asks of a paper's contents, with its source."""

    title: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRules:
    """A paper in words."""

    name: str
    title: str
    made_by: str
    only_if: tuple[str, ...]
    to: str
    served_by: str
    """The actions that serve it; empty for a paper that nobody is served with."""
    parts: tuple[PaperPart, ...]
    basis: Basis


def papers(pack: pack_.Pack, process: str, words: texts.Words) -> tuple[PaperRules, ...]:
    """The papers of a process in the order of the whole file of a case."""
    found = [(name, it) for name, it in pack.papers.items() if it.process == process]
    return tuple(
        _paper(pack, name, it, words) for name, it in sorted(found, key=lambda it: it[1].place)
    )


def _paper(pack: pack_.Pack, name: str, paper: pack_.Paper, words: texts.Words) -> PaperRules:
    process = pack.processes[paper.process]
    return PaperRules(
        name=name,
        title=words.text(paper.name),
        made_by=clocks.acts(process, paper.made_by, words),
        only_if=conditions.conditions(pack, paper.when, words),
        to=_to(pack, paper, words),
        served_by=clocks.acts(process, paper.served_by, words),
        parts=tuple(
            PaperPart(title=labels.field_name(pack, it.field, words), source=it.source)
            for it in paper.parts
        ),
        basis=clocks.basis(paper.tag, paper.source, words),
    )


def _to(pack: pack_.Pack, paper: pack_.Paper, words: texts.Words) -> str:
    """Whose paper it is."""
    is_petition = pack.processes[paper.process].kind == "petition"
    known = {
        "applicant": words.get("the petitioner") if is_petition else words.get("the applicant"),
        "respondent": words.get("the respondent"),
        "both": words.get("both parties"),
        "office": words.get("another office"),
        "file": words.get("the file of the case"),
    }
    return known[paper.to]
