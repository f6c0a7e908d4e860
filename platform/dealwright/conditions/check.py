"""Names and types: an untyped tree to a typed one, against the catalog.

What the checker leaves behind is exact: every name is resolved, a parameter is its value, ``duration("168h")`` is a
constant, and where a whole number meets a decimal there is a ``decimal()`` around it. All faults are found, each with
its span; a part with a fault has the type ``unknown``, of which nothing more is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from dealwright.conditions import types
from dealwright.conditions.caution import empty_equals_empty, negations
from dealwright.conditions.constants import READERS
from dealwright.conditions.functions import FUNCTIONS, MAX_PLACES, OTHER_NAMES, Function
from dealwright.conditions.parser import near
from dealwright.conditions.scope import USES, NameFault
from dealwright.conditions.syntax import MEASURES, Call, Each, Literal, Name, Node, walk
from dealwright.conditions.types import BOOLEAN, NUMBERS, ORDERED, UNKNOWN, Type
from dealwright.errors import ConditionError

if TYPE_CHECKING:
    from dealwright.conditions.scope import Scope

MAX_NESTED = 2
MAX_PATHS = 8
#: What + and - give for moments; everything else is for numbers and texts.
_MOMENTS = {
    ("datetime", "-", "datetime"): "duration",
    ("datetime", "-", "duration"): "datetime",
    ("datetime", "+", "duration"): "datetime",
    ("date", "-", "date"): "duration",
    ("date", "-", "duration"): "date",
    ("date", "+", "duration"): "date",
    ("duration", "+", "date"): "date",
    ("duration", "+", "datetime"): "datetime",
    ("duration", "+", "duration"): "duration",
    ("duration", "-", "duration"): "duration",
    ("text", "+", "text"): "text",
}
_EMPTY = Literal(None, UNKNOWN)


def check(node: Node, scope: Scope, source: str) -> tuple[Node, tuple[str, ...]]:
    """Return the typed tree of ``node`` and the warnings for its author.

    Raises:
        ConditionError: If anything is wrong; ``others`` holds what else is.
    """
    checker = _Checker(scope, source)
    typed = checker.node(node)
    use = USES[scope.use]
    if use.condition and typed.type.kind not in ("boolean", "unknown"):
        checker.condition(typed)
    if not checker.faults:
        checker.paths(typed)
        if scope.use == "permission":
            for equality, message in empty_equals_empty(typed):
                checker.fault(equality, "unsafe-empty", message)
    if checker.faults:
        first, *others = checker.faults
        first.others = tuple(others)
        raise first
    if scope.use in ("permission", "gate"):
        checker.warnings.extend(negations(typed, source))
    return typed, tuple(checker.warnings)


@dataclass(slots=True)
class _Checker:
    scope: Scope
    source: str
    faults: list[ConditionError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    nested: int = 0

    def fault(self, at: Node, reason: str, message: str, suggestion: str | None = None) -> Node:
        self.faults.append(ConditionError(message, *at.at, source=self.source, reason=reason, suggestion=suggestion))
        return replace(_EMPTY, at=at.at)

    def node(self, node: Node) -> Node:
        if isinstance(node, Literal):
            return node
        if isinstance(node, Name):
            return self.name(node)
        if isinstance(node, Each):
            return self.each(node)
        if node.op.endswith("()"):
            return self.function(node)
        typed = replace(node, args=tuple(self.node(arg) for arg in node.args))
        if any(arg.type.kind == "unknown" for arg in typed.args):
            return replace(typed, type=BOOLEAN if node.op in _BOOLEAN else UNKNOWN)
        return getattr(self, _OPERATORS[node.op])(typed)  # type: ignore[no-any-return]

    # Names and rows ---------------------------------------------------------------------------------------------

    def name(self, node: Name) -> Node:
        try:
            return self.scope.resolve(node)
        except NameFault as fault:
            return self.fault(node, fault.reason, str(fault), fault.suggestion)

    def each(self, node: Each) -> Node:
        over = self.name(node.over)
        kind = over.type.kind
        if kind == "unknown":
            return over
        listed = kind == "rows" or (kind == "set" and over.type.element == "reference")
        if not isinstance(over, Name) or not listed:
            return self.fault(node.over, "wrong-type", f"“{'.'.join(node.over.path)}” is no list of rows")
        stored = USES[self.scope.use].stored
        # Who may see a part is asked of its whole, the whole's rows too; elsewhere they would have to be loaded anywhere.
        reached = self.scope.use == "permission" and kind == "rows" and not over.root
        if (len(over.steps) > 1 and not reached) or (stored and over.root in ("record", "user")):
            return self.fault(node.over, "not-allowed", "only a list of the record itself can be asked; make a roll-up")
        if self.scope.knows(node.var):
            return self.fault(node, "name-taken", f"“{node.var}” is already the name of something; choose another")
        self.nested += 1
        if self.nested > MAX_NESTED:
            self.fault(node, "too-deep", f"questions to rows nest at most {MAX_NESTED} deep")
        self.scope.vars[node.var] = replace(over.type, nullable=stored)
        body = self.node(node.body)
        del self.scope.vars[node.var]
        self.nested -= 1
        if len(over.steps) > 1 and any(_leads_on(part, node.var) for part in walk(body)):
            return self.fault(node, "not-allowed", f"only fields of “{node.var}” itself are known here; make a roll-up")
        # A list of references holds ids; what stands at their ends SQL alone knows, and a right is asked of one record too.
        ids_only = kind == "set" and (not stored or self.scope.use == "permission")
        if ids_only and any(_reads_target(part, node.var) for part in walk(body)):
            return self.fault(node, "not-allowed", f"only “{node.var}.id” is known here; make a roll-up or a row list")
        if node.kind not in MEASURES:
            result = Type("integer", nullable=False) if node.kind == "count" else BOOLEAN
            return replace(node, over=over, body=self.condition(body), type=result)
        return replace(node, over=over, body=body, type=self.measured(node, body))

    def measured(self, node: Each, body: Node) -> Type:
        kind = body.type.kind
        if kind == "unknown":
            return UNKNOWN
        allowed = ORDERED if node.kind in ("min", "max") else {*NUMBERS, "duration"} if node.kind == "sum" else NUMBERS
        if kind not in allowed:
            return self.fault(node.body, "wrong-type", f"{node.kind}() does not work on {body.type.noun}").type
        if node.kind == "avg":
            return Type("decimal", scale=types.QUOTIENT_SCALE)
        # A sum of no rows is 0, so it is never empty; the least of no rows is.
        return Type(kind, scale=body.type.scale, nullable=node.kind != "sum")

    # Operators --------------------------------------------------------------------------------------------------

    def connective(self, node: Call) -> Node:
        for arg in node.args:
            self.condition(arg)
        return replace(node, type=BOOLEAN)

    def condition(self, node: Node) -> Node:
        if node.type.kind in ("boolean", "unknown"):
            return node
        shown = self.source[slice(*node.at)]
        hint = f"; write {shown} == true" if node.type.kind == "any" else ""
        if node.type.kind in ("text", "reference", "set", "rows"):
            hint = f"; write !blank({shown}) for “is not empty”"
        return self.fault(node, "not-a-condition", f"a condition is needed here, this is {node.type.noun}{hint}")

    def equals(self, node: Call) -> Node:
        node = self.widened(node)
        first, second = node.args
        kinds = {first.type.kind, second.type.kind}
        if "null" in kinds:
            other = first if second.type.kind == "null" else second
            if kinds == {"null"}:
                return self.fault(node, "wrong-type", "both sides are null")
            if other.type.kind == "boolean":
                return self.fault(node, "never-empty", "a yes/no value is never empty; compare it with false")
            if other.type.kind == "list":
                return self.fault(node, "wrong-type", "a list of constants is never empty")
            return replace(node, type=BOOLEAN)
        for arg in node.args:
            if arg.type.kind in ("set", "checklist", "rows", "object", "list"):
                return self.fault(arg, "wrong-type", f"“{node.op}” cannot compare {arg.type.noun}; use “in” or blank()")
        self.alike(node, first, second)
        self.one_of(first, second)
        self.one_of(second, first)
        self.fine(first, second)
        return replace(node, type=BOOLEAN)

    def ordered(self, node: Call) -> Node:
        node = self.widened(node)
        literals = [arg for arg in node.args if isinstance(arg, Literal) and arg.type.kind == "text"]
        if len(literals) == 1 and any(arg.type.kind in ORDERED for arg in node.args):
            self.alike(node, *node.args)  # It says how the constant is written.
            return replace(node, type=BOOLEAN)
        for arg in node.args:
            if arg.type.kind not in ORDERED and arg.type.kind != "any":
                why = ": the order of texts differs from database to database" if arg.type.kind == "text" else ""
                return self.fault(arg, "wrong-type", f"“{node.op}” cannot order {arg.type.noun}{why}")
        self.alike(node, *node.args)
        self.fine(*node.args)
        return replace(node, type=BOOLEAN)

    def among(self, node: Call) -> Node:
        left, right = self.widened(node).args
        if left.type.kind in ("null", "list", "rows", "object", "checklist", "set"):
            return self.fault(left, "wrong-type", f"“in” cannot look for {left.type.noun}")
        if right.type.kind == "list" and isinstance(right, Call):
            for item in right.args:
                self.alike(node, left, item)
                self.one_of(left, item)
                self.fine(left, item)
        elif right.type.kind in ("set", "checklist", "any"):
            if right.type.kind == "set" and right.type.element == "reference":
                self.alike(node, left, replace(_EMPTY, type=Type("reference", entity=right.type.entity), at=right.at))
            elif left.type.kind not in ("text", "any", "reference") and right.type.kind != "any":
                self.fault(left, "wrong-type", f"the right side holds texts, this is {left.type.noun}")
            self.one_of(right, left)
        else:
            self.fault(right, "wrong-type", "the right side of “in” must be a list or a field of several choices")
        return replace(node, args=(left, right), type=BOOLEAN)

    def list(self, node: Call) -> Node:
        for item in node.args:
            if not isinstance(item, Literal) or item.type.kind in ("null", "list"):
                return self.fault(item, "wrong-type", "a list holds constants only")
        kinds = {item.type.kind for item in node.args}
        if kinds == set(NUMBERS):
            node = replace(node, args=tuple(_decimal(item) for item in node.args))
            kinds = {"decimal"}
        if len(kinds) > 1:
            return self.fault(node, "wrong-type", "the constants of a list must be of one type")
        return replace(node, type=Type("list", element=next(iter(kinds), "text"), nullable=False))

    def arithmetic(self, node: Call) -> Node:
        node = self.widened(node)
        nullable = any(arg.type.nullable for arg in node.args) or node.op == "/"
        result = node.args[0].type
        for arg in node.args[1:]:
            kinds = (result.kind, node.op, arg.type.kind)
            if kinds in _MOMENTS:
                result = Type(_MOMENTS[kinds])
            elif result.kind in NUMBERS and arg.type.kind in NUMBERS:
                result = _number(node.op, result, arg.type)
            else:
                return self.mismatch(node, result, arg)
        if len(node.args) == 1 and result.kind not in {*NUMBERS, "duration"}:
            return self.fault(node, "wrong-type", f"“-” does not work on {result.noun}")
        if result.kind == "date":
            self.whole_days(node)
        return replace(node, type=replace(result, options=None, entity=None, nullable=nullable))

    def mismatch(self, node: Call, left: Type, right: Node) -> Node:
        hint = ""
        if left.kind in ("date", "datetime") and right.type.kind in NUMBERS:
            hint = f"; write days({self.source[slice(*right.at)]})"
        message = f"“{node.op}” does not work on {left.noun} and {right.type.noun}{hint}"
        return self.fault(node, "wrong-type", message)

    def whole_days(self, node: Call) -> None:
        for arg in node.args[1:]:
            if isinstance(arg, Literal) and arg.type.kind == "duration" and arg.value % timedelta(days=1):
                self.fault(arg, "wrong-type", "a date moves by whole days only")

    def choice(self, node: Call) -> Node:
        test, first, second = self.widened(node, start=1).args
        self.condition(test)
        self.alike(node, first, second)
        known = first if first.type.kind != "null" else second
        nullable = known.type.kind != "boolean" and (first.type.nullable or second.type.nullable)
        if known.type.kind == "boolean" and "null" in (first.type.kind, second.type.kind):
            return self.fault(node, "never-empty", "a yes/no value is never empty")
        scale = max(first.type.scale, second.type.scale)
        return replace(
            node, args=(test, first, second), type=replace(known.type, nullable=nullable, scale=scale, options=None)
        )

    # Functions --------------------------------------------------------------------------------------------------

    def function(self, node: Call) -> Node:
        name = node.op[:-2]
        function = FUNCTIONS.get(name)
        if function is None:
            for arg in node.args:
                self.node(arg)
            suggestion = OTHER_NAMES.get(name.lower()) or near(name, list(FUNCTIONS))
            hint = f"; did you mean “{suggestion}”?" if suggestion else ""
            if suggestion == "?:":
                hint = "; write condition ? value : other value"
            return self.fault(node, "unknown-function", f"there is no function “{name}”{hint}", suggestion)
        if function.use and function.use not in USES[self.scope.use].roots:
            return self.fault(node, "not-allowed", f"{name}() is not known in {USES[self.scope.use].noun}")
        wanted, given = len(function.params), len(node.args)
        if given < wanted or (given > wanted and not function.more):
            return self.fault(node, "wrong-count", f"{name}() takes {wanted} value(s), not {given}: {function.shown}")
        node = replace(node, args=tuple(self.node(arg) for arg in node.args))
        if any(arg.type.kind == "unknown" for arg in node.args):
            return replace(_EMPTY, at=node.at)
        if function.result == "same":
            node = self.widened(node)
        for position, arg in enumerate(node.args):
            if not self.fits(function, position, arg):
                return replace(_EMPTY, at=node.at)
        special = getattr(self, f"_{name}", None)
        return special(node) if special else self.plain(node, function)

    def fits(self, function: Function, position: int, arg: Node) -> bool:
        allowed = function.params[min(position, len(function.params) - 1)]
        kind = arg.type.kind
        if kind == "null" or (kind == "list" and "any" in allowed):
            self.fault(arg, "wrong-type", f"{function.name}() needs a value here, not {arg.type.noun}")
            return False
        if "any" in allowed or kind in allowed or (kind == "any" and allowed == ("text",)):
            return True
        if kind == "reference" and "text" in allowed and function.name == "coalesce":
            return True
        wanted = " or ".join(dict.fromkeys(Type(kind).noun for kind in allowed))
        self.fault(arg, "wrong-type", f"{function.name}() needs {wanted}, this is {arg.type.noun}: {function.shown}")
        return False

    def plain(self, node: Call, function: Function) -> Node:
        nullable = function.strict and any(arg.type.nullable for arg in node.args)
        if function.constant:
            return self.constant(node, function)
        if function.result in ("same", "first"):
            base = node.args[0].type
            if function.result == "same":
                for arg in node.args[1:]:
                    self.alike(node, node.args[0], arg)
                base = replace(base, scale=max(arg.type.scale for arg in node.args), options=None)
            return replace(node, type=replace(base, nullable=nullable))
        if function.result == "boolean":
            return replace(node, type=BOOLEAN)
        return replace(node, type=Type(function.result, nullable=nullable))

    def constant(self, node: Call, function: Function) -> Node:
        arg = node.args[0]
        value = READERS[function.name](arg.value) if isinstance(arg, Literal) and arg.type.kind == "text" else None
        if value is None:
            return self.fault(arg, "wrong-type", f"{function.name}() needs a constant such as {function.shown}")
        name = arg.name if isinstance(arg, Literal) else None
        if name:
            # The constant keeps the whole call as its source, so that the text names the parameter.
            return Literal(value, Type(function.result, nullable=False), node.at, f"{function.name}({name})")
        return Literal(value, Type(function.result, nullable=False), node.at)

    def _coalesce(self, node: Call) -> Node:
        for arg in node.args:
            if arg.type.kind in ("boolean", "set", "checklist", "rows", "object"):
                return self.fault(arg, "wrong-type", f"coalesce() does not work on {arg.type.noun}")
        typed = self.plain(node, FUNCTIONS["coalesce"])
        return replace(typed, type=replace(typed.type, nullable=all(arg.type.nullable for arg in node.args)))

    def _round(self, node: Call) -> Node:
        value, places = node.args
        number = places.value if isinstance(places, Literal) else None
        if number is None or not 0 <= number <= MAX_PLACES or number != int(number):
            return self.fault(
                places, "wrong-type", f"round() needs a constant from 0 to {MAX_PLACES} as its second value"
            )
        digits = Literal(int(number), replace(types.INTEGER, nullable=False), places.at)
        result = Type("decimal", scale=int(number), nullable=value.type.nullable)
        return replace(node, args=(_decimal(value), digits), type=result)

    def _size(self, node: Call) -> Node:
        over = node.args[0]
        if over.type.kind == "rows" and not (isinstance(over, Name) and len(over.steps) == 1):
            return self.fault(over, "not-allowed", "only a list of the record itself can be asked; make a roll-up")
        return replace(node, type=Type("integer", nullable=False))

    def _blank(self, node: Call) -> Node:
        if node.args[0].type.kind == "boolean":
            return self.fault(node, "never-empty", "a yes/no value is never empty; compare it with false")
        return replace(node, type=BOOLEAN)

    def _hasRole(self, node: Call) -> Node:  # noqa: N802 - named after the function
        if not isinstance(node.args[0], Literal):
            return self.fault(node.args[0], "wrong-type", 'hasRole() needs a constant such as hasRole("sales.rep")')
        roles = list(self.scope.catalog.roles)
        role = node.args[0].value
        if roles and role not in roles:
            suggestion = near(str(role), roles)
            hint = f"; did you mean “{suggestion}”?" if suggestion else ""
            return self.fault(node.args[0], "no-such-option", f"there is no role “{role}”{hint}", suggestion)
        return replace(node, type=BOOLEAN)

    def _changed(self, node: Call) -> Node:
        over = node.args[0]
        if not isinstance(over, Name) or over.root or len(over.steps) != 1 or over.means is not None:
            return self.fault(over, "wrong-type", "changed() needs a field of the record, such as changed(stage)")
        return replace(node, type=BOOLEAN)

    # Rules between operands -------------------------------------------------------------------------------------

    def widened(self, node: Call, start: int = 0) -> Call:
        """Put whole numbers beside decimals into decimal(), so that no back end has to guess."""
        flat: list[Node] = []
        for arg in node.args[start:]:
            flat += arg.args if isinstance(arg, Call) and arg.op == "list" else (arg,)
        kinds = {arg.type.kind for arg in flat} & NUMBERS
        if not ("decimal" in kinds and "integer" in kinds) and not (node.op == "/" and kinds):
            return node
        args = []
        for arg in node.args[:start]:
            args.append(arg)
        for arg in node.args[start:]:
            if isinstance(arg, Call) and arg.op == "list":
                items = tuple(_decimal(item) for item in arg.args)
                args.append(replace(arg, args=items, type=replace(arg.type, element="decimal")))
            else:
                args.append(_decimal(arg))
        return replace(node, args=tuple(args))

    def alike(self, node: Node, first: Node, second: Node) -> None:
        one, two = first.type, second.type
        if "null" in (one.kind, two.kind) or "unknown" in (one.kind, two.kind):
            return
        if "any" in (one.kind, two.kind):
            other = two if one.kind == "any" else one
            if other.kind not in ("text", "integer", "decimal", "boolean", "reference", "any"):
                self.fault(node, "wrong-type", f"a value of an event cannot be compared with {other.noun}")
            return
        if one.kind == two.kind == "reference":
            if one.entity and two.entity and one.entity != two.entity:
                self.fault(node, "wrong-type", f"{one.noun} is never {two.noun}")
            return
        if {one.kind, two.kind} == {"reference", "text"} or one.kind == two.kind:
            return
        hint = ""
        for this, beside in ((first, second), (second, first)):
            reader = READERS.get(beside.type.kind)
            if isinstance(this, Literal) and this.type.kind == "text":
                if reader and reader(this.value) is not None:
                    hint = f'; write {beside.type.kind}("{this.value}")'
                elif beside.type.kind in NUMBERS and re.fullmatch(r"-?\d+(\.\d+)?", this.value, re.ASCII):
                    hint = f"; write {this.value} without quotation marks"
            if this.type.kind in NUMBERS and beside.type.kind == "duration":
                hint = f"; write days({self.source[slice(*this.at)]})"
        if {one.kind, two.kind} == {"date", "datetime"}:
            hint = "; a moment has a time of day and a zone, a date has none"
        self.fault(node, "wrong-type", f"cannot compare {one.noun} with {two.noun}{hint}")

    def one_of(self, known: Node, constant: Node) -> None:
        options = known.type.options
        if options is None or not isinstance(constant, Literal) or constant.type.kind != "text":
            return
        if constant.value not in options:
            suggestion = near(constant.value, list(options))
            hint = f"; did you mean “{suggestion}”?" if suggestion else ""
            listed = ", ".join(options[:12]) + (" …" if len(options) > 12 else "")
            self.fault(constant, "no-such-option", f"“{constant.value}” is not one of {listed}{hint}", suggestion)

    def fine(self, first: Node, second: Node) -> None:
        """Refuse a decimal constant that is finer than what it is compared with can be."""
        for constant, other in ((first, second), (second, first)):
            if isinstance(constant, Literal) and constant.type.kind == "decimal" and other.type.kind == "decimal":
                places = max(0, -int(constant.value.normalize().as_tuple().exponent))
                if isinstance(other, Name) and places > other.type.scale:
                    what = ".".join(other.path)
                    message = f"{constant.value} has {places} decimal places, “{what}” has at most {other.type.scale}"
                    self.fault(constant, "too-precise", message)

    # Rules about the whole --------------------------------------------------------------------------------------

    def paths(self, node: Node) -> None:
        prefixes = {
            (part.root, part.steps[:depth])
            for part in walk(node)
            if isinstance(part, Name)
            for depth in range(1, len(part.steps))
        }
        if len(prefixes) > MAX_PATHS:
            self.fault(
                node, "too-deep", f"the condition follows {len(prefixes)} references; at most {MAX_PATHS} are allowed"
            )


_BOOLEAN = frozenset({"&&", "||", "!", "==", "!=", "<", "<=", ">", ">=", "in"})
_OPERATORS = {
    **dict.fromkeys(("&&", "||", "!"), "connective"),
    **dict.fromkeys(("==", "!="), "equals"),
    **dict.fromkeys(("<", "<=", ">", ">="), "ordered"),
    **dict.fromkeys(("+", "-", "*", "/", "neg"), "arithmetic"),
    "in": "among",
    "list": "list",
    "?:": "choice",
}


def _reads_target(part: Node, var: str) -> bool:
    return isinstance(part, Name) and part.root == var and part.steps != ("id",)


def _leads_on(part: Node, var: str) -> bool:
    return isinstance(part, Name) and part.root == var and len(part.steps) > 1


def _decimal(node: Node) -> Node:
    if node.type.kind != "integer":
        return node
    wide = Type("decimal", scale=0, nullable=node.type.nullable)
    if isinstance(node, Literal):
        return replace(node, value=Decimal(node.value), type=wide)
    return Call("decimal()", (node,), wide, node.at)


def _number(op: str, left: Type, right: Type) -> Type:
    if op == "/":
        return Type("decimal", scale=types.QUOTIENT_SCALE)
    kind = "decimal" if "decimal" in (left.kind, right.kind) else "integer"
    return Type(kind, scale=left.scale + right.scale if op == "*" else max(left.scale, right.scale))
