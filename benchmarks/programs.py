"""The two programs under comparison: how each is filled, started, asked and measured."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from benchmarks import hand_written, load, workload
from dealwright import access, clock, fields, packs
from dealwright.app import create_app
from dealwright.records import Change, Work, Workspace, add_user, imports, save_many
from dealwright.records.tables_in import open_table
from dealwright.storage import Database, migrations
from dealwright.storage import records as stored

ROOT = Path(__file__).resolve().parents[1]


class Program:
    """One of the two programs over one database."""

    name = ""

    def __init__(self, url: str, folder: Path, first_port: int) -> None:
        self.url, self.folder, self.first_port = url, folder, first_port
        self.token = ""
        self.keys: list[Any] = []
        self.accounts: list[Any] = []
        self.person: Any = None
        self._running: list[subprocess.Popen[bytes]] = []

    @property
    def ports(self) -> list[int]:
        """Ports of the running processes."""
        return [self.first_port + i for i in range(len(self._running))]

    def deal(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row of the workload as this program takes it."""
        return {**row, "account": self.accounts[row["account"]], "sales_rep": self.person}

    def fill(self, count: int) -> None:
        """Make the tables and put the accounts and ``count`` deals in."""
        raise NotImplementedError

    def command(self, port: int) -> list[str]:
        """Return the command of one process."""
        raise NotImplementedError

    def reading(self, key: Any) -> bytes:
        """Return the request that reads one deal."""
        raise NotImplementedError

    def start(self, processes: int) -> float:
        """Start processes; return the seconds until the first one has answered a request that reads a record."""
        begun = time.perf_counter()
        took = 0.0
        for number in range(processes):
            command = self.command(self.first_port + number)
            log = (self.folder / f"{self.name.replace(' ', '-')}-{number}.log").open("wb")
            self._running.append(subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log))
            self._wait(self.first_port + number)
            took = took or time.perf_counter() - begun
        return took

    def _wait(self, port: int) -> None:
        for _ in range(3_000):
            if self._running[-1].poll() is not None:
                break
            try:
                status, body = load.ask(port, self.reading(self.keys[0]))
            except OSError:
                time.sleep(0.01)
                continue
            if status != 200:
                raise RuntimeError(f"{self.name} answers {status}: {body[:500]!r}")
            return
        raise RuntimeError(f"{self.name} does not start; see {self.folder}")

    def stop(self) -> None:
        """End the processes."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait(60)
        self._running.clear()

    def memory(self) -> tuple[float, float]:
        """Return the memory of all processes in MB, those they have started included (Linux).

        The first number is what they hold: their proportional set size without the pages of the database's file that
        SQLite maps. Those are the second number: the system's own cache, counted once, and given back when it is
        needed elsewhere.
        """
        held = mapped = 0
        for process in self._running:
            for pid in (process.pid, *_children(process.pid)):
                own, of_file = _proportional(pid, self.url.removeprefix("sqlite:///"))
                held, mapped = held + own, mapped + of_file
        return held / 1024, mapped / 1024

    def cpu(self) -> float:
        """Return the seconds of processor time that the processes have taken so far (Linux)."""
        ticks = 0
        for process in self._running:
            parts = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(parts[11]) + int(parts[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def _proportional(pid: int, file: str) -> tuple[int, int]:
    """Return the proportional set size of a process in kB, without and within the mappings of a file."""
    sizes = [0, 0]
    within = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if line.startswith("Pss:"):
            sizes[within] += int(line.split()[1])
        elif "-" in line.partition(" ")[0]:  # 7f12a000-7f12b000 r--s … /path/of/the/file
            within = line.endswith(file)
    return sizes[0], sizes[1]


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(one) for one in text.split()]


class Platform(Program):
    """dealwright, as ``dealwright serve --web-only`` runs it, with every shipped pack in force beside the benchmark's."""

    name = "dealwright"

    def fill(self, count: int) -> None:
        with Database(self.url) as database:
            migrations.upgrade(database)
            shipped = [packs.read(folder) for folder in packs.find().values()]
            sources = [*shipped, packs.read(workload.write_pack(self.folder))]
            # Requests are counted as always; one caller who asks as fast as he can is what is measured here.
            limits = {"requests_per_second": "100000", "requests_at_once": "1000000"}
            packs.install(database, sources, reason="benchmark", settings=limits)
            workspace = Workspace(database, self.folder / "files")
            self.person = add_user(workspace, "rep@example.com", "Rep", None, ["bench.rep"])
            with database.write() as connection:
                self.token = access.new_token(connection, self.person, "benchmark")
            for batch in _parts(workload.accounts(), 500):
                with database.write() as connection:
                    work = Work(workspace, connection, access.operator())
                    made = save_many(work, "bench.account", [Change(one) for one in batch])
                    self.accounts += [one.id for one in made]  # type: ignore[union-attr]
            self._write_deals(workspace, count)
        _analysed(self.url)

    def _write_deals(self, workspace: Workspace, count: int) -> None:
        """Write deals straight into their table, as an import would leave them: the log of events is not measured."""
        with workspace.database.write() as connection:
            catalog = workspace.catalog(connection)
            for batch in _parts(workload.deals(count), 2_000):
                ids = clock.new_ids(len(batch))
                rows = []
                for identifier, row in zip(ids, batch, strict=True):
                    values, problems = fields.read(catalog, "bench.deal", self.deal(row), new=True)
                    assert not problems, problems
                    now = clock.now()
                    values["deal_size"] = "large" if values["amount"] >= workload.LARGE else "small"
                    system = {"id": identifier, "version": 1, "created_at": now, "updated_at": now}
                    rows.append({**values, **system, "created_by": self.person, "owner": self.person})
                stored.insert(connection, catalog, "bench.deal", rows)
                self.keys += ids

    def command(self, port: int) -> list[str]:
        dealwright = [sys.executable, "-m", "dealwright"]
        return [*dealwright, "serve", "--web-only", "--port", str(port), "--database", self.url]

    def creating(self, row: Mapping[str, Any]) -> bytes:
        return load.request("POST", "/api/v1/records/bench.deal", self.token, _json(self.deal(row)))

    def updating(self, key: Any, change: Mapping[str, Any]) -> bytes:
        return load.request("PATCH", f"/api/v1/records/bench.deal/{key}", self.token, _json(change))

    def reading(self, key: Any) -> bytes:
        return load.request("GET", f"/api/v1/records/bench.deal/{key}", self.token)

    def paging(self, asked: Mapping[str, Any]) -> bytes:
        text = (
            f'phase == "{asked["phase"]}" && amount >= {asked["low"]} && amount <= {asked["high"]}'
            f' && account.region == "{asked["region"]}"'
        )
        query = f"filter={quote(text)}&sort=-close_date&page_size=50&count=1"
        return load.request("GET", f"/api/v1/records/bench.deal?{query}", self.token)

    def grouping(self) -> bytes:
        return load.request(
            "GET", "/api/v1/records/bench.deal/aggregate?group=phase&measure=count,sum:amount", self.token
        )

    def import_file(self, file: Path) -> None:
        """Import a file in this process, in the name of a user who may not do everything."""
        with Database(self.url) as database:
            workspace = Workspace(database, self.folder / "files")
            with database.read() as connection:
                user = access.bearer(connection, workspace, self.token).user
            counts = imports.run(workspace, user, "bench.deal", open_table(file))
            if counts.rejected or not counts.rows:
                raise RuntimeError(f"rows were refused: {counts}")

    def add_field(self) -> None:
        """Put the next version of the pack in force, with one field more."""
        source = packs.read(workload.write_pack(self.folder, extra=True))
        with Database(self.url) as database:
            packs.install(database, [source], reason="one field more")

    def statements(self) -> dict[str, int]:
        """Return how many statements each request runs, without those that begin and end a transaction."""
        with Database(self.url) as database:
            app = create_app(Workspace(database, self.folder / "files"))
            engines = [database._writing, database._reading]
            return _counted(app.wsgi_app, engines, self)


