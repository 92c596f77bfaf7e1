"""Notices: who is told of what, in which words, once."""

from __future__ import annotations

from datetime import date

from tests import office
from workflow import db, outbox
from workflow.queries import office as office_query


def test_a_notice_names_number_and_day_and_nobody(database: db.Database) -> None:
    district = office.build(database)
    filed = district.file("officer")
    district.do(filed, "accept", "desk")
    outbox.run(district.engine)
    told = office_query.inbox(database, district.actor("officer"))
    assert [message.number for message in told] == [filed.number]
    asked = office_query.inbox(database, district.actor("desk"))
    assert asked[0].due_on == date(2026, 3, 25)
    words = " ".join(message.text.zh + message.text.en for message in (*told, *asked))
    assert "张示例" not in words
    assert "李样本" not in words


def test_who_acted_is_not_told_of_it(database: db.Database) -> None:
    district = office.build(database)
    district.file("desk")
    outbox.run(district.engine)
    assert office_query.inbox(database, district.actor("desk")) == ()
    assert office_query.unread(database, district.actor("desk")) == 0
