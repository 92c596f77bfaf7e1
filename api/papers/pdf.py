"""HTML -> PDF: the one door to weasyprint, which needs pango on the machine, and to pypdf, which
lays the pages of scans into it. Nothing is fetched: papers bring all that they need."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from rules import errors

STYLE = "static/css/paper.css"
DPI: Final = 200
"""Of pictures in a document: a photo of a paper can be read, and weighs a tenth."""
MOST_PAGES: Final = 200
"""Of one scan, in the file of a case."""
_UNREADABLE: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What the library raises, beside errors of its own, for files that are broken."""
_MM: Final = 72 / 25.4
_ROOM_MM: Final = (27, 24, 158, 232)
"""Where a scan lies on its A4 page: left, bottom, width, height. Above it stands its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A page of a scan that came as PDF."""

    content: bytes
    n: int


def is_there() -> bool:
    """Whether the library is installed; whether pango is, only a try tells."""
    return importlib.util.find_spec("weasyprint") is not None


def trouble() -> str | None:
    """Why no PDF can be made here, None where all is well."""
    try:
        _library()
    except ModuleNotFoundError:
        return "weasyprint"
    except OSError:
        return "pango"
    return None


def _library() -> Any:
    import weasyprint  # noqa: PLC0415  an extra's library, in its one door

    return weasyprint


def made(html: str, *, scans: Mapping[str, Sheet] | None = None) -> bytes:
    """The document as PDF. `scans` are laid over the pages that begin with the anchors named.

    Raises: `paper.no_pdf` where library or pango are not installed.
    """
    document = laid(html)
    found: bytes = document.write_pdf(optimize_images=True, dpi=DPI)
    return _with_scans(found, document, scans) if scans else found


def laid(html: str) -> Any:
    """The document in pages. Raises: `paper.no_pdf`."""
    try:
        weasyprint = _library()
    except (ModuleNotFoundError, OSError) as error:
        raise errors.NotNow("paper.no_pdf") from error
    style = (resources.files("api") / STYLE).read_text("utf-8")
    # what an address holds itself is a picture of ours; no other kind of address is fetched
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=("data",))
    sheet = weasyprint.CSS(string=style, url_fetcher=nothing)
    document = weasyprint.HTML(string=html, base_url=None, url_fetcher=nothing)
    return document.render(stylesheets=[sheet])


# --- scans that came as PDF


def n_pages(content: bytes) -> int:
    """How many pages a scan has; none where they cannot be laid into another document, or are too
    many: it has to be looked at itself. Tried before anything is drawn, since nobody has read it
    yet."""
    import pypdf  # noqa: PLC0415  an extra's library, in its one door

    try:
        pages, trial = _scan(content).pages, pypdf.PdfWriter()
        if len(pages) > MOST_PAGES:
            return 0
        for page in pages:
            _lay(trial.add_blank_page(width=595, height=842), page)
    except (pypdf.errors.PyPdfError, *_UNREADABLE):
        return 0
    return len(pages)


def _scan(content: bytes) -> Any:
    import pypdf  # noqa: PLC0415  an extra's library, in its one door

    return pypdf.PdfWriter(clone_from=io.BytesIO(content))


def _with_scans(content: bytes, document: Any, scans: Mapping[str, Sheet]) -> bytes:
    import pypdf  # noqa: PLC0415  an extra's library, in its one door

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(content))
    opened: dict[int, Any] = {}
    for page, drawn in zip(writer.pages, document.pages, strict=True):
        for anchor in drawn.anchors:
            if anchor in scans:
                scan = scans[anchor]
                if id(scan.content) not in opened:
                    opened[id(scan.content)] = _scan(scan.content)
                _lay(page, opened[id(scan.content)].pages[scan.n])
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def _lay(page: Any, scan: Any) -> None:
    """As large as the room lets it be, in the middle, upright as it was held."""
    import pypdf  # noqa: PLC0415  an extra's library, in its one door

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
