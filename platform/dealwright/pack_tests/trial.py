"""The tests of packs as a part of a plan: run on just the definitions that it would put in force, before they are.

They run in a throw-away workspace beside the real one, which is not touched: its packs, its settings, all that its admins
have changed. What a pack promises may have been broken by a change of the admins, or by another pack; a plan with a test
that fails cannot be applied.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dealwright import clock, packs
from dealwright.metadata.patches import OVERLAY
from dealwright.pack_tests import cases
from dealwright.pack_tests.coverage import Coverage
from dealwright.pack_tests.run import result
from dealwright.pack_tests.stage import Stage, empty
from dealwright.packs.enact import enact
from dealwright.packs.planned import Line
from dealwright.packs.prepare import sources_of_layers
from dealwright.resources import shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dealwright.pack_tests.cases import Case
    from dealwright.packs.prepare import Prepared

#: Lines of one failure that a plan shows.
_SHOWN: Final = 3


def trial(
    folders: Mapping[str, Path], own: Path | None = None, *, everything: bool = False, released: bool = True
) -> Callable[[Prepared], list[Line]]:
    """Return what runs the tests for a plan.

    Args:
        folders: The folders of the packs that come in, by id: their tests are run.
        own: A folder with a folder ``tests``: the workspace's own, about whatever is in force in it.
        everything: Whether the tests of packs that stay are run too, where their folders are found.
        released: Whether those of shipped packs are among them, which were run when they were released and take a minute.
    """

    def tried(prepared: Prepared) -> list[Line]:
        wanted = dict(folders)
        if everything:
            present = {one.id: one.layer for one in sources_of_layers(prepared.layers)}
            ours = shipped("rule_packs").resolve()
            for name, folder in packs.find().items():
                if name not in present or name in wanted or (folder.resolve().is_relative_to(ours) and not released):
                    continue
                if packs.read(folder.resolve()).layer == present[name]:
                    wanted[name] = folder
        known = {name: cases.read(folder.resolve()) for name, folder in sorted(wanted.items())}
        if own is not None:
            known[OVERLAY] = cases.read(own.resolve())
        known = {name: some for name, some in known.items() if some}
        return list(_lines(prepared, known)) if known else []

    return tried


def _lines(prepared: Prepared, known: Mapping[str, list[Case]]) -> Iterator[Line]:
    sources = {one.id: one for one in sources_of_layers(prepared.layers)}
    patches = [one for layer in prepared.layers for one in layer.patches]
    begins = min(one.clock for some in known.values() for one in some).astimezone(UTC)
    with empty() as (database, workspace):
        with clock.frozen(begins - timedelta(days=1)):
            fresh = replace(prepared, before=None, old=None, moves=(), taken=(), left=(), coming=())
            enact(database, fresh, by=None, reason="the tests of a plan")
        for name, some in known.items():
            source = sources.get(name)
            namespace = source.layer.namespace if source is not None else OVERLAY
            place = Stage(database, workspace, list(sources.values()), namespace, patches)
            coverage = Coverage(place.catalog, namespace)
            passed = 0
            for one in some:
                found = result(place, source, one, coverage)
                passed += found.ok and not found.skipped
                if not found.ok:
                    said = "; ".join(found.because[:_SHOWN])
                    yield Line("TEST", one.source, f"“{one.name}” fails: {said}", "blocked")
            yield Line("TEST", f"pack:{name}", f"{passed} of {len(some)} tests pass", count=passed)
