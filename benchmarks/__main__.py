"""Measure the platform beside the program written by hand, and print a table.

    python -m benchmarks [--quick] [--records N] [--only sqlite|postgresql] [--json FILE]

Both programs run in the same minutes and take turns, so that a machine whose speed changes slows both; the ratio of
each pair is taken, and the median of the ratios is what counts.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import load
from benchmarks.programs import ROOT, ByHand, Platform, Program, operations, write_file

#: What the platform aims at, as a part of the rate of the program written by hand.
AIMS = {"create": 0.5, "update": 0.5, "read one": 0.6, "page of 50, count": 0.9, "aggregate": 0.9, "import": 0.5}
CLIENTS, PROCESSES = 8, 2


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run of less than a minute; its figures say little"
    )
    parser.add_argument("--records", type=int, help="deals in the store (100,000; 2,000 with --quick)")
    parser.add_argument("--rounds", type=int, help="turns of each program (7; 1 with --quick)")
    parser.add_argument("--seconds", type=float, help="of one turn (3; 0.5 with --quick)")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database only")
    parser.add_argument("--json", type=Path, help="where the figures are written as JSON")
    asked = parser.parse_args(arguments)
    gc.set_threshold(20_000)  # as the command line of the platform sets it; for both programs' imports
    asked.records = asked.records or (2_000 if asked.quick else 100_000)
    asked.rounds = asked.rounds or (1 if asked.quick else 7)
    asked.seconds = asked.seconds or (0.5 if asked.quick else 3.0)
    found: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "records": asked.records,
        "rounds": asked.rounds,
        "seconds": asked.seconds,
        "clients": CLIENTS,
        "processes": PROCESSES,
        "databases": {},
    }
    print(f"{found['machine']}\n{asked.records} records, {CLIENTS} clients, {PROCESSES} processes of each program")
    for kind in [asked.only] if asked.only else ["sqlite", "postgresql"]:
        with _place(kind) as (folder, ours, theirs):
            found["databases"][kind] = measured(kind, folder, ours, theirs, asked)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


def machine() -> str:
    """Return what the figures were measured on, in words."""
    model = "unknown processor"
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return f"{os.cpu_count()} cores ({model}), {platform.system()}, Python {platform.python_version()}"


@contextlib.contextmanager
def _place(kind: str) -> Iterator[tuple[Path, str, str]]:
    """Yield a folder and the addresses of two empty databases, and remove them afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="dealwright-bench-"))
    try:
        if kind == "sqlite":
            yield folder, f"sqlite:///{folder / 'ours.db'}", f"sqlite:///{folder / 'theirs.db'}"
            return
        sys.path.append(str(ROOT / "tests"))
        import postgres

        # A server as it is by default: what is committed is on the disk.
        postgres.SETTINGS.clear()
        postgres.SETTINGS.update(shared_buffers="256MB", max_connections="120")
        server = postgres.Postgres()
        try:
            yield folder, server.url(server.create()), server.url(server.create())
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measured(kind: str, folder: Path, ours: str, theirs: str, asked: argparse.Namespace) -> dict[str, Any]:
    """Measure both programs on one kind of database, print the table and return the figures."""
    (folder / "ours").mkdir()
    (folder / "theirs").mkdir()
    ports = 21_000 + os.getpid() % 500 * 8
    pair = (Platform(ours, folder / "ours", ports), ByHand(theirs, folder / "theirs", ports + 4))
    begun = time.perf_counter()
    for program in pair:
        program.fill(asked.records)
    print(f"\n{kind}: filled in {time.perf_counter() - begun:.0f} s", flush=True)
    statements = [program.statements() for program in pair]
    print(
        f"{'':<20}{'dealwright':>12}{'by hand':>12}{'ratio':>8}{'aim':>6}   statements       cpu ms     p50/p99 ms  client",
        flush=True,
    )
    figures: dict[str, Any] = {"operations": {}}
    cold = [program.start(PROCESSES) for program in pair]
    try:
        figures["memory idle"] = [program.memory()[0] for program in pair]
        requests = [operations(program) for program in pair]
        for name in requests[0]:
            turns = [
                [_turn(program, its[name], seconds) for program, its in zip(pair, requests, strict=True)]
                for seconds in [min(1.0, asked.seconds), *[asked.seconds] * asked.rounds]
            ][1:]
            figures["operations"][name] = _rates(name, turns, [one[name] for one in statements])
        figures["memory"], figures["pages mapped"] = map(
            list, zip(*(program.memory() for program in pair), strict=True)
        )
        figures["operations"]["import"] = _imports(pair, folder, asked)
        figures["add a field"] = _field(pair)
    finally:
        for program in pair:
            program.stop()
    for _ in range(0 if asked.quick else 2):
        for number, program in enumerate(pair):
            cold[number] = min(cold[number], program.start(1))
            program.stop()
    figures["cold start"] = cold
    add = figures["add a field"]
    _line("add a field, s", add[0]["in force"], add[1]["in force"], "", "", digits=3)
    _line("… to first write, s", add[0]["first write"], add[1]["first write"], "", "< 0.2", digits=3)
    _line("cold start, s", *cold, "", "< 1.5", digits=2)
    _line("memory idle, MB", *figures["memory idle"], "", "", digits=0)
    _line("memory after, MB", *figures["memory"], "", "< 150", digits=0)
    _line("… file mapped, MB", *figures["pages mapped"], "", "", digits=0)
    return figures


