"""What a plan of packs is made of, and making it: from a form at first, and anew with what has been answered since.

An archive that is sent is kept for a day, so that its plan can be made anew with answers: gated, read and tested like at
first. Nothing else is remembered, and what a plan puts in force is stored with the plan.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from dealwright import pack_tests, packs
from dealwright.errors import ConflictError, DefinitionError, NotFoundError
from dealwright.packs.questions import Review
from dealwright.resources import shipped
from dealwright.storage import files
from dealwright.web import visit
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

    from dealwright.packs.questions import Answer

#: Largest archive that is looked at, in bytes; the gate has its own limits for what is in it.
LARGEST: Final = 20_000_000


def sent(content: BinaryIO, name: str, *, downgrade: bool) -> packs.Plan:
    """Plan an archive that somebody sends.

    Raises:
        TooLargeError: If it is larger than 20 MB.
        DefinitionError, ConflictError: If it cannot be read, or may not come in.
    """
    workspace = visit.workspace()
    kept = files.keep(workspace.folder, content, largest=LARGEST)
    with _archived(kept.digest, downgrade=downgrade) as wanted:
        with workspace.database.write() as connection:
            file = files.add(connection, kept, name, by=visit.user().id)
        return _made(wanted, {"archive": file.id, "downgrade": downgrade}, {})


def made(origin: Mapping[str, Any], answers: Mapping[str, Answer]) -> packs.Plan:
    """Plan ``{"pack": id}`` (one that lies beside the platform), ``{"without": id}``, or ``{"archive": id of a file}``.

    Raises:
        NotFoundError: If there is no such pack.
        ConflictError: If the archive is kept no more.
    """
    if without := origin.get("without"):
        return _made(packs.Wanted(without=[without]), origin, answers)
    if name := origin.get("pack"):
        known = packs.find()
        if name not in known:
            raise NotFoundError(gettext("There is nothing with the id “%(id)s”.", id=name[:80]))
        sources = {name: packs.read(known[name].resolve())}
        packs.with_required(sources)
        return _made(packs.Wanted(packs=list(sources.values())), origin, answers)
    workspace = visit.workspace()
    with workspace.database.read() as connection:
        found = files.many(connection, [str(origin.get("archive", ""))])
    if not found:
        raise ConflictError(gettext("The archive is not kept any more: send it again."))
    (file,) = found.values()
    with _archived(file.digest, downgrade=bool(origin.get("downgrade"))) as wanted:
        return _made(wanted, origin, answers)


@contextmanager
def _archived(digest: str, *, downgrade: bool) -> Iterator[packs.Wanted]:
    """Yield what a kept archive brings, for as long as its folder is there."""
    workspace = visit.workspace()
    with TemporaryDirectory(prefix="dealwright-") as place:
        path = Path(place) / "archive.zip"
        shutil.copyfile(files.path(workspace.folder, digest), path)
        with packs.archive.unpacked(path) as folder:
            source = packs.read(folder.resolve())
            if undeclared := packs.archive.undeclared(source):
                raise DefinitionError(f"{source.id} cannot be installed", undeclared)
            with workspace.database.read() as connection:
                packs.archive.demand_same(source, packs.active_packs(connection))
            sources = {source.id: source}
            packs.with_required(sources)
            release = packs.releases.of_archive(path, source)
            yield packs.Wanted(packs=list(sources.values()), archives={source.id: release}, downgrade=downgrade)


def _made(wanted: packs.Wanted, origin: Mapping[str, Any], answers: Mapping[str, Answer]) -> packs.Plan:
    """Plan it with the tests of what comes in; those of shipped packs were run when they were released."""
    user, workspace = visit.user(), visit.workspace()
    ours = shipped("rule_packs").resolve()
    folders = {
        one.id: one.folder
        for one in wanted.packs
        if one.folder.is_dir() and not one.folder.resolve().is_relative_to(ours)
    }
    return packs.plan(
        workspace.database,
        wanted,
        by=user.id,
        roles=user.roles,
        known=workspace.latest(),
        trial=pack_tests.trial(folders),
        review=Review(answers, origin),
    )
