"""The small district, for every test of this folder."""

from __future__ import annotations

import pytest

from tests import office
from workflow import db


@pytest.fixture
def district(database: db.Database) -> office.District:
    """Friday 20 March 2026, four in the afternoon, on a database of its own."""
    return office.build(database)
