"""Gives a process's states, actions and clocks their places. Units: SVG units, `y` down.

The states stand under each other. A state's box holds its name, whose turn it is and its
clocks; to the right of it stands each action that leaves it, in a row of its own, so that no
words can meet. The way on goes straight down; every other way leaves to the right and comes
back to its state by a rail, one for the ways down and one for the ways up. A way to an end
names the end at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from rules.picture import shapes
from rules.picture.clocks import Running
from rules.picture.graph import Exit, Graph, Group, Node

_PAD: Final = 10.0
_INDENT: Final = 32.0
_SPINE: Final = 16.0
"""How far a box's straight way down is from its left edge."""
_STUB: Final = 20.0
"""Between a box and the words beside it."""
_SIGN: Final = 22.0
"""The room of a sign before a clock's words."""
_LINE: Final[Mapping[shapes.Style, float]] = {"name": 20, "act": 17, "small": 16, "head-words": 18}
_ARRIVING: Final = 28.0
"""The height at a box's top where ways come in: no words stand beside it."""
_RAIL: Final = 14.0
_BOX: Final = 270.0
"""How wide words in a box may be before they break."""
_ACT: Final = 220.0
"""How wide an action may be before it breaks."""
_GAP: Final = 26.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The words of one language. By state: its name, whose turn it is (may be empty); by
    action: its name, and who does it; by clock: its name with its length, and the same where
    it stands still; `windows` are the clocks that no office owes. `groups`: by the states of
    a group, the words above it."""

    states: Mapping[str, str]
    owners: Mapping[str, str]
    actions: Mapping[str, str]
    roles: Mapping[str, str]
    clocks: Mapping[str, str]
    paused: Mapping[str, str]
    windows: frozenset[str]
    groups: Mapping[tuple[str, ...], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The way of one case: the states it was in, where it is, what comes next, and the ways
    taken, as state and action; the state before it was filed is empty."""

    done: frozenset[str] = frozenset()
    now: str | None = None
    next: frozenset[str] = frozenset()
    taken: frozenset[tuple[str, str]] = frozenset()

    def of(self, state: str) -> shapes.Mark:
        """What a case makes of a state."""
        if state == self.now:
            return "now"
        if state in self.done:
            return "done"
        return "next" if state in self.next else "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Where the columns of a drawing begin: the boxes end at `edge`."""

    edge: float
    pill: float
    rail: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """A way from a row's end to a state's box."""

    to: str
    x: float
    y: float
    is_taken: bool


@dataclass(slots=True, kw_only=True)
class _Sheet:
    """What has been drawn so far, down to `y`."""

    graph: Graph
    labels: Labels
    marks: Marks
    columns: _Columns
    y: float = 4.0
    boxes: list[shapes.Box] = field(default_factory=list)
    lines: list[shapes.Line] = field(default_factory=list)
    words: list[shapes.Words] = field(default_factory=list)
    icons: list[shapes.Icon] = field(default_factory=list)
    ways: list[_Way] = field(default_factory=list)
    at: dict[str, shapes.Box] = field(default_factory=dict)
    """The box of each state."""


def draw(graph: Graph, labels: Labels, marks: Marks | None = None) -> shapes.Picture:
    """The drawing of a process; `marks` shows a case on it."""
    sheet = _Sheet(
        graph=graph, labels=labels, marks=marks or Marks(), columns=_columns(graph, labels)
    )
    _opening(sheet)
    for node in graph.nodes:
        _state(sheet, node)
    _straight(sheet)
    right = _rails(sheet)
    for group in graph.groups:
        _group(sheet, group)
    ends = [it.x + it.width for it in sheet.boxes] + [it.frame[2] for it in sheet.words]
    return shapes.Picture(
        width=_even(max(*ends, right) + 4),
        height=_even(sheet.y + 4),
        boxes=tuple(sorted(sheet.boxes, key=lambda it: it.kind in ("clock", "window"))),
        lines=tuple(sheet.lines),
        words=tuple(sheet.words),
        icons=tuple(sheet.icons),
    )


