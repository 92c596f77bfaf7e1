"""Posts and seats."""

from __future__ import annotations

from api import texts
from api.routes.shapes import people
from rules import pack as pack_
from workflow import access
from workflow.queries import worklist


def seat(found: access.Seat, n: int) -> people.Seat:
    """A seat with its count."""
    relation = found.kind if found.kind in access.PERSONAL_RELATIONS else found.key.split(".")[0]
    return people.Seat.model_validate(
        {
            "key": found.key,
            "relation": relation,
            "post_id": found.post.id if found.post else None,
            "processes": found.processes,
            "count": min(n, worklist.COUNT_CAP),
            "is_capped": n > worklist.COUNT_CAP,
        }
    )


def post(held: access.HeldPost, pack: pack_.Pack, words: texts.Words) -> people.Post:
    """A post that somebody holds."""
    role = pack.roles.get(held.role)
    return people.Post(
        id=held.id,
        role=held.role,
        role_name=words.text(role.name) if role else held.role,
        office_id=held.office_id,
        office_name=held.office_name,
        scope=held.scope,
        scope_name=held.scope_name,
    )
