"""Repeated filing (重复): a case is linked to one that was there before, and none is deleted.

What is counted is the matter, never a person: how many earlier cases this one hangs on, through
all links.
"""

from __future__ import annotations

from typing import Final

from rules import errors
from rules import pack as pack_
from workflow.decide.decision import LinkRow
from workflow.decide.draft import Draft
from workflow.decide.facts import Command

NUMBER: Final = "earlier_number"
"""The field that names the earlier case."""


def link(draft: Draft, action: pack_.Action, command: Command) -> dict[str, object]:
    """Links the case to the earlier one that the command brings, and gives what its event says of
    it. Nothing where the action links nothing, or no number was given.

    Raises: `link.unknown` where there is no such case for this person; `link.not_earlier`;
    `link.already`.
    """
    if action.link is None or not command.fields.get(NUMBER):
        return {}
    found = command.earlier
    if found is None:
        raise errors.Invalid("link.unknown", field=NUMBER)
    case = draft.case
    if (found.opened_at, found.case_id) >= (case.opened_at, case.id):
        raise errors.Invalid("link.not_earlier", field=NUMBER)
    if found.case_id in found.linked:
        raise errors.Invalid("link.already", field=NUMBER)
    repeats = len({found.case_id, *found.before, *found.behind})
    draft.change(repeats=repeats)
    draft.add_link(
        LinkRow(
            case_id=case.id,
            no=len(found.linked) + 1,
            other_case_id=found.case_id,
            kind=action.link,
            seq=draft.seq + 1,
        )
    )
    return {"linked": str(found.case_id), "repeats": repeats}
