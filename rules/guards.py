"""Conditions of a pack: CEL over a few typed facts. The only door to the CEL library.

A guard reads facts that stand in clear: attributes of the case, and fields of the action at
hand which are sure to be there (`needs`), or a choice that may be left open and reads '' then, and
not sealed. It is compiled and typed once. What it
may cost is bounded twice: by its length, and by having no loops. (The library stops one that
loops too long, but only when it runs, and then a case stands still.) And it has a result whatever
the facts are: nothing in it can fail when a case is at hand.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cel_expr_python import cel

from rules import errors, pack

MAX_LENGTH = 500
"""Characters of one guard; more is a program, not a condition."""

CASE_FACTS: Mapping[str, str] = {
    "case.process": "STRING",
    "case.state": "STRING",
    "case.category": "STRING",
    "case.grade": "STRING",
    "case.scale": "STRING",
    "case.channel": "STRING",
    "case.route": "STRING",
    "case.petition_class": "STRING",
    "case.parties": "INT",
    "case.repeats": "INT",  # earlier cases of the same matter that this one is linked to
    "case.plan": "STRING",  # how far the leader's is: one of PLANS
    "case.level": "INT",  # of the lead office's area, 1 at the root
    "case.lead_office_kind": "STRING",
}
"""What a guard may know of the case, with its CEL type. A text fact that is None reads ''."""

PLANS = ("awaited", "proposed", "agreed", "approved")
"""How far the plan of a leader's assignment may be; '' where there is none."""

