"""What an attached file is, by its bytes; and the file as it is kept.

A picture is read and written anew, turned as it was held: what a phone writes into it beside the
picture (place, time, device, a small copy of what was cut off) is gone, and so is whatever hid
behind it. A PDF is kept as it came, if nothing in it can run.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from PIL import Image, ImageFile, ImageOps

from rules import errors

Media = Literal["image/jpeg", "image/png", "image/webp", "application/pdf"]

SUFFIXES: Final[Mapping[str, str]] = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "application/pdf": "pdf",
}
"""What may be attached, and how such a file's name ends."""
PDF: Final = "application/pdf"
MOST_PIXELS: Final = 50_000_000
"""More than the cameras of phones; a small file may unfold to much more."""
MOST_UNFOLDED: Final = 64 * 1024 * 1024
"""What the objects of one PDF may unfold to."""
_FORMATS: Final[Mapping[str, str]] = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
}
_ORIENTATION: Final = 0x0112
_UNREADABLE: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
)
"""What the library raises for pictures that are none."""
# ours is lower, and looked at before a pixel is read; theirs would only warn up to the double
Image.MAX_IMAGE_PIXELS = None

# Names of a PDF that make a reader do something, or bring a file along; and what locks it.
_ACTIVE: Final = re.compile(
    rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData|GoToE|GoToR"
    rb"|Movie|Sound|Rendition)(?![A-Za-z0-9])"
)
_LOCKED: Final = re.compile(rb"/Encrypt(?![A-Za-z0-9])")
_PACKED: Final = re.compile(rb"/ObjStm(?![A-Za-z0-9])")
_FILTERS: Final = re.compile(rb"/Filter\s*(\[[^\]]*\]|/[A-Za-z0-9]+)")
_ESCAPED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """A file as it may be kept. `sent` is the fingerprint of what came, `kept` of this."""

    media: Media
    content: bytes
    sent: str
    kept: str


def fingerprint(content: bytes) -> str:
    """The SHA-256 of a content, hex."""
    return hashlib.sha256(content).hexdigest()


def cleaned(content: bytes, *, most_bytes: int) -> Clean:
    """The file as it may be kept. Its name and what the sender calls it are not asked for.

    Raises: `attachment.empty`, `attachment.too_large`, `attachment.type`, `attachment.broken`,
    `attachment.pixels`, `attachment.active`, `attachment.locked`.
    """
    if not content:
        raise errors.Invalid("attachment.empty", field="file")
    if len(content) > most_bytes:
        raise errors.Invalid("attachment.too_large", field="file", most_mb=most_bytes // 2**20)
    media = _media(content)
    if media is None:
        raise errors.Invalid("attachment.type", field="file")
    if media == PDF:
        _refuse_active(content)
        made = content
    else:
        made = _redrawn(content, media)
    return Clean(media=media, content=made, sent=fingerprint(content), kept=fingerprint(made))


def _media(content: bytes) -> Media | None:
    """What a file is by its first bytes."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "application/pdf" if content.startswith(b"%PDF-") else None


# -- pictures -------------------------------------------------------------------------------------


def _redrawn(content: bytes, media: Media) -> bytes:
    """The picture alone."""
    try:
        with Image.open(io.BytesIO(content), formats=(_FORMATS[media],)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                most = MOST_PIXELS // 1_000_000
                raise errors.Invalid("attachment.pixels", field="file", most=most)
            return _saved(picture, media)
    except _UNREADABLE as error:
        raise errors.Invalid("attachment.broken", field="file") from error


def _saved(picture: Image.Image, media: Media) -> bytes:
    if getattr(picture, "is_animated", False) and picture.format != "MPO":
        raise errors.Invalid("attachment.broken", field="file")  # one picture, not a film
    is_jpeg = picture.format == "JPEG"
    is_upright = picture.getexif().get(_ORIENTATION, 1) == 1
    # weasyprint sets it for the whole process: half a picture would pass as one
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    picture.load()
    upright = picture if is_upright else ImageOps.exif_transpose(picture)
    # whatever stands here would be written again: comments, profiles, places
    kept = {name: upright.info[name] for name in ("transparency",) if name in upright.info}
    upright.info.clear()
    upright.info.update(kept)
    out = io.BytesIO()
    if media == "image/jpeg":
        # as it was compressed, where it need not be turned: a receipt is evidence
        quality: int | str = "keep" if is_jpeg and is_upright else 95
        upright.save(out, "JPEG", quality=quality)
    elif media == "image/webp":
        upright.save(out, "WEBP", quality=95, exif=b"", xmp=b"", icc_profile=b"")
    else:
        upright.save(out, "PNG")
    return out.getvalue()


# -- PDF ------------------------------------------------------------------------------------------


def _refuse_active(content: bytes) -> None:
    """A scan is pages. What can run, send, or bring other files along is refused; and what cannot
    be looked into, which might. It is never opened here: this is one net of several."""
    if b"%%EOF" not in content:
        raise errors.Invalid("attachment.broken", field="file")
    for part in _objects(content):
        plain = _ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), part)
        if _LOCKED.search(plain):
            raise errors.Invalid("attachment.locked", field="file")
        if _ACTIVE.search(plain):
            raise errors.Invalid("attachment.active", field="file")


def _objects(content: bytes) -> Iterator[bytes]:
    """The objects of a PDF without the data of its pictures, in which any word may stand by
    chance; those that are packed into streams unpacked."""
    at, left = 0, MOST_UNFOLDED
    while (begin := content.find(b"stream", at)) >= 0:
        outside = content[at:begin]
        yield outside
        end = content.find(b"endstream", begin)
        if end < 0:
            raise errors.Invalid("attachment.broken", field="file")
        head = _ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), outside)
        if _PACKED.search(head[head.rfind(b"obj") :]):
            found = _unpacked(head, content[begin + len(b"stream") : end], most=left)
            left -= len(found)
            yield found
        at = end + len(b"endstream")
    yield content[at:]


def _unpacked(head: bytes, data: bytes, *, most: int) -> bytes:
    """The objects of a packed stream. What is packed otherwise than usual is not looked into, and
    refused."""
    filters = _FILTERS.findall(head[head.rfind(b"obj") :])
    if not filters:
        return data
    if filters[-1].strip(b"[] \r\n\t") != b"/FlateDecode":
        raise errors.Invalid("attachment.locked", field="file")
    unfolding = zlib.decompressobj()
    try:
        found = unfolding.decompress(data.lstrip(b"\r\n"), max(most, 1))
    except zlib.error as error:
        raise errors.Invalid("attachment.broken", field="file") from error
    if unfolding.unconsumed_tail:
        raise errors.Invalid("attachment.locked", field="file")
    return found
