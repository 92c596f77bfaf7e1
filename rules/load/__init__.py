"""YAML -> Pack: a folder of files read, its base laid under it, validated and hashed.

A pack's identity is the hash of its *document*: the sorted compact JSON of the resolved files
without the calendars. It does not change with formatting, key order or releases of the
program; and the pack is always built from that order, so that a pack read from a folder and
one read back from the database are equal.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import pydantic

from rules import calendars, errors, pack
from rules.load import dates, merge, shape, tree, valid

MAX_BYTES = 1_000_000
"""Of one file."""
MAX_FOLDER_BYTES = 3_000_000
"""Of all files of a folder; the national pack has a hundred thousand."""

Folder = Traversable | Path
Base = Callable[[str], Folder]

_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
_SUFFIX = ".yaml"
_PACK = pydantic.TypeAdapter(tuple[pack.Pack], config=valid.STRICT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A pack with its identity. `document` is what the database keeps; `places` says where
    each key of each file was written, for messages, and is no part of the pack."""

    pack: pack.Pack
    hash: str
    document: str
    places: Mapping[tuple[str, str], tree.Place] = field(
        default_factory=dict, repr=False, compare=False
    )


NATIONAL = "cn-national"
"""The pack that an installation starts with."""


def shipped(name: str = NATIONAL) -> Traversable:
    """The folder of a pack that comes with the program.

    Raises: NotFound pack.unknown.
    """
    if not is_shipped(name):
        raise errors.NotFound("pack.unknown", name=name[:60])
    return resources.files("rules") / "packs" / name


def is_shipped(name: str) -> bool:
    """Whether a pack of that name comes with the program."""
    if not _NAME.fullmatch(name):
        return False
    return (resources.files("rules") / "packs" / name / "pack.yaml").is_file()


def shipped_names() -> tuple[str, ...]:
    """The packs that come with the program."""
    folders = (resources.files("rules") / "packs").iterdir()
    return tuple(sorted(folder.name for folder in folders if (folder / "pack.yaml").is_file()))


def load(folder: Folder, *, base: Base = shipped) -> Loaded:
    """Read a pack's folder. `base` finds the pack that another `extends`.

    Raises: PackInvalid with every fault found (pack.*).
    """
    faults = tree.Faults()
    resolved = _resolved(folder, base=base, chain=(), faults=faults)
    faults.stop()
    document = _canonical(resolved)
    return Loaded(
        pack=_build(tree.ordered(resolved)),
        hash=_hash(document),
        document=document,
        places=_places(resolved),
    )


@functools.lru_cache(maxsize=16)
def from_document(document: str) -> Loaded:
    """The pack of a stored document; parsed once per process.

    Raises: PackInvalid.
    """
    root = tree.located(json.loads(document), tree.Place(file="document", line=0, key=""))
    if not isinstance(root, tree.Table):
        raise errors.PackInvalid([_fault("pack.wrong_shape", "document", expected="mapping")])
    return Loaded(pack=_build(root), hash=_hash(document), document=document)


def calendar_document(folder: Folder) -> str:
    """The calendars of a pack's folder as canonical JSON, the text its hash is taken of.

    Raises: PackInvalid.
    """
    faults = tree.Faults()
    root = tree.Table(tree.Place(file="calendars", line=1, key=""))
    years = tree.Table(root.place)
    for path in _files(folder / "calendars", faults):
        node = _read(path, file=f"calendars/{path.name}", faults=faults)
        if node is not None:
            (root if path.name == "hours.yaml" else years)[_stem(path)] = node
    root["years"] = years
    faults.stop()
    dates.built(root)
    return _canonical(root)


def calendar_folder(folder: Folder, *, base: Base = shipped) -> Folder:
    """Where a pack's calendars stand: in its own folder, or in that of a pack it extends."""
    faults, seen = tree.Faults(), {folder.name}
    while not (folder / "calendars").is_dir():
        head = _read(folder / "pack.yaml", file="pack.yaml", faults=faults)
        parent = str(head.get("extends", "")) if isinstance(head, tree.Table) else ""
        if not parent or parent in seen:
            break
        seen.add(parent)
        try:
            folder = base(parent)
        except errors.NotFound:  # reading the pack tells it, with its place
            break
    return folder


def load_calendar(folder: Folder) -> calendars.Calendar:
    """The calendar of a pack's folder.

    Raises: PackInvalid.
    """
    document = calendar_document(folder)
    zone = json.loads(document)["hours"]["zone"]
    return calendar_from_document(_hash(document), zone, document)


@functools.lru_cache(maxsize=64)
def calendar_from_document(hash: str, zone: str, document: str) -> calendars.Calendar:  # noqa: A002
    """The calendar of a stored document, with its index; built once per process.

    Raises: PackInvalid.
    """
    return dates.built(dates.stored(document), hash=hash, zone=zone)


def with_calendar(folder: Folder) -> tuple[Loaded, calendars.Calendar, str]:
    """A folder's pack, its calendar, and the calendar's document; one without calendars of its own
    uses the shipped ones.

    Raises: PackInvalid.
    """
    place = calendar_folder(folder)
    if not (place / "calendars").is_dir():
        place = shipped()
    return load(folder), load_calendar(place), calendar_document(place)


@functools.cache
def release(name: str) -> tuple[Loaded, calendars.Calendar, str]:
    """The same of a pack that comes with this release: its files do not change while it runs.

    Raises: NotFound pack.unknown.
    """
    return with_calendar(shipped(name))


# --- files


