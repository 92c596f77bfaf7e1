"""A process as a drawing in one language: in a page, and as an SVG file of its own."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Final

from api import render, texts
from api.rulebook import labels
from api.rulebook.edition import Edition
from rules import picture

_STYLES: Final = ("tokens.css", "picture.css")


@functools.lru_cache(maxsize=64)
def graph(edition: Edition, name: str) -> picture.Graph:
    """The process `name` in the order in which it is read."""
    return picture.graph(edition.pack, name)


@functools.lru_cache(maxsize=64)
def drawn(edition: Edition, name: str, language: texts.Language) -> picture.Picture:
    """The drawing of the process `name`."""
    return marked(edition, name, language, picture.Marks())


def marked(
    edition: Edition, name: str, language: texts.Language, marks: picture.Marks
) -> picture.Picture:
    """The same with a case shown on it."""
    found = graph(edition, name)
    told = labels.labels(edition.pack, name, found, texts.Words(language=language))
    return picture.draw(found, told, marks)


def described(edition: Edition, name: str, words: texts.Words) -> str:
    """What a drawing shows, in a sentence."""
    process = edition.pack.processes[name]
    return words.get(
        "{states} states from top to bottom, and between them {actions} actions, "
        "each with who may do it and the clocks that run.",
        states=len(process.states),
        actions=len(process.actions),
    )


def svg(edition: Edition, name: str, words: texts.Words) -> str:
    """The drawing as a file of its own, with its styles in it."""
    return render.drawing(
        it=drawn(edition, name, words.language),
        title=words.text(edition.pack.processes[name].name),
        desc=described(edition, name, words),
        lang=words.language,
        styles=_styles(),
    )


@functools.cache
def _styles() -> tuple[str, ...]:
    folder = resources.files("api") / "static" / "css"
    return tuple((folder / name).read_text(encoding="utf-8") for name in _STYLES)
