"""``serve`` and ``worker``: the processes of a running workspace."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dealwright import access, records, rules
from dealwright.app import by_host, create_app
from dealwright.cli import hosts, processes
from dealwright.cli.held import web_server
from dealwright.cli.places import database_option, opened, told
from dealwright.records import Work, following, importing, reports
from dealwright.storage import files, recompute, schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from socket import socket
    from types import FrameType
    from wsgiref.types import WSGIApplication

    from waitress.server import BaseWSGIServer, MultiSocketServer

    from dealwright.events import Event
    from dealwright.jobs.worker import Worker
    from dealwright.metadata.catalog import Catalog
    from dealwright.records import Workspace
    from dealwright.storage import Connection, Database


@click.command()
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Address to listen on.")
@click.option("--port", default=8000, metavar="PORT", help="Port to listen on.")
@click.option("--web-only", is_flag=True, help="Run no worker in this process; run dealwright worker beside it.")
@click.option("--proxies", default=0, metavar="N", help="How many reverse proxies stand in front.")
@click.option(
    "--processes",
    "count",
    default=1,
    metavar="N",
    type=click.IntRange(1, 64),
    help="Processes that answer, about one a core; with more than one the worker has its own.",
)
@click.option(
    "--workspaces",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Serve each workspace of a file by its host.",
)
@database_option
@told
def serve(url: str, host: str, port: int, web_only: bool, proxies: int, count: int, file: Path | None) -> None:
    """Serve pages and API, with the worker in the same process. SIGTERM drains.

    With --workspaces one server serves the pages and API of several, and dealwright worker runs beside it for each.
    """
    if count > 1 and not processes.can_fork():
        raise click.UsageError("--processes needs a system that forks processes, such as Linux; start several servers")
    if file is not None:
        if click.get_current_context().get_parameter_source("url") is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError("write either --workspaces or --database")
        return _serve_all(file, host, port, proxies, count)
    with opened(url) as workspace:
        if count == 1:
            workspace.watch(prove)
            return run_server(workspace, host, port, work=not web_only, proxies=proxies)
        app, work = create_app(workspace, proxies=proxies), None if web_only else workspace
        _run_several(app, [workspace], workspace.database.dialect, host, port, count, work)


def _serve_all(file: Path, host: str, port: int, proxies: int, count: int) -> None:
    with ExitStack() as stack:
        apps, workspaces = {}, []
        for one in hosts.read(file):
            workspaces.append(stack.enter_context(opened(one.database)))
            complete(workspaces[-1])
            apps.update(dict.fromkeys(one.hosts, create_app(workspaces[-1])))
        app, what = by_host(apps, proxies=proxies), ", ".join(apps)
        if count > 1:
            _run_several(app, workspaces, what, host, port, count, None)
        for each in workspaces:
            each.watch(prove)
        _run_one(app, what, host, port, None)


@click.command()
@database_option
@told
def worker(url: str) -> None:
    """Do the background work of a workspace: deliveries, timers, jobs. Any number may run. SIGTERM drains."""
    _to_the_terminal()
    with opened(url, on_catalog=prove) as workspace:
        complete(workspace)
        create_app(workspace)  # reports that go out as mails are drawn by its pages
        worker_of(workspace).run(lambda: click.echo("the worker runs", err=True))


def prove(catalog: Catalog) -> None:
    """Try the C matcher on a catalog in a process of its own, beside the work; until then Python alone decides."""
    threading.Thread(target=rules.prove, args=(catalog,), name="prove", daemon=True).start()


def complete(workspace: Workspace) -> None:
    """Finish what an installation that was cut off has left undone in the tables."""
    with workspace.database.read() as connection:
        catalog = workspace.catalog(connection)
    schema.complete(workspace.database, catalog)


def worker_of(workspace: Workspace) -> Worker:
    """Return the worker of a workspace, not yet started."""
    # The library that runs jobs takes half a second to import: only the processes that need it pay for that.
    from dealwright.jobs import NIGHTLY, Schedule, Worker

    def sweep(database: Database, arguments: Mapping[str, Any]) -> None:
        files.sweep(database, workspace.folder)

    def work_out(database: Database, arguments: Mapping[str, Any]) -> None:
        records.recompute(workspace, arguments)

    def renew(database: Database, arguments: Mapping[str, Any]) -> None:
        reports.renew(workspace)

    def news(database: Database, arguments: Mapping[str, Any]) -> None:
        following.tell(workspace)

    def happen(connection: Connection, events: Sequence[Event]) -> None:
        records.due(Work(workspace, connection, access.platform_itself()), events)

    schedules = (
        NIGHTLY,
        Schedule("files", "40 3 * * *", "files"),
        Schedule("reports", "*/5 * * * *", "reports"),
        Schedule(following.JOB, "* * * * *", following.JOB),
    )
    kinds = {
        "files": sweep,
        "reports": renew,
        following.JOB: news,
        recompute.JOB: work_out,
        importing.JOB: importing.job(workspace),
    }
    return Worker(workspace.database, happen, kinds=kinds, schedules=schedules)


class _Background:
    """The worker inside a serving process: made and started beside the first requests, stopped at the end."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._worker: Worker | None = None
        self._thread = threading.Thread(target=self._start, name="worker-start", daemon=True)
        self._thread.start()

    def _start(self) -> None:
        complete(self._workspace)
        worker = worker_of(self._workspace)
        worker.start()
        self._worker = worker

    def stop(self) -> None:
        self._thread.join()
        if self._worker is not None:
            self._worker.stop()


