"""Routing: which office a case goes to, and past which it goes."""

from __future__ import annotations

from uuid import UUID

import pytest

from rules import errors, pack, routing

DISTRICT, STREET, COMMUNITY, OTHER = "420303", "420303001", "420303001001", "420303001002"
GRID = f"{COMMUNITY}001"
AREAS = {
    DISTRICT: (DISTRICT,),
    STREET: (DISTRICT, STREET),
    COMMUNITY: (DISTRICT, STREET, COMMUNITY),
    OTHER: (DISTRICT, STREET, OTHER),
}
ORIGIN = (DISTRICT, STREET, COMMUNITY, GRID)


def office(n: int, kind: str, area: str, superior: int | None = None) -> routing.Office:
    return routing.Office(
        id=UUID(int=n),
        kind=kind,
        area=area,
        level=len(AREAS[area]),
        superior=None if superior is None else UUID(int=superior),
        ancestors=AREAS[area],
    )


OFFICES = (
    office(9, "department", DISTRICT, 1),
    office(8, "department", DISTRICT, 1),
    office(7, "petition_office", DISTRICT, 1),
    office(1, "leading_office", DISTRICT),
    office(2, "leading_office", STREET, 1),
    office(3, "mediation_committee", STREET, 2),
    office(4, "case_desk", COMMUNITY, 2),
    office(5, "mediation_committee", COMMUNITY, 3),
    office(6, "case_desk", OTHER, 2),
)
BY_ID = {one.id.int: one for one in OFFICES}


def sent(
    place: pack.Place,
    *kinds: str,
    origin: tuple[str, ...] = ORIGIN,
    lead: int | None = None,
    named: int | None = None,
    own: int | None = None,
    sender: int | None = None,
    excluded: tuple[int, ...] = (),
    offices: tuple[routing.Office, ...] = OFFICES,
) -> int:
    found = routing.route(
        pack.Route(place=place, kinds=kinds, field="to_office" if place == "field" else None),
        offices=offices,
        origin=origin,
        lead=None if lead is None else BY_ID[lead],
        named=None if named is None else UUID(int=named),
        own=None if own is None else BY_ID[own],
        sender=None if sender is None else BY_ID[sender],
        excluded=frozenset(UUID(int=n) for n in excluded),
    )
    return found.id.int


def test_nearest_goes_up_from_the_grid() -> None:
    assert sent("nearest", "case_desk") == 4
    assert sent("nearest", "petition_office") == 7
    assert sent("nearest", "leading_office") == 2
    assert sent("nearest", "case_desk", origin=AREAS[OTHER]) == 6


def test_in_one_area_the_kind_named_first_wins() -> None:
    assert sent("nearest", "case_desk", "mediation_committee") == 4
    assert sent("nearest", "mediation_committee", "case_desk") == 5


def test_of_several_alike_the_answer_hangs_on_no_order() -> None:
    assert sent("nearest", "department") == 8


def test_here_is_the_area_of_the_lead_office() -> None:
    assert sent("here", "mediation_committee", lead=4) == 5
    assert sent("here", "case_desk", "mediation_committee", lead=3) == 3
    with pytest.raises(errors.NotNow, match=r"route\.none kinds=mediation_committee"):
        sent("here", "mediation_committee", lead=6)


def test_above_is_strictly_above_the_lead_office() -> None:
    assert sent("above", "mediation_committee", lead=5) == 3
    assert sent("above", "leading_office", lead=2) == 1
    with pytest.raises(errors.NotNow, match=r"route\.none"):
        sent("above", "mediation_committee", lead=3)
    with pytest.raises(errors.NotNow, match=r"route\.none"):
        sent("above", "leading_office", lead=1)


def test_superior_is_the_line_and_not_the_area() -> None:
    assert sent("superior", "leading_office", lead=9) == 1
    assert sent("superior", "leading_office", lead=5) == 2  # past the committee above it
    with pytest.raises(errors.NotNow, match=r"route\.none"):
        sent("superior", "leading_office", lead=1)


def test_a_later_kind_stands_over_its_own_alone() -> None:
    offices = [
        office(1, "leading_office", DISTRICT),
        office(2, "department", DISTRICT, superior=1),
        office(3, "department", DISTRICT, superior=2),
        office(4, "case_desk", DISTRICT, superior=2),
        office(5, "department", DISTRICT, superior=2),
    ]
    by_id = {one.id.int: one for one in offices}
    kinds = ("leading_office", "department")

    def goes(place: pack.Place, lead: int, parted: tuple[int, ...] = ()) -> int:
        found = routing.route(
            pack.Route(place=place, kinds=kinds),
            offices=offices,
            origin=ORIGIN,
            lead=by_id[lead],
            named=None,
            parted=frozenset(UUID(int=one) for one in parted),
        )
        return found.id.int

    assert goes("superior", 3) == 2
    assert goes("superior", 2) == 1
    assert goes("superior", 4) == 1, "a desk is under no department"
    assert goes("common", 3, parted=(5,)) == 2
    assert goes("common", 3, parted=(2,)) == 1


