"""``dealwright pack lint``: what is right and should be looked at before others get a pack.

    run(folder, before=...)    everything that should be looked at, and what is left out of it with a reason

``check`` says what cannot be put in force; this says what a careful colleague would say. Each finding has a stable code
(``codes``), a file and a place in it. ``lint.json`` in the pack names findings that are meant, each with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dealwright.metadata.pointers import steps
from dealwright.packs import examine
from dealwright.packs.lint import codes, declared, facts, release, samples, suppress, texts
from dealwright.packs.lint.about import About
from dealwright.packs.source import read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dealwright.errors import Problem
    from dealwright.packs.source import PackSource

__all__ = ["Linted", "run"]


@dataclass(frozen=True, slots=True)
class Linted:
    """What was found.

    Attributes:
        findings: In the order of files and places; the code of each is one of ``codes.CODES``.
        suppressed: What ``lint.json`` leaves out, with the reason.
    """

    findings: tuple[Problem, ...]
    suppressed: tuple[tuple[Problem, str], ...] = ()


def run(folder: Path, search: Iterable[Path] = (), before: PackSource | None = None) -> Linted:
    """Return what should be looked at in the pack in a folder.

    Args:
        folder: The pack.
        search: More places where required packs may be.
        before: The release before it, to compare with.

    Raises:
        DefinitionError: If the pack cannot be read.
    """
    folder = folder.resolve()
    source = read(folder)
    reviewed = examine.review([folder], search)
    if reviewed.problems or reviewed.together is None:
        return Linted(tuple(replace(one, code=codes.of_fault(one.code)) for one in reviewed.problems))
    about = About(source, reviewed.together.catalog, reviewed.together.folded)
    found = [
        replace(one, code=codes.WARNINGS.get(one.code, "P090"))
        for one in reviewed.warnings
        # Not those of packs that it requires; but two rules against each other are told of at one of them.
        if one.source.startswith(f"{source.layer.folder}/") or f"{source.layer.namespace}." in one.message
    ]
    for look in (texts.look, declared.look, facts.look, samples.look):
        found += look(about)
    if before is not None:
        found += release.look(about, before)
    found += release.alone(about)
    kept, suppressed = suppress.applied(source, found)
    return Linted(tuple(sorted(dict.fromkeys(kept), key=_place)), suppressed)


def _place(one: Problem) -> tuple[str, tuple[str, ...], str]:
    return one.source, steps(one.pointer), one.code
