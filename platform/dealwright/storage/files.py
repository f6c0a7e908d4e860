"""Uploaded files: the content on disk under its own digest, what is known of it in the database.

    <folder>/ab/abcd…        content, named by its SHA-256: the same content is stored once, and cannot be overwritten

A file is written under a temporary name, flushed to the disk and then given its name, so it is whole or not there. It is
stored before the record that names it and removed only when no record has named it for a day: a backup that takes the
database first and the files second has every file it needs.

What a file is follows from its first bytes, never from its name or from what the sender says of it.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO

import sqlalchemy as sa

from dealwright import clock
from dealwright.errors import NotFoundError, TooLargeError
from dealwright.storage.several import chunks, possible
from dealwright.storage.system import file

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from dealwright.storage.database import Connection, Database

#: Bytes of one file unless a field says otherwise.
LARGEST = 25 * 2**20
#: How long a file that no record names is kept.
UNATTACHED = timedelta(days=1)
_BLOCK = 2**16
#: How the name of a file begins that is still being written.
_UNFINISHED = ".new-"
_LONGEST_NAME = 150
#: First bytes of what is shown or named by its type (Library of Congress, "Sustainability of Digital Formats").
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
)
#: What a zip archive is called by its ending; the content decides only that it is one.
_ARCHIVES = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_UNKNOWN = "application/octet-stream"
#: Types that a browser shows without a script ever running in them; everything else is downloaded.
PICTURES = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})


@dataclass(frozen=True, slots=True)
class Kept:
    """Content that lies on the disk. ``digest`` is its SHA-256 in hex, ``head`` its first bytes."""

    digest: str
    size: int
    head: bytes


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as records name it.

    Attributes:
        name: As shown and downloaded; never a path.
        size: In bytes.
        type: Media type, by content.
        entity, record: The record it is attached to; None until it is saved with one.
    """

    id: str
    digest: str
    name: str
    size: int
    type: str
    created_at: datetime
    created_by: str | None
    entity: str | None
    record: str | None


_COLUMNS = [file.c[name] for name in StoredFile.__slots__]