_MISSING: Final = object()
_FIELD_TYPES: Mapping[pack.FieldType, str] = {"int": "INT", "bool": "BOOL"}
_TEXT = r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
_STRINGS = re.compile(_TEXT)
_NAMES = re.compile(r"\b(?:case|fields)\.[A-Za-z_][A-Za-z0-9_]*")
_LOOP = re.compile(r"\.\s*(all|exists|exists_one|existsOne|map|filter)\s*\(")
_CALL = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*\(")
_TOTAL: Final = frozenset({"startsWith", "endsWith", "contains", "size", "in"})
"""Functions that give a result whatever the facts are."""
_PARTIAL = re.compile(r"//|[/%*]|(?<!\bin)(?<=[\w\])'])\s*\[|[0-9]{10}")
"""What may give none, or hide what does: comments, division, products, places of a list, numbers
that no fact reaches."""
_POSITION = re.compile(r"<input>:(\d+):(\d+): ([^\n]*)")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Guard:
    """A compiled condition, compared by identity. `names` are the facts it reads."""

    test: str
    names: frozenset[str]
    texts: frozenset[str]
    """Those of `names` that are text, where None reads as ''."""
    program: Any


def compile_guard(test: str, fields: Mapping[str, pack.Field], allowed: Collection[str]) -> Guard:
    """Compile and type one condition. `allowed` names the fields it may read.

    Raises: Invalid guard.too_long, guard.loop, guard.partial, guard.unknown_fact,
    guard.sealed_field, guard.not_needed, guard.syntax (with column), guard.not_bool.
    """
    if len(test) > MAX_LENGTH:
        raise errors.Invalid("guard.too_long", max=MAX_LENGTH)
    return _compiled(test, tuple((name, _type_of(name, fields, allowed)) for name in _facts(test)))


def readable(action: pack.Action, fields: Mapping[str, pack.Field]) -> tuple[str, ...]:
    """The fields of an action that its guards may read."""
    open_ = (name for name in action.takes if name in fields and fields[name].type == "choice")
    return (*action.needs, *open_)


def holds(guard: Guard, facts: Mapping[str, object]) -> bool:
    """Whether the condition is true of these facts (names as in the guard: `case.state`).

    Raises: Invalid guard.broken where a fact is missing or the result is no truth value.
    """
    return _holds(guard, *[facts.get(name, _MISSING) for name in guard.names])


@functools.lru_cache(maxsize=4096, typed=True)
def _holds(guard: Guard, *values: object) -> bool:
    """Kept: cases differ in few of the facts that guards read, and the library takes far longer
    to answer than to be remembered. No sealed field is among them."""
    facts = zip(guard.names, values, strict=True)
    data = {name: value for name, value in facts if value is not _MISSING}
    for name in guard.texts:
        if data.get(name, "") is None:
            data[name] = ""
    try:
        result = guard.program.eval(data=data).value()
    except (RuntimeError, TypeError, ValueError) as fault:
        raise errors.Invalid("guard.broken", test=guard.test) from fault
    if not isinstance(result, bool):
        raise errors.Invalid("guard.broken", test=guard.test)
    return result


def compared(guard: Guard) -> tuple[tuple[str, str, bool], ...]:
    """What a guard compares its facts with: fact, text, and whether it asks only for the text's
    beginning. It is for the check: a code that does not exist is never met."""
    found: list[tuple[str, str, bool]] = []
    for name in sorted(guard.texts):
        fact = re.escape(name)
        for pattern, begins in (
            (rf"\b{fact}\s*[=!]=\s*({_TEXT})", False),
            (rf"({_TEXT})\s*[=!]=\s*{fact}\b", False),
            (rf"\b{fact}\s*\.\s*startsWith\(\s*({_TEXT})", True),
            (rf"\b{fact}\s+in\s+\[([^\]]*)\]", False),
        ):
            for text in re.findall(pattern, guard.test):
                words = re.findall(_TEXT, text)
                found.extend((name, word[1:-1], begins) for word in words)
    return tuple(found)


@functools.lru_cache(maxsize=1024)
def _facts(test: str) -> tuple[str, ...]:
    """The facts that a condition reads, in order."""
    bare = _STRINGS.sub("''", test)
    loop = _LOOP.search(bare)
    if loop is not None:
        raise errors.Invalid("guard.loop", name=loop[1])
    partial = _PARTIAL.search(bare)
    calls = (name for name in _CALL.findall(bare) if name not in _TOTAL)
    barred = partial[0].strip() if partial is not None else next(calls, None)
    if barred is not None:
        raise errors.Invalid("guard.partial", text=barred[:20])
    return tuple(sorted(set(_NAMES.findall(bare))))


def _type_of(name: str, fields: Mapping[str, pack.Field], allowed: Collection[str]) -> str:
    """The CEL type of one fact, refused where a guard may not read it."""
    if name in CASE_FACTS:
        return CASE_FACTS[name]
    field = name.removeprefix("fields.")
    if name.startswith("case.") or field not in fields:
        raise errors.Invalid("guard.unknown_fact", name=name)
    if fields[field].personal is not None:
        raise errors.Invalid("guard.sealed_field", name=name)
    if field not in allowed:
        raise errors.Invalid("guard.not_needed", name=name)
    return _FIELD_TYPES.get(fields[field].type, "STRING")


@functools.lru_cache(maxsize=1024)
def _compiled(test: str, types: tuple[tuple[str, str], ...]) -> Guard:
    """Compile against exactly these facts. The library takes `has()` on dotted names for
    their value, so the result's type is checked here."""
    variables = {name: getattr(cel.Type, kind) for name, kind in types}
    try:
        program = cel.NewEnv(variables=variables).compile(test)
    except RuntimeError as fault:
        raise _syntax(str(fault)) from fault
    kind = program.return_type().name()
    if kind != cel.Type.BOOL.name():
        raise errors.Invalid("guard.not_bool", type=str(kind).lower())
    return Guard(
        test=test,
        names=frozenset(name for name, _ in types),
        texts=frozenset(name for name, kind in types if kind == "STRING"),
        program=program,
    )


def _syntax(message: str) -> errors.Invalid:
    """The library's message as an error with its place in the expression."""
    found = _POSITION.search(message)
    if found is None:
        return errors.Invalid("guard.syntax", line=1, column=1, problem=message[:200])
    line, column, problem = found.groups()
    problem = problem.removesuffix(" (in container '')")[:200]
    return errors.Invalid("guard.syntax", line=int(line), column=int(column), problem=problem)