class ByHand(Program):
    """The program written by hand, by the same web server with the same threads."""

    name = "by hand"

    def fill(self, count: int) -> None:
        hand_written.Store(self.url).fill(workload.deals(count))
        self.token, self.person = hand_written.TOKEN, 1
        self.accounts = list(range(1, workload.ACCOUNTS + 1))
        self.keys = list(range(1, count + 1))
        _analysed(self.url)

    def command(self, port: int) -> list[str]:
        return [sys.executable, "-m", "benchmarks.hand_written", self.url, str(port)]

    def creating(self, row: Mapping[str, Any]) -> bytes:
        return load.request("POST", "/deals", self.token, _json(self.deal(row)))

    def updating(self, key: Any, change: Mapping[str, Any]) -> bytes:
        return load.request("PATCH", f"/deals/{key}", self.token, _json(change))

    def reading(self, key: Any) -> bytes:
        return load.request("GET", f"/deals/{key}", self.token)

    def paging(self, asked: Mapping[str, Any]) -> bytes:
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        return load.request("GET", f"/deals?{query}", self.token)

    def grouping(self) -> bytes:
        return load.request("GET", "/groups", self.token)

    def import_file(self, file: Path) -> None:
        """Import a file in this process."""
        hand_written.Store(self.url).read_file(file)

    def add_field(self) -> None:
        """Add one column."""
        hand_written.Store(self.url).add_column("remark")

    def statements(self) -> dict[str, int]:
        """Return how many statements each request runs, without those that begin and end a transaction."""
        store = hand_written.Store(self.url)
        return _counted(hand_written.program(store).wsgi_app, [store.writing, store.reading], self)


