"""Papers: what a template asks for, and a template filled. Pure text, no code.

A template is text with `{name}` to fill, or `{name|words for none}`. Names are fields of this
act and of earlier ones, facts of the case, and a few with a prefix: `on.ACTION` the day on which
an action was last done, `due.CLOCK` its last day, `limit.CLOCK` its length in words, `law.CLOCK`
its source or that of the choice made in a field, `no.PAPER` the number of an earlier paper, if the
last act that makes such papers made it.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Final, Literal

from rules import errors, pack

Language = Literal["zh", "en"]
Value = str | int | bool | None

FACTS: Final = frozenset(
    {"number", "subject", "category", "grid", "received_on", "today", "office", "lead_office"}
    | {"actor", "paper_no", "times"}
)
"""What a template may know of the case and of the act: case number, subject line, category, grid,
the days it was received and the paper is made, the organ that makes it, the office that leads
after the act, who acts, the paper's own number, and for how many times the act is done."""

NUMBER: Final = frozenset({"office", "series", "year", "serial"})
"""What the number of a paper is made of."""
NO_NUMBER: Final = "＿＿＿＿＿＿＿＿"
"""What a draft bears in place of a number: it is filled in once there is one."""
PREFIXES: Final = ("on", "due", "limit", "law", "no")
MAX_EXCERPT: Final = 40

MATERIAL: Final = "material_kind"
MATERIAL_TITLE: Final = "material_title"
MATERIAL_SHEETS: Final = "material_sheets"
OF_MATERIAL: Final[Mapping[str, pack.FieldType]] = {
    MATERIAL: "choice",
    MATERIAL_TITLE: "text",
    MATERIAL_SHEETS: "int",
}
"""The fields by which an act says what comes into the file from outside (材料): their types."""

_SLOT = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_.]*)?)(?:\|([^{}|]*))?\}")
_DOT = re.compile(rf"(?:{'|'.join(PREFIXES)})\.[a-z]")
_UNITS_ZH: Mapping[pack.Unit, str] = {
    "working_day": "个工作日",
    "calendar_day": "日",
    "month": "个月",
    "working_hour": "个工作小时",
    "wall_hour": "小时",
    "working_minute": "分钟（工作时间）",
    "wall_minute": "分钟",
}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A name to fill. `none` are the paper's own words where there is nothing; None: there must
    be something."""

    name: str
    none: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A paper as it was made, in both languages."""

    name: str
    number: str
    zh: pack.Sheet
    en: pack.Sheet

    def sheet(self, language: Language) -> pack.Sheet:
        """The paper in one language."""
        return self.zh if language == "zh" else self.en


Look = Callable[[str], pack.Text | None]
"""Gives a name's text in both languages, None where there is nothing."""


# -- templates ------------------------------------------------------------------------------------


def fault(text: str) -> str | None:
    """What in a text is neither text nor a name to fill, None where all is well."""
    rest = _SLOT.sub(lambda found: "" if _is_name(found[1]) else found[0].replace("|", ""), text)
    at = next((n for n, char in enumerate(rest) if char in "{}"), None)
    return None if at is None else rest[max(0, at - 1) : at + MAX_EXCERPT]


def _is_name(name: str) -> bool:
    return "." not in name or _DOT.match(name) is not None


def slots(text: str) -> tuple[Slot, ...]:
    """The names that a text asks for."""
    return tuple(Slot(name=found[1], none=found[2]) for found in _SLOT.finditer(text))


def asked(sheet: pack.Sheet) -> tuple[Slot, ...]:
    """The names that a sheet asks for, in order."""
    return tuple(slot for text in _texts(sheet) for slot in slots(text))


def _texts(sheet: pack.Sheet) -> Iterator[str]:
    yield sheet.title
    yield sheet.to or ""
    for block in sheet.body:
        yield block.text or block.heading or ""
        for row in block.rows:
            yield from row
    yield from sheet.sign


@functools.lru_cache(maxsize=512)
def names(paper: pack.Paper) -> frozenset[str]:
    """Every name that a paper asks for, in either language."""
    return frozenset(slot.name for sheet in (paper.zh, paper.en) for slot in asked(sheet))


