"""Signatures of archives: who says that this is a release of his, in one file of the archive.

    META/SIGNATURE.json   {"algorithm": "ed25519", "format": 1, "key": ..., "publisher": ..., "signature": ...}

What is signed is the digest of the archive with the pack's id, version and publisher, so a signature belongs to one
release and to nothing else. Ed25519 is RFC 8032, done by the library ``cryptography``. A public key is written as one
word, ``ed25519:`` and its 32 bytes in base64; a private one is a file in PKCS 8 that only its owner can read.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import ConflictError, DefinitionError, Problem
from dealwright.metadata import canonical, strict

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FILE: Final = "META/SIGNATURE.json"
ALGORITHM: Final = "ed25519"
_FORMAT: Final = 1
#: What a signature is about, so that one of another kind of document never counts for an archive.
_PURPOSE: Final = "dealwright pack release"
_KEYS: Final = frozenset({"algorithm", "format", "key", "publisher", "signature"})


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that is right: the holder of ``key`` has signed this very release in the name of ``publisher``."""

    publisher: str
    key: str


def new_key(file: Path) -> str:
    """Write a new private key, readable by its owner alone, and return the public one.

    Raises:
        ConflictError: If the file is there already: a key that is lost cannot be had again.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConflictError(f"{file} is there already; a key is never written over, choose another name") from None
    with os.fdopen(handle, "wb") as stream:
        stream.write(text)
    return _public(key)


def read_key(file: Path) -> Ed25519PrivateKey:
    """Return the private key in a file.

    Raises:
        DefinitionError: If there is none in it.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        message = "it holds no private Ed25519 key; make one with dealwright pack key FILE"
        raise DefinitionError(f"{file.name} cannot be used", [Problem("", "no-key", message, file.name)])
    return key


def sign(key: Ed25519PrivateKey, publisher: str, identifier: str, version: str, digest: str) -> bytes:
    """Return the file that signs a release."""
    content = {
        "algorithm": ALGORITHM,
        "format": _FORMAT,
        "key": _public(key),
        "publisher": publisher,
        "signature": base64.b64encode(key.sign(_signed(publisher, identifier, version, digest))).decode("ascii"),
    }
    return canonical.text(content).encode("utf-8")


def verified(content: bytes, identifier: str, version: str, digest: str, shown: str) -> Signature:
    """Return whose signature of this release stands in a file.

    Args:
        content: The file.
        identifier: Of the pack.
        version: Of the release.
        digest: Of the archive.
        shown: What problems call the archive.

    Raises:
        DefinitionError: If the file is no signature, or one of something else: then nothing about the archive is to
            be believed.
    """
    source = f"{shown}/{FILE}"
    said = strict.read(content, source)
    if not _is_signature(said):
        message = f"is no signature: it has not the keys {', '.join(sorted(_KEYS))} as dealwright pack sign writes them"
        raise DefinitionError(f"{shown} cannot be trusted", [Problem("", "wrong-signature", message, source)])
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        raw = base64.b64decode(said["signature"], validate=True)
        key = Ed25519PublicKey.from_public_bytes(key_bytes(said["key"]))
        key.verify(raw, _signed(said["publisher"], identifier, version, digest))
    except (InvalidSignature, ValueError, binascii.Error):
        message = "the signature does not fit: the archive, or the signature, is not what its publisher made"
        raise DefinitionError(f"{shown} cannot be trusted", [Problem("", "wrong-signature", message, source)]) from None
    return Signature(said["publisher"], said["key"])


def key_bytes(text: str) -> bytes:
    """Return the 32 bytes of a public key that is written as one word.

    Raises:
        ValueError: If it is none.
    """
    algorithm, _, rest = text.partition(":")
    if algorithm != ALGORITHM:
        raise ValueError(f"“{text}” is no key; expected {ALGORITHM}: and 32 bytes in base64")
    raw = base64.b64decode(rest, validate=True)
    if len(raw) != 32:
        raise ValueError(f"“{text}” is no key: it has {len(raw)} bytes; expected 32")
    return raw


def _signed(publisher: str, identifier: str, version: str, digest: str) -> bytes:
    said = {"digest": digest, "for": _PURPOSE, "id": identifier, "publisher": publisher, "version": version}
    return canonical.text(said).encode("utf-8")


def _public(key: Ed25519PrivateKey) -> str:
    return f"{ALGORITHM}:{base64.b64encode(key.public_key().public_bytes_raw()).decode('ascii')}"


def _is_signature(said: Any) -> bool:
    return (
        isinstance(said, dict)
        and said.keys() == _KEYS
        and said["format"] == _FORMAT
        and said["algorithm"] == ALGORITHM
        and all(isinstance(said[name], str) for name in ("key", "publisher", "signature"))
    )
