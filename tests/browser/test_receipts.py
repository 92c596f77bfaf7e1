"""A receipt and a material, by the phone that took their picture, with script and without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import office, pictures
from tests.browser import walk
from tests.workflow import look
from workflow.commands import act

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SERVED: dict[str, Any] = {
    "served_method": "in_person",
    "served_on": "2026-03-20",
    "receipt": "本人签收",
}


def _served(district: office.District) -> act.Receipt:
    """A petition whose notice, its third paper, was served."""
    filed = district.file("petition_officer", process="petition")
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    district.do(filed, "accept", "handler", route="6")
    district.do(filed, "serve_paper", "handler", paper=3, **SERVED)
    return filed


def test_a_photo_when_taken_by_phone_without_script_is_attached_and_downloaded(
    shared_site: walk.Site, tmp_path: Path
) -> None:
    filed = _served(shared_site.district)
    photo = tmp_path / "IMG_0001.jpg"
    photo.write_bytes(pictures.photo(size=(600, 300), orientation=6))
    with shared_site.signed_in("handler", phone=True, script=False) as handler:
        handler.go(f"/cases/{filed.case_id}")
        handler.press("上传送达回证")
        handler.press("上传送达回证")
        assert "没有选文件" in handler.text()
        assert handler.page.get_attribute("#f-photo", "capture") == "environment"
        handler.page.set_input_files("#f-photo", photo)
        handler.press("上传送达回证")
        assert handler.page.url.endswith(f"/cases/{filed.case_id}")
        assert "送达回证已上传" in handler.page.inner_text("body")
        with handler.page.expect_download() as download:
            handler.page.click(f"a[href='/cases/{filed.case_id}/attachments/1']")
        kept = Path(download.value.path()).read_bytes()
        assert download.value.suggested_filename.endswith(".jpg")
        assert kept.startswith(b"\xff\xd8\xff")
        assert pictures.SECRET not in kept


def test_a_notice_to_both_sides_is_served_to_one_after_the_other_by_phone(
    shared_site: walk.Site,
) -> None:
    district = shared_site.district
    filed = district.file()
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.do(filed, "refuse_mediation", "mediator", refusing_side="respondent", routes_told=True)
    form, page = f"/cases/{filed.case_id}/do/serve_paper", f"/cases/{filed.case_id}"
    (no,) = look.unserved(district, filed.case_id)
    fields = SERVED | {"paper": str(no)}
    with shared_site.signed_in("mediator", phone=True) as mediator:
        mediator.go(form)
        mediator.fill(fields)
        mediator.press("送达文书")
        assert "填还没有收到的一方" in mediator.text()
        mediator.fill({"served_to": "applicant"})
        mediator.press("送达文书")
        assert "待送达 被申请方" in mediator.go(page).inner_text("main")
        mediator.go(form)
        mediator.fill(fields | {"served_to": "respondent"})
        mediator.press("送达文书")
        assert "待送达" not in mediator.go(page).inner_text("main")
        assert district.case(filed).is_closed


@pytest.mark.parametrize("script", [True, False])
def test_a_material_when_photographed_on_a_wet_evening_lies_in_the_file(
    shared_site: walk.Site, tmp_path: Path, *, script: bool
) -> None:
    filed = shared_site.district.file()
    photo = tmp_path / "IMG_0002.jpg"
    photo.write_bytes(pictures.photo(size=(600, 300), orientation=6))
    with shared_site.signed_in("officer", phone=True, script=script) as officer:
        officer.go(f"/cases/{filed.case_id}/do/add_material")
        officer.fill({"material_kind": "evidence", "material_title": "天花板照片，原件"})
        officer.send_as_it_stands()
        assert "天花板照片，原件" in officer.page.input_value("[name=material_title]"), "kept"
        officer.fill({"material_sheets": "1"})
        officer.press("登记入卷材料")
        officer.page.set_input_files("#f-photo", photo)
        officer.press("上传附件")
        assert officer.page.url.endswith(f"/cases/{filed.case_id}")
        assert "附件已上传" in officer.page.inner_text("body")
        with officer.page.expect_download() as download:
            officer.page.click(f"a[href='/cases/{filed.case_id}/attachments/1']")
        assert Path(download.value.path()).read_bytes().startswith(b"\xff\xd8\xff")


@pytest.mark.long
@pytest.mark.parametrize("how", walk.HEARD)
def test_the_page_of_a_material_when_checked_has_no_grave_fault(
    shared_site: walk.Site, tmp_path: Path, how: walk.How
) -> None:
    filed = shared_site.district.file()
    material: dict[str, Any] = {
        "material_kind": "evidence",
        "material_title": "照片",
        "material_sheets": 2,
    }
    seq = shared_site.district.do(filed, "add_material", "officer", **material).seq
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(pictures.scan())
    with shared_site.visitor(**walk.kind(how)) as officer:
        officer.sign_in("officer", office.PASSWORD)
        officer.go(f"/cases/{filed.case_id}/materials/{seq}/files")
        faults = walk.check(officer, f"{how}-material")
        officer.page.set_input_files("#f-file", scan)
        officer.send_as_it_stands()
        faults += walk.check(officer, f"{how}-case-with-material")
        officer.go(f"/cases/{filed.case_id}/file")
        faults += walk.check(officer, f"{how}-file-with-material")
    assert faults == []


@pytest.mark.long
@pytest.mark.parametrize("how", walk.HEARD)
def test_the_page_when_checked_has_no_grave_fault(
    shared_site: walk.Site, tmp_path: Path, how: walk.How
) -> None:
    filed = _served(shared_site.district)
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(pictures.scan())
    with shared_site.visitor(**walk.kind(how)) as handler:
        handler.sign_in("handler", office.PASSWORD)
        where = f"/cases/{filed.case_id}/papers/3/receipts"
        handler.go(where)
        faults = walk.check(handler, f"{how}-receipts")
        handler.send_as_it_stands()
        faults += walk.check(handler, f"{how}-receipts-faults")
        assert handler.page.locator(".error-summary a").count() == 1
        handler.page.set_input_files("#f-file", scan)
        handler.send_as_it_stands()
        faults += walk.check(handler, f"{how}-case-with-receipt")
        handler.go(where)
        faults += walk.check(handler, f"{how}-receipts-attached")
        assert handler.page.locator("section#att, h2#att").count() == 1
    assert faults == []
