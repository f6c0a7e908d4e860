"""What has to be loaded before fields of a record can be settled, or worked out when it is read; and the latter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright.fields.computed import fitted
from dealwright.fields.filling import defaults_of
from dealwright.fields.plan import Computed, plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dealwright.fields.plan import Plan
    from dealwright.metadata.catalog import Catalog


def needs(catalog: Catalog, entity_id: str) -> frozenset[str]:
    """Return the names that ``settle`` and ``prefill`` read: fields, paths, ``old.`` values, ``user.`` values.

    Paths that start at a reference inside rows are not among them: see :func:`row_needs`.
    """
    return catalog.once(("fields.needs", entity_id), lambda: _needs(catalog, entity_id))


def row_needs(catalog: Catalog, entity_id: str) -> Mapping[str, frozenset[str]]:
    """Return for each ``rows`` field the paths from its rows' references that are read, such as ``product.price``.

    They are expected as keys of the rows themselves.
    """
    return catalog.once(("fields.row_needs", entity_id), lambda: _row_needs(catalog, entity_id))


def _needs(catalog: Catalog, entity_id: str) -> frozenset[str]:
    here = plan(catalog, entity_id)
    found = {name for name in here.names if name.partition(".")[0] not in here.parts}
    found |= {f"old.{name}" for name in here.old}
    for part in here.parts.values():
        found |= {name.removeprefix("parent.") for name in part.outside}
    found |= {path for one in here.fields.values() for path in (one.spec.get("prefill") or {}).values()}
    found |= defaults_of(catalog, entity_id).names
    return frozenset(found)


def _row_needs(catalog: Catalog, entity_id: str) -> dict[str, frozenset[str]]:
    here = plan(catalog, entity_id)
    found: dict[str, set[str]] = {name: set() for name in here.parts}
    for path in here.names:
        first, _, rest = path.partition(".")
        if first in found and "." in rest:
            found[first].add(rest)
    for name, part in here.parts.items():
        found[name] |= {path for path in part.names - set(part.outside) if "." in path}
        found[name] |= {path for one in part.fields.values() for path in (one.spec.get("prefill") or {}).values()}
        found[name] |= set(_lookups(part).values())
    return {name: frozenset(paths) for name, paths in found.items() if paths}


def computed_on_read(catalog: Catalog, entity_id: str) -> frozenset[str]:
    """Return the names that :func:`compute_on_read` reads: paths of lookups, and what volatile formulas read.

    Paths from rows have the ``rows`` field first: ``lines.product.price``.
    """
    return catalog.once(("fields.on_read", entity_id), lambda: _on_read(catalog, entity_id))


def _on_read(catalog: Catalog, entity_id: str) -> frozenset[str]:
    here = plan(catalog, entity_id)
    found = set(_lookups(here).values()) | {one.id for one in here.fields.values() if one.type == "rollup"}
    for one in _volatile(here):
        found |= one.condition.names | one.condition.paths
    found |= {f"{name}.{path}" for name, part in here.parts.items() for path in _lookups(part).values()}
    return frozenset(found)


def compute_on_read(catalog: Catalog, entity_id: str, env: dict[str, Any]) -> None:
    """Work out, in place, what is not stored: lookups and formulas that use ``now()`` or ``today()``.

    Args:
        catalog: The definitions in force.
        entity_id: The record's entity.
        env: The stored record with what :func:`computed_on_read` names; rows with what :func:`row_needs` names. A result
            too large to keep is empty.
    """
    lookups, in_rows, volatile = catalog.once(("fields.worked_out", entity_id), lambda: _later(catalog, entity_id))
    for name, path in lookups.items():
        env[name] = env.get(path)
    for name, looked_up in in_rows.items():
        env[name] = [{**row, **{one: row.get(path) for one, path in looked_up.items()}} for row in env.get(name) or ()]
    for one in volatile:
        try:
            env[one.id] = fitted(one.result, one.condition.evaluate(env))
        except OverflowError:
            env[one.id] = None


def _later(
    catalog: Catalog, entity_id: str
) -> tuple[Mapping[str, str], Mapping[str, Mapping[str, str]], tuple[Computed, ...]]:
    """Return what is worked out when a record is read: its lookups, those in its rows, and volatile formulas."""
    here = plan(catalog, entity_id)
    in_rows = {name: looked_up for name, part in here.parts.items() if (looked_up := _lookups(part))}
    return _lookups(here), in_rows, tuple(_volatile(here))


def _lookups(here: Plan) -> dict[str, str]:
    looked = (one for one in here.fields.values() if one.type == "lookup")
    return {one.id: f"{one.spec.get('via')}.{one.spec.get('value')}" for one in looked}


def _volatile(here: Plan) -> Iterator[Computed]:
    return (one for one in here.order if isinstance(one, Computed) and not one.stored)
