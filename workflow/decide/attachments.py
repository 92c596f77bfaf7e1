"""A file is attached to a case: an act of its own, that moves no state and no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from workflow.decide.decision import AttachmentRow, FileKind, Personal
from workflow.decide.draft import Draft

ATTACH: Final = "attach"
"""The event."""
NOTE: Final = "attachment"
"""What it says of the file, in its payload."""
KEPT: Final = "file:"
SENT: Final = "sent:"
"""What the sealed fingerprints of a file are called, of what was kept and of what came, before the
file's number."""

OF: Final[Mapping[str, str]] = {"receipt": "paper", "material": "material"}
"""What a file belongs to, as its event names it: the number of a paper that was served, or that of
the event by which a material came into the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attaching:
    """A file that lies on the disk and is to belong to a case. `no` is its number in the case,
    `of_no` that of what it belongs to; `paper_number` and `service_no` are a receipt's; `sent` and
    `kept` are the fingerprints of what came and of what was kept of it."""

    id: UUID
    no: int
    kind: FileKind
    of_no: int
    paper_number: str | None
    service_no: int | None
    media: str
    size_bytes: int
    name: str
    key_id: int
    nonce: bytes
    sent: str
    kept: str
    actor_id: UUID | None
    post_id: UUID | None


def attach(draft: Draft, asked: Attaching) -> None:
    """Records the file with its event. The chain holds a commitment to its fingerprints, so that
    no other content can take its place, and erasing it leaves the chain valid."""
    note: dict[str, object] = {"no": asked.no, "kind": asked.kind, OF[asked.kind]: asked.of_no}
    if asked.kind == "receipt":
        note |= {"number": asked.paper_number, "service": asked.service_no}
    seq = draft.record(
        ATTACH,
        action_id=str(asked.id),
        actor_kind="person",
        actor_id=asked.actor_id,
        post_id=asked.post_id,
        payload={NOTE: note | {"media": asked.media, "bytes": asked.size_bytes}},
        personal=(
            Personal(field=f"{KEPT}{asked.no}", kind="free_text", value=asked.kept),
            Personal(field=f"{SENT}{asked.no}", kind="free_text", value=asked.sent),
        ),
    )
    row = AttachmentRow(
        case_id=draft.case.id,
        no=asked.no,
        seq=seq,
        id=asked.id,
        kind=asked.kind,
        of_no=asked.of_no,
        service_no=asked.service_no,
        media=asked.media,
        size_bytes=asked.size_bytes,
        name=asked.name,
        key_id=asked.key_id,
        nonce=asked.nonce,
        attached_by=asked.actor_id,
        attached_at=draft.at,
    )
    draft.attachments.append(row)
