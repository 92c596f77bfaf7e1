"""The command that takes the pictures knows every page that the program has."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright import sync_api

from tests.browser import routes, shots

pytestmark = [pytest.mark.browser, pytest.mark.long]


def test_pictures_when_one_of_each_page_is_taken_leave_no_page_out(
    browser: sync_api.Browser, tmp_path: Path
) -> None:
    with shots.opened(browser) as it:
        sights = [*shots.sights(it)]
        one_of_each = {(routes.of(one.path), one.then.__qualname__): one for one in sights}
        seen = shots.take(it, tmp_path, [*one_of_each.values()], "zh-phone")
    assert routes.unseen(seen) == []
