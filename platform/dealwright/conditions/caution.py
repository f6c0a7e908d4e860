"""What is well formed and yet dangerous, because an empty value is equal to another and a comparison with it is false."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dealwright.conditions.syntax import Call, Each, Literal, Name, Node, children, walk

_FALSE_ON_EMPTY = frozenset({"<", "<=", ">", ">=", "in", "contains()", "startsWith()", "endsWith()"})
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def empty_equals_empty(node: Node) -> Iterator[tuple[Node, str]]:
    """Yield (comparison, message) for each ``team == user.team`` without a guard.

    Two empty values are equal, so whoever has no team would see every record without one; something beside it must say
    that one of them is not empty.
    """
    for equality, secured in _equalities(node, True, frozenset()):
        left, right = equality.args
        names = [part for part in (left, right) if isinstance(part, Name)]
        users = [part for part in names if part.root == "user"]
        if len(names) < 2 or len(users) != 1 or not (left.type.nullable and right.type.nullable):
            continue
        if not {part.key for part in names} & secured:
            key = users[0].key
            yield (
                equality,
                f"two empty values are equal: who has no “{key}” would get every record without one; add {key} != null &&",
            )


def negations(node: Node, source: str) -> Iterator[str]:
    """Yield a warning for each ``!(level > 3)``: who wrote it may not think of an empty level."""
    for part in walk(node):
        if not (isinstance(part, Call) and part.op == "!"):
            continue
        inner = part.args[0]
        if isinstance(inner, Call) and inner.op in _FALSE_ON_EMPTY:
            names = [arg for arg in inner.args if isinstance(arg, Name) and arg.type.nullable]
            if names:
                opposite = _OPPOSITE.get(inner.op)
                advice = f"; write {opposite} to leave it out" if opposite else ""
                text = source[slice(*inner.at)]
                yield f"an empty “{'.'.join(names[0].path)}” counts as not ({text}){advice}"


def _equalities(node: Node, positive: bool, secured: frozenset[str]) -> Iterable[tuple[Call, frozenset[str]]]:
    """Yield each comparison that says "equal", with the keys that are known not to be empty beside it."""
    if isinstance(node, Each):
        yield from _equalities(node.body, positive, secured)
        return
    if not isinstance(node, Call):
        return
    if node.op == "!":
        yield from _equalities(node.args[0], not positive, secured)
    elif node.op == ("&&" if positive else "||"):
        more = secured.union(*(_filled(arg, positive) for arg in node.args))
        for arg in node.args:
            yield from _equalities(arg, positive, more)
    elif node.op == ("==" if positive else "!="):
        yield node, secured
        if node.args[0].type.kind == "boolean":
            for arg in node.args:
                yield from _equalities(arg, True, secured)
                yield from _equalities(arg, False, secured)
    elif node.op == "?:" and node.type.kind == "boolean":
        test, yes, no = node.args
        yield from _equalities(test, True, secured)
        yield from _equalities(test, False, secured)
        yield from _equalities(yes, positive, secured | _filled(test, True))
        yield from _equalities(no, positive, secured | _filled(test, False))
    else:
        for child in children(node):
            yield from _equalities(child, positive, secured)


def _filled(node: Node, positive: bool) -> frozenset[str]:
    """Return the keys that cannot be empty if ``node`` is true (false, if not ``positive``)."""
    if not isinstance(node, Call):
        return frozenset()
    if node.op == "!":
        return _filled(node.args[0], not positive)
    if node.op == "&&" and positive:
        return frozenset().union(*(_filled(arg, True) for arg in node.args))
    if node.op == "blank()" and not positive and isinstance(node.args[0], Name):
        return frozenset({node.args[0].key})
    if node.op == ("!=" if positive else "==") and any(arg.type.kind == "null" for arg in node.args):
        return frozenset(arg.key for arg in node.args if isinstance(arg, Name))
    if node.op in _FALSE_ON_EMPTY and positive:
        return frozenset(arg.key for arg in node.args[:1] if isinstance(arg, Name))
    if node.op == "==" and positive and any(isinstance(arg, Literal) for arg in node.args):
        return frozenset(arg.key for arg in node.args if isinstance(arg, Name))
    return frozenset()
