"""Signing in, and who one is."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from api.routes import shapes
from api.routes.shapes import Shape


class SignIn(Shape):
    """An account and its password. `kind` says how the session is carried: as a token in the
    answer, or as a cookie for a browser."""

    model_config = shapes.example(
        {"username": "officer1", "password": "a long pass phrase", "kind": "token"}
    )

    username: str = Field(min_length=1, max_length=50, pattern=r"^[^\x00-\x1f\x7f]+$")
    password: str = Field(min_length=1, max_length=200)
    kind: Literal["token", "browser"] = "token"


class SignedIn(Shape):
    """A session. `token` goes into `Authorization: Bearer`; null where a cookie carries it."""

    model_config = shapes.example(
        {"kind": "token", "token": "o8yJxq0Vd3m1R6uZ2kQnWcT5bHsLfPgAeYiX4t7KvMw"}
    )

    kind: Literal["token", "browser"]
    token: str | None


class Post(Shape):
    """A role held in an office; `scope` is the area it reaches."""

    id: UUID
    role: str
    role_name: str
    office_id: UUID
    office_name: str
    scope: str
    scope_name: str


class Seat(Shape):
    """A place from which a list is seen, with its open cases. `is_capped`: there are more."""

    key: str
    relation: Literal[
        "grid", "office", "sender", "area", "handler", "filer", "leader", "supervisor"
    ]
    post_id: UUID | None
    processes: tuple[str, ...]
    count: int
    is_capped: bool


class Me(Shape):
    """Who is signed in, with posts, seats and unread notices."""

    model_config = shapes.example(
        {
            "person_id": shapes.EXAMPLE_ID,
            "name": "示例网格员",
            "posts": [
                {
                    "id": shapes.OTHER_ID,
                    "role": "grid_officer",
                    "role_name": "Grid officer",
                    "office_id": shapes.EXAMPLE_ID,
                    "office_name": "花果园社区案件台",
                    "scope": "420303001002001",
                    "scope_name": "花果园社区第1网格",
                }
            ],
            "seats": [
                {
                    "key": "filer",
                    "relation": "filer",
                    "post_id": None,
                    "processes": [],
                    "count": 3,
                    "is_capped": False,
                },
                {
                    "key": f"grid.{shapes.OTHER_ID}",
                    "relation": "grid",
                    "post_id": shapes.OTHER_ID,
                    "processes": [],
                    "count": 12,
                    "is_capped": False,
                },
            ],
            "unread": 2,
        }
    )

    person_id: UUID
    name: str
    posts: tuple[Post, ...]
    seats: tuple[Seat, ...]
    unread: int
