"""The platform's own tables come from migrations, and are what ``storage.system`` says."""

from __future__ import annotations

import contextlib

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from dealwright.storage import migrations, system
from dealwright.storage.database import Database


def differences(database: Database) -> list[object]:
    with database.write() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_schemas": database.schema is not None}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), system.metadata)
    return [one for one in found if getattr(one[1], "name", "") != migrations.VERSION_TABLE]


def test_the_migrated_database_is_what_the_code_says(database):
    assert differences(database) == []


def test_every_index_is_in_the_migrated_database(database):
    with database.read() as connection:
        inspector = sa.inspect(connection)
        there = {index["name"] for table in inspector.get_table_names() for index in inspector.get_indexes(table)}
    wanted = {index.name for table in system.metadata.tables.values() for index in table.indexes}
    assert wanted <= there


def test_head_names_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER))
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


def test_a_second_upgrade_finds_nothing_to_do(database):
    assert migrations.upgrade(database) is False


def test_a_failed_upgrade_leaves_nothing_behind(pg, tmp_path, monkeypatch):
    real = migrations._run

    def broken(connection, schema):
        real(connection, schema)
        raise RuntimeError("power cut")

    monkeypatch.setattr(migrations, "_run", broken)
    name = pg.create()
    for url in (f"sqlite:///{tmp_path / 'new.db'}", pg.url(name)):
        with Database(url) as database:
            with contextlib.suppress(RuntimeError):
                migrations.upgrade(database)
            with database.read() as connection:
                assert sa.inspect(connection).get_table_names() == []
    pg.drop(name)


def test_each_schema_of_a_server_is_a_workspace_of_its_own(pg):
    name = pg.create()
    with Database(pg.url(name) + "?schema=ws_one") as one, Database(pg.url(name) + "?schema=ws_two") as two:
        assert migrations.upgrade(one) is True
        assert migrations.upgrade(one) is False
        assert migrations.upgrade(two) is True
        with one.write() as connection:
            connection.execute(sa.update(system.workspace).values(settings={"zone": "Asia/Shanghai"}))
        with two.read() as connection:
            assert connection.scalar(sa.select(system.workspace.c.settings)) == {}
        with two.read() as connection:
            assert sa.inspect(connection).get_table_names(schema="public") == []
    pg.drop(name)
