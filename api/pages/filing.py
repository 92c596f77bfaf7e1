"""Filing a case in three steps: the matter, the people, the check.

What was typed travels from step to step in the form itself, never in a session or an address,
and the ids made with the first page make one case however often the last one is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api import caller, forms, problems
from api.pages import frame as frames
from api.pages import way
from rules import due, errors, fields, pack
from workflow import ids
from workflow.commands import act
from workflow.queries import case as case_query
from workflow.queries import office

router = APIRouter()

GRID: Final = "origin_grid"
GRID_FIELD: Final = pack.Field(
    type="area", name=pack.Text(zh="在哪个网格", en="Grid where it arose")
)
PEOPLE: Final = frozenset({"heads", "representatives", "identity_clear", "confidentiality"})
"""Asked for with the people, beside the fields that a party owns."""
EXTRA: Final = frozenset({"scale", "grade"})
"""Folded away: most cases are of the ordinary kind."""
FIRST: Final = (
    "petition_class",
    "story",
    "subject",
    "category",
    "danger",
    "place_detail",
    "channel",
)
"""The matter in the order in which one tells it; other fields follow in the pack's."""
STEPS: Final = 3
NORMAL: Final = {"confidentiality": "normal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A filing under way: the texts as typed, and the ids under which they are sent."""

    process: str
    action: pack.Action
    declared: Mapping[str, pack.Field]
    grids: tuple[office.Choice, ...]
    typed: Mapping[str, str]
    case_id: UUID
    action_id: UUID

    @property
    def names(self) -> tuple[str, ...]:
        """All inputs of the filing."""
        return (GRID, *self.action.needs, *self.action.takes)

    def step_of(self, name: str | None) -> int:
        """On which step a field is asked for; the last one where it is no field."""
        if name is None or name not in self.names:
            return STEPS
        return next(n for n in range(1, STEPS + 1) if name in self.on(n))

    def on(self, step: int) -> tuple[str, ...]:
        """The fields of a step, in order."""
        return tuple(name for name in self._ordered() if self._step(name) == step)

    def _ordered(self) -> tuple[str, ...]:
        first = [name for name in (GRID, *FIRST) if name in self.names]
        return (*first, *(name for name in self.names if name not in first))

    def _step(self, name: str) -> int:
        field = self.declared.get(name)
        if field is not None and field.must_be_true:
            return 3
        # which offices there are is known once the grid is
        is_later = field is not None and (field.party is not None or field.type == "office")
        return 2 if name in PEOPLE or is_later else 1


@router.get("/cases/new", dependencies=[caller.SESSION])
def get_filing(frame: frames.Signed, process: str | None = None) -> Response:
    """The first step, empty but for what is usual."""
    draft = _draft(frame, process, {})
    usual = {name: value for name, value in NORMAL.items() if name in draft.names}
    if len(draft.grids) == 1:
        usual[GRID] = draft.grids[0].value
    return _step(frame, replace(draft, typed=usual), 1)


@router.post("/cases/new", dependencies=[caller.SESSION])
def post_filing(frame: frames.Signed, sent: frames.Sent) -> Response:
    """On to the next step, back to an earlier one, or submit."""
    draft = _draft(frame, sent.get("process"), sent)
    step = _number(sent.get("step"))
    go = sent.get("go", "next")
    if go.isdigit():
        return _step(frame, draft, min(_number(go), step))
    fault = _fault(frame, draft, upto=step)
    if fault is not None:
        return _step(frame, draft, draft.step_of(fault.field), error=fault)
    if step < STEPS:
        return _step(frame, draft, step + 1)
    return _submit(frame, draft)


@router.get("/cases/{case_id}/receipt", dependencies=[caller.SESSION])
def get_receipt(frame: frames.Signed, case_id: str) -> Response:
    """Number and look-up code, for the one who filed the case to hand over."""
    view = case_query.view(frame.engine, frame.person, frames.read_id(case_id))
    if view.code is None:
        raise errors.NotFound("case.unknown")
    running = [clock for clock in view.clocks if clock.state == "running"]
    return frame.page(
        "filing/receipt.html",
        case=view.case,
        code=view.code,
        office=view.lead_office,
        nearest=min(running, key=lambda clock: clock.due_at, default=None),
        likely=view.likely,
        link_ways=way.link_ways(view),
        lookup_url=f"{str(frame.request.base_url).rstrip('/')}/lookup",
        another_url=f"/cases/new?process={view.case.process}",
    )


def _draft(frame: frames.Frame, process: str | None, sent: Mapping[str, str]) -> Draft:
    """What was sent so far. Raises: `process.unknown` where this person may not file it."""
    able = frames.files(frame.pack, frame.person)
    name = process or (able[0] if able else "")
    if name not in able:
        raise errors.NotFound("process.unknown", field="process")
    action = frame.pack.processes[name].actions[frames.FILE]
    declared = {GRID: GRID_FIELD, **frame.pack.fields}
    asked = (GRID, *action.needs, *action.takes)
    return Draft(
        process=name,
        action=action,
        declared=declared,
        grids=office.grids(frame.engine.database, frame.person),
        typed={field: sent[field] for field in asked if sent.get(field)},
        case_id=_id(sent.get("case_id")),
        action_id=_id(sent.get("action_id")),
    )


def _id(text: str | None) -> UUID:
    """An id that came with the form, or a new one."""
    try:
        return UUID(text or "")
    except ValueError:
        return ids.uuid7()


def _number(text: str | None) -> int:
    return int(text) if text in {"1", "2", "3"} else 1


# ---- what is wrong so far


def _fault(frame: frames.Frame, draft: Draft, *, upto: int) -> errors.GridcaseError | None:
    """The faults of the steps up to this one; later ones have not been asked for yet."""
    faults: list[errors.GridcaseError] = []
    if draft.typed.get(GRID) not in {grid.value for grid in draft.grids}:
        faults.append(errors.Invalid("field.missing", field=GRID))
    try:
        fields.read(draft.action, draft.declared, _values(frame, draft), today=frame.words.today)
    except errors.Invalid as error:
        faults.extend(error.faults)
    mine = [fault for fault in faults if draft.step_of(fault.field) <= upto]
    mine.sort(key=lambda fault: draft.step_of(fault.field))
    if not mine:
        return None
    first, *rest = mine
    return errors.Invalid(first.code, field=first.field, also=rest, **first.params)


def _values(frame: frames.Frame, draft: Draft) -> dict[str, object]:
    return forms.read_form(draft.action, draft.declared, draft.typed, zone=frame.words.zone)


def _submit(frame: frames.Frame, draft: Draft) -> Response:
    """Files the case and shows the receipt; a fault leads to the step where it is mended."""
    request = act.Request(
        case_id=draft.case_id,
        action_id=draft.action_id,
        action=frames.FILE,
        fields=_scalars(_values(frame, draft)),
        filing=act.Filing(process=draft.process, origin_grid=draft.typed[GRID]),
    )
    try:
        receipt = act.act(frame.engine, frame.person, request)
    except errors.GridcaseError as error:
        return _step(frame, draft, draft.step_of(error.field), error=error)
    try:
        case_query.view(frame.engine, frame.person, receipt.case_id)
    except errors.NotFound:
        # about an office whose line the filer is in: nobody there sees it any more
        told = frame.words.get(
            "Filed under {number}. It has gone to the office above, and you see it no more.",
            number=receipt.number,
        )
        return frame.go(frames.home(frame), toast=told)
    return frame.go(f"/cases/{receipt.case_id}/receipt")


def _scalars(values: Mapping[str, object]) -> dict[str, str | int | bool | None]:
    return {name: v for name, v in values.items() if isinstance(v, str | int | bool)}


# ---- a step as a page


def _step(
    frame: frames.Frame, draft: Draft, step: int, *, error: errors.GridcaseError | None = None
) -> Response:
    words = frame.words
    process = frame.pack.processes[draft.process]
    options = _options(frame, draft) if step > 1 else {GRID: draft.grids}
    inputs = forms.inputs(
        draft.action,
        draft.declared,
        words,
        values=draft.typed,
        error=error,
        options={
            name: [forms.Option(value=it.value, label=it.label) for it in choices]
            for name, choices in options.items()
        },
        only=draft.on(step),
    )
    summary = () if error is None else forms.summary(error, draft.declared, words)
    return frame.page(
        "filing/step.html",
        status=200 if error is None else int(problems.status_of(error)),
        errors=summary,
        step=step,
        labels=_labels(frame, process),
        draft=draft,
        process=process,
        grid=next((g.label for g in draft.grids if g.value == draft.typed.get(GRID)), None),
        has_choice=len(draft.grids) > 1,
        inputs={it.name: replace(it, required=True) if it.name == GRID else it for it in inputs},
        extra=tuple(it for it in inputs if it.name in EXTRA),
        sides=_sides(frame, draft, inputs),
        categories=_categories(frame, draft),
        carried=tuple((n, draft.typed[n]) for n in draft.names if _is_carried(draft, n, step)),
        facts=_facts(frame, draft, options) if step == STEPS else (),
        after=_after(frame, draft) if step == STEPS else (),
        others=tuple(
            (name, words.text(frame.pack.processes[name].name))
            for name in frames.files(frame.pack, frame.person)
            if name != draft.process
        ),
    )


def _options(frame: frames.Frame, draft: Draft) -> Mapping[str, tuple[office.Choice, ...]]:
    """What can be chosen from: the grids, and the offices of the one chosen."""
    grid = draft.typed.get(GRID, "")
    if grid not in {it.value for it in draft.grids}:
        return {GRID: draft.grids}
    named = office.nameable(frame.engine.database, frame.person, process=draft.process, grid=grid)
    return {GRID: draft.grids, **named}


def _is_carried(draft: Draft, name: str, step: int) -> bool:
    """Whether a value travels unseen: it belongs to another step, or there is no choice."""
    if name not in draft.typed:
        return False
    return name not in draft.on(step) or (name == GRID and len(draft.grids) == 1)


def _labels(frame: frames.Frame, process: pack.Process) -> tuple[str, ...]:
    words = frame.words
    people = words.get("Both sides") if process.kind == "dispute" else words.get("Petitioner")
    return (words.get("The matter"), people, words.get("Check and submit"))


def _sides(
    frame: frames.Frame, draft: Draft, inputs: Sequence[forms.Input]
) -> tuple[tuple[str, str, tuple[forms.Input, ...]], ...]:
    """The fields of each party: letter of the side, its name, its inputs."""
    found: dict[str, list[forms.Input]] = {}
    for it in inputs:
        party = draft.declared[it.name].party
        if party is not None:
            found.setdefault(party, []).append(it)
    kind = frame.pack.processes[draft.process].kind
    return tuple(
        ("b" if side == "respondent" else "a", side_name(frame, side, kind), tuple(own))
        for side, own in found.items()
    )


def side_name(frame: frames.Frame, side: str, kind: str) -> str:
    """What a side is called: one petitions, two dispute."""
    words = frame.words
    if side == "applicant":
        return words.get("Applicant") if kind == "dispute" else words.get("Petitioner")
    return words.get("Respondent") if side == "respondent" else words.get("Representative")


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryGroup:
    """Categories under their common heading."""

    label: str
    options: tuple[forms.Option, ...]


def _categories(frame: frames.Frame, draft: Draft) -> tuple[CategoryGroup, ...]:
    """All categories by group; a group without sub-categories offers itself."""
    words, chosen = frame.words, draft.typed.get("category", "")
    found = []
    known = frame.pack.categories
    for code, category in known.items():
        if len(code) != 2:
            continue
        below = [sub for sub in known if len(sub) > 2 and sub.startswith(code)] or [code]
        options = tuple(
            forms.Option(value=sub, label=words.text(known[sub].name), chosen=sub == chosen)
            for sub in below
        )
        found.append(CategoryGroup(label=words.text(category.name), options=options))
    return tuple(found)


def _facts(
    frame: frames.Frame, draft: Draft, options: Mapping[str, tuple[office.Choice, ...]]
) -> tuple[tuple[str, str, int], ...]:
    """What was entered: term, words, and the step where it is changed."""
    return tuple(
        (_term(frame, draft, name), _shown(frame, draft, name, options.get(name)), step)
        for step in (1, 2)
        for name in draft.on(step)
        if name in draft.typed
    )


def _term(frame: frames.Frame, draft: Draft, name: str) -> str:
    return frame.words.text(draft.declared[name].name)


def _shown(
    frame: frames.Frame, draft: Draft, name: str, offered: tuple[office.Choice, ...] | None
) -> str:
    """A typed value in words."""
    typed, field = draft.typed[name], draft.declared[name]
    if offered is not None:
        return next((it.label for it in offered if it.value == typed), typed)
    if name == "category":
        return category_words(frame, typed)
    if field.type == "bool":
        return frame.words.get("Yes") if typed == "true" else frame.words.get("No")
    choice = (field.choices or {}).get(typed)
    return frame.words.text(choice.name) if choice else typed


def category_words(frame: frames.Frame, code: str) -> str:
    """A category with its group: 邻里纠纷 › 用水、排水."""
    known, words = frame.pack.categories, frame.words
    own = known.get(code)
    above = known.get(code[:2]) if len(code) > 2 else None
    found = [words.text(it.name) for it in (above, own) if it is not None]
    return " › ".join(found) or code


def _after(frame: frames.Frame, draft: Draft) -> tuple[dict[str, object], ...]:
    """The office's clocks that filing starts, if filed now."""
    process = frame.pack.processes[draft.process]
    opening = draft.action.to or ""
    owners = process.states[opening].owner if opening in process.states else ()
    rows = []
    for rule in frame.pack.deadlines.values():
        is_sure = not rule.when and rule.belongs_to is None and rule.limit.length is not None
        if rule.process == draft.process and frames.FILE in rule.starts and is_sure:
            end = due.due(rule, calendar=frame.house.calendar, start_at=frame.house.now)
            stops = [process.actions[name].name for name in rule.stops if name in process.actions]
            rows.append(
                {
                    "due_at": end.due_at,
                    "acts": tuple(frame.words.text(name) for name in stops[:2]),
                    "length": rule.limit.length,
                    "who": tuple(
                        frame.words.text(frame.pack.roles[role].name)
                        for role in owners[:1]
                        if role in frame.pack.roles
                    ),
                }
            )
    return tuple(rows)
