"""Days on which people are away."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from api.routes import shapes
from api.routes.shapes import Shape

_DAYS = {"from_on": "2026-11-26", "until_on": "2026-11-30"}


class Absence(Shape):
    """Local days of the office on which a person is away, both included. `is_now`: today is one
    of them."""

    id: UUID
    person_id: UUID
    name: str
    from_on: date
    until_on: date
    is_now: bool


class Absences(Shape):
    """One's own days away from today on, and those of the people whose absences one keeps.
    `is_capped`: there are more of these than are told."""

    model_config = shapes.example(
        {
            "items": [
                {
                    "id": shapes.EXAMPLE_ID,
                    "person_id": shapes.OTHER_ID,
                    "name": "示例网格员",
                    **_DAYS,
                    "is_now": False,
                }
            ],
            "kept": [],
            "is_capped": False,
        }
    )

    items: tuple[Absence, ...]
    kept: tuple[Absence, ...]
    is_capped: bool


class NewAbsence(Shape):
    """Days to be away, both included. `person_id`: somebody whose absences one keeps; without
    it oneself."""

    model_config = shapes.example(dict(_DAYS))

    from_on: date
    until_on: date
    person_id: UUID | None = None


class Entered(Shape):
    """The period that was entered; the same days sent again give the same."""

    model_config = shapes.example({"id": shapes.EXAMPLE_ID})

    id: UUID
