"""A typed tree to a Python function of the environment.

The environment is flat: field id or dotted path → typed value. A missing key is empty. A condition is always True or
False: a comparison with an empty value is False and ``!`` is the exact complement. Decimals are exact, whatever the
context of the thread says.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from dealwright.conditions import arithmetic
from dealwright.conditions.syntax import ROOTS, Call, Each, Literal, Name, Node, walk

Env: TypeAlias = Mapping[str, Any]
Function: TypeAlias = Callable[[Any], Any]

#: Kinds whose emptiness is having no members.
COLLECTIONS = frozenset({"set", "checklist", "rows"})
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def compile(node: Node) -> Function:  # noqa: A001 - the field's word
    """Return the function that works out ``node`` from an environment."""
    if isinstance(node, Literal):
        value = node.value
        return lambda env: value
    if isinstance(node, Name):
        return _name(node)
    if isinstance(node, Each):
        return _each(node)
    if node.op in _ORDER:
        return _ordered(node)
    if node.op in _SPECIAL:
        return _SPECIAL[node.op](node)
    return _strict(node)


def _name(node: Name) -> Function:
    if node.means is not None:
        return compile(node.means)
    key = node.key
    if node.root and node.root not in ROOTS:
        var = node.root
        if node.type.kind == "boolean":
            return lambda env: env[var].get(key) is True
        return lambda env: env[var].get(key)
    if node.type.kind == "boolean":
        return lambda env: env.get(key) is True
    return lambda env: env.get(key)


def _plain(node: Node) -> str | None:
    """Return the key of a plain name, for which the common comparisons have a shorter function."""
    if isinstance(node, Name) and node.means is None and (not node.root or node.root in ROOTS):
        return node.key if node.type.kind not in ("boolean", "any") else None
    return None


# Conditions -----------------------------------------------------------------------------------------------------


def _and(node: Call) -> Function:
    parts = tuple(map(compile, node.args))
    if len(parts) == 2:
        first, second = parts
        return lambda env: first(env) and second(env)
    if len(parts) == 3:
        one, two, three = parts
        return lambda env: one(env) and two(env) and three(env)

    def every(env: Env) -> bool:
        for part in parts:  # noqa: SIM110 - all() of a generator takes twice as long
            if not part(env):
                return False
        return True

    return every


def _or(node: Call) -> Function:
    parts = tuple(map(compile, node.args))
    if len(parts) == 2:
        first, second = parts
        return lambda env: first(env) or second(env)

    def some(env: Env) -> bool:
        for part in parts:  # noqa: SIM110 - any() of a generator takes twice as long
            if part(env):
                return True
        return False

    return some


def _not(node: Call) -> Function:
    part = compile(node.args[0])
    return lambda env: not part(env)


def _equal(node: Call) -> Function:
    left, right = node.args
    if left.type.kind == "null":
        left, right = right, left
    if right.type.kind == "null":
        return _empty(left)
    if "any" in (left.type.kind, right.type.kind):
        first, second = _guarded(left, right), _guarded(right, left)
        return lambda env: first(env) == second(env)
    if left.type.kind == "boolean":
        first, second = compile(left), compile(right)
        return lambda env: first(env) is second(env)
    key = _plain(left)
    if key is not None and isinstance(right, Literal):
        value = right.value
        return lambda env: env.get(key) == value
    first, second = compile(left), compile(right)
    return lambda env: first(env) == second(env)


def _unequal(node: Call) -> Function:
    equal = _equal(node)
    return lambda env: not equal(env)


def _ordered(node: Call) -> Function:
    compare = _ORDER[node.op]
    left, right = node.args
    if "any" in (left.type.kind, right.type.kind):
        first, second = _guarded(left, right), _guarded(right, left)

        def guarded(env: Env) -> bool:
            x, y = first(env), second(env)
            numbers = isinstance(x, int | Decimal) and isinstance(y, int | Decimal)
            return numbers and type(x) is not bool and type(y) is not bool and bool(compare(x, y))

        return guarded
    key = _plain(left)
    if key is not None and isinstance(right, Literal) and right.value is not None:
        return _against(node.op, key, right.value)
    one, two = compile(left), compile(right)
    return lambda env: (x := one(env)) is not None and (y := two(env)) is not None and compare(x, y)


def _against(op: str, key: str, value: Any) -> Function:
    """A field against a constant: the commonest condition, so each sign has a function without a call inside."""
    if op == "<":
        return lambda env: (x := env.get(key)) is not None and x < value
    if op == "<=":
        return lambda env: (x := env.get(key)) is not None and x <= value
    if op == ">":
        return lambda env: (x := env.get(key)) is not None and x > value
    return lambda env: (x := env.get(key)) is not None and x >= value


class _Other:
    """A value that equals nothing: a value of an event that is not of the type it is compared with."""


_OTHER = _Other()


def _guarded(node: Node, beside: Node) -> Function:
    """Return the value of ``node``; if only reading tells its type, and that is not ``beside``'s, a unique one."""
    value = compile(node)
    if node.type.kind != "any":
        return value
    kind = beside.type.kind if not isinstance(beside, Call) or beside.op != "list" else str(beside.type.element)

    def guarded(env: Env) -> Any:
        x = value(env)
        if isinstance(x, float):
            x = Decimal(str(x))
        return x if x is None or _is(x, kind) else _OTHER

    return guarded


