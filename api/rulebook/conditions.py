"""A condition of a pack in words. The forms that packs use are known; any other is shown as it
is written, so that nothing is told that is not so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from api import texts
from rules import pack as pack_

_EQUAL: Final = re.compile(r"(case|fields)\.(\w+) (==|!=) '([^']*)'")
_BEGINS: Final = re.compile(r"(!?)case\.category\.startsWith\('(\w*)'\)")
_YES: Final = re.compile(r"(!?)fields\.(\w+)")
_NUMBER: Final = re.compile(r"(case|fields)\.(\w+) (==|!=|<=|>=|<|>) (\d+)")
_SIGNS: Final = {"==": "=", "!=": "≠", "<=": "≤", ">=": "≥"}


def conditions(pack: pack_.Pack, tests: Sequence[str], words: texts.Words) -> tuple[str, ...]:
    """Conditions in words, each by itself."""
    return tuple(condition(pack, test, words) for test in tests)


def condition(pack: pack_.Pack, test: str, words: texts.Words) -> str:
    """One condition in words; parts joined by `&&` and `||` each by themselves."""
    for sign, joiner in ((" || ", words.get(" or ")), (" && ", words.get(" and "))):
        if sign in test and "(" not in test:
            return joiner.join(condition(pack, part, words) for part in test.split(sign))
    told = _part(pack, test.strip(), words)
    return words.get("condition {test}", test=test) if told is None else told


def _part(pack: pack_.Pack, test: str, words: texts.Words) -> str | None:
    if found := _BEGINS.fullmatch(test):
        name = _category(pack, found[2], words)
        return _said(words, words.get("Category"), name, is_not=bool(found[1]))
    if found := _EQUAL.fullmatch(test):
        what, value = _meaning(pack, found[1], found[2], found[4], words)
        return _said(words, what, value, is_not=found[3] == "!=")
    if found := _YES.fullmatch(test):
        answer = words.get("no") if found[1] else words.get("yes")
        return words.get("{what} is “{value}”", what=_name(pack, found[2], words), value=answer)
    if found := _NUMBER.fullmatch(test):
        what = _name(pack, found[2], words)
        return f"{what} {_SIGNS.get(found[3], found[3])} {found[4]}"
    return None


def _said(words: texts.Words, what: str, value: str, *, is_not: bool) -> str:
    if is_not:
        return words.get("{what} is not “{value}”", what=what, value=value)
    return words.get("{what} is “{value}”", what=what, value=value)


def _meaning(
    pack: pack_.Pack, of: str, name: str, value: str, words: texts.Words
) -> tuple[str, str]:
    """The name of a fact and of one of its values."""
    if of == "case" and name == "lead_office_kind":
        kind = pack.office_kinds.get(value)
        return words.get("the kind of the lead office"), words.text(kind) if kind else value
    if of == "case" and name == "category":
        return words.get("Category"), _category(pack, value, words)
    if of == "case" and name == "state":
        states = [it.states[value] for it in pack.processes.values() if value in it.states]
        return words.get("the step"), words.text(states[0].name) if states else value
    field = pack.fields.get(name)
    choice = (field.choices or {}).get(value) if field else None
    return _name(pack, name, words), words.text(choice.name) if choice else value


def _category(pack: pack_.Pack, code: str, words: texts.Words) -> str:
    found = pack.categories.get(code)
    return words.text(found.name) if found else code


def _name(pack: pack_.Pack, name: str, words: texts.Words) -> str:
    field = pack.fields.get(name)
    return words.text(field.name) if field else name