def _even(length: float) -> float:
    return float(-(-length // 2) * 2)


# ---- how wide


def _columns(graph: Graph, labels: Labels) -> _Columns:
    edge = max(
        _INDENT * node.depth + wide + 2 * _PAD
        for node in graph.nodes
        for wide in _inside_widths(node, labels)
    )
    held = [act for group in graph.groups for act in group.actions]
    edge = max(edge, *(_SPINE + _STUB + _act_width(labels, act) + _PAD for act in held), 0.0)
    exits = [exit_ for node in graph.nodes for exit_ in node.exits]
    widest = max((_act_width(labels, it.action) for it in exits), default=0.0)
    ends = {labels.states[it.to] for it in exits if it.to in graph.ends}
    pill = edge + _STUB + widest + 2 * _PAD
    wide = max((shapes.width(it, "small") + 2 * _PAD for it in ends), default=0.0)
    return _Columns(edge=edge, pill=pill, rail=pill + wide + _PAD)


def _inside_widths(node: Node, labels: Labels) -> Iterator[float]:
    yield from (shapes.width(it, style) for it, style in _inside(node, labels))
    yield from (_clock_width(_clock_lines(it, labels)) for it in node.running)


def _inside(node: Node, labels: Labels) -> Iterator[tuple[str, shapes.Style]]:
    """The lines of a box above its clocks."""
    for line in shapes.wrapped(labels.states[node.state], "name", within=_BOX):
        yield line, "name"
    for line in shapes.wrapped(labels.owners[node.state], "small", within=_BOX):
        yield line, "small"


def _clock_lines(it: Running, labels: Labels) -> tuple[str, ...]:
    told = labels.paused if it.is_paused else labels.clocks
    return shapes.wrapped(told[it.clock], "small", within=_BOX)


def _clock_width(lines: tuple[str, ...]) -> float:
    return max(shapes.width(line, "small") for line in lines) + _SIGN + _PAD


def _act_lines(labels: Labels, action: str) -> tuple[tuple[str, shapes.Style], ...]:
    """An action's name, and below it who does it."""
    name = shapes.wrapped(labels.actions[action], "act", within=_ACT)
    roles = shapes.wrapped(labels.roles[action], "small", within=_ACT)
    return (*((it, "act") for it in name), *((it, "small") for it in roles))


def _act_width(labels: Labels, action: str) -> float:
    return max(shapes.width(text, style) for text, style in _act_lines(labels, action))


def _act_height(labels: Labels, action: str) -> float:
    return sum(_LINE[style] for _, style in _act_lines(labels, action))


# ---- states


def _opening(sheet: _Sheet) -> None:
    """The dot above the first state, and beside it the actions that open a case."""
    top = sheet.y + 8
    sheet.icons.append(shapes.Icon(x=_SPINE, y=top, kind="start"))
    for action in sheet.graph.opening:
        _act(sheet, action, x=_SPINE + _STUB)
    sheet.y = max(sheet.y + 6, top + _GAP)
    is_taken = any(("", action) in sheet.marks.taken for action in sheet.graph.opening)
    points = ((_SPINE, top + 6), (_SPINE, sheet.y))
    _line(sheet, points, kind="main", is_arrow=True, is_taken=is_taken)


def _state(sheet: _Sheet, node: Node) -> None:
    """A state's box, what leaves it to the right, and the names of the way straight down."""
    top, left = sheet.y, _INDENT * node.depth
    mark = sheet.marks.of(node.state)
    inside = _fill(sheet, node, x=left + _PAD, mark=mark)
    sheet.y = top + _ARRIVING
    for exit_ in node.exits:
        _exit(sheet, node.state, exit_)
    bottom = max(inside + 8, sheet.y if node.exits else 0)
    box = shapes.Box(
        x=left,
        y=top,
        width=sheet.columns.edge - left,
        height=bottom - top,
        kind="end" if node.state in sheet.graph.ends else "state",
        key=node.state,
        mark=mark,
    )
    sheet.boxes.append(box)
    sheet.at[node.state] = box
    sheet.y = bottom + 2
    for action in node.straight:
        _act(sheet, action, x=left + _SPINE + _PAD)
    sheet.y = max(sheet.y + 8, bottom + _GAP)


def _fill(sheet: _Sheet, node: Node, *, x: float, mark: shapes.Mark) -> float:
    """What stands in a box; gives where it ends."""
    y = sheet.y + 4
    for text, style in _inside(node, sheet.labels):
        y += _LINE[style]
        sheet.words.append(
            shapes.Words(x=x, y=y - 5, text=text, style=style, key=node.state, mark=mark)
        )
    for it in node.running:
        y = _clock(sheet, it.clock, _clock_lines(it, sheet.labels), x=x, y=y + 3, it=it)
    return y


def _clock(
    sheet: _Sheet, clock: str, lines: tuple[str, ...], *, x: float, y: float, it: Running
) -> float:
    """A clock's badge; gives where it ends."""
    is_window = clock in sheet.labels.windows
    height = _LINE["small"] * len(lines) + 6
    kind: Literal["window", "clock"] = "window" if is_window else "clock"
    sheet.boxes.append(
        shapes.Box(x=x, y=y, width=_clock_width(lines), height=height, kind=kind, key=clock)
    )
    sign: shapes.IconKind = "pause" if it.is_paused else kind
    sheet.icons.append(shapes.Icon(x=x + _SIGN / 2 + 1, y=y + height / 2, kind=sign))
    for n, line in enumerate(lines, start=1):
        foot = y + _LINE["small"] * n - 1
        sheet.words.append(shapes.Words(x=x + _SIGN, y=foot, text=line, style="small", key=clock))
    return y + height


def _act(sheet: _Sheet, action: str, *, x: float) -> None:
    """An action's lines, from where the sheet is; moves on below them."""
    for text, style in _act_lines(sheet.labels, action):
        sheet.y += _LINE[style]
        sheet.words.append(shapes.Words(x=x, y=sheet.y - 4, text=text, style=style, key=action))
    sheet.y += 4


# ---- ways


def _exit(sheet: _Sheet, state: str, exit_: Exit) -> None:
    """A row beside a box: the action, and where it leads."""
    columns, marks = sheet.columns, sheet.marks
    top = sheet.y
    _act(sheet, exit_.action, x=columns.edge + _STUB)
    sheet.y += 4
    middle = top + _act_height(sheet.labels, exit_.action) / 2 + 1
    is_taken = (state, exit_.action) in marks.taken
    if exit_.to is None:
        sheet.icons.append(shapes.Icon(x=columns.edge + _STUB / 2 + 1, y=middle, kind="again"))
        return
    _line(sheet, ((columns.edge, middle), (columns.edge + _STUB - 4, middle)), is_taken=is_taken)
    said = columns.edge + _STUB + _act_width(sheet.labels, exit_.action) + 4
    if exit_.to in sheet.graph.ends:
        points = ((said, middle), (columns.pill, middle))
        _line(sheet, points, is_arrow=True, is_taken=is_taken)
        _pill(sheet, exit_.to, y=middle)
    else:
        sheet.ways.append(_Way(to=exit_.to, x=said, y=middle, is_taken=is_taken))


def _pill(sheet: _Sheet, state: str, *, y: float) -> None:
    """An end, named where a way leads to it."""
    name, x = sheet.labels.states[state], sheet.columns.pill
    mark = sheet.marks.of(state)
    sheet.boxes.append(
        shapes.Box(
            x=x,
            y=y - 11,
            width=shapes.width(name, "small") + 2 * _PAD,
            height=22,
            kind="pill",
            key=state,
            mark=mark,
        )
    )
    sheet.words.append(
        shapes.Words(x=x + _PAD, y=y + 4, text=name, style="small", key=state, mark=mark)
    )


def _straight(sheet: _Sheet) -> None:
    """The ways straight down, from box to box."""
    for node in sheet.graph.nodes:
        if node.below is None:
            continue
        here, below = sheet.at[node.state], sheet.at[node.below]
        x = here.x + _SPINE
        taken = any((node.state, act) in sheet.marks.taken for act in node.straight)
        points = ((x, here.y + here.height), (x, below.y))
        _line(sheet, points, kind="main", is_arrow=True, is_taken=taken)


def _rails(sheet: _Sheet) -> float:
    """The other ways, each by the rail of its state; gives where the rails end."""
    found: dict[tuple[str, bool], list[_Way]] = {}
    for way in sheet.ways:
        found.setdefault((way.to, way.y > sheet.at[way.to].y), []).append(way)
    tracks: list[list[tuple[float, float]]] = []
    for (to, is_back), ways in sorted(found.items(), key=lambda it: _span(sheet, *it)):
        arrival = sheet.at[to].y + (18 if is_back else 9)
        span = (min(arrival, *(it.y for it in ways)), max(arrival, *(it.y for it in ways)))
        track = _free(tracks, span)
        x = sheet.columns.rail + _RAIL * track
        for way in sorted(ways, key=lambda it: it.is_taken):
            points = ((way.x, way.y), (x, way.y), (x, arrival), (sheet.columns.edge, arrival))
            kind: shapes.LineKind = "back" if is_back else "forward"
            _line(sheet, points, kind=kind, is_arrow=True, is_taken=way.is_taken)
    return sheet.columns.rail + _RAIL * len(tracks)


def _span(sheet: _Sheet, rail: tuple[str, bool], ways: list[_Way]) -> float:
    """How long a rail is: the long ones stand further out."""
    return max(abs(it.y - sheet.at[rail[0]].y) for it in ways)


def _free(tracks: list[list[tuple[float, float]]], span: tuple[float, float]) -> int:
    """The first track with room for a rail, which it takes."""
    for n, taken in enumerate(tracks):
        if all(span[1] + 6 < low or high + 6 < span[0] for low, high in taken):
            taken.append(span)
            return n
    tracks.append([span])
    return len(tracks) - 1


def _line(
    sheet: _Sheet,
    points: tuple[tuple[float, float], ...],
    *,
    kind: shapes.LineKind = "exit",
    is_arrow: bool = False,
    is_taken: bool = False,
) -> None:
    sheet.lines.append(shapes.Line(points=points, kind=kind, is_arrow=is_arrow, is_taken=is_taken))


# ---- what may be done at any time


def _group(sheet: _Sheet, group: Group) -> None:
    """The actions of a group under the states in which they are open, each with its clocks."""
    sheet.y += _GAP / 2
    for line in shapes.wrapped(
        sheet.labels.groups[group.states], "head-words", within=sheet.columns.pill - _PAD
    ):
        sheet.y += _LINE["head-words"]
        sheet.words.append(
            shapes.Words(x=0, y=sheet.y - 4, text=line, style="head-words", key=group.states[0])
        )
    for action, clocks in group.actions.items():
        top = sheet.y + 6
        sheet.icons.append(shapes.Icon(x=_SPINE, y=top + 12, kind="again"))
        sheet.y = top
        _act(sheet, action, x=_SPINE + _STUB)
        y = top
        for clock in clocks:
            it = Running(clock=clock, is_paused=False)
            lines = _clock_lines(it, sheet.labels)
            y = _clock(sheet, clock, lines, x=sheet.columns.edge, y=y + 3, it=it)
        sheet.y = max(sheet.y, y + 4)