def keep(folder: Path, content: BinaryIO, *, largest: int = LARGEST) -> Kept:
    """Write content to the disk and wait until it is there; nothing is left behind if it fails.

    Args:
        folder: Where the workspace's files lie; made if it is missing.
        content: Read to its end.
        largest: Bytes taken at most.

    Raises:
        TooLargeError: If there are more; found while reading, not from what the sender says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest, size, head = hashlib.sha256(), 0, b""
    with NamedTemporaryFile(dir=folder, prefix=_UNFINISHED, delete=False) as temporary:
        try:
            while block := content.read(_BLOCK):
                size += len(block)
                if size > largest:
                    raise TooLargeError(f"the file has more than {largest:,} bytes; send a smaller one")
                head = head or block[:_BLOCK]
                digest.update(block)
                temporary.write(block)
            temporary.flush()
            os.fsync(temporary.fileno())
            place = path(folder, digest.hexdigest())
            place.parent.mkdir(exist_ok=True)
            Path(temporary.name).chmod(0o440)
            Path(temporary.name).replace(place)
            _flush(place.parent)
        except BaseException:
            Path(temporary.name).unlink(missing_ok=True)
            raise
    return Kept(digest.hexdigest(), size, head)


def add(connection: Connection, kept: Kept, name: str, *, by: str | None) -> StoredFile:
    """Make content a file that a record can name."""
    shown = clean_name(name)
    made = StoredFile(
        clock.new_id(), kept.digest, shown, kept.size, type_of(kept.head, shown), clock.now(), by, None, None
    )
    connection.execute(sa.insert(file).values({name: getattr(made, name) for name in StoredFile.__slots__}))
    return made


def get(connection: Connection, identifier: str) -> StoredFile:
    """Return a file.

    Raises:
        NotFoundError: If there is none with this id.
    """
    found = many(connection, [identifier])
    if not found:
        raise NotFoundError(f"there is no file with the id “{identifier[:80]}”")
    return found[identifier]


def many(connection: Connection, ids: Collection[str]) -> dict[str, StoredFile]:
    """Return files by id; an id without a file is left out."""
    found: dict[str, StoredFile] = {}
    for some in chunks(possible(ids)):
        for row in connection.execute(sa.select(*_COLUMNS).where(file.c.id.in_(some))):
            found[row.id] = StoredFile(*row)
    return found


def attach(connection: Connection, ids: Collection[str], entity: str, record: str) -> None:
    """Note, in the transaction of its save, that a record names these files."""
    for some in chunks(possible(ids)):
        connection.execute(sa.update(file).where(file.c.id.in_(some)).values(entity=entity, record=record))


def sweep(database: Database, folder: Path) -> int:
    """Remove files that no record has named for a day; return how many. Content that others share stays.

    Content goes after the commit, and only if it has lain there for a day: somebody may be sending the same again. What
    a crash has left without a row, or half written, goes too.
    """
    before = clock.now() - UNATTACHED
    with database.write() as connection:
        old = sa.delete(file).where(file.c.record.is_(None), file.c.created_at < before)
        removed = connection.execute(old).rowcount
    # Nothing but what `keep` writes: other files may lie in the folder.
    ours = [*folder.glob(f"{_UNFINISHED}*"), *(one for one in folder.glob("??/*") if _DIGEST.match(one.name))]
    lying = {one.name: one for one in ours if one.is_file() and one.stat().st_mtime < before.timestamp()}
    with database.read() as connection:
        for some in chunks(sorted(lying)):
            for digest in connection.scalars(sa.select(file.c.digest).where(file.c.digest.in_(some))):
                lying.pop(digest, None)
    for place in lying.values():
        place.unlink(missing_ok=True)
    return removed


def path(folder: Path, digest: str) -> Path:
    """Return where content with this digest lies."""
    if not _DIGEST.match(digest):
        raise ValueError(f"“{digest[:80]}” is no SHA-256 digest")
    return folder / digest[:2] / digest


_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


def type_of(head: bytes, name: str) -> str:
    """Return the media type of content by its first bytes; text and Office files are told apart by their names.

    What is not known for certain is ``application/octet-stream``, which every browser downloads and none shows.
    """
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return _ARCHIVES.get(Path(name).suffix.lower(), kind) if kind == "application/zip" else kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return ("text/csv" if name.lower().endswith(".csv") else "text/plain") if _is_text(head) else _UNKNOWN


def clean_name(name: str) -> str:
    """Return a file name that is safe to show and to download.

    The last part of a path, without control and direction marks (which can make ``exe.jpg`` of ``gpj.exe``), without
    dots and blanks at its ends, at most 150 characters with its ending; ``file`` if nothing is left.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join(one for one in last if unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    kept = re.sub(r'[<>:"|?*]', "_", kept).strip(". ")
    if len(kept) > _LONGEST_NAME:
        ending = Path(kept).suffix[:20]
        kept = kept[: _LONGEST_NAME - len(ending)] + ending
    return kept or "file"


def _is_text(head: bytes) -> bool:
    """Tell whether bytes are text: UTF-8 (the last character may be cut) without control characters, and no markup."""
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.end < len(head) - 3 or error.reason != "unexpected end of data":
            return False
        text = head[: error.start].decode("utf-8-sig")
    return bool(text) and not any(one < " " and one not in "\t\r\n\f" for one in text)


def _flush(folder: Path) -> None:
    """Wait until the folder's own entries are on the disk; Windows does that by itself and has no such call."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def value(stored: StoredFile) -> dict[str, Any]:
    """Return a file as a record's field holds it."""
    return {"id": stored.id, "name": stored.name, "size": stored.size, "type": stored.type}
