"""Nodes judged by dataclasses: what they complain of is told by file, line and key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pydantic

from rules import errors
from rules.load import tree

# A stdlib dataclass takes its strictness from the adapter only when it is not the outermost type.
STRICT: Final = pydantic.ConfigDict(extra="forbid")

_CODES: Mapping[str, str] = {
    "missing": "pack.missing_key",
    "unexpected_keyword_argument": "pack.unknown_key",
    "literal_error": "pack.choice",
    "int_parsing": "pack.not_a_number",
    "int_type": "pack.not_a_number",
    "int_parsing_size": "pack.not_a_number",
    "bool_parsing": "pack.not_true_or_false",
    "bool_type": "pack.not_true_or_false",
}
_EXPECTED: Mapping[str, str] = {
    "string_type": "text",
    "tuple_type": "list",
    "list_type": "list",
    "frozen_set_type": "list",
    "mapping_type": "mapping",
    "dict_type": "mapping",
    "dataclass_type": "mapping",
    "time_parsing": "time, as 08:00",
    "time_type": "time, as 08:00",
    "date_from_datetime_parsing": "date, as 2026-03-20",
    "date_from_datetime_inexact": "date, as 2026-03-20",
    "date_parsing": "date, as 2026-03-20",
    "date_type": "date, as 2026-03-20",
}


def decoded(data: bytes, place: tree.Place, *, max_bytes: int, faults: tree.Faults) -> str | None:
    """A file's bytes as text; None, with the fault noted, where it is too large or no UTF-8."""
    if len(data) > max_bytes:
        faults.add("pack.too_large", place, max=max_bytes)
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        faults.add("pack.not_utf8", place, position=fault.start)
        return None


def validated(adapter: pydantic.TypeAdapter[Any], root: tree.Node) -> Any:
    """The dataclass an adapter makes of the nodes, its complaints told by file and line."""
    try:
        return adapter.validate_python((root,))[0]
    except pydantic.ValidationError as failure:
        faults = tree.Faults()
        for error in failure.errors(include_url=False, include_input=False):
            _note(root, error["loc"][1:], dict(error), faults)
        raise errors.PackInvalid(sorted(faults.found, key=lambda f: (f.file, f.line))) from None


def _note(
    root: tree.Node, loc: tuple[int | str, ...], error: dict[str, Any], faults: tree.Faults
) -> None:
    """One complaint of pydantic as a fault at the node it is about."""
    place = _place(root, loc)
    kind, key = error["type"], str(loc[-1]) if loc else ""
    code = _CODES.get(kind, "pack.wrong_shape")
    if code == "pack.missing_key":
        key = {"test": "if", "otherwise": "else"}.get(key, key)
        faults.add(code, place.under(key), key=key)
    elif code == "pack.unknown_key":
        faults.add(code, place, key=key)
    elif code == "pack.choice":
        faults.add(code, place, allowed=error["ctx"]["expected"])
    elif code == "pack.wrong_shape":
        faults.add(code, place, expected=_EXPECTED.get(kind, error["msg"]))
    else:
        faults.add(code, place)


def _place(root: tree.Node, loc: tuple[int | str, ...]) -> tree.Place:
    """The place of the deepest node on the way that is there."""
    node = root
    for part in loc:
        if isinstance(node, tree.Table) and part in node:
            node = node[str(part)]
        elif isinstance(node, tree.Many) and isinstance(part, int) and part < len(node):
            node = node[part]
        else:
            break
    return node.place