def _turn(program: Program, requests: Iterator[bytes], seconds: float) -> tuple[load.Rate, float]:
    """Return the rate, and the milliseconds of processor time that the program's processes took for each answer."""
    cpu = program.cpu()
    rate = load.run(program.ports, requests, CLIENTS, seconds)
    return rate, (program.cpu() - cpu) / rate.count * 1e3


def _rates(name: str, turns: list[list[tuple[load.Rate, float]]], statements: list[int]) -> dict[str, Any]:
    ratios = [ours.per_second / theirs.per_second for (ours, _), (theirs, _) in turns]
    rates = [statistics.median(turn[i][0].per_second for turn in turns) for i in (0, 1)]
    cpu = [statistics.median(turn[i][1] for turn in turns) for i in (0, 1)]
    ours = [turn[0][0] for turn in turns]
    spent = [statistics.median(one.median for one in ours), statistics.median(one.slowest for one in ours)]
    client = max(one.client for turn in turns for one, _ in turn)
    ratio = statistics.median(ratios)
    _line(
        f"{name}, /s", *rates, f"{ratio:.2f}", f"{AIMS[name]}",
        f"   {statements[0]:>4} / {statements[1]:<4} {cpu[0]:>7.2f} / {cpu[1]:<7.2f}"
        f" {spent[0]:>6.1f}/{spent[1]:<6.1f} {client:>6.0%}",
    )  # fmt: skip
    return {
        "dealwright": rates[0], "by hand": rates[1], "ratio": ratio, "ratios": [min(ratios), max(ratios)],
        "statements": statements, "cpu ms": cpu, "p50 ms": spent[0], "p99 ms": spent[1], "client": client,
    }  # fmt: skip


def _imports(pair: tuple[Platform, ByHand], folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    count = 500 if asked.quick else 10_000
    turns: list[list[float]] = []
    for number in range(min(asked.rounds, 3)):
        turn = []
        for program in pair:
            file = folder / f"deals-{number}.csv"
            write_file(program, file, count, seed=100 + number)
            begun = time.perf_counter()
            program.import_file(file)
            turn.append(count / (time.perf_counter() - begun))
        turns.append(turn)
    ratio = statistics.median(ours / theirs for ours, theirs in turns)
    rates = [statistics.median(turn[i] for turn in turns) for i in (0, 1)]
    _line("import, rows/s", *rates, f"{ratio:.2f}", f"{AIMS['import']}")
    return {"dealwright": rates[0], "by hand": rates[1], "ratio": ratio, "rows": count}


def _field(pair: tuple[Platform, ByHand]) -> list[dict[str, float]]:
    """Add a field to every record while the servers run; every process must take a write of it."""
    found = []
    for program in pair:
        begun = time.perf_counter()
        program.add_field()
        added = time.perf_counter() - begun
        for port in program.ports:
            status, body = load.ask(port, program.updating(program.keys[5], {"remark": f"from {port}"}))
            if status != 200:
                raise load.AnswerError(f"{status}: {body[:1_000]!r}")
        found.append({"in force": added, "first write": time.perf_counter() - begun - added})
    return found


def _line(name: str, ours: float, theirs: float, ratio: str, aim: str, more: str = "", *, digits: int = 0) -> None:
    print(f"{name:<20}{ours:>12.{digits}f}{theirs:>12.{digits}f}{ratio:>8}{aim:>6}{more}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
