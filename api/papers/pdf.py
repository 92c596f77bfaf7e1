"""HTML -> PDF: the one door to weasyprint, which needs pango on the machine. It fetches nothing."""

from __future__ import annotations

import importlib.util
from importlib import resources
from typing import Any

from rules import errors

STYLE = "static/css/paper.css"


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


def made(html: str) -> bytes:
    """The document as PDF.

    Raises: `paper.no_pdf` where library or pango are not installed.
    """
    found: bytes = laid(html).write_pdf()
    return found


def laid(html: str) -> Any:
    """The document in pages. Raises: `paper.no_pdf`."""
    try:
        weasyprint = _library()
    except (ModuleNotFoundError, OSError) as error:
        raise errors.NotNow("paper.no_pdf") from error
    style = (resources.files("api") / STYLE).read_text("utf-8")
    # papers bring all that they need: no kind of address is fetched for them
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=())
    sheet = weasyprint.CSS(string=style, url_fetcher=nothing)
    document = weasyprint.HTML(string=html, base_url=None, url_fetcher=nothing)
    return document.render(stylesheets=[sheet])
