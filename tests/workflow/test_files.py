"""What may be attached, judged by bytes alone; and the folder in which it lies."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageFile

from rules import errors
from tests import office, pictures
from workflow import clock, files, ids, personal

SEALS = personal.Seals(bytes(32))
PLACE = files.place_of(ids.uuid7(), ids.uuid7())


def _clean(content: bytes) -> files.Clean:
    return files.cleaned(content, most_bytes=office.MOST_BYTES)


@pytest.mark.parametrize(
    ("kind", "media"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")]
)
def test_a_photo_is_kept_without_place_and_device(kind: str, media: str) -> None:
    sent = pictures.photo(kind)
    assert pictures.SECRET in sent
    clean = _clean(sent)
    assert (clean.media, clean.sent) == (media, files.fingerprint(sent))
    assert clean.kept == files.fingerprint(clean.content) != clean.sent
    assert pictures.SECRET not in clean.content
    with Image.open(io.BytesIO(clean.content)) as kept:
        assert (kept.size, dict(kept.getexif())) == ((64, 32), {})
        red, _, blue = kept.convert("RGB").getpixel((4, 4))  # type: ignore[misc]
        assert red > 2 * blue, "the seal is where it was"


def test_a_photo_that_was_held_sideways_is_turned() -> None:
    clean = _clean(pictures.photo(orientation=6))
    with Image.open(io.BytesIO(clean.content)) as kept:
        assert kept.size == (32, 64)
        red, _, blue = kept.getpixel((28, 4))  # type: ignore[misc]
        assert red > 2 * blue


def test_a_photo_that_needs_no_turning_is_compressed_no_further() -> None:
    sent = pictures.photo(size=(200, 100))
    with Image.open(io.BytesIO(sent)) as one, Image.open(io.BytesIO(_clean(sent).content)) as two:
        assert one.quantization == two.quantization  # type: ignore[attr-defined]
        pairs = list(zip(one.tobytes(), two.tobytes(), strict=True))
        assert sum(abs(before - after) for before, after in pairs) < len(pairs)


def test_a_scan_is_kept_as_it_came() -> None:
    sent = pictures.scan(b"/OpenAction [3 0 R /Fit]", data=b"/JS (by chance in a picture)")
    assert _clean(sent).content == sent
    assert _clean(sent).media == "application/pdf"


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
REFUSED = {
    "nothing": (b"", "attachment.empty"),
    "a page": (b"<!doctype html><script>alert(1)</script>", "attachment.type"),
    "a drawing": (SVG, "attachment.type"),
    "a program": (b"MZ" + bytes(200), "attachment.type"),
    "a film": (pictures.film(), "attachment.broken"),
    "a gif": (b"GIF89a" + bytes(40), "attachment.type"),
    "half a photo": (pictures.photo()[:-40], "attachment.broken"),
    "a head alone": (b"\xff\xd8\xff\xe0" + SVG, "attachment.broken"),
    "too large": (pictures.photo() + bytes(office.MOST_BYTES), "attachment.too_large"),
    "a bomb": (pictures.wide_header(60_000, 60_000), "attachment.pixels"),
    "a script": (pictures.scan(b"/OpenAction <</S /JavaScript /JS (x)>>"), "attachment.active"),
    "an escaped one": (pictures.scan(b"/AA <</S /J#61vaScript>>"), "attachment.active"),
    "a packed one": (pictures.scan(packed=b"5 0 <</S /Launch /F (x)>>"), "attachment.active"),
    "a file inside": (pictures.scan(b"/Names <</EmbeddedFiles 5 0 R>>"), "attachment.active"),
    "a lock": (pictures.scan() + b"trailer <</Encrypt 5 0 R>>", "attachment.locked"),
    "half a scan": (pictures.scan()[:-10], "attachment.broken"),
    "no end": (pictures.scan(data=b"").replace(b"endstream", b""), "attachment.broken"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_trusted_is_refused(what: str) -> None:
    content, code = REFUSED[what]
    with pytest.raises(errors.Invalid) as told:
        _clean(content)
    assert (told.value.code, told.value.field) == (code, "file")


def test_half_a_photo_is_refused_though_another_library_would_take_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """weasyprint switches that on for the process as soon as a paper is printed."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(errors.Invalid, match=r"attachment.broken"):
        _clean(pictures.photo()[:-40])


def test_packing_that_cannot_be_looked_into_is_refused() -> None:
    odd = pictures.scan(packed=b"5 0 <<>>").replace(b"/FlateDecode", b"/LZWDecode  ")
    bomb = pictures.scan(packed=bytes(70 * 1024 * 1024))
    for content in (odd, bomb):
        with pytest.raises(errors.Invalid, match=r"attachment.locked"):
            _clean(content)


# -- the folder -------------------------------------------------------------------------------


def _store(folder: Path) -> files.Store:
    return files.Store(folder=folder / files.FOLDER, most_bytes=office.MOST_BYTES)


def test_a_file_lies_sealed_private_and_under_a_name_that_tells_nothing(tmp_path: Path) -> None:
    store = _store(tmp_path)
    kept = store.keep(SEALS, b"what it holds", place=PLACE)
    path = next(store.folder.glob("*/*"))
    assert path.name == kept.name
    assert b"what it holds" not in path.read_bytes()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert store.open(SEALS, kept.name, nonce=kept.nonce, place=PLACE) == b"what it holds"
    other = files.place_of(ids.uuid7(), ids.uuid7())
    assert store.open(SEALS, kept.name, nonce=kept.nonce, place=other) is None, "moved"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert store.open(SEALS, kept.name, nonce=kept.nonce, place=PLACE) is None, "changed"


def test_a_name_leads_nowhere_else(tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.keep(SEALS, b"x", place=PLACE)
    (tmp_path / "outside").write_bytes(b"x")
    for name in ("../outside", "outside", "", "/etc/hostname"):
        assert not store.has(name)
        assert store.open(SEALS, name, nonce=bytes(12), place=PLACE) is None


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.folder.write_bytes(b"a file where the folder should be")
    with pytest.raises(errors.Busy, match=r"attachment.disk"):
        store.keep(SEALS, b"x", place=PLACE)


def test_what_is_on_its_way_is_not_counted_as_left(tmp_path: Path) -> None:
    store = _store(tmp_path)
    kept = store.keep(SEALS, b"x", place=PLACE)
    now_s = clock.system().timestamp()
    assert list(store.names(before_s=now_s - 3600)) == []
    assert list(store.names(before_s=now_s + 60)) == [kept.name]
    beside = store.folder.parent / "beside"
    beside.write_bytes(b"not ours")
    store.drop("../beside")
    store.drop(kept.name)
    assert list(store.names(before_s=now_s + 60)) == []
    assert beside.exists()