def rights(paper: pack.Paper, fields: Mapping[str, pack.Field]) -> frozenset[str]:
    """The field rights that open a paper: its own, and those of every sealed field it shows."""
    sealed = (fields[name].seen_by for name in names(paper) if name in fields)
    return frozenset((paper.seen_by, *(right for right in sealed if right is not None)))


# -- filling --------------------------------------------------------------------------------------


def fill(name: str, paper: pack.Paper, *, number: str, look: Look) -> Filled:
    """The paper filled.

    Raises: `paper.missing` with the field where there is nothing and the paper has no words for
    that.
    """
    return Filled(
        name=name,
        number=number,
        zh=_filled(paper.zh, "zh", look),
        en=_filled(paper.en, "en", look),
    )


def _filled(sheet: pack.Sheet, language: Language, look: Look) -> pack.Sheet:
    def put(text: str) -> str:
        return _SLOT.sub(lambda found: _put(found[1], found[2], language, look), text)

    return pack.Sheet(
        title=put(sheet.title),
        to=None if sheet.to is None else put(sheet.to),
        body=tuple(
            replace(
                block,
                text=None if block.text is None else put(block.text),
                heading=None if block.heading is None else put(block.heading),
                rows=tuple((put(title), put(text)) for title, text in block.rows),
            )
            for block in sheet.body
        ),
        sign=tuple(put(line) for line in sheet.sign),
    )


def _put(name: str, none: str | None, language: Language, look: Look) -> str:
    found = look(name)
    if found is not None:
        return found.zh if language == "zh" else found.en
    if none is None:
        raise errors.Invalid("paper.missing", field=name, name=name)
    return none


def number_of(template: str, *, office: str, series: str, year: int, serial: int) -> str:
    """A paper's number as the pack writes it."""
    known = {"office": office, "series": series, "year": str(year), "serial": str(serial)}
    return _SLOT.sub(lambda found: known.get(found[1], found[0]), template)


# -- values in words ------------------------------------------------------------------------------


def shown(field: pack.Field, value: Value, *, named: Mapping[str, str]) -> pack.Text | None:
    """A field's value in both languages. `named` gives offices, persons and areas their names;
    None for nothing entered."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return pack.Text(zh="是", en="yes") if value else pack.Text(zh="否", en="no")
    if field.type == "date":
        return day(date.fromisoformat(str(value)))
    if field.type in ("person", "office", "area"):
        return plain(named.get(str(value)))
    choice = (field.choices or {}).get(str(value))
    return choice.name if choice is not None else plain(str(value))


def plain(text: str | None) -> pack.Text | None:
    """The same words in both languages."""
    return None if not text else pack.Text(zh=text, en=text)


def day(on: date) -> pack.Text:
    """A day as a paper writes it."""
    return pack.Text(
        zh=f"{on.year}年{on.month}月{on.day}日", en=f"{on.day} {_MONTHS[on.month - 1]} {on.year}"
    )


def length(found: pack.Length) -> pack.Text:
    """A length of time in words: `60日`, `60 calendar days`."""
    unit = found.unit.replace("_", " ") + ("" if found.n == 1 else "s")
    return pack.Text(zh=f"{found.n}{_UNITS_ZH[found.unit]}", en=f"{found.n} {unit}")


# -- as it is kept --------------------------------------------------------------------------------


def document(filled: Filled) -> str:
    """The paper as canonical JSON: what is sealed, and what its commitment is taken of."""
    return json.dumps(asdict(filled), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def from_document(document: str) -> Filled:
    """The paper that was kept."""
    found = json.loads(document)
    sheets = {language: _sheet(found[language]) for language in ("zh", "en")}
    return Filled(name=found["name"], number=found["number"], **sheets)


def _sheet(found: Mapping[str, object]) -> pack.Sheet:
    body = found["body"]
    sign = found["sign"]
    assert isinstance(body, list)  # noqa: S101  our own document
    assert isinstance(sign, list)  # noqa: S101
    return pack.Sheet(
        title=str(found["title"]),
        to=None if found["to"] is None else str(found["to"]),
        body=tuple(
            pack.Block(
                text=block["text"],
                heading=block["heading"],
                rows=tuple((title, text) for title, text in block["rows"]),
            )
            for block in body
        ),
        sign=tuple(sign),
    )
