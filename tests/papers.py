"""The papers of the story, one dispute and one petition, as they are kept: each case's whole file.

python -m tests.papers FOLDER
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from sqlalchemy import select

from tests import test_story
from tests.api import desk
from workflow import db
from workflow.tables import case as case_tables

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
KEPT_BY: Final = {"dispute": "leader", "petition": "handler"}
"""Who opens the file of a case of each process."""
TOLD: Final = (
    test_story.test_a_dispute_goes_from_the_street_to_its_rating,
    test_story.test_a_petition_is_answered_served_and_closed_when_its_window_has_passed,
)


def write(folder: Path) -> list[Path]:
    """Tells the story, and writes one PDF a case."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with tempfile.TemporaryDirectory(prefix="gridcase-papers-") as place:
        for tell, (process, keeper) in zip(TOLD, KEPT_BY.items(), strict=True):
            database = db.open(f"sqlite:///{place}/{process}.db")
            db.upgrade(database)
            front = desk.open_desk(database, *KEPT_BY.values())
            tell(front.district)
            with db.snapshot(database) as tx:
                (case_id,) = tx.execute(select(_CASE.id)).scalars()
            answer = front.site.get(
                f"/cases/{case_id}/file/pdf",
                headers={"Authorization": f"Bearer {front.token(keeper)}"},
            )
            assert answer.status_code == 200, answer.text
            written.append(folder / f"{process}.pdf")
            written[-1].write_bytes(answer.content)
            db.close(database)
    return written


if __name__ == "__main__":
    for path in write(Path(sys.argv[1])):
        print(path)
