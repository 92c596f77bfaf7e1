"""Personal values, sealed, apart from everything else; and who opened them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

IS_FOUND: Final = text("finder is not null")
"""Of the values by which cases of one person are found."""


class SealedValue(SQLModel, table=True):
    """One personal value of one event. The chain holds only its salted commitment, so that
    erasing value and salt leaves the chain valid."""

    __tablename__ = "sealed_value"

    case_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    seq: int = Field(primary_key=True)
    field: str = Field(primary_key=True, max_length=60)
    party_no: int | None = None
    kind: str = Field(max_length=20)
    key_id: int
    nonce: bytes = Field(max_length=12)
    sealed: bytes
    salt: bytes = Field(max_length=16)
    masked: str = Field(max_length=200)
    finder: bytes | None = Field(default=None, max_length=32)

    __table_args__ = (
        # whole in itself: where few values can be found, reading the table would look cheaper
        Index(
            "sealed_finder",
            "finder",
            "party_no",
            "case_id",
            postgresql_where=IS_FOUND,
            sqlite_where=IS_FOUND,
        ),
    )


class PersonalRead(SQLModel, table=True):
    """Somebody opened personal values of a case; the party can see this."""

    __tablename__ = "personal_read"

    id: UUID = Field(primary_key=True)
    month: int
    case_id: UUID = Field(foreign_key="case_file.id")
    at: datetime
    person_id: UUID = Field(foreign_key="person.id")
    fields: str = Field(max_length=400)
    reason: str = Field(max_length=200)

    __table_args__ = (Index("personal_read_case", "case_id", "at"),)