def _is(value: Any, kind: str) -> bool:
    if kind in ("integer", "decimal"):
        return isinstance(value, int | Decimal) and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "any":
        return isinstance(value, str | int | Decimal)
    return isinstance(value, str)


def _in(node: Call) -> Function:
    left, right = node.args
    value = _guarded(left, right) if left.type.kind == "any" else compile(left)
    if isinstance(right, Call) and right.op == "list":
        constants = frozenset(item.value for item in right.args if isinstance(item, Literal))
        key = _plain(left)
        if key is not None:
            return lambda env: env.get(key) in constants
        return lambda env: value(env) in constants
    members = _members(right)
    return lambda env: (x := value(env)) is not None and x in members(env)


def _members(node: Node) -> Callable[[Env], Iterable[Any]]:
    """Return the function that gives the members of a set, a checklist (what is done) or a list of rows."""
    value = compile(node)

    def members(env: Env) -> Iterable[Any]:
        x = value(env)
        if not x:
            return ()
        if isinstance(x, Mapping):
            return [key for key, done in x.items() if done is True]
        if isinstance(x, list | tuple | set | frozenset):
            # References may have been loaded as whole records.
            return [item["id"] if isinstance(item, Mapping) else item for item in x]
        return ()

    return members


def _empty(node: Node) -> Function:
    if node.type.kind in COLLECTIONS:
        members = _members(node)
        return lambda env: not members(env)
    key = _plain(node)
    if node.type.kind == "object":
        value = compile(node)
        return lambda env: not value(env)
    if key is not None:
        return lambda env: env.get(key) is None
    value = compile(node)
    return lambda env: value(env) is None


def _blank(node: Call) -> Function:
    part = node.args[0]
    if part.type.kind not in ("text", "any"):
        return _empty(part)
    value = compile(part)
    return lambda env: value(env) in (None, "", [], {})


def _choice(node: Call) -> Function:
    test, first, second = map(compile, node.args)
    return lambda env: first(env) if test(env) else second(env)


def _changed(node: Call) -> Function:
    over = node.args[0]
    assert isinstance(over, Name)  # noqa: S101 - the checker has seen to it
    key, before = over.key, f"old.{over.key}"

    def changed(env: Env) -> bool:
        if before not in env:
            return env.get("is_new") is True and env.get(key) not in (None, False, [], {})
        return bool(env.get(key) != env[before])

    return changed


def _has_role(node: Call) -> Function:
    role = node.args[0]
    assert isinstance(role, Literal)  # noqa: S101 - the checker has seen to it
    name = role.value
    return lambda env: name in (env.get("user.roles") or ())


# Rows -----------------------------------------------------------------------------------------------------------


def _each(node: Each) -> Function:
    over, body, var = compile(node.over), compile(node.body), node.var
    # The body sees the row under its variable, and of the environment only what it reads.
    outside = tuple(
        {
            part.key if not part.root or part.root in ROOTS else part.root
            for part in walk(node.body)
            if isinstance(part, Name) and part.root != var and part.means is None
        }
        | ({"now()"} if _calls(node.body, "now()") else set())
        | ({"today()"} if _calls(node.body, "today()") else set())
        | ({"user.roles"} if _calls(node.body, "hasRole()") else set())
    )

    def results(env: Env) -> Iterable[Any]:
        rows = over(env)
        if not rows:
            return
        inside = {key: env.get(key) for key in outside}
        for row in rows:
            inside[var] = row if isinstance(row, Mapping) else {"id": row}
            yield body(inside)

    if node.kind == "sum":
        return _sum(results, _NOTHING.get(node.type.kind, 0))
    return _SUMMARY[node.kind](results)


