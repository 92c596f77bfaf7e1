"""What goes in and out of the API, by subject. Models of requests refuse what they do not know."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

EXAMPLE_ID = "0199f0c4-7a3e-7c55-9d2b-3f1e6a7b8c90"
OTHER_ID = "0199f0c4-8b4f-7d66-8e3c-4a2f7b8c9da1"


class Shape(BaseModel):
    """One object of the API."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def example(value: JsonDict) -> ConfigDict:
    """The configuration of a shape that shows itself; a test holds the example to the shape."""
    return ConfigDict(json_schema_extra={"example": value})


class Problem(Shape):
    """What was wrong and what to do about it (RFC 9457). `code` never changes; `detail` and
    `remedy` are in the request's language."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "type": "urn:gridcase:error:field.missing",
                "title": "Something needs correcting",
                "status": 422,
                "detail": "What happened: This is missing",
                "code": "field.missing",
                "remedy": "Fill it in.",
                "request_id": "7K2M-R4QX",
                "field": "story",
            }
        },
    )

    type: str
    title: str
    status: int
    detail: str
    code: str
    remedy: str
    request_id: str
    field: str | None = None
    params: dict[str, str | int | bool | None] | None = None
    errors: list[dict[str, object]] | None = None
