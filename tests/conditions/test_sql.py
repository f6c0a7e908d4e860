"""Conditions as SQL: the shape of statements, what they are bound to, and that they find the right records."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from conditions.world import ASKER, DEAL, NOW, catalog
from dealwright.conditions import of, sql
from dealwright.conditions.sql.types import ClockTime, Json, Milliseconds, Scaled, UtcDateTime
from dealwright.errors import QueryError, UnknownFieldError
from dealwright.metadata import load
from dealwright.metadata.catalog import Catalog
from dealwright.metadata.definitions import Entity, Field
from dealwright.metadata.system import system_fields
from dealwright.storage import tables

PG, LITE = postgresql.dialect(), sqlite.dialect()


def deals():
    return tables.of(catalog()).tables["sales__deal"]


def criteria(source, env=ASKER, use="filter", table=None):
    table = deals() if table is None else table
    return sql.criteria(of(catalog(), DEAL, source, use), tables.of(catalog()), table, catalog(), env)


def shown(statement, dialect=PG):
    return (
        " ".join(str(statement.compile(dialect=dialect)).split()).replace("sales__deal.", "").replace("::VARCHAR", "")
    )


@pytest.mark.parametrize(
    ("source", "where"),
    [
        pytest.param("amount >= 100", "amount >= %(param_1)s", id="a positive comparison is bare"),
        pytest.param("!(amount >= 100)", "amount < %(param_1)s OR amount IS NULL", id="a negated one takes empty in"),
        pytest.param('stage == "won"', "stage = %(param_1)s", id="equal to a constant"),
        pytest.param('level != "gold"', "level != %(param_1)s OR level IS NULL", id="unequal takes empty in"),
        pytest.param("amount == budget", "amount IS NOT DISTINCT FROM budget", id="field against field"),
        pytest.param("version != 3", "version != %(param_1)s::BIGINT", id="never empty"),
        pytest.param("!(active && qty > 1)", "NOT active OR qty <= %(param_1)s::BIGINT OR qty IS NULL", id="De Morgan"),
        pytest.param(
            "seen < now() - days(7)", "seen < %(param_1)s::TIMESTAMP WITH TIME ZONE", id="one moment is bound"
        ),
        pytest.param(
            "days_in_stage > 7",
            "stage_entered_at <= %(param_1)s::TIMESTAMP WITH TIME ZONE",
            id="days since are a moment that an index serves",
        ),
        pytest.param('hasRole("sales.rep")', "true", id="what is the same for all is worked out"),
        pytest.param('hasRole("sales.rep") && active', "active", id="and drops out"),
        pytest.param("qty in []", "false", id="an empty list"),
        pytest.param("user.manager == owner", "owner IS NULL", id="a user without a manager"),
    ],
)
def test_positive_conditions_are_bare_and_negations_lie_at_the_leaves(source, where):
    assert shown(criteria(source)).replace("“", "") == where


def test_a_path_becomes_exists_and_its_negation_not_exists():
    account = "sales__account AS sales__account_1 WHERE sales__account_1.id = account"
    inside = f"EXISTS (SELECT * FROM {account} AND sales__account_1.region = %(param_1)s)"
    for source, where in (
        ('account.region == "East"', f"{inside}"),
        ('!(account.region == "East")', f"NOT ({inside})"),
    ):
        statement = sa.select(deals().c.id).where(criteria(source))
        assert shown(statement).partition(" WHERE ")[2] in (where, f"({where})")


def test_a_path_to_one_indexed_value_is_looked_up_once_and_lets_an_index_of_the_reference_serve():
    text = shown(criteria("account.parent.owner == user.id || owner == user.id"))
    assert "EXISTS" not in text
    assert "account IN (SELECT sales__account_1.id" in text and "sales__account_2.id = sales__account_1.parent" in text
    assert "IN (" not in shown(criteria("!(account.parent.owner == user.id)")), (
        "a negation is true of an empty reference"
    )


def test_a_path_of_several_steps_is_one_exists():
    text = shown(criteria("account.parent.rank > 3"))
    assert text.count("EXISTS") == 1
    assert "sales__account_2.id = sales__account_1.parent" in text


def test_select_joins_each_reference_once():
    one = of(
        catalog(), DEAL, 'account.region == "East" && account.rank > 1 && owner.region == account.region', "filter"
    )
    text = shown(sql.select(one, tables.of(catalog()), deals(), catalog(), ASKER))
    assert text.count("LEFT OUTER JOIN") == 2
    assert "EXISTS" not in text


def test_sqlite_asks_python_only_for_what_it_cannot_do():
    for source in (
        "amount >= 100",
        "amount < budget",
        'name.contains("a")',
        '"vip" in tags',
        "lines.sum(l, l.price) > 3",
    ):
        assert "dw_" not in shown(criteria(source), LITE)
    for source in ("amount * 2 > budget", "amount > qty", 'lower(name) == "a"', "closes + days(1) > today()"):
        assert "dw_truth" in shown(criteria(source), LITE)
        assert "dw_" not in shown(criteria(source), PG)


def test_the_same_condition_makes_the_same_statement_whoever_asks():
    later = {**ASKER, "now()": NOW + timedelta(days=1), "user.id": "u2", "user.limit": Decimal("5.0000")}
    for source in (
        "owner == user.id && seen < now() - days(7) && amount < user.limit",
        "account.budget > user.limit && amount * 2 > user.limit",
        'level in ["gold"] || "vip" in tags',
    ):
        keys = [sa.select(deals().c.id).where(criteria(source, env))._generate_cache_key() for env in (ASKER, later)]
        assert keys[0] is not None
        assert keys[0] == keys[1]


def test_other_constants_make_the_same_statement():
    keys = [
        sa.select(deals().c.id).where(criteria(source))._generate_cache_key()
        for source in ("amount > 1 && qty in [1, 2]", "amount > 99 && qty in [7]")
    ]
    assert keys[0] == keys[1]


def test_a_statement_out_of_the_cache_binds_its_own_values(engines):
    for engine in engines.values():
        with engine.connect() as connection:
            for text, other in (("amount * 2 > budget", "amount * 2 <= budget"), ("qty > 1", "qty > 3")):
                found = []
                for source in (text, other):
                    query = sa.select(deals().c.id).where(criteria(source))
                    found.append(set(connection.execute(query).scalars()))
                assert found[0] != found[1]


def test_criteria_serve_update_and_delete(world, engines):
    one = of(catalog(), DEAL, 'account.region == "East" && lines.exists(l, l.qty > 1) && amount * 2 > 1', "permission")
    wanted = sorted(env["id"] for env in world.envs() if one.evaluate(env))
    assert wanted
    for engine in engines.values():
        where = sql.criteria(one, tables.of(catalog()), deals(), catalog(), ASKER)
        with engine.connect() as connection:
            changed = connection.execute(deals().update().where(where).values(code="seen"))
            assert changed.rowcount == len(wanted)
            marked = sa.select(deals().c.id).where(deals().c.code == "seen").order_by(deals().c.id)
            assert connection.execute(marked).scalars().all() == wanted
            connection.rollback()


def test_criteria_serve_an_alias(world, engines):
    alias = deals().alias("d")
    one = of(catalog(), DEAL, 'account.rank > 1 && "a1" in partners && lines.count(l, l.done) > 0', "filter")
    wanted = [env["id"] for env in world.envs() if one.evaluate(env)]
    for engine in engines.values():
        where = sql.criteria(one, tables.of(catalog()), alias, catalog(), ASKER)
        with engine.connect() as connection:
            assert sorted(connection.execute(sa.select(alias.c.id).where(where)).scalars()) == wanted


@pytest.mark.parametrize(
    "path",
    [
        *("amount", "account.region", "account.parent.name", "home", "age", "pace", "account.deals", "account.won"),
        *("account.mean", "account.top", "days_in_stage", "owner", "active", "closes", "seen", "wait", "at", "total"),
        *("place.city", "account.key"),
    ],
)
def test_a_path_is_a_value_to_sort_by(world, engines, path):
    source = of(catalog(), DEAL, path, "formula")
    wanted = {env["id"]: source.evaluate(env) for env in world.envs()}
    for engine in engines.values():
        found = sql.value(path, tables.of(catalog()), deals(), catalog(), ASKER)
        with engine.connect() as connection:
            told = dict(connection.execute(sa.select(deals().c.id, found).order_by(found)).all())
        if path == "account.key":
            wanted = {key: bool(one) for key, one in wanted.items()}
            told = {key: bool(one) for key, one in told.items()}
        assert told == wanted


@pytest.mark.parametrize("path", ["nothing", "account.nothing", "amount.x", "user.nothing", ""])
def test_a_path_that_leads_nowhere_is_an_unknown_field(path):
    with pytest.raises(UnknownFieldError):
        sql.value(path, tables.of(catalog()), deals(), catalog(), ASKER)


@pytest.mark.parametrize("path", ["lines", "tags", "points", "place", "partners"])
def test_what_has_many_values_cannot_be_sorted_by(path):
    with pytest.raises(QueryError, match=f"“{path}” is"):
        sql.value(path, tables.of(catalog()), deals(), catalog(), ASKER)


def test_the_picker_of_a_reference_sees_the_record_being_edited(world, engines):
    one = of(catalog(), "sales.account", "region == record.home && rank >= record.qty", "where", record=DEAL)
    accounts = tables.of(catalog()).tables["sales__account"]
    env = {**ASKER, "record.account.region": "East", "record.qty": 1}
    wanted = [a["id"] for a in world.accounts if one.evaluate({**env, **a})]
    for engine in engines.values():
        where = sql.criteria(one, tables.of(catalog()), accounts, catalog(), env)
        with engine.connect() as connection:
            assert sorted(connection.execute(sa.select(accounts.c.id).where(where)).scalars()) == wanted


def test_formulas_that_double_at_each_step_are_refused():
    first = {"f0": {"field": "formula", "result": "integer", "formula": "wholeDays(now() - created_at)"}}
    more = {f"f{i}": {"field": "formula", "result": "integer", "formula": f"f{i - 1} + f{i - 1}"} for i in range(1, 12)}
    known = load.catalog_of([{"kind": "entity", "id": "t.thing", "title": "T", "properties": first | more}])
    things = sa.Table("t__thing", sa.MetaData(), sa.Column("id", sa.Text), sa.Column("created_at", UtcDateTime))
    assert sql.value("f3", things.metadata, things, known, ASKER) is not None
    with pytest.raises(QueryError, match="too many roll-ups and formulas"):
        sql.value("f11", things.metadata, things, known, ASKER)


def test_a_formula_of_itself_is_refused():
    own = {
        name: Field(name, "formula", name, spec={"result": "date", "formula": f"{other} + wait"})
        for name, other in (("a", "b"), ("b", "a"))
    }
    own["wait"] = Field("wait", "duration", "wait")
    entity = Entity("t.thing", "T", "T", own, system_fields(None))
    empty = {"documents": {}, "rules": {}, "roles": {}, "pipelines": {}, "parameters": {}, "packs": {}, "settings": {}}
    known = Catalog(revision="circle", entities={entity.id: entity}, **empty)
    things = sa.Table("t__thing", sa.MetaData(), sa.Column("id", sa.Text), sa.Column("wait", Milliseconds))
    with pytest.raises(QueryError, match="worked out from itself"):
        sql.value("a", things.metadata, things, known, ASKER)


# Column types -----------------------------------------------------------------------------------------------------

TYPES = sa.Table(
    "kept",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("amount", Scaled(2)),
    sa.Column("whole", Scaled(4)),
    sa.Column("seen", UtcDateTime),
    sa.Column("wait", Milliseconds),
    sa.Column("at", ClockTime),
    sa.Column("more", Json),
)


@pytest.fixture
def kept(engines):
    for engine in engines.values():
        TYPES.create(engine)
    yield engines
    for engine in engines.values():
        TYPES.drop(engine)


def test_values_come_back_as_they_were_sent(kept):
    moment = NOW + timedelta(milliseconds=123)
    row = {
        "id": 1,
        "amount": Decimal("-4.30"),
        # A binary float would lose its last digits.
        "whole": Decimal("99999999999999.9999"),
        "seen": moment,
        "wait": timedelta(days=-1, milliseconds=1),
        "at": None,
        "more": {"a": [1, "张", None]},
    }
    for engine in kept.values():
        with engine.connect() as connection:
            connection.execute(TYPES.insert(), [row, {**dict.fromkeys(row), "id": 2}])
            first, second = connection.execute(sa.select(TYPES).order_by(TYPES.c.id)).mappings().all()
            assert dict(first) == row
            assert str(first["amount"]) == "-4.30"
            assert first["seen"].utcoffset() == timedelta(0)
            assert dict(second) == {**dict.fromkeys(row), "id": 2}
            assert connection.scalar(sa.select(sa.func.count()).where(TYPES.c.more.is_(None))) == 1
            connection.rollback()


def test_a_decimal_with_more_places_is_rounded_half_up_on_both(kept):
    for engine in kept.values():
        with engine.connect() as connection:
            connection.execute(
                TYPES.insert(), [{"id": 1, "amount": Decimal("1.005")}, {"id": 2, "amount": Decimal("-1.005")}]
            )
            found = connection.execute(sa.select(TYPES.c.amount).order_by(TYPES.c.id)).scalars().all()
            assert found == [Decimal("1.01"), Decimal("-1.01")]
            assert connection.scalar(sa.select(sa.func.sum(TYPES.c.amount))) == Decimal("0.00")
            connection.rollback()


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="needs a zone"):
        UtcDateTime().process_bind_param(NOW.replace(tzinfo=None), LITE)
