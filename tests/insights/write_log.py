"""Writes the event log of the generated deals, for pm4py: ``python tests/insights/write_log.py LOG.csv``."""

from __future__ import annotations

import csv
import random
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.append(str(Path(__file__).parents[1]))

from insights import generated


def main(path: str) -> None:
    """Write a line for each visit of the deals that every test of reports works on."""
    chance = random.Random(7)
    owners = [SimpleNamespace(id=str(i)) for i in range(4)]
    accounts = [(str(i), "east") for i in range(5)]
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case", "stage", "entered", "left", "status"])
        for one in (generated._deal(chance, i, owners, accounts, None) for i in range(240)):
            for stage, entered, left in one.visits:
                writer.writerow([one.id, stage, entered.isoformat(), left.isoformat() if left else "", one.status])


if __name__ == "__main__":
    main(sys.argv[1])
