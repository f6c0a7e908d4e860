"""The world stored in both databases, and a browser's interpreter, once for all tests of a process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from conditions.world import World
from dealwright.conditions import sql
from postgres import Postgres

DEALS = 160


@pytest.fixture(scope="session")
def world() -> World:
    return World(DEALS)


@pytest.fixture(scope="session")
def sqlite_world(world: World) -> Iterator[sa.Engine]:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool, connect_args={"check_same_thread": False})
    sa.event.listen(engine, "connect", sql.prepare)
    world.store(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def pg_world(world: World, pg: Postgres) -> Iterator[sa.Engine]:
    name = pg.create()
    engine = sa.create_engine(pg.url(name).replace("postgresql://", "postgresql+psycopg://"))
    # A zone with daylight saving time: nothing may depend on the session's.
    sa.event.listen(engine, "connect", lambda c, _: c.execute("SET TIME ZONE 'America/New_York'") and c.commit())
    world.store(engine)
    yield engine
    engine.dispose()
    pg.drop(name)


@pytest.fixture(scope="session")
def engines(sqlite_world: sa.Engine, pg_world: sa.Engine) -> dict[str, sa.Engine]:
    return {"sqlite": sqlite_world, "postgresql": pg_world}


def api(value: Any) -> Any:
    """A typed value as API JSON."""
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case time():
            return f"{value:%H:%M}"
        case timedelta():
            seconds = abs(value) // timedelta(seconds=1)
            return f"{'-' if value < timedelta(0) else ''}PT{seconds}S"
        case int() if abs(value) > 2**53:
            return str(value)
        case dict():
            return {key: api(one) for key, one in value.items()}
        case list():
            return [api(one) for one in value]
    return value


class Browser:
    """One node process that evaluates trees over stdin."""

    def __init__(self) -> None:
        node = shutil.which("node")
        if node is None:
            if os.environ.get("CI"):
                raise FileNotFoundError("node is needed to test the browser's interpreter")
            pytest.skip("NOT TESTED IN JAVASCRIPT: node is not installed")
        script = Path(__file__).with_name("browser.mjs")
        self.process = subprocess.Popen(
            [node, "--disallow-code-generation-from-strings", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def ask(self, message: dict[str, Any]) -> Any:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def envs(self, envs: list[dict[str, Any]]) -> None:
        self.ask({"envs": [api(env) for env in envs]})

    def values(self, tree: dict[str, Any]) -> list[Any]:
        found: list[Any] = self.ask({"tree": tree})
        return found

    def stop(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def browser(world: World) -> Iterator[Browser]:
    started = Browser()
    started.envs(world.envs())
    yield started
    started.stop()


@pytest.fixture(scope="session")
def interpreter() -> Iterator[Browser]:
    """A browser's interpreter without records of its own."""
    started = Browser()
    yield started
    started.stop()
