"""The packs that a command names: folders, archives, or ids of shipped and installed ones."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dealwright import packs
from dealwright.errors import DefinitionError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dealwright.storage import Connection
    from dealwright.storage.releases import Release


@dataclass(slots=True)
class Named:
    """What a command names.

    Attributes:
        sources: The packs by id, with those that they require.
        archives: The releases of those that came as archives.
    """

    sources: dict[str, packs.PackSource] = field(default_factory=dict)
    archives: dict[str, Release] = field(default_factory=dict)

    def demand_same(self, connection: Connection) -> None:
        """Refuse an archive whose content is not that of the version in force.

        Raises:
            ConflictError: If there is one.
        """
        present = packs.active_packs(connection)
        for name in self.archives:
            packs.archive.demand_same(self.sources[name], present)


@contextmanager
def packs_named(wanted: Iterable[str]) -> Iterator[Named]:
    """Yield the packs; archives are unpacked for as long.

    Raises:
        NotFoundError: If one is nowhere.
        DefinitionError: If one cannot be read, or is a release that does not say what it may do.
    """
    known = packs.find()
    found = Named()
    places: list[Path] = []
    with ExitStack() as stack:
        for name in wanted:
            given = Path(name)
            is_archive = given.suffix == ".zip" and given.is_file()
            folder = folder_of(given, stack) if is_archive or given.is_dir() else known.get(name)
            if folder is None:
                known_ids = ", ".join(sorted(known))
                raise NotFoundError(f"there is no folder, archive or pack “{name}”; there are {known_ids}")
            source = packs.read(folder.resolve())
            found.sources[source.id] = source
            if is_archive:
                found.archives[source.id] = packs.releases.of_archive(given, source)
                if undeclared := packs.archive.undeclared(source):
                    raise DefinitionError(f"{source.id} cannot be installed", undeclared)
            places.append((given if is_archive else folder).resolve().parent)
        packs.with_required(found.sources, places)
        yield found


def folder_of(path: Path, stack: ExitStack) -> Path:
    """Return a path itself, or of an archive a folder with what is in it."""
    is_archive = path.suffix == ".zip" and path.is_file()
    return stack.enter_context(packs.archive.unpacked(path)) if is_archive else path
