"""HTML -> PDF: the one door to weasyprint, which needs pango on the machine, and to pypdf, which
lays the pages of scans into it. Nothing is fetched: papers bring all that they need.

A scan came from outside and may be anything: it is tried within bounds before a page of it is
promised, and what would do something when it is read or clicked stays behind.
"""

from __future__ import annotations

import importlib.util
import io
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Final

from rules import errors

STYLE = "static/css/paper.css"
DPI: Final = 200
"""Of pictures in a document: a photo of a paper can be read, and weighs a tenth."""
MOST_PAGES: Final = 300
"""Of scans in one document."""
MOST_DRAWN: Final = 1_000_000
"""Bytes of drawing on the pages of one scan, unfolded: a picture takes a hundred, and each million
seconds to read."""
_DRAWS: Final = frozenset(
    {"/Stamp", "/FreeText", "/Ink", "/Line", "/Square", "/Circle", "/Highlight", "/Underline"}
)
"""What may lie upon a page: it draws, and does no more."""
_MM: Final = 72 / 25.4
_ROOM_MM: Final = (27, 24, 158, 232)
"""Where a scan lies on its A4 page: left, bottom, width, height. Above it stands its name."""


def is_there() -> bool:
    """Whether the libraries are installed; whether pango is, only a try tells."""
    return all(importlib.util.find_spec(name) for name in ("weasyprint", "pypdf"))


def trouble() -> str | None:
    """Why no PDF can be made here, None where all is well."""
    try:
        _library()
    except ModuleNotFoundError as error:
        return error.name or "weasyprint"
    except OSError:
        return "pango"
    return None


def _library() -> Any:
    import pypdf  # noqa: F401, PLC0415  an extra's libraries, in their one door
    import weasyprint  # noqa: PLC0415

    return weasyprint


def ready() -> None:
    """Raises: `paper.no_pdf` where library or pango are not installed."""
    if trouble() is not None:
        raise errors.NotNow("paper.no_pdf")


@dataclass(slots=True)
class Scans:
    """Scans that came as PDF, each page under the anchor over whose page it is laid."""

    pages: dict[str, Any] = field(default_factory=dict)

    def add(self, content: bytes, *, anchor: str) -> int:
        """Takes in a scan, its pages as `anchor-0`, `anchor-1`, ... Gives how many; none where they
        cannot be laid into another document, or are too much: it has to be looked at itself."""
        import pypdf  # noqa: PLC0415  an extra's library, in its one door

        try:
            found = list(pypdf.PdfWriter(clone_from=io.BytesIO(content)).pages)
            if len(self.pages) + len(found) > MOST_PAGES:
                return 0
            if sum(map(_drawn, found)) > MOST_DRAWN:
                return 0
            trial = pypdf.PdfWriter()
            for page in found:
                _lay(trial.add_blank_page(width=595, height=842), page)
        except Exception:  # noqa: BLE001  from outside, and the library raises whatever it meets
            return 0
        self.pages |= {f"{anchor}-{n}": page for n, page in enumerate(found)}
        return len(found)


def made(html: str, *, scans: Scans | None = None) -> bytes:
    """The document as PDF, with the scans.

    Raises: `paper.no_pdf` where library or pango are not installed.
    """
    document = laid(html)
    found: bytes = document.write_pdf(optimize_images=True, dpi=DPI)
    return _with_scans(found, document, scans) if scans and scans.pages else found


def laid(html: str) -> Any:
    """The document in pages. Raises: `paper.no_pdf`."""
    ready()
    weasyprint = _library()
    style = (resources.files("api") / STYLE).read_text("utf-8")
    # what an address holds itself is a picture of ours; no other kind of address is fetched
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=("data",))
    sheet = weasyprint.CSS(string=style, url_fetcher=nothing)
    document = weasyprint.HTML(string=html, base_url=None, url_fetcher=nothing)
    return document.render(stylesheets=[sheet])


# --- scans


def _with_scans(content: bytes, document: Any, scans: Scans) -> bytes:
    import pypdf  # noqa: PLC0415  an extra's library, in its one door

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(content))
    for page, drawn in zip(writer.pages, document.pages, strict=True):
        for anchor in drawn.anchors:
            if anchor in scans.pages:
                _lay(page, scans.pages[anchor])
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def _drawn(page: Any) -> int:
    """How much is drawn on a page, without reading it."""
    found = page.get("/Contents")
    found = found.get_object() if found is not None else []
    parts = found if isinstance(found, list) else [found]
    return sum(len(part.get_object().get_data()) for part in parts)


def _lay(page: Any, scan: Any) -> None:
    """As large as the room lets it be, in the middle, upright as it was held."""
    import pypdf  # noqa: PLC0415  an extra's library, in its one door

    kept = [it for it in scan.get("/Annots") or () if _only_draws(it.get_object())]
    scan[pypdf.generic.NameObject("/Annots")] = pypdf.generic.ArrayObject(kept)
    scan.transfer_rotation_to_content()
    box = scan.cropbox
    left, bottom, width, height = (mm * _MM for mm in _ROOM_MM)
    scale = min(width / float(box.width), height / float(box.height))
    where = (
        pypdf.Transformation()
        .translate(-float(box.left), -float(box.bottom))
        .scale(scale)
        .translate(
            left + (width - scale * float(box.width)) / 2,
            bottom + (height - scale * float(box.height)) / 2,
        )
    )
    page.merge_transformed_page(scan, where)


def _only_draws(note: Any) -> bool:
    return note.get("/Subtype") in _DRAWS and "/A" not in note and "/AA" not in note