def test_superiors_in_a_circle_end() -> None:
    circle = (office(1, "department", DISTRICT, 2), office(2, "department", DISTRICT, 1))
    with pytest.raises(errors.NotNow, match=r"route\.none"):
        routing.route(
            pack.Route(place="superior", kinds=("leading_office",)),
            offices=circle,
            origin=(),
            lead=circle[0],
            named=None,
            excluded=frozenset({UUID(int=2)}),
        )


def test_named_office_must_be_there_and_of_the_kind() -> None:
    assert sent("field", "department", named=9) == 9
    for code, named in (("kind", 7), ("unknown", 99), ("named_missing", None)):
        with pytest.raises(errors.Invalid) as caught:
            sent("field", "department", named=named)
        assert caught.value.code == f"route.{code}"
        assert caught.value.field == "to_office"


def test_own_office_where_it_fits_else_the_nearest() -> None:
    assert sent("own", "petition_office", "department", own=9) == 9
    assert sent("own", "petition_office", "department", own=4) == 7
    assert sent("own", "petition_office", "department") == 7


def test_who_files_elsewhere_comes_to_the_first_kind_however_near_another_is() -> None:
    station = office(10, "department", STREET, 2)
    kinds = ("petition_office", "department")
    assert sent("own", *kinds, own=4, offices=(*OFFICES, station)) == 7
    alone = tuple(one for one in OFFICES if one.kind != "petition_office")
    assert sent("own", *kinds, own=4, offices=(*alone, station)) == 10


def test_who_sent_it_on_gets_it_back_where_it_fits_else_the_nearest() -> None:
    assert sent("sender", "petition_office", "department", sender=9) == 9
    assert sent("sender", "petition_office", "department", sender=4) == 7
    assert sent("sender", "petition_office", "department", own=9) == 7
    assert sent("own", "petition_office", "department", sender=9) == 7
    assert sent("sender", "petition_office", "department", sender=9, excluded=(9,)) == 7


@pytest.mark.parametrize("place", ["here", "above", "superior"])
def test_a_route_from_the_lead_office_needs_one(place: pack.Place) -> None:
    with pytest.raises(errors.Invalid, match=r"route\.no_lead"):
        sent(place, "case_desk")


def test_I8_an_office_complained_about_is_passed_over_with_its_line() -> None:
    assert sent("nearest", "mediation_committee", excluded=(5,)) == 3
    assert sent("nearest", "leading_office", excluded=(2,)) == 1
    assert sent("nearest", "mediation_committee", excluded=(2,)) == 1  # 3 and 5 answer to it
    assert sent("nearest", "department", excluded=(8,)) == 1  # not to the other one beside it
    assert sent("own", "petition_office", "department", own=7, excluded=(7,)) == 1
    with pytest.raises(errors.NotNow, match=r"route\.no_one_above"):
        sent("nearest", "mediation_committee", excluded=(1,))
    with pytest.raises(errors.NotNow, match=r"route\.none"):
        sent("nearest", "governance_centre", excluded=(2,))
    assert sent("superior", "leading_office", lead=5, excluded=(2,)) == 1
    assert sent("own", "petition_office", "department", own=9, excluded=(9,)) == 7
    with pytest.raises(errors.Invalid, match=r"route\.complained"):
        sent("field", "department", named=9, excluded=(9,))


LEVELS = ("case_desk", "mediation_committee", "leading_office")


@pytest.mark.parametrize(("lead", "found"), [(4, 5), (5, 2), (3, 2), (2, None), (7, 1)])
def test_next_is_the_nearest_office_of_a_later_level(lead: int, found: int | None) -> None:
    """Two levels may share an area; who is on no level begins with the first."""
    if found is None:
        with pytest.raises(errors.NotNow) as caught:
            sent("next", *LEVELS, lead=lead)
        assert caught.value.code == "route.none"
    else:
        assert sent("next", *LEVELS, lead=lead) == found


def test_common_superior_is_above_all_that_objected() -> None:
    def common(lead: int, *parted: int) -> int:
        found = routing.route(
            pack.Route(place="common", kinds=("leading_office",)),
            offices=OFFICES,
            origin=ORIGIN,
            lead=BY_ID[lead],
            named=None,
            parted=frozenset(UUID(int=n) for n in parted),
        )
        return found.id.int

    assert common(8, 9) == 1
    assert common(5, 3) == 2
    assert common(5, 9) == 1  # the street is above only one of them
    assert common(5) == 2
    assert common(9, 1) == 2  # none is above the top: the highest that did not object
    with pytest.raises(errors.NotNow, match=r"route\.none"):
        common(2, 1)