def run_server(workspace: Workspace, host: str, port: int, *, work: bool, proxies: int = 0) -> None:
    """Serve until SIGTERM or SIGINT; then answer what has begun and drain the worker."""
    app = create_app(workspace, proxies=proxies)
    _run_one(app, workspace.database.dialect, host, port, workspace if work else None)


def _run_one(app: WSGIApplication, what: str, host: str, port: int, work: Workspace | None) -> None:
    _to_the_terminal()
    server = web_server(app, host=host, port=port)
    # A name such as localhost can stand for several sockets, which have no single port to tell.
    _tell(host, getattr(server, "effective_port", port), what)
    background = _Background(work) if work is not None else None
    try:
        _run(server)
    finally:
        if background is not None:
            background.stop()


def _run_several(
    app: WSGIApplication,
    workspaces: Sequence[Workspace],
    what: str,
    host: str,
    port: int,
    count: int,
    work: Workspace | None,
) -> NoReturn:
    _to_the_terminal()
    for one in workspaces:
        with one.database.read() as connection:
            one.catalog(connection)  # read once here for all of them
        one.database.close()  # a connection belongs to one process
    listening = processes.listening(host, port, count)

    def answer(sockets: Sequence[socket]) -> None:
        for each in workspaces:
            each.watch(prove)
        _run(web_server(app, sockets=sockets))

    def do() -> None:
        if work is not None:
            work.watch(prove)
            complete(work)
            worker_of(work).run(lambda: None)

    roles = {f"server {number}": partial(answer, own) for number, own in enumerate(listening, 1)}
    _tell(host, listening[0][0].getsockname()[1], f"{what} by {count} processes")
    sys.exit(processes.supervise({**roles, "worker": do} if work is not None else roles))


def _tell(host: str, port: int, what: str) -> None:
    click.echo(f"http://{host}:{port} serves {what}", err=True)


def _run(server: BaseWSGIServer | MultiSocketServer) -> None:
    ending = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        ending.set()
        server.close()
        # Browsers keep connections open on which nothing is asked: those would hold the end up for two minutes.
        for channel in list(getattr(server, "active_channels", {}).values()):
            if channel.requests:
                channel.close_when_flushed = True
            else:
                channel.handle_close()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.run()
    except OSError:
        # Closing the listening socket from the signal handler ends its loop in this way.
        if not ending.is_set():
            raise
    finally:
        server.task_dispatcher.shutdown()
        for number, handler in before.items():
            signal.signal(number, handler)


def _to_the_terminal() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("dbos").setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
