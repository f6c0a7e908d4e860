"""What trials of drafts share: which records they look at, and counts, examples and a digest of what they find."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dealwright import access
from dealwright.records import needs, past
from dealwright.rules import guard
from dealwright.storage import events, sweeps
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from dealwright.metadata.definitions import Entity
    from dealwright.records.work import Work

    Progress = Callable[[int], object]

#: Records that are looked at together.
BATCH: Final = 200
#: Examples of each kind of difference.
EXAMPLES: Final = 10


@dataclass(slots=True)
class Tally:
    """Counts of differences, examples, and the digest of all that was found."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, kind: str, found: Mapping[str, Any], *, shown: bool = True) -> None:
        """Count a difference, and keep it as an example unless it is not to be ``shown``."""
        self.counts[kind] += 1
        text = json.dumps([kind, found], sort_keys=True, ensure_ascii=False, default=str)
        self.digest.update(text.encode())
        if shown and len(self.examples.setdefault(kind, [])) < EXAMPLES:
            self.examples[kind].append(dict(found))

    def told(self, *kinds: str) -> dict[str, Any]:
        """Return the counts of these kinds, their examples, and the digest of everything."""
        return {
            **{kind: self.counts[kind] for kind in kinds},
            "examples": {kind: self.examples.get(kind, []) for kind in kinds if self.examples.get(kind)},
            "digest": self.digest.hexdigest(),
        }


def batches(
    work: Work,
    entity: Entity,
    since: datetime,
    types: frozenset[str],
    read: frozenset[str],
    progress: Progress,
) -> Iterator[list[str]]:
    """Yield the records with such events since a moment, as far as the user may see all that is read of them."""
    after = ""
    while ids := events.told_since(work.connection, entity.id, since, types=sorted(types), after=after, limit=BATCH):
        after = ids[-1]
        yield allowed(work, entity, ids, read)
        progress(len(ids))


def everyone(work: Work, entity: Entity, read: frozenset[str], progress: Progress) -> Iterator[list[str]]:
    """Yield the active records of an entity, as far as the user may see all that is read of them."""
    after = None
    while rows := sweeps.page(work.connection, work.catalog, entity.id, after=after, limit=BATCH):
        after = rows[-1]["id"]
        yield allowed(work, entity, [row["id"] for row in rows], read)
        progress(len(rows))


def allowed(work: Work, entity: Entity, ids: Sequence[str], read: frozenset[str]) -> list[str]:
    """Return those of the records of which the user may see all that is read."""
    held = access.rights(work.catalog, work.user, entity.id)
    rows = stored.get(work.connection, work.catalog, entity.id, ids)
    envs = {identifier: {**row, **work.env} for identifier, row in rows.items()}
    needs.load(work, entity, needs.sorted_out(entity, held.needs), list(envs.values()))
    return [
        identifier
        for identifier, env in envs.items()
        if (seen := held.seen_on(env)) and past.shows(work, entity.id, map(guard.shown, read), seen)
    ]