def operations(program: Platform | ByHand) -> dict[str, Iterator[bytes]]:
    """Return the requests of each operation, without end, the same for both programs."""
    rows = list(workload.deals(400, seed=23))
    keys = program.keys
    spread = [keys[(i * 7919) % len(keys)] for i in range(min(len(keys), 2_000))]
    amounts = (f"{20_000 + (i * 37_123) % 200_000}.{i % 100:02d}" for i in itertools.count())
    return {
        "create": map(program.creating, itertools.cycle(rows)),
        "update": (
            program.updating(key, {"amount": amount})
            for key, amount in zip(itertools.cycle(spread), amounts, strict=False)
        ),
        "read one": map(program.reading, itertools.cycle(spread)),
        "page of 50, count": map(program.paging, itertools.cycle(workload.questions())),
        "aggregate": itertools.repeat(program.grouping()),
    }


def write_file(program: Program, file: Path, count: int, seed: int) -> None:
    """Write a csv file of deals for a program."""
    names = [spec.name for spec in workload.DEAL if spec.name != "deal_size"]
    lines = [",".join(names)]
    for row in map(program.deal, workload.deals(count, seed)):
        cells = []
        for name in names:
            value = row[name]
            text = (
                ";".join(value)
                if isinstance(value, list)
                else str(value).lower()
                if isinstance(value, bool)
                else str(value)
            )
            cells.append(f'"{text}"' if "," in text else text)
        lines.append(",".join(cells))
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _json(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def _parts(rows: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while part := list(itertools.islice(rows, size)):
        yield part


def _analysed(url: str) -> None:
    """Give the database the figures of its tables that it would gather by itself in time."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE" if engine.dialect.name == "sqlite" else "VACUUM ANALYZE")
    engine.dispose()


def _counted(app: Any, engines: Sequence[sa.Engine], program: Platform | ByHand) -> dict[str, int]:
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "PRAGMA")):
            seen.append(statement)

    for engine in {id(one): one for one in engines}.values():
        sa.event.listen(engine, "before_cursor_execute", note)
    found = {}
    for name, requests in operations(program).items():
        for _ in range(3):  # the first ones also read definitions and compile
            seen.clear()
            _call(app, next(requests))
        found[name] = len(seen)
    return found


def _call(app: Any, sent: bytes) -> None:
    """Hand a request to a WSGI application without a server."""
    import io

    head, _, body = sent.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    headers = dict(line.split(": ", 1) for line in lines)
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr, "CONTENT_TYPE": headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": headers["Authorization"], "REMOTE_ADDR": "127.0.0.1",
    }  # fmt: skip
    statuses: list[str] = []
    content = b"".join(app(environ, lambda status, found, *rest: statuses.append(status)))
    if not statuses[0].startswith("20"):
        raise load.AnswerError(f"{statuses[0]}: {content[:1_000]!r}")
