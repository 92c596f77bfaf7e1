"""What a drawing is made of, in SVG units, and how much room words take."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Mark = Literal["plain", "done", "now", "next"]
"""Where a case has been, is, and goes if all goes as hoped; `plain` where no case is shown."""
BoxKind = Literal["state", "end", "pill", "clock", "window"]
LineKind = Literal["main", "forward", "back", "exit", "start"]
IconKind = Literal["start", "clock", "pause", "window", "again"]
Style = Literal["name", "act", "small", "head-words"]

SIZES: Final[Mapping[Style, int]] = {"name": 15, "act": 13, "small": 12, "head-words": 13}
"""The height of a letter by style; the style sheet draws them so."""
_HEAD_LINE: Final = 20.0
"""Lines of one head stand no further apart."""
_NARROW: Final = frozenset("ijl|!'.,:;()[] ft")
_WIDE: Final = frozenset("mwMW@%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle with round corners. `key` is the state, or the clock."""

    x: float
    y: float
    width: float
    height: float
    kind: BoxKind
    key: str
    mark: Mark = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A way from corner to corner; an arrow stands at its end, if `is_arrow`."""

    points: tuple[tuple[float, float], ...]
    kind: LineKind
    is_arrow: bool = False
    is_taken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One line of text: `x` its left edge, `y` the line its letters stand on."""

    x: float
    y: float
    text: str
    style: Style
    key: str
    """The state, action or clock it names."""
    mark: Mark = "plain"

    @property
    def width(self) -> float:
        """How wide it is at most, as estimated."""
        return width(self.text, self.style)

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        size = SIZES[self.style]
        return self.x, self.y - 0.9 * size, self.x + self.width, self.y + 0.3 * size


@dataclass(frozen=True, slots=True, kw_only=True)
class Icon:
    """A small sign, by its middle."""

    x: float
    y: float
    kind: IconKind
    mark: Mark = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A whole drawing."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    words: tuple[Words, ...]
    icons: tuple[Icon, ...]


def strips(drawn: Picture, *, ratio: float) -> tuple[tuple[float, float], ...]:
    """The drawing cut for paper into strips, each its top and its height, no higher than `ratio`
    times the width where a state leaves room for a cut. No cut runs through words."""
    heads = sorted(it.frame[1] for it in drawn.words if it.style == "head-words")
    firsts = [it for n, it in enumerate(heads) if n == 0 or it - heads[n - 1] > _HEAD_LINE]
    boxes = [it.y for it in drawn.boxes if it.kind in ("state", "end")]
    cuts = sorted(it - 3 for it in (*boxes, *firsts))
    tops, room = [0.0], ratio * drawn.width
    for here, following in itertools.pairwise([*cuts, drawn.height]):
        if following - tops[-1] > room and here > tops[-1]:
            tops.append(here)
    return tuple((top, end - top) for top, end in itertools.pairwise([*tops, drawn.height]))


def width(text: str, style: Style) -> float:
    """How wide a text is at most. A Chinese letter is as wide as it is high; of the others the
    widest common typefaces count, and all but small words are bold."""
    return SIZES[style] * (1.0 if style == "small" else 1.1) * sum(map(_em, text))


def _em(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WFA":
        return 1.0
    if letter in _NARROW:
        return 0.36
    if letter in _WIDE:
        return 0.92
    return 0.72 if letter.isupper() else 0.6


_CLOSING: Final = frozenset("，。、；：）」”！？,.;:)")


def wrapped(text: str, style: Style, *, within: float) -> tuple[str, ...]:
    """A text in lines no wider than `within`, broken at spaces and between Chinese letters;
    a single word that is wider stays whole."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and width((line + piece).rstrip(), style) > within:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return (*lines, line.rstrip()) if line.strip() else tuple(lines)


def _pieces(text: str) -> list[str]:
    """The parts between which a line may break: a stop stays with what is before it."""
    pieces: list[str] = []
    for letter in text:
        is_wide = unicodedata.east_asian_width(letter) in "WF"
        joins = pieces and (
            letter in _CLOSING
            or letter == " "
            or (not is_wide and not pieces[-1].endswith(" ") and not _is_wide(pieces[-1][-1]))
        )
        if joins:
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"
