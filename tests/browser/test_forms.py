"""The form of every action as whoever does it sees it: in both languages, on a phone and at a
desk, empty and refused."""

from __future__ import annotations

from importlib import resources
from typing import get_args

import pytest

from api.pages import action
from rules import load
from tests.browser import forms, walk

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NO_FORM = {"action/not_now.html": "what is said instead of a form; see test_looks.py"}


@pytest.fixture(scope="module")
def offered(shared_site: walk.Site) -> tuple[forms.Form, ...]:
    """The form of each action that any case offers, once."""
    return forms.found(shared_site.district, forms.lived(shared_site.district))


def test_every_action_of_the_pack_has_a_form_here(offered: tuple[forms.Form, ...]) -> None:
    """A new action is offered by a case of `tests/browser/forms.py`, or this fails."""
    assert sorted(forms.wanted() ^ {it.named for it in offered}) == []


@pytest.mark.parametrize("name", load.shipped_names())
def test_every_kind_of_input_of_a_shipped_pack_is_on_a_form_that_is_looked_at(name: str) -> None:
    pack = load.load(load.shipped(name)).pack
    looked_at = forms.kinds(forms.NATIONAL, forms.wanted())
    assert sorted(forms.kinds(pack, forms.wanted(pack)) - looked_at) == []


def test_every_layout_of_a_form_is_looked_at() -> None:
    there = {f"action/{it.name}" for it in (resources.files("api") / "templates/action").iterdir()}
    named = {name for _, name in forms.wanted()}
    looked_at = {action.LAYOUTS.get(name, "action/form.html") for name in named}
    assert sorted(there ^ (looked_at | set(NO_FORM))) == []


@pytest.mark.long
@pytest.mark.parametrize("language", get_args(walk.Language))
def test_forms_when_checked_in_both_sizes_have_no_grave_fault(
    shared_site: walk.Site, offered: tuple[forms.Form, ...], language: walk.Language
) -> None:
    """All of them empty; sent so, as many as have every kind of input between them. Colours are
    those of the parts, and are tried where a part is first met."""
    different = forms.unlike(offered)
    drawn = forms.between_them(different, forms.drawn)
    refused = forms.between_them(different, forms.asked)
    sizes = walk.sizes(language)
    faults: list[str] = []
    with shared_site.visitor(**walk.kind(sizes[0])) as visitor:
        for form in sorted(different, key=lambda it: it.who):
            open_(visitor, form)
            name, colours = ".".join(form.named), sizes if form in drawn else ()
            faults += walk.check_in_both_sizes(visitor, language, name, colours=colours)
            if form in refused:
                visitor.send_as_it_stands()
                needed = set(form.action.needs) - {form.action.today}
                assert visitor.page.locator(".error-summary a").count() >= len(needed)
                name = f"{name}-refused"
                faults += walk.check_in_both_sizes(visitor, language, name, colours=sizes)
    assert faults == []
    print(visitor.summary(language))


def open_(visitor: walk.Visitor, form: forms.Form) -> None:
    """The form, by whoever finds it."""
    if form.who == forms.RESIDENT:
        visitor.look_up(form.case.number, form.case.code or "")
    else:
        visitor.become(form.who)
    visitor.go(form.path)
    assert visitor.was_found, form
