"""A checked condition, ready to be evaluated, and where to get one."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dealwright.conditions import python, wire
from dealwright.conditions import text as canonical
from dealwright.conditions.check import check
from dealwright.conditions.parser import parse
from dealwright.conditions.scope import USES, Scope
from dealwright.conditions.syntax import ROOTS, Call, Each, Literal, Name, Node, leaves, walk
from dealwright.conditions.types import Type
from dealwright.errors import ConditionError
from dealwright.metadata import ladders
from dealwright.metadata.names import namespace_of

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog

#: Compiled conditions that a catalog keeps. Those of its own documents are far fewer; the rest are people's filters.
_KEPT = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """An expression that has been checked against a catalog. Conditions give True or False, formulas any value.

    Attributes:
        source: The text as it was written.
        use: What it is for: a key of :data:`~dealwright.conditions.scope.USES`.
        entity: Id of the entity whose fields it reads by their plain names.
        rows: The ``rows`` field whose rows it is about; None for the record.
        ast: The typed tree.
        evaluate: The value for a flat environment of typed values; a missing key is empty.
        names: Environment keys that it reads, ``now()`` and ``today()`` among them.
        fields: Fields of the record (of the row, where ``rows`` is given) that it reads, by id.
        paths: Dotted paths over references from the record, such as ``account.region``; through a row list with the
            list first: ``lines.product.category``.
        reads: Every (entity, field) that it reads on the way, a field of a row as ``lines.qty``.
        volatile: Whether the value changes by the mere passing of time.
        warnings: What its author should know.
    """

    source: str
    use: str
    entity: str
    rows: str | None
    ast: Node
    evaluate: Callable[[Mapping[str, Any]], Any]
    names: frozenset[str]
    fields: frozenset[str]
    paths: frozenset[str]
    reads: frozenset[tuple[str, str]]
    volatile: bool
    warnings: tuple[str, ...]
    _leaves: list[tuple[str, Callable[..., Any], Callable[..., Any]]] = field(default_factory=list, repr=False)

    @property
    def type(self) -> Type:
        """What it gives."""
        return self.ast.type

    def explained(self, env: Mapping[str, Any]) -> tuple[Any, list[dict[str, Any]]]:
        """Return the value, and for each leaf in order its ``text``, the ``value`` it looked at and its ``truth``.

        The value looked at is the left side of a comparison, the first argument of a function, the rows of a list
        that satisfy the question. Every leaf is asked, also those that could not change the outcome.
        """
        if not self._leaves:
            # Two threads may both do this; what they append is the same, so only one list is taken.
            self._leaves[:] = [_leaf(node) for node in leaves(self.ast)]
        shown = [{"text": text, "value": value(env), "truth": bool(truth(env))} for text, value, truth in self._leaves]
        return self.evaluate(env), shown

    def text(self) -> str:
        """Return the canonical text, which parses to the same tree."""
        return canonical.text(self.ast)

    def json(self) -> dict[str, Any]:
        """Return the typed tree for the browser."""
        return wire.to_json(self.ast)


def of(
    catalog: Catalog,
    entity_id: str,
    source: str,
    use: str,
    *,
    namespace: str | None = None,
    rows: str | None = None,
    record: str | None = None,
) -> Condition:
    """Return the checked condition; the same one each time, as long as the catalog keeps it.

    Args:
        catalog: The definitions in force.
        entity_id: The entity whose fields the condition names.
        source: The text.
        use: field, check, formula, default, gate, rule, value, filter, permission or where.
        namespace: Namespace of the document it stands in, for ``param.``; that of the entity if left out.
        rows: The ``rows`` field of the entity whose row it is about.
        record: For ``where``: the entity of the record being edited, whose fields are ``record.…``.

    Raises:
        ConditionError: If it does not parse, or does not fit the catalog.
        NotFoundError: If there is no such entity.
    """
    kept = catalog.once("conditions", lambda: lru_cache(maxsize=_KEPT)(_Maker(catalog)))
    return kept(entity_id, source, use, namespace or namespace_of(entity_id), rows, record)


class _Maker:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def __call__(
        self, entity_id: str, source: str, use: str, namespace: str, rows: str | None, record: str | None
    ) -> Condition:
        if use not in USES:
            raise ValueError(f"“{use}” is no use of conditions: expected {', '.join(USES)}")
        scope = Scope(self.catalog, self.catalog.entity(entity_id), use, namespace, rows, record)
        tree, warnings = check(parse(source), scope, unicodedata.normalize("NFC", source))
        for policy in scope.policies:
            scope.reads |= self._of_clock(policy)
        return _condition(source, scope, tree, warnings)

    def _of_clock(self, policy: str) -> set[tuple[str, str]]:
        """Return what the clocks of a policy look at: whoever may not see that may not know how they stand."""
        document, found = self.catalog.documents["sla", policy], set[tuple[str, str]]()
        for _, source in ladders.sources(document):
            try:
                found |= of(self.catalog, document["entity"], source, "clock", namespace=namespace_of(policy)).reads
            except ConditionError:
                continue  # told of where the policy stands
        return found


def _condition(source: str, scope: Scope, tree: Node, warnings: tuple[str, ...]) -> Condition:
    names: set[str] = set()
    fields: set[str] = set()
    paths: set[str] = set()
    lists = {part.var: part.over for part in walk(tree) if isinstance(part, Each)}
    for part in walk(tree):
        if isinstance(part, Call):
            _of_call(part, names)
        if not isinstance(part, Name) or part.means is not None:
            continue
        if part.root in lists:
            over = lists[part.root]
            if len(part.steps) > 1 and not over.root:
                paths.add(".".join((*over.steps, *part.steps)))
            continue
        names.add(part.key)
        if part.root in ("", "parent") and len(part.steps) > 1:
            paths.add(".".join(part.steps))
        if not part.root:
            fields.add(part.steps[0])
    return Condition(
        source=source,
        use=scope.use,
        entity=scope.entity.id,
        rows=scope.rows,
        ast=tree,
        evaluate=python.compile(tree),
        names=frozenset(names),
        fields=frozenset(fields),
        paths=frozenset(paths),
        reads=frozenset(scope.reads),
        volatile=bool(names & {"now()", "today()"}),
        warnings=warnings,
    )


def _of_call(node: Call, names: set[str]) -> None:
    """Add the keys that a function reads besides its arguments."""
    if node.op in ("now()", "today()"):
        names.add(node.op)
    elif node.op == "hasRole()":
        names.add("user.roles")
    elif node.op == "changed()" and isinstance(node.args[0], Name):
        names |= {f"old.{node.args[0].key}", "is_new"}


def _leaf(node: Node) -> tuple[str, Callable[..., Any], Callable[..., Any]]:
    return canonical.text(node), python.compile(_looked_at(node)), python.compile(node)


def _looked_at(node: Node) -> Node:
    if isinstance(node, Each) and node.kind in ("exists", "all"):
        return Each("count", node.over, node.var, node.body, Type("integer"), node.at)
    if isinstance(node, Call) and node.args:
        first = node.args[0]
        return node.args[1] if isinstance(first, Literal) and len(node.args) > 1 else first
    return node


__all__ = ["ROOTS", "Condition", "of"]
