"""What every look at a pack is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dealwright.errors import Problem

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.fold import Folded
    from dealwright.packs.source import PackSource


@dataclass(frozen=True, slots=True)
class About:
    """A pack without faults, with what it requires.

    Attributes:
        source: The pack.
        catalog: The base, what it requires and the pack itself.
        folded: The same, with the place in a file of each attribute.
    """

    source: PackSource
    catalog: Catalog
    folded: Folded

    def file(self, name: str) -> str:
        """Return what problems call a file of the pack."""
        return f"{self.source.layer.folder}/{name}"

    def at(self, effective: str, pointer: str, code: str, message: str) -> Problem | None:
        """Return a finding at the place in the pack that says what ``pointer`` of a document says; None if none does.

        Args:
            effective: ``rule:sales.stall`` and the like.
            pointer: JSON Pointer in the effective document.
            code: Of the finding.
            message: What is, and what to do.
        """
        kind, _, identifier = effective.partition(":")
        file, where = self.folded.place(kind, identifier, pointer)
        if not file.startswith(f"{self.source.layer.folder}/"):
            return None
        return Problem(where, code, message, file)
