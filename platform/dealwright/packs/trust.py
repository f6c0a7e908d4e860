"""Whether a release may come in: whose it is, and whether it is what this workspace has known by its name.

    require_signature    a setting of the workspace: off, warn (as it is set in the beginning) or enforce

A signature that does not fit is refused under every setting, and so is a release of a version that was in force with
other content, one of a namespace that belongs to somebody else, and a lower version. A namespace belongs to the pack and the
key that brought it first; the publisher of that key may have more keys (``dealwright pack trust``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dealwright import clock
from dealwright.errors import ConflictError, DefinitionError, NotFoundError, Problem
from dealwright.metadata import names, strict
from dealwright.packs import order, ranges, releases, signature
from dealwright.storage import audit
from dealwright.storage import releases as stored

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from dealwright.packs.source import PackSource
    from dealwright.storage import Connection
    from dealwright.storage.releases import Release


def admit(connection: Connection, wanted: Iterable[Release], *, policy: str, downgrade: bool = False) -> list[Problem]:
    """Return what should be known about the releases that come in.

    Args:
        connection: Any transaction; nothing is written.
        wanted: What comes in.
        policy: The setting ``require_signature``.
        downgrade: Whether a lower version may follow a higher one.

    Raises:
        ConflictError: With everything for which one of them may not come in.
    """
    known = stored.all_of(connection)
    trusted = stored.keys(connection)
    found: list[Problem] = []
    warnings: list[Problem] = []
    for one in wanted:
        found += _impostor(one, known, trusted)
        found += _other_content(one, known)
        if not downgrade:
            found += _lower(one, known)
        if policy == "enforce" or (policy == "warn" and one.origin == "archive"):
            (found if policy == "enforce" else warnings).extend(_unsigned(one, trusted))
    if found:
        raise ConflictError("these releases cannot come in; nothing was changed", found)
    return warnings


def note(connection: Connection, wanted: Iterable[Release], *, by: str | None, at: datetime) -> None:
    """Remember releases that were put in force in this transaction."""
    for one in wanted:
        stored.put(connection, one, by=by, at=at)


def change(connection: Connection, publisher: str, key: str, *, trusted: bool, by: str | None = None) -> None:
    """Trust a key of a publisher, or trust it no more; said in the audit log.

    Raises:
        DefinitionError: If it is no key, or no name of a publisher.
        NotFoundError: If a key that is to be trusted no more is not trusted.
    """
    try:
        signature.key_bytes(key)
    except ValueError as error:
        raise DefinitionError("no such key can be trusted", [Problem("", "no-key", str(error), "key")]) from None
    if not names.is_name(publisher):
        message = f"“{publisher}” is no short name of a publisher: lower-case letters, digits and single _"
        raise DefinitionError("no such key can be trusted", [Problem("", "wrong-name", message, "publisher")])
    now = clock.now()
    done = (
        stored.trust(connection, publisher, key, by=by, at=now)
        if trusted
        else stored.distrust(connection, publisher, key)
    )
    if not done and not trusted:
        raise NotFoundError(f"this key of {publisher} is not trusted")
    if done:
        action = "publisher.trusted" if trusted else "publisher.distrusted"
        audit.append(connection, action=action, actor=by, at=now, subject=f"publisher:{publisher}", data={"key": key})


def lock(connection: Connection, present: Iterable[PackSource]) -> dict[str, Any]:
    """Return the lock file of a workspace: for each pack in force (``present``) which release it is.

    A pack that came in before releases were remembered is in it with its version alone.
    """
    latest = {(one.pack, one.version): one for one in stored.all_of(connection)}
    found: dict[str, dict[str, str]] = {}
    for pack in present:
        one = latest.get((pack.id, pack.layer.version))
        found[pack.id] = _locked(one) if one is not None else {"version": pack.layer.version}
    return {"format": 1, "packs": found}


def read_lock(file: Path) -> Mapping[str, Mapping[str, str]]:
    """Return what a lock file says of each pack.

    Raises:
        DefinitionError: If it is none.
    """
    content = strict.read(file, file.name)
    found = content.get("packs") if isinstance(content, dict) else None
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        message = "is no lock file; dealwright pack lock writes one"
        raise DefinitionError(f"{file.name} cannot be read", [Problem("", "wrong-form", message, file.name)])
    return found


def _locked(one: Release) -> dict[str, str]:
    found = {"version": one.version, "digest": one.digest, "namespace": one.namespace, "origin": one.origin}
    return found | {name: value for name, value in (("publisher", one.publisher), ("key", one.key)) if value}


def unlocked(wanted: Iterable[Release], locked: Mapping[str, Mapping[str, str]]) -> list[Problem]:
    """Return in what releases are other than a lock file says."""
    found = []
    for one in wanted:
        said = locked.get(one.pack)
        if said is None:
            found.append(_said(one, "not-locked", f"the lock file names no {one.pack}"))
        elif said.get("digest") != one.digest:
            locked_digest = str(said.get("digest"))[:12]
            message = (
                f"its digest is {one.digest[:12]}…, the lock file names {said.get('version')} with {locked_digest}…"
            )
            found.append(_said(one, "not-locked", message))
    return found


def _said(one: Release, code: str, message: str) -> Problem:
    return Problem("", code, message, f"{one.pack} {one.version}")


def _impostor(one: Release, known: Iterable[Release], trusted: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    if one.namespace in order.RESERVED:
        yield _said(one, "reserved-namespace", f"the namespace “{one.namespace}” is no pack's; choose another one")
        return
    owner = releases.shipped_namespaces().get(one.namespace)
    if owner is not None and owner != one.pack:
        message = f"the namespace “{one.namespace}” belongs to the shipped pack {owner}; choose another one"
        yield _said(one, "foreign-namespace", message)
        return
    if owner is not None and one.origin == "archive" and not _is_shipped(one) and not is_trusted(one, trusted):
        message = (
            f"{one.pack} comes with the platform; another release of it must be signed by a key that is trusted here"
        )
        yield _said(one, "foreign-namespace", message)
        return
    same = [other for other in known if other.namespace == one.namespace]
    if same and same[0].pack != one.pack:
        message = f"the namespace “{one.namespace}” belongs to the pack {same[0].pack}, which was here first"
        yield _said(one, "foreign-namespace", message)
    first = next((other for other in same if other.key), None)
    if first is None or one.origin != "archive" or one.key == first.key:
        return
    if one.publisher == first.publisher and is_trusted(one, trusted):
        return
    what = f"signed by {one.publisher} with another key" if one.key else "not signed"
    message = (
        f"the namespace “{one.namespace}” belongs to {first.publisher}, and this release is {what}; ask the publisher, "
        f"and if the key is new: dealwright pack trust {first.publisher} KEY"
    )
    yield _said(one, "foreign-namespace", message)


def _is_shipped(one: Release) -> bool:
    found = releases.shipped_release(one.pack)
    return found is not None and found.digest == one.digest


def is_trusted(one: Release, trusted: Mapping[str, Collection[str]]) -> bool:
    """Tell whether a release is signed by a key that is trusted for its publisher."""
    return bool(one.key) and one.key in trusted.get(one.publisher, ())


def _other_content(one: Release, known: Iterable[Release]) -> Iterator[Problem]:
    if one.origin != "archive":
        return
    for other in known:
        same = (other.pack, other.version, other.origin) == (one.pack, one.version, "archive")
        if same and other.digest != one.digest:
            message = (
                "this version was in force with other content; a version never changes: ask its publisher for a new one"
            )
            yield _said(one, "changed-release", message)
            return


def _lower(one: Release, known: Iterable[Release]) -> Iterator[Problem]:
    last = next((other for other in reversed(list(known)) if other.pack == one.pack), None)
    if last is not None and ranges.version(one.version) < ranges.version(last.version):
        message = f"{last.version} is or was in force, which is later; say --allow-downgrade if that is meant"
        yield _said(one, "downgrade", message)


def _unsigned(one: Release, trusted: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    if one.origin in ("shipped", "distribution"):
        return  # whoever installed the platform or the distribution trusted it with more than data
    if not one.key:
        what = "it comes from a folder, which nobody can sign" if one.origin == "folder" else "nobody has signed it"
        if one.origin == "archive":
            yield _said(one, "not-signed", f"{what}; its digest says that it is whole, not whose it is")
        else:
            yield _said(one, "not-signed", f"{what}; build an archive and sign it")
    elif not is_trusted(one, trusted):
        message = f"its key is not known here; if {one.publisher} publishes it: dealwright pack trust {one.publisher} {one.key}"
        yield _said(one, "unknown-key", message)
