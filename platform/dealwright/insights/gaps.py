"""How sure differences of cycle times are where many groups are looked at, as in a heat map of regions and quarters.

Every group is held against all others (:func:`figures.mann_whitney`). Of twenty groups that do not differ one would be marked
by chance, so p is corrected for their number (:func:`contrasts.corrected`), and a group is ``faster`` or ``slower`` only
where the corrected p is below 0.05: of what is marked no more than one in twenty is expected to be by chance. Groups with
fewer than ``least`` records are not tested and do not count as tests. No statement of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dealwright.insights import contrasts, outcomes
from dealwright.insights.arms import chance
from dealwright.insights.table import Column, Row

if TYPE_CHECKING:
    from dealwright.insights.ground import Ground
    from dealwright.insights.table import Table

#: Below this corrected p a difference is marked.
SURE: Final = 0.05


def cycle_time(at: Ground) -> Table:
    """:func:`outcomes.cycle_time` with p corrected for the number of groups, and only what stays sure marked."""
    table = outcomes.cycle_time(at)
    if not at.report.group:
        return table
    tested = [
        i for i, row in enumerate(table.rows) if row.figures.get("z") is not None and row.figures["mark"] != "few"
    ]
    raw = [contrasts.two_sided(float(table.rows[i].figures["z"])) for i in tested]
    found = dict(zip(tested, contrasts.corrected(raw), strict=True))
    rows = []
    for i, row in enumerate(table.rows):
        p = found.get(i)
        mark = row.figures["mark"] if row.figures["mark"] == "few" else None
        if p is not None and p < SURE:
            mark = "slower" if row.figures["z"] > 0 else "faster"
        rows.append(Row(row.key, {**row.figures, "p": chance(p), "mark": mark}))
    columns = []
    for one in table.columns:
        columns.append(one)
        if one.id == "z":
            columns.append(Column("p", "chance"))
    notes = [*table.notes, ("corrected", {"count": len(tested)})] if tested else table.notes
    return replace(table, rows=rows, columns=tuple(columns), notes=notes)
