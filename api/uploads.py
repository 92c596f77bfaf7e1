"""A file that is sent: its form read in memory, so that nothing of it lies anywhere unsealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from api import caller
from rules import errors

FORM: Final = "multipart/form-data"
FIELDS: Final = 10
FILES: Final = ("photo", "file")
"""A camera and a choice among files are two inputs of one form; one of them is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What was sent: the client's id of it, as text, and the content."""

    id: str
    content: bytes

    def uuid(self) -> UUID:
        """The id. Raises: `request.id`."""
        try:
            return UUID(self.id)
        except ValueError:
            code = "request.id" if self.id else "request.missing"
            raise errors.Invalid(code, field="id") from None


async def sent(request: Request) -> Upload:
    """The form of a request. Declared behind the guard, so that nobody unknown is listened to.

    Raises: `request.multipart`, `request.malformed`, `attachment.empty`, `attachment.one`.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise errors.Invalid("request.multipart", field="file")
    parser = MultiPartParser(
        request.headers, request.stream(), max_files=len(FILES), max_fields=FIELDS
    )
    parser.spool_max_size = caller.heaviest(request)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise errors.Invalid("request.malformed", field="file") from error
    found = [it for name in FILES for it in form.getlist(name) if isinstance(it, UploadFile)]
    contents = [content for it in found if (content := await it.read())]
    await form.close()
    if not contents:
        raise errors.Invalid("attachment.empty", field="file")
    if len(contents) > 1:
        raise errors.Invalid("attachment.one", field="file")
    told = form.get("id")
    return Upload(id=told if isinstance(told, str) else "", content=contents[0])


async def tried(request: Request) -> Upload | errors.GridcaseError:
    """The same for a page, which shows its form again with what is wrong."""
    try:
        return await sent(request)
    except errors.GridcaseError as error:
        return error


Sent = Annotated[Upload, Depends(sent)]
Tried = Annotated[Upload | errors.GridcaseError, Depends(tried)]

BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["id", "file"],
                    "properties": {
                        "id": {
                            "type": "string",
                            "format": "uuid",
                            "description": "Made by the client; sent again it answers again.",
                        },
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "JPEG, PNG, WebP or PDF, by its content.",
                        },
                    },
                }
            }
        },
    }
}
"""How the document of the API tells of such a form."""
