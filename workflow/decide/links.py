"""Repeated filing (重复): a case is linked to one that was there before, or merged into it, where
the matter goes on for both; and none is deleted.

What is counted is the matter, never a person: how many earlier cases this one hangs on, through
all links.
"""

from __future__ import annotations

from typing import Final

from rules import errors
from rules import pack as pack_
from workflow.decide.decision import LinkRow
from workflow.decide.draft import Draft
from workflow.decide.facts import Command, Earlier

NUMBER: Final = "earlier_number"
"""The field that names the earlier case."""
MERGE: Final = "merge"
RESTRICTED: Final = "restricted"


def link(draft: Draft, action: pack_.Action, command: Command) -> dict[str, object]:
    """Links the case to the earlier one that the command brings, and gives what its event says of
    it. Nothing where the action links nothing, or no number was given.

    Raises: `link.unknown` where there is no such case for this person; `link.not_earlier`;
    `link.already`; what `_check_merge` raises.
    """
    if action.link is None or not command.fields.get(NUMBER):
        return {}
    found = command.earlier
    if found is None:
        raise errors.Invalid("link.unknown", field=NUMBER)
    case, earlier = draft.case, found.case
    if (earlier.opened_at, earlier.id) >= (case.opened_at, case.id):
        raise errors.Invalid("link.not_earlier", field=NUMBER)
    if found.is_merge:
        _check_merge(draft, found)
    elif earlier.id in found.linked:
        raise errors.Invalid("link.already", field=NUMBER)
    repeats = len({earlier.id, *found.before, *found.behind})
    draft.change(repeats=repeats)
    if earlier.id not in found.linked:
        draft.add_link(
            LinkRow(
                case_id=case.id,
                no=len(found.linked) + 1,
                other_case_id=earlier.id,
                kind=action.link,
                seq=draft.seq + 1,
            )
        )
    return {"linked": str(earlier.id), "repeats": repeats}


def _check_merge(draft: Draft, found: Earlier) -> None:
    """A case is merged only where the matter truly goes on: there it is of the same kind, still in
    work, no less guarded, and kept from whoever is kept out of this one. Invariant: 8.

    Raises: `merge.other_process`, `merge.settled`, `merge.restricted`, `merge.kept_out`.
    """
    case, earlier = draft.case, found.case
    if earlier.process != case.process:
        raise errors.Invalid("merge.other_process", field=NUMBER)
    if found.is_over:
        raise errors.Invalid("merge.settled", field=NUMBER)
    if case.confidentiality == RESTRICTED and earlier.confidentiality != RESTRICTED:
        raise errors.Invalid("merge.restricted", field=NUMBER)
    if found.sees_more:
        raise errors.Invalid("merge.kept_out", field=NUMBER)
