"""The papers of a case, their service, and the files attached to it. What a paper says stands
sealed with its event; what a file holds lies sealed in the data directory."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel


class Paper(SQLModel, table=True):
    """A paper that was made: its number and nothing of what it says. An office numbers by
    series and year, without a gap: the next serial is one more than the last, and the key
    holds two that were drawn at once apart."""

    case_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    no: int = Field(primary_key=True)
    seq: int
    name: str = Field(max_length=60)
    office_id: UUID = Field(foreign_key="office.id")
    series: str = Field(max_length=20)
    year: int
    serial: int
    number: str = Field(max_length=200)
    made_at: datetime

    __table_args__ = (
        UniqueConstraint("office_id", "series", "year", "serial", name="paper_serial"),
        CheckConstraint("serial > 0", name="paper_first"),
    )


class Service(SQLModel, table=True):
    """A paper that reached somebody (送达): how and on which day. `side` is whom, where a paper to
    both sides is served to one of them, else empty. Who received it, the receipt and the witness
    stand sealed with the event."""

    case_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    no: int = Field(primary_key=True)
    seq: int
    paper_no: int
    side: str = Field(max_length=20, sa_column_kwargs={"server_default": ""})
    method: str = Field(max_length=20)
    served_on: date
    served_by: UUID | None = Field(default=None, foreign_key="person.id")
    recorded_at: datetime

    __table_args__ = (Index("service_paper", "case_id", "paper_no", "side", unique=True),)


class Attachment(SQLModel, table=True):
    """A file of a case: what it is and belongs to, and where its content lies. `of_no` is the
    number of a paper that was served, or of the event by which a material came in. `id` comes from
    the client. The fingerprints of what came and of what was kept stand sealed with the event."""

    case_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    no: int = Field(primary_key=True)
    seq: int
    id: UUID
    kind: str = Field(max_length=20)
    of_no: int
    service_no: int | None
    media: str = Field(max_length=60)
    size_bytes: int
    name: str = Field(max_length=32)
    key_id: int
    nonce: bytes = Field(max_length=12)
    attached_by: UUID | None = Field(default=None, foreign_key="person.id")
    attached_at: datetime

    __table_args__ = (
        Index("attachment_id", "case_id", "id", unique=True),
        Index("attachment_name", "name", unique=True),
        CheckConstraint("size_bytes > 0", name="attachment_size"),
    )