def _resolved(
    folder: Folder, *, base: Base, chain: tuple[str, ...], faults: tree.Faults
) -> tree.Table:
    """The folder's document laid upon that of the pack it extends."""
    own = _document(folder, prefix=f"{chain[-1]}/" if chain else "", faults=faults)
    head = own.get("pack")
    if not isinstance(head, tree.Table):
        return own
    parent = head.pop("extends", None)
    if parent is None:
        merge.refuse_nothing(own, faults)
        return own
    if "name" not in head:
        faults.add("pack.missing_key", head.place.under("name"), key="name")
    chain = chain or (str(head.get("name")),)
    if str(parent) in chain:
        faults.add("pack.circular", parent.place, chain=" > ".join((*chain, str(parent))))
        return own
    try:
        below = base(str(parent))
    except errors.NotFound:
        faults.add("pack.unknown_base", parent.place, name=str(parent)[:60])
        return own
    lower = _resolved(below, base=base, chain=(*chain, str(parent)), faults=faults)
    _check_limits(lower, own, faults)
    return merge.merged(lower, own, faults)


def _check_limits(lower: tree.Table, own: tree.Table, faults: tree.Faults) -> None:
    """Whose another limit is than the law's stands with it: its tag and its source."""
    laid, upon = lower.get("deadlines"), own.get("deadlines")
    for name, node in upon.items() if isinstance(upon, tree.Table) else ():
        below = laid.get(name) if isinstance(laid, tree.Table) else None
        changes = isinstance(node, tree.Table) and "limit" in node
        is_law = isinstance(below, tree.Table) and below.get("tag") == "national"
        if changes and is_law and not {"tag", "source"} <= set(node):
            faults.add("pack.limit_of_law", node.place, name=name)


def _document(folder: Folder, *, prefix: str, faults: tree.Faults) -> tree.Table:
    """The files of one folder by subject; every other name is a process."""
    document = tree.Table(tree.Place(file=f"{prefix}pack.yaml", line=1, key=""))
    processes = tree.Table(document.place)
    for path in _files(folder, faults):
        node = _read(path, file=f"{prefix}{path.name}", faults=faults)
        if node is None:
            continue
        section = _stem(path)
        if section == "pack" or section in shape.SECTIONS:
            document[section] = node
        else:
            processes[section] = node
    document["processes"] = processes
    if not isinstance(document.get("pack"), tree.Table):
        faults.add("pack.missing_file", document.place, file="pack.yaml")
    return document


def _files(folder: Folder, faults: tree.Faults) -> list[Folder]:
    if not folder.is_dir():
        faults.add("pack.missing_file", tree.Place(file=folder.name, line=0, key=""))
        return []
    found = [p for p in folder.iterdir() if p.name.casefold().endswith((_SUFFIX, ".yml"))]
    files: list[Folder] = []
    for path in sorted(found, key=lambda path: path.name):
        if path.name.endswith(_SUFFIX) and path.is_file():
            files.append(path)
        else:
            place = tree.Place(file=path.name[:60], line=0, key="")
            faults.add("pack.unread_file", place, file=path.name[:60])
    if sum(_size(path) for path in files) > MAX_FOLDER_BYTES:
        place = tree.Place(file=folder.name, line=0, key="")
        faults.add("pack.folder_too_large", place, max=MAX_FOLDER_BYTES)
        faults.stop()
    return files


def _size(path: Folder) -> int:
    """The bytes of a file, as many as matter; what lies in an archive has to be read for it."""
    if isinstance(path, Path):
        return path.stat().st_size
    with path.open("rb") as stream:
        return len(stream.read(MAX_BYTES + 1))


def _stem(path: Folder) -> str:
    return path.name.removesuffix(_SUFFIX)


def _read(path: Folder, *, file: str, faults: tree.Faults) -> tree.Node | None:
    """One file as nodes, not read at all when it is too large."""
    place = tree.Place(file=file, line=0, key="")
    if _size(path) > MAX_BYTES:
        faults.add("pack.too_large", place, max=MAX_BYTES)
        return None
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES)
    text = valid.decoded(data, place, max_bytes=MAX_BYTES, faults=faults)
    if text is None:
        return None
    return tree.read(text, file=file, faults=faults)


def _places(document: tree.Table) -> dict[tuple[str, str], tree.Place]:
    """Where the node of every file and key was written; a pack that extends another may have
    written it in another file, and an item of a list under another number."""
    places: dict[tuple[str, str], tree.Place] = {("pack.yaml", ""): document.place}
    processes = document.get("processes")
    files = {**document, **(processes if isinstance(processes, tree.Table) else {})}
    nodes = [(f"{name}{_SUFFIX}", "", node) for name, node in files.items() if name != "processes"]
    while nodes:
        file, key, node = nodes.pop()
        places[file, key] = node.place
        if isinstance(node, tree.Table):
            named = list(node.items())
        elif isinstance(node, tree.Many):
            named = [(str(number), child) for number, child in enumerate(node, start=1)]
        else:
            continue
        nodes.extend((file, f"{key}.{name}" if key else name, child) for name, child in named)
    return places


def _canonical(node: tree.Node) -> str:
    return json.dumps(tree.plain(node), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _hash(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


# --- validation


def _build(document: tree.Node) -> pack.Pack:
    faults = tree.Faults()
    root = shape.shaped(document, faults)
    faults.stop()
    built: pack.Pack = valid.validated(_PACK, root)
    return built


def _fault(code: str, file: str, **params: errors.Param) -> errors.PackFault:
    return errors.PackFault(file=file, line=0, key="", code=code, params=tuple(params.items()))
