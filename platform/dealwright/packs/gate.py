"""The gate of archives: what is in a zip file that a stranger may have made, or why it is not looked at.

Nothing is ever extracted by the library: entries are read into memory, counted while they inflate, and only names that
every system takes for what they are get through. What a pack may hold is looked at afterwards (``contents``).
"""

from __future__ import annotations

import io
import stat
import unicodedata
import zipfile
import zlib
from typing import Final, NoReturn

from dealwright.errors import DefinitionError, Problem
from dealwright.packs.contents import MAX_BYTES, MAX_FILES, is_name

#: Bytes of a whole archive, and of all that is in it together.
MAX_ARCHIVE: Final = 10 << 20
MAX_TOTAL: Final = 50 << 20
#: How many times larger an entry may be than it is in the archive. JSON shrinks to a tenth, at times to a fiftieth.
MAX_RATIO: Final = 100
#: Below so many bytes the ratio says nothing: blanks shrink well.
_SMALL: Final = 10_000
MAX_DEPTH: Final = 8
MAX_PATH: Final = 180
_CHUNK: Final = 1 << 16
#: Of a local header before the name (APPNOTE.TXT 6.3.10, 4.3.7).
_HEADER: Final = 30


def entries(data: bytes, shown: str) -> dict[str, bytes]:
    """Return the files of an archive by path, in the order of the paths.

    Args:
        data: The archive.
        shown: What problems call it.

    Raises:
        DefinitionError: If anything about it is not as an archive of a pack is.
    """
    if len(data) > MAX_ARCHIVE:
        _refuse(shown, "too-large", f"the archive has {len(data):,} bytes; at most {MAX_ARCHIVE:,} are taken")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        _refuse(shown, "not-a-zip", f"it is no zip file: {error}")
    with archive:
        known = archive.infolist()
        if len(known) > MAX_FILES:
            _refuse(shown, "too-many-files", f"the archive has {len(known):,} entries; at most {MAX_FILES:,} are taken")
        faults = [*_names(known, shown), *_overlaps(known, shown)]
        if faults:
            raise DefinitionError(f"{shown} cannot be read", faults)
        return _inflated(archive, shown)


def _names(known: list[zipfile.ZipInfo], shown: str) -> list[Problem]:
    """Return what is wrong with the names and kinds of entries."""
    found: list[Problem] = []
    seen: dict[str, str] = {}
    for one in known:
        fault = _fault(one)
        folded = unicodedata.normalize("NFC", one.filename.rstrip("/")).casefold()
        if fault is None and folded in seen:
            fault = ("same-name", f"stands twice, as “{seen[folded]}”; leave one out")
        seen[folded] = one.filename
        if fault is not None:
            found.append(Problem("", *fault, f"{shown}/{_printable(one.orig_filename)}"))
    return found


def _fault(one: zipfile.ZipInfo) -> tuple[str, str] | None:
    name = one.filename
    if one.orig_filename != name:
        return "bad-file-name", "has a name that systems read differently; rename it"
    parts = name.removesuffix("/").split("/")
    if len(name) > MAX_PATH or len(parts) > MAX_DEPTH:
        return "bad-file-name", f"has a path of more than {MAX_PATH} characters or {MAX_DEPTH} folders"
    if not all(is_name(part) and not part.endswith(".") for part in parts):
        return "bad-file-name", "is no path of plain names: letters, digits, . _ and -, no .. and nothing before it"
    kind = stat.S_IFMT(one.external_attr >> 16)
    if kind not in (0, stat.S_IFDIR if one.is_dir() else stat.S_IFREG):
        return "symbolic-link", "is neither a plain file nor a folder"
    if one.flag_bits & 0x1:
        return "encrypted", "is encrypted; a pack has no secrets"
    if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "bad-compression", "is compressed in a way that is not taken; use deflate"
    if one.file_size > (0 if one.is_dir() else MAX_BYTES):
        return "too-large", f"has {one.file_size:,} bytes; at most {MAX_BYTES:,} are taken"
    if one.file_size > max(_SMALL, one.compress_size * MAX_RATIO):
        return "too-large", f"would grow to more than {MAX_RATIO} times its size"
    return None


def _overlaps(known: list[zipfile.ZipInfo], shown: str) -> list[Problem]:
    """Return a problem for entries that share bytes, and for bytes before the first one."""
    found: list[Problem] = []
    end = 0
    for one in sorted(known, key=lambda one: one.header_offset):
        if one.header_offset < end or (end == 0 and one.header_offset > 0):
            found.append(Problem("", "overlapping", "does not begin where the entry before it ends", shown))
            break
        end = one.header_offset + _HEADER + len(one.orig_filename.encode()) + one.compress_size
    return found


def _inflated(archive: zipfile.ZipFile, shown: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    total = 0
    for one in sorted(archive.infolist(), key=lambda one: one.filename):
        if one.is_dir():
            continue
        content = bytearray()
        try:
            with archive.open(one) as stream:
                while chunk := stream.read(_CHUNK):
                    content += chunk
                    total += len(chunk)
                    if len(content) > MAX_BYTES or total > MAX_TOTAL:
                        _refuse(f"{shown}/{one.filename}", "too-large", "grows beyond what is taken")
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            _refuse(f"{shown}/{one.filename}", "damaged", f"cannot be read: {error}; build the archive anew")
        found[one.filename] = bytes(content)
    return found


def _printable(name: str) -> str:
    """Return a name that can be shown: it may hold anything."""
    return "".join(char if char.isprintable() else "?" for char in name[:MAX_PATH])


def _refuse(shown: str, code: str, message: str) -> NoReturn:
    raise DefinitionError(f"{shown} cannot be read", [Problem("", code, message, shown)])
