"""Files as people send them: photos with what a phone writes into them, scans, and worse."""

from __future__ import annotations

import io
import zlib

from PIL import Image

SECRET = b"SecretDevice"
_MODEL, _ORIENTATION, _GPS = 0x0110, 0x0112, 0x8825


def _drawn(size: tuple[int, int]) -> Image.Image:
    picture = Image.new("RGB", size, (250, 250, 250))
    picture.paste((180, 20, 20), (0, 0, size[0] // 2, size[1] // 4))  # a seal, top left
    return picture


def photo(kind: str = "JPEG", *, size: tuple[int, int] = (64, 32), orientation: int = 1) -> bytes:
    """A photo that knows place and device, and says so in a comment too."""
    exif = Image.Exif()
    exif[_MODEL] = SECRET.decode()
    exif[_ORIENTATION] = orientation
    exif[_GPS] = {1: "N", 2: (32.0, 38.0, 0.0)}
    out = io.BytesIO()
    more = {"comment": SECRET} if kind == "JPEG" else {}
    _drawn(size).save(out, kind, exif=exif, icc_profile=SECRET * 4, **more)
    return out.getvalue()


def wide_header(width: int, height: int) -> bytes:
    """A PNG of some bytes that says it is huge."""
    head = b"IHDR" + width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\x00\x00\x00"
    chunk = (13).to_bytes(4) + head + zlib.crc32(head).to_bytes(4)
    data = b"IDAT" + zlib.compress(b"\0" * 64)
    chunk += (len(data) - 4).to_bytes(4) + data + zlib.crc32(data).to_bytes(4)
    return b"\x89PNG\r\n\x1a\n" + chunk


def film() -> bytes:
    """A moving picture."""
    out = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), (n, 0, 0)) for n in (1, 200)]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    return out.getvalue()


def scan(inside: bytes = b"", *, packed: bytes | None = None, data: bytes = b"\xff" * 40) -> bytes:
    """A PDF of one page; `inside` stands among its objects, `packed` in an object stream, `data`
    is its picture's."""
    parts = [
        b"%PDF-1.7\n1 0 obj <</Type /Catalog /Pages 2 0 R " + inside + b">> endobj\n",
        b"2 0 obj <</Type /Pages /Kids [] /Count 0>> endobj\n",
        b"3 0 obj <</Length %d>> stream\n" % len(data) + data + b"\nendstream endobj\n",
    ]
    if packed is not None:
        body = zlib.compress(packed)
        head = b"4 0 obj <</Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d>> stream\n"
        parts.append(head % len(body) + body + b"\nendstream endobj\n")
    return b"".join(parts) + b"trailer <</Root 1 0 R>>\n%%EOF\n"
