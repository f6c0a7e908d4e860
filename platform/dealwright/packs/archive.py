"""Archives of packs: one file for one version, the same bytes for the same content, checked before it is looked at.

    shop-1.2.0.zip
      META/files.json      path → SHA-256 and size of every other file; its own SHA-256 is the digest of the archive
      META/SIGNATURE.json  whose release it is (``signature``); not part of the digest, so it can be put in afterwards
      pack.json, entities/thing.json ...

The digest, not the bytes of the zip, is what an archive is known by: another compression of the same content is the same
release.
"""

from __future__ import annotations

import hashlib
import stat
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import ConflictError, DefinitionError, Problem
from dealwright.metadata import canonical, schemas, strict
from dealwright.packs import gate, signature
from dealwright.packs.examine import check
from dealwright.packs.source import PackSource, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LISTING: Final = "META/files.json"
#: The earliest moment that a zip file knows: the same for every entry.
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive on disk.

    Attributes:
        digest: SHA-256 of its list of files, in hex: what it is known by.
        files: How many files of the pack are in it.
        signature: Whose release it is; None if nobody has signed it.
    """

    path: Path
    id: str
    version: str
    digest: str
    files: int
    signature: signature.Signature | None = None


def build(folder: Path, target: Path) -> Archive:
    """Write the archive of a pack into the folder ``target``, as ``<id>-<version>.zip``.

    The same content gives the same bytes, whenever and wherever it is built (with the same zlib).

    Raises:
        DefinitionError: With everything that is wrong with the pack; nothing is written.
        ConflictError: If an archive of this version with other content is there already.
    """
    source = read(folder.resolve())
    if found := check([folder.resolve()]) or undeclared(source):
        raise DefinitionError(f"{source.id} has faults, so no archive was built", found)
    root = source.folder
    files = {one.relative_to(root).as_posix(): one.read_bytes() for one in root.rglob("*") if one.is_file()}
    listing = listed(files)
    digest = hashlib.sha256(listing).hexdigest()
    made = Archive(
        target / f"{source.id}-{source.layer.version}.zip", source.id, source.layer.version, digest, len(files)
    )
    if made.path.exists():
        if digest_of(made.path) != digest:
            message = (
                f"{made.path} holds another {source.id} {made.version}; a version never changes: raise it in pack.json"
            )
            raise ConflictError(message)
        return made
    target.mkdir(parents=True, exist_ok=True)
    _write(made.path, {**files, LISTING: listing})
    return made


def sign(path: Path, key: Ed25519PrivateKey, publisher: str = "") -> Archive:
    """Sign an archive: put the file into it that says whose release it is. Another signature in it is replaced.

    Args:
        path: The archive.
        key: The publisher's private key.
        publisher: Short name of the publisher; the one that the manifest names when empty.

    Raises:
        DefinitionError: As :func:`opened`, or if no publisher is named, or another one than in the manifest.
    """
    files = opened(path)
    manifest = _manifest(files, path.name)
    named = manifest.get("publisher", {}).get("id", "")
    if not (publisher or named) or (publisher and named and publisher != named):
        message = f"the manifest names the publisher “{named}”" if named else "nobody is named as publisher"
        message += "; name it in pack.json, and sign in its name"
        raise DefinitionError(
            f"{path.name} cannot be signed", [Problem("/publisher", "no-publisher", message, path.name)]
        )
    listing = listed(files)
    digest = hashlib.sha256(listing).hexdigest()
    content = signature.sign(key, publisher or named, manifest["id"], manifest["version"], digest)
    _write(path, {**files, LISTING: listing, signature.FILE: content})
    return looked_at(path)


def looked_at(path: Path) -> Archive:
    """Return what an archive is and whose, all of it checked but the documents of the pack.

    Raises:
        DefinitionError: As :func:`opened`, or if its manifest names no pack or its signature does not fit.
    """
    files, signed = _read(path)
    manifest = _manifest(files, path.name)
    digest = hashlib.sha256(listed(files)).hexdigest()
    made = Archive(path, manifest["id"], manifest["version"], digest, len(files))
    if signed is None:
        return made
    whose = signature.verified(signed, made.id, made.version, digest, path.name)
    named = manifest.get("publisher", {}).get("id", whose.publisher)
    if named != whose.publisher:
        message = f"it is signed by “{whose.publisher}”, and its manifest names the publisher “{named}”"
        raise DefinitionError(
            f"{path.name} cannot be trusted", [Problem("/publisher/id", "wrong-signature", message, path.name)]
        )
    return replace(made, signature=whose)


def undeclared(source: PackSource) -> list[Problem]:
    """Return why a pack cannot be released that does not say what its rules and roles may do."""
    acting = {"rule", "role", "approval", "sla", "deadline", "sequence", "intake"}
    if "permissions" in source.manifest or not any(one.document["kind"] in acting for one in source.layer.documents):
        return []
    message = "a release says under “permissions” what its rules and roles may do; dealwright pack lint names it"
    return [Problem("/permissions", "not-permitted", message, f"{source.layer.folder}/pack.json")]


def _write(path: Path, files: Mapping[str, bytes]) -> None:
    """Write an archive whole, or not at all; what would not be read again is not written.

    Raises:
        DefinitionError: As :func:`opened`.
    """
    written = path.with_suffix(".part")
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    try:
        opened(written)
    except DefinitionError:
        written.unlink()
        raise
    written.replace(path)


def listed(files: Mapping[str, bytes]) -> bytes:
    """Return the list of files of an archive, as it stands in it."""
    content = {name: {"sha256": hashlib.sha256(one).hexdigest(), "size": len(one)} for name, one in files.items()}
    return canonical.text({"files": content, "format": 1}).encode("utf-8")


def digest_of(path: Path) -> str:
    """Return the digest of an archive, all of it checked.

    Raises:
        DefinitionError: As :func:`opened`.
    """
    return hashlib.sha256(listed(opened(path))).hexdigest()


def opened(path: Path) -> dict[str, bytes]:
    """Return the files of an archive, without its list and signature, after all of them were held against that list.

    Raises:
        DefinitionError: If it does not pass the gate, or is not as its list says.
    """
    return _read(path)[0]


def _read(path: Path) -> tuple[dict[str, bytes], bytes | None]:
    """Return the files of an archive, and its signature, which is not looked at."""
    with path.open("rb") as stream:
        files = gate.entries(stream.read(gate.MAX_ARCHIVE + 1), path.name)
    said, signed = files.pop(LISTING, None), files.pop(signature.FILE, None)
    if said is None:
        message = f"there is no {LISTING} in it; build archives with dealwright pack build"
        raise DefinitionError(f"{path.name} cannot be read", [Problem("", "no-list", message, path.name)])
    if said != listed(files):
        raise DefinitionError(f"{path.name} is not as it was built", _differences(said, files, path.name))
    return files, signed


def _differences(said: bytes, files: Mapping[str, bytes], shown: str) -> list[Problem]:
    """Return which files are other than the list of an archive says."""
    content = strict.read(said, f"{shown}/{LISTING}")
    known = content.get("files") if isinstance(content, dict) else None
    real = strict.read(listed(files))["files"]
    if not isinstance(known, dict):
        return [Problem("", "wrong-list", "is no list of files", f"{shown}/{LISTING}")]
    found = [
        Problem("", "changed", "is not what the list of the archive says", f"{shown}/{name}")
        for name in sorted(known.keys() | real.keys())
        if known.get(name) != real.get(name)
    ]
    return found or [Problem("", "wrong-list", "is not written as pack build writes it", f"{shown}/{LISTING}")]


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Yield a folder with the pack of an archive, which is removed afterwards.

    Raises:
        DefinitionError: As :func:`opened`, or if its manifest names no pack.
    """
    files = opened(path)
    manifest = _manifest(files, path.name)
    with TemporaryDirectory(prefix="dealwright-") as place:
        # The id is a plain name: the schema says so. So is every part of every path: the gate says so.
        folder = Path(place).resolve() / manifest["id"]
        for name, content in files.items():
            file = folder.joinpath(*name.split("/"))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        yield folder


def _manifest(files: Mapping[str, bytes], shown: str) -> dict[str, Any]:
    source = f"{shown}/pack.json"
    manifest: dict[str, Any] = strict.read(files.get("pack.json", b"{}"), source)
    if found := schemas.check_manifest(manifest, source):
        raise DefinitionError(f"{shown} cannot be read", found)
    return manifest


def demand_same(source: PackSource, present: Iterable[PackSource]) -> None:
    """Refuse a release that is in force in the same version with other content.

    Raises:
        ConflictError: If there is one.
    """
    other = next((one for one in present if one.id == source.id), None)
    if other is not None and other.version == source.version and _content(other) != _content(source):
        raise ConflictError(
            f"{source.id} {source.layer.version} is in force with other content; a version never changes. "
            "Ask its publisher for a release with a version of its own"
        )


def _content(source: PackSource) -> str:
    """Return a digest of what a pack brings into the fold."""
    documents = sorted([one.source, canonical.text(one.document)] for one in source.layer.documents)
    texts = {locale: dict(some) for locale, some in source.layer.translations.items()}
    return canonical.digest([documents, texts, source.layer.manifest])
