"""Every text of a pack is there in both languages."""

from __future__ import annotations

import dataclasses
import functools
import re
import string
from collections.abc import Iterator, Mapping
from typing import get_args, get_type_hints

from rules import pack
from rules.check.report import Report

_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]")
_WORDS: Mapping[str, str] = {"otherwise": "else", "source": "from"}
"""Parts of the dataclasses that the YAML calls otherwise."""


def check(rules: pack.Pack, report: Report) -> None:
    """Notes every text that is not Chinese on one side and English on the other. Invariant: I13."""
    for file, key, text in told(rules):
        if text.zh == text.en:
            report.add("check.same_text", file, key, text=text.zh[:60])
        elif not _HAN.search(text.zh):
            report.add("check.not_chinese", file, f"{key}.zh", text=text.zh[:60])
        elif not _LATIN.search(text.en):
            report.add("check.not_english", file, f"{key}.en", text=text.en[:60])
        elif placeholders(text.zh) != placeholders(text.en):
            report.add("check.placeholders", file, key)


def told(rules: pack.Pack) -> Iterator[tuple[str, str, pack.Text]]:
    """All texts with the file and key where they stand."""
    for part, _ in _parts(pack.Pack):
        value = getattr(rules, part)
        if isinstance(value, pack.Text) or part in {"office_kinds", "levels"}:
            yield from _below("pack.yaml", part, value)
        elif part == "processes":
            for name, process in value.items():
                yield from _below(f"{name}.yaml", "", process)
        elif part == "fields":
            yield from _below("fields.yaml", "", dict(_own_choices(rules)))
        else:
            yield from _below(f"{part}.yaml", "", value)


def _own_choices(rules: pack.Pack) -> Iterator[tuple[str, pack.Field]]:
    """The fields without the categories, which have a file of their own."""
    for name, field in rules.fields.items():
        is_categories = (field.choices or {}).keys() == rules.categories.keys()
        yield name, dataclasses.replace(field, choices=None) if is_categories else field


def _below(file: str, key: str, value: object) -> Iterator[tuple[str, str, pack.Text]]:
    if isinstance(value, pack.Text):
        yield file, key, value
        return
    for name, child in _children(value):
        yield from _below(file, f"{key}.{name}" if key else name, child)


def _children(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, pack.Field):
        # Choices stand in a list, so that their order is kept; categories have their own file.
        yield "name", value.name
        yield "hint", value.hint
        if value.choices:
            for number, choice in enumerate(value.choices.values(), start=1):
                yield f"choices.{number}", choice
    elif isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, tuple):
        yield from ((str(number), child) for number, child in enumerate(value, start=1))
    else:
        kind: type = type(value)
        for name, word in _parts(kind):
            yield word, getattr(value, name)


@functools.cache
def _parts(kind: type) -> tuple[tuple[str, str], ...]:
    """The parts of a dataclass that may hold texts, each with what the YAML calls it."""
    hints = get_type_hints(kind) if dataclasses.is_dataclass(kind) else {}
    return tuple((name, _WORDS.get(name, name)) for name in hints if _may_hold(hints[name]))


@functools.cache
def _may_hold(hint: object) -> bool:
    """Whether there may be a text in what is of this type; most of a pack has none."""
    inner = get_type_hints(hint).values() if dataclasses.is_dataclass(hint) else get_args(hint)
    return hint is pack.Text or any(_may_hold(part) for part in inner)


def placeholders(text: str) -> set[str]:
    """The names a text asks to be filled, each with what else it asks for, which nothing has; a
    text that is no template asks for '{'."""
    if "{" not in text and "}" not in text:
        return set()
    try:
        return {
            name + (f"!{how}" if how else "") + (f":{form}" if form else "")
            for _, name, form, how in string.Formatter().parse(text)
            if name is not None
        }
    except ValueError:
        return {"{"}
