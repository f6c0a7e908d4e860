"""From conditions to chains: what a matcher is given for the rules that one kind of event can wake.

1. Negations are pushed down to the comparisons. Conditions are two-valued, so each has an exact complement.
2. The disjunctive normal form: each way in which a condition can be true is one conjunction, a chain.
3. A comparison of a value with a constant becomes a test of the value's code (:mod:`dealwright.rules.facts`); anything
   else becomes a flag that Python answers. A value or flag that several rules ask for is one measure, worked out once.

What would have more than 32 variants, or more than 24 tests in one, is made smaller by answering parts of it in Python,
the largest part first: every condition that the language allows compiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Final

from dealwright.conditions import python, types
from dealwright.conditions.syntax import Call, Literal, Node
from dealwright.rules.facts import EMPTY_CODE, Coded, Env, Flag, Measure
from dealwright.rules.pattern import MAX_TESTS, MAX_VARIANTS, Chain, Test

if TYPE_CHECKING:
    from dealwright.rules.ruleset import Prepared

#: Each comparison with its two sides changed over.
_FLIPPED: Final = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
#: Each comparison with a constant, and its complement: alternatives, each a conjunction of (op, with the constant's
#: code or with the empty value's). The empty value has the least code and is neither less than a constant nor equal to
#: one.
_TESTS: Final = {
    "==": (((("==", True),),), ((("!=", True),),)),
    "!=": (((("!=", True),),), ((("==", True),),)),
    ">": ((((">", True),),), ((("<=", True),),)),
    ">=": ((((">=", True),),), ((("<", True),),)),
    "<": (((("<", True), ("!=", False)),), (((">=", True),), (("==", False),))),
    "<=": (((("<=", True), ("!=", False)),), (((">", True),), (("==", False),))),
}
#: Kinds of value that are only equal to a constant or not.
_UNORDERED: Final = frozenset({"text", "reference"})


@dataclass(frozen=True, slots=True)
class Atom:
    """A test before codes are known: of a value with a constant (or with empty), or of a flag with 0 or 1."""

    of: Node
    op: str
    constant: Any
    flag: bool = False


Variants = tuple[tuple[Atom, ...], ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a matcher needs to answer for a group of rules.

    Attributes:
        rules: Ids of the rules; the name of a chain starts with the position of its rule.
        always: Ids of those without a condition.
        chains: All chains of all rules, in the order of the rules.
        measures: What the chains test, by generated name.
    """

    rules: tuple[str, ...]
    always: frozenset[str]
    chains: tuple[Chain, ...]
    measures: Mapping[str, Measure]


def compiled(group: Sequence[Prepared]) -> Compiled:
    """Return the chains of the rules of ``group``; a few milliseconds for a hundred rules."""
    variants = {place: ways(one.condition.ast, False) for place, one in enumerate(group) if one.condition is not None}
    atoms = [atom for alternatives in variants.values() for tests in alternatives for atom in tests]
    names, measures = _measures(atoms)
    chains = tuple(
        Chain(f"{place}#{number}", tuple(sorted(set(_tests(tests, names, measures)), key=_rank)))
        for place, alternatives in variants.items()
        for number, tests in enumerate(alternatives)
    )
    return Compiled(
        rules=tuple(one.rule.id for one in group),
        always=frozenset(one.rule.id for one in group if one.condition is None),
        chains=chains,
        measures=measures,
    )


def ways(node: Node, negated: bool) -> Variants:
    """Return the disjunctive normal form of ``node``, or of its complement."""
    if isinstance(node, Call):
        match node.op:
            case "!":
                return ways(node.args[0], not negated)
            case "&&" | "||" if (node.op == "&&") is not negated:
                return _all([(part, negated) for part in node.args], node, negated)
            case "&&" | "||":
                return _any([ways(part, negated) for part in node.args], node, negated)
            case "?:" if node.type.kind == "boolean":
                test, then, other = node.args
                return _any(
                    [
                        _all([(test, False), (then, negated)], node, negated),
                        _all([(test, True), (other, negated)], node, negated),
                    ],
                    node,
                    negated,
                )
            case op if op in _TESTS:
                return _comparison(op, node, negated)
    return _flag(node, negated)


def _any(alternatives: Iterable[Variants], node: Node, negated: bool) -> Variants:
    together = tuple(dict.fromkeys(tests for variants in alternatives for tests in variants))
    return together if len(together) <= MAX_VARIANTS else _flag(node, negated)


def _all(parts: Sequence[tuple[Node, bool]], node: Node, negated: bool) -> Variants:
    forms = [ways(part, turned) for part, turned in parts]
    # The part with the most variants costs the most chains: that one is asked in Python first.
    for place in sorted(range(len(forms)), key=lambda place: -len(forms[place])):
        if prod(len(form) for form in forms) <= MAX_VARIANTS:
            break
        forms[place] = _flag(*parts[place])
    together: Variants = ((),)
    for form in forms:
        together = tuple(tuple(dict.fromkeys(first + more)) for first in together for more in form)
    if any(len(tests) > MAX_TESTS for tests in together):
        return _flag(node, negated)
    return tuple(dict.fromkeys(together))


def _comparison(op: str, node: Call, negated: bool) -> Variants:
    left, right = node.args
    if isinstance(left, Literal) and not isinstance(right, Literal):
        left, right, op = right, left, _FLIPPED[op]
    kind = left.type.kind
    ordered = kind in types.ORDERED
    if not isinstance(right, Literal) or isinstance(left, Literal) or not (ordered or kind in _UNORDERED):
        return _flag(node, negated)
    return tuple(
        tuple(Atom(left, sign, right.value if with_constant else None) for sign, with_constant in tests)
        for tests in _TESTS[op][negated]
    )


def _flag(node: Node, negated: bool) -> Variants:
    return ((Atom(node, "==", 0 if negated else 1, flag=True),),)


def _measures(atoms: Iterable[Atom]) -> tuple[dict[tuple[Node, bool], str], dict[str, Measure]]:
    """Return the generated name of each value and flag, and the measure of each name."""
    constants: dict[Node, dict[Any, None]] = {}
    flags: dict[Node, None] = {}
    for atom in atoms:
        if atom.flag:
            flags[atom.of] = None
        else:
            known = constants.setdefault(atom.of, {})
            if atom.constant is not None:
                known[atom.constant] = None
    names: dict[tuple[Node, bool], str] = {}
    measures: dict[str, Measure] = {}
    for place, (node, known) in enumerate(constants.items()):
        ordered = node.type.kind in types.ORDERED
        names[node, False] = f"t{place}"
        measures[f"t{place}"] = Coded(python.compile(node), tuple(sorted(known) if ordered else known), ordered)
    for place, node in enumerate(flags):
        names[node, True] = f"f{place}"
        measures[f"f{place}"] = Flag(_truth(python.compile(node)))
    return names, measures


def _truth(value: Callable[[Env], Any]) -> Callable[[Env], bool]:
    return lambda env: value(env) is True


def _tests(
    atoms: Iterable[Atom], names: Mapping[tuple[Node, bool], str], measures: Mapping[str, Measure]
) -> Iterable[Test]:
    for atom in atoms:
        name = names[atom.of, atom.flag]
        measure = measures[name]
        if isinstance(measure, Flag):
            code = int(atom.constant)
        else:
            code = EMPTY_CODE if atom.constant is None else measure.code_of(atom.constant)
        yield Test(name, atom.op, code)


def _rank(test: Test) -> tuple[bool, str, str, int]:
    """Order tests so that chains share their first ones: the library asks a shared beginning once."""
    return test.op != "==", test.measure, test.op, test.code
