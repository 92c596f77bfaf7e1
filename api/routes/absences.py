"""Days away: one's own, and those of the people whose absences one keeps."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api import caller
from api.routes.answers import answer, refusals
from api.routes.shapes import absences as shapes
from workflow.commands import absences
from workflow.queries import absences as query

router = APIRouter(tags=["session"])


@router.get("/me/absences", response_model=shapes.Absences, responses=refusals(401))
def get_absences(signed: caller.Signed, opened: caller.Opened, words: caller.Spoken) -> Response:
    """Days away from today on."""
    kept = query.kept(opened.database, signed.actor)
    own = query.own(opened.database, signed.actor)
    return answer(
        shapes.Absences(
            items=tuple(shapes.Absence(**asdict(one)) for one in own),
            kept=tuple(shapes.Absence(**asdict(one)) for one in kept.absences),
            is_capped=kept.is_capped,
        ),
        words,
    )


@router.post(
    "/me/absences",
    status_code=201,
    response_model=shapes.Entered,
    responses=refusals(401, 403, 404, 409, 413),
)
def post_absence(
    sent: shapes.NewAbsence, signed: caller.Signed, opened: caller.Opened, words: caller.Spoken
) -> Response:
    """Enter days away. Ladders, new cases and notices then pass this person over."""
    found = absences.enter(
        opened.database,
        signed.actor,
        person_id=sent.person_id,
        from_on=sent.from_on,
        until_on=sent.until_on,
    )
    return answer(shapes.Entered(id=found), words, status=201)


@router.delete("/me/absences/{absence_id}", status_code=204, responses=refusals(401, 403, 404, 409))
def delete_absence(absence_id: UUID, signed: caller.Signed, opened: caller.Opened) -> Response:
    """End days away: who was away is back today, what has not begun is called off."""
    absences.end(opened.database, signed.actor, absence_id)
    return Response(status_code=204)
