"""What it costs when very many pages are open and wait for changes: memory, processor time, and the time of other requests.

    python -m benchmarks.open_pages [--pages 500]

A server as ``dealwright serve`` runs it, on 127.0.0.1 and a fresh SQLite file; each page has a reader of his own whose row rules
are asked anew. Measured: requests of a page beside no open page and beside all of them, both ways of waiting, and one change
that all of them see. Prints one JSON object and stops by itself.
"""

from __future__ import annotations

import argparse
import http.client
import json
import resource
import selectors
import socket
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from dealwright import access, clock, packs
from dealwright.access.sign_in import digest
from dealwright.app import create_app
from dealwright.cli.held import web_server
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.records import Workspace, add_user, save
from dealwright.storage import Database, accounts, migrations, revisions, schema

DEAL = {
    "kind": "entity", "id": "bench.deal", "lang": 1, "title": "Deal", "plural": "Deals", "display": "name",
    "properties": {"name": {"field": "text", "title": "Name"}},
}  # fmt: skip
ROLE = {
    "kind": "role", "id": "bench.rep", "lang": 1, "title": "Rep",
    "grants": [{"entity": "bench.deal", "ops": ["read"], "rows": "owner == user.id || name != null"}],
}  # fmt: skip
#: Requests by which the time of one is measured.
ASKED = 60


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=500)
    pages = parser.parse_args().pages
    with tempfile.TemporaryDirectory() as folder, Database(f"sqlite:///{folder}/workspace.db") as database:
        workspace = _workspace(database, Path(folder))
        secrets = _people(workspace, pages)
        deal = save(workspace, access.operator(), "bench.deal", {"name": "One"}).id
        app = create_app(workspace)
        server = web_server(app, host="127.0.0.1", port=0)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        try:
            print(json.dumps(_measured(workspace, int(server.effective_port), secrets, deal), indent=1))
        finally:
            app.extensions["dealwright.pulse"].close()
            server.close()
            thread.join(10)


def _workspace(database: Database, folder: Path) -> Workspace:
    migrations.upgrade(database)
    documents = tuple(SourcedDocument(one, str(one["id"])) for one in (DEAL, ROLE))
    layers = [load.base(), Layer("bench", "bench", documents, {}, frozenset({"base"}))]
    settings = {"requests_per_second": "0", "strangers_per_second": "0"}
    catalog = load.catalog(layers, settings)
    with database.write() as connection:
        schema.plan(None, catalog).apply(connection)
        packs.store(connection, catalog, layers, reason="bench", by=None, at=clock.now())
        revisions.activate(connection, catalog.revision, reason="bench", by=None, at=clock.now())
    return Workspace(database, folder)


def _people(workspace: Workspace, count: int) -> list[str]:
    secrets = []
    now = clock.now()
    for n in range(count):
        user = add_user(workspace, f"p{n}@example.com", f"P {n}", None, ["bench.rep"])
        secret = clock.secret()
        with workspace.database.write() as connection:
            accounts.begin_session(connection, digest(secret), user, now, now + timedelta(days=1), "", "")
        secrets.append(secret)
    return secrets


def _measured(workspace: Workspace, port: int, secrets: list[str], deal: str) -> dict[str, Any]:
    found: dict[str, Any] = {"pages": len(secrets), "threads_before": threading.active_count()}
    found["list_cpu_ms_alone"] = _list(port, secrets[0])
    found["poll_cpu_ms"] = _cpu_of(
        lambda: [_ask(port, one, "/changes?of=bench.deal&since=1") for one in secrets[:ASKED]], ASKED
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    held = [_stream(port, one) for one in secrets]
    found["threads"] = threading.active_count()
    found["kb_for_each_page"] = round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / len(held), 1)
    found["list_cpu_ms_beside_them"] = _list(port, secrets[0])
    begun = time.process_time()
    time.sleep(5)
    found["cpu_ms_a_second_idle"] = round((time.process_time() - begun) * 200, 1)
    begun, cpu = time.perf_counter(), time.process_time()
    save(workspace, access.operator(), "bench.deal", {"name": "Two"}, id=deal)
    found["told"] = _heard(held)
    found["last_told_after_ms"] = round((time.perf_counter() - begun) * 1000)
    found["cpu_ms_to_tell_all"] = round((time.process_time() - cpu) * 1000)
    for one in held:
        one.close()
    return found


def _stream(port: int, secret: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    lines = (
        f"GET /changes?of=bench.deal&since={int(time.time() * 1000)} HTTP/1.1",
        "Host: 127.0.0.1",
        "Accept: text/event-stream",
        f"Cookie: dw_session={secret}",
    )
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    got = b""
    while b"retry:" not in got:
        got += connection.recv(4000)
    return connection


def _heard(held: list[socket.socket]) -> int:
    """Wait until every page is told, or ten seconds; return how many were."""
    selector = selectors.DefaultSelector()
    for one in held:
        selector.register(one, selectors.EVENT_READ)
    waiting, until = set(held), time.monotonic() + 10
    while waiting and time.monotonic() < until:
        for key, _ in selector.select(1):
            if b"bench.deal" in key.fileobj.recv(4000):  # type: ignore[union-attr]
                waiting.discard(key.fileobj)  # type: ignore[arg-type]
                selector.unregister(key.fileobj)
    return len(held) - len(waiting)


def _ask(port: int, secret: str, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={"Cookie": f"dw_session={secret}"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def _list(port: int, secret: str) -> float:
    return _cpu_of(lambda: [_ask(port, secret, "/records/bench.deal") for _ in range(ASKED)], ASKED)


def _cpu_of(run: Any, count: int) -> float:
    begun = time.process_time()
    run()
    return round((time.process_time() - begun) * 1000 / count, 2)


if __name__ == "__main__":
    main()
