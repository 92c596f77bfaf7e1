"""The papers of a case: listed, and read."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from api.routes import shapes
from api.routes.shapes import Shape

_NUMBER = "区住建局信访受〔2026〕3号"


class Served(Shape):
    """How a paper reached whom it is for. `to` is who, where a paper to both sides reached one."""

    to: str | None
    method: str
    served_on: date


class File(Shape):
    """A file that was attached. Where `can_open`, `/cases/{case_id}/attachments/{no}` gives
    the file."""

    no: int
    media: str
    size_bytes: int
    attached_at: datetime
    can_open: bool


class Attached(Shape):
    """A file as it was kept: without what a phone writes into a picture. It belongs to a paper, by
    its number, or to a material, by that of its event."""

    model_config = shapes.example(
        {
            "no": 1,
            "id": "0196f0aa-7c11-7a52-9a54-7f2a53b1c0de",
            "paper": 4,
            "material": None,
            "media": "image/jpeg",
            "size_bytes": 214_532,
            "attached_at": "2026-03-31T07:10:00Z",
        }
    )

    no: int
    id: UUID
    paper: int | None
    material: int | None
    media: str
    size_bytes: int
    attached_at: datetime


class Paper(Shape):
    """A paper that was made. `to` is whose it is; `is_for_service` that somebody must serve it;
    `is_served` that all have it whom it is to; `is_overtaken` that it was not served and is not
    true any more; `can_attach` that you may attach a receipt."""

    no: int
    key: str
    name: str
    number: str
    made_at: datetime
    to: Literal["applicant", "respondent", "both", "office", "file"]
    is_for_service: bool
    is_served: bool
    is_overtaken: bool
    served: tuple[Served, ...]
    can_open: bool
    receipts: tuple[File, ...]
    can_attach: bool


class Material(Shape):
    """What came from outside into the file of a case. `seq` is its event, which holds the title;
    `can_attach` that you may attach a scan or a photo."""

    seq: int
    kind: str
    sheets: int
    added_at: datetime
    files: tuple[File, ...]
    can_attach: bool


class Papers(Shape):
    """The papers of a case and the materials in its file, oldest first."""

    model_config = shapes.example(
        {
            "items": [
                {
                    "no": 1,
                    "key": "petition.acceptance",
                    "name": "Notice of acceptance",
                    "number": _NUMBER,
                    "made_at": "2026-03-30T02:00:00Z",
                    "to": "applicant",
                    "is_for_service": True,
                    "is_served": True,
                    "is_overtaken": False,
                    "served": [{"to": None, "method": "in_person", "served_on": "2026-03-31"}],
                    "can_open": True,
                    "receipts": [
                        {
                            "no": 1,
                            "media": "image/jpeg",
                            "size_bytes": 214_532,
                            "attached_at": "2026-03-31T07:10:00Z",
                            "can_open": True,
                        }
                    ],
                    "can_attach": True,
                }
            ],
            "materials": [
                {
                    "seq": 7,
                    "kind": "Evidence",
                    "sheets": 3,
                    "added_at": "2026-03-30T03:00:00Z",
                    "files": [],
                    "can_attach": True,
                }
            ],
        }
    )

    items: tuple[Paper, ...]
    materials: tuple[Material, ...]


class Block(Shape):
    """A piece of a paper: a paragraph, a heading, or rows of title and text."""

    text: str | None = None
    heading: str | None = None
    rows: tuple[tuple[str, str], ...] = ()


class Sheet(Shape):
    """A paper in one language."""

    title: str
    to: str | None
    body: tuple[Block, ...]
    sign: tuple[str, ...]


class PaperReading(Shape):
    """A paper as it was made. `zh` is the paper, `en` a reading copy; `code` is the look-up code
    of who it goes to."""

    model_config = shapes.example(
        {
            "no": 1,
            "key": "petition.acceptance",
            "name": "Notice of acceptance",
            "number": _NUMBER,
            "office": "区住建局",
            "made_at": "2026-03-30T02:00:00Z",
            "code": "482913",
            "zh": {
                "title": "信访事项受理告知书",
                "to": "吴样本：",
                "body": [
                    {"text": "您提出的信访事项，本单位决定受理。", "heading": None, "rows": []}
                ],
                "sign": ["区住建局", "2026年3月30日"],
            },
            "en": {
                "title": "Notice of acceptance",
                "to": "吴样本:",
                "body": [{"text": "Your petition is accepted.", "heading": None, "rows": []}],
                "sign": ["区住建局", "30 March 2026"],
            },
        }
    )

    no: int
    key: str
    name: str
    number: str
    office: str
    made_at: datetime
    code: str | None
    zh: Sheet
    en: Sheet


class Draft(Shape):
    """What a paper would say if its action were done now. It has no number."""

    key: str
    name: str
    office: str
    zh: Sheet
    en: Sheet


class Drafts(Shape):
    """The papers that an action would make."""

    model_config = shapes.example(
        {
            "items": [
                {
                    "key": "petition.acceptance",
                    "name": "Notice of acceptance",
                    "office": "区住建局",
                    "zh": {
                        "title": "信访事项受理告知书",
                        "to": "吴样本：",
                        "body": [
                            {
                                "text": "您提出的信访事项，本单位决定受理。",
                                "heading": None,
                                "rows": [],
                            }
                        ],
                        "sign": ["区住建局", "2026年3月30日"],
                    },
                    "en": {
                        "title": "Notice of acceptance",
                        "to": "吴样本:",
                        "body": [
                            {"text": "Your petition is accepted.", "heading": None, "rows": []}
                        ],
                        "sign": ["区住建局", "30 March 2026"],
                    },
                }
            ]
        }
    )

    items: tuple[Draft, ...]