def _calls(node: Node, op: str) -> bool:
    return any(isinstance(part, Call) and part.op == op for part in walk(node))


_Results: TypeAlias = Callable[[Env], Iterable[Any]]


#: The sum of no rows.
_NOTHING = {"decimal": arithmetic.ZERO, "duration": timedelta(0)}


def _sum(results: _Results, nothing: Any) -> Function:
    def total(env: Env) -> Any:
        found = None
        for value in results(env):
            if value is not None:
                found = value if found is None else arithmetic.add(found, value)
        return nothing if found is None else found

    return total


def _average(results: _Results) -> Function:
    def average(env: Env) -> Any:
        values = [value for value in results(env) if value is not None]
        total = arithmetic.ZERO
        for value in values:
            total = arithmetic.EXACT.add(total, value)
        return arithmetic.divide(total, Decimal(len(values)))

    return average


def _extreme(choose: Callable[[list[Any]], Any]) -> Callable[[_Results], Function]:
    def summary(results: _Results) -> Function:
        def extreme(env: Env) -> Any:
            values = [value for value in results(env) if value is not None]
            return choose(values) if values else None

        return extreme

    return summary


_SUMMARY: dict[str, Callable[[_Results], Function]] = {
    "exists": lambda results: lambda env: any(results(env)),
    "all": lambda results: lambda env: all(results(env)),
    "count": lambda results: lambda env: sum(results(env)),
    "avg": _average,
    "min": _extreme(min),
    "max": _extreme(max),
}


# Values ---------------------------------------------------------------------------------------------------------


def _list(node: Call) -> Function:
    values = [item.value for item in node.args if isinstance(item, Literal)]
    return lambda env: list(values)


def _coalesce(node: Call) -> Function:
    parts = tuple(map(compile, node.args))

    def first_filled(env: Env) -> Any:
        for part in parts:
            if (value := part(env)) is not None:
                return value
        return None

    return first_filled


def _size(node: Call) -> Function:
    part = node.args[0]
    if part.type.kind == "text":
        value = compile(part)
        return lambda env: len(value(env) or "")
    if part.type.kind == "rows":
        value = compile(part)
        return lambda env: len(value(env) or ())
    members = _members(part)
    return lambda env: len(members(env))  # type: ignore[arg-type]


def _moment(key: str) -> Callable[[Call], Function]:
    return lambda node: lambda env: env.get(key)


def _member(node: Call) -> Function:
    value, part = compile(node.args[0]), compile(node.args[1])

    def member(env: Env) -> Any:
        whole = value(env)
        return (whole.get(part(env)) or None) if isinstance(whole, Mapping) else None

    return member


def _strict(node: Call) -> Function:
    """Return the function of operators that are empty (false, for a condition) as soon as one operand is."""
    work = arithmetic.STRICT[node.op]
    nothing = False if node.type.kind == "boolean" else None
    parts = tuple(map(compile, node.args))
    if any(part.type.kind == "any" for part in node.args):
        parts = tuple(
            _texts(part) if node_.type.kind == "any" else part for part, node_ in zip(parts, node.args, strict=True)
        )
    if len(parts) == 2:
        first, second = parts

        def pair(env: Env) -> Any:
            x = first(env)
            if x is None:
                return nothing
            y = second(env)
            return nothing if y is None else work(x, y)

        return pair

    def several(env: Env) -> Any:
        values = []
        for part in parts:
            if (value := part(env)) is None:
                return nothing
            values.append(value)
        return work(*values)

    return several


def _texts(part: Function) -> Function:
    return lambda env: x if isinstance(x := part(env), str) else None


_SPECIAL: dict[str, Callable[[Call], Function]] = {
    "&&": _and,
    "||": _or,
    "!": _not,
    "==": _equal,
    "!=": _unequal,
    "in": _in,
    "?:": _choice,
    "list": _list,
    "blank()": _blank,
    "changed()": _changed,
    "hasRole()": _has_role,
    "coalesce()": _coalesce,
    "size()": _size,
    "member()": _member,
    "now()": _moment("now()"),
    "today()": _moment("today()"),
}
