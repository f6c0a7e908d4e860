"""Source text to an untyped tree, with a span on every node and a limit on everything.

    expr    = or [ "?" expr ":" expr ]         or  = and { "||" and }        and = rel { "&&" rel }
    rel     = add [ ("==" | "!=" | "<" | "<=" | ">" | ">=" | "in") add ]     (no chains)
    add     = mul { ("+" | "-") mul }          mul = unary { ("*" | "/") unary }
    unary   = { "!" | "-" } postfix            postfix = primary { "." name [ "(" args ")" ] }
    primary = number | text | "true" | "false" | "null" | name [ "(" args ")" ] | `any name`
            | "[" constants "]" | "(" expr ")"

This is a subset of the syntax of CEL (https://github.com/google/cel-spec) with exact decimals and names in any
script. A precedence parser (Pratt, "Top Down Operator Precedence", 1973): one function, one table of binding powers.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple, NoReturn

from dealwright.conditions import types
from dealwright.conditions.syntax import MEASURES, QUANTIFIERS, Call, Each, Literal, Name, Node, Span
from dealwright.errors import ConditionError

MAX_LENGTH = 4000
MAX_DEPTH = 40
MAX_NODES = 400
MAX_LIST = 200
#: Left-deep chains such as a - b - c are as deep as they are long; back ends recurse into them.
MAX_CHAIN = 60
MAX_INTEGER = 2**63
#: Digits of a decimal constant: more than any column holds, few enough for exact work.
MAX_DIGITS = 36

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:(?P<number>[0-9]+(?:\.[0-9]+)?)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<name>[^\W\d]\w*)
    |`(?P<quoted>[^`\n]+)`
    |(?P<op>&&|\|\||[=!<>]=|[-+*/<>!?:.,()\[\]]))""",
    re.VERBOSE,
)
#: What a Chinese input method types for a sign of the language.
_FULL_WIDTH = dict(
    zip("（），．。！＜＞＝＋－＊／？：“”‘’「」【】［］＆｜", '(),..!<>=+-*/?:""\'\'""[][]&|', strict=True)
) | {chr(0xFF10 + digit): str(digit) for digit in range(10)}
_HINTS = {
    "=": "use == to compare",
    "&": "use && for “and”",
    "|": "use || for “or”",
    "%": "there is no “%”: 15 % is written 15",
    '"': 'the text is not closed: add “"” at its end',
    "'": "the text is not closed: add “'” at its end",
    "`": "the name is not closed: add “`” at its end",
    ";": "a condition is one expression, without “;”",
    "^": "there is no “^”",
}
_WORDS = {"and": "&&", "or": "||", "not": "!"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\", '"': '"', "'": "'"}
_POWER = {
    "?": 1,
    "||": 2,
    "&&": 3,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 4),
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
}
_RELATION = 4
_INTEGER = types.Type("integer", nullable=False)
_TEXT = types.Type("text", nullable=False)
_CONSTANTS = {"true": True, "false": False, "null": None}
#: Operators that are joined into one node however many operands there are; those of a side already joined are taken in.
_JOINED = frozenset({"&&", "||", "+", "*"})


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


def parse(source: str) -> Node:
    """Return the untyped tree of ``source``; spans are those of its NFC form, which most texts are in anyway.

    Raises:
        ConditionError: With the span of the first thing that is wrong.
    """
    return _Parser(unicodedata.normalize("NFC", source)).whole()


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = self._tokens()
        self.place = 0
        self.depth = 0
        self.nodes = 0
        self.chains: dict[int, int] = {}

    # Words ------------------------------------------------------------------------------------------------------

    def _tokens(self) -> list[_Token]:
        source = self.source
        if len(source) > MAX_LENGTH:
            self.fail(f"the condition has {len(source)} characters; at most {MAX_LENGTH} are allowed", 0, 1, "too-long")
        tokens = []
        place, end = 0, len(source.rstrip(" \t\r\n"))
        while place < end:
            match = _TOKEN.match(source, place)
            if match is None:
                self._unreadable(place)
            kind = match.lastgroup or ""
            tokens.append(_Token(kind, match[kind], match.start(kind), match.end()))
            place = match.end()
        tokens.append(_Token("end", "", end, end + 1))
        return tokens

    def _unreadable(self, place: int) -> NoReturn:
        source = self.source
        while source[place] in " \t\r\n":
            place += 1
        sign = source[place]
        if sign in _FULL_WIDTH:
            self.fail(f"full-width “{sign}”: type {_FULL_WIDTH[sign]} instead", place, place + 1, "full-width")
        if source.startswith(("=<", "=>"), place):
            self.fail({"=<": "use <=", "=>": "use >="}[source[place : place + 2]], place, place + 2)
        self.fail(_HINTS.get(sign, f"unexpected character “{sign}”"), place, place + 1)

    @property
    def token(self) -> _Token:
        return self.tokens[self.place]

    def next(self) -> _Token:
        token = self.tokens[self.place]
        if token.kind != "end":
            self.place += 1
        return token

    def at(self, sign: str) -> bool:
        return self.token.kind == "op" and self.token.text == sign

    def want(self, sign: str) -> _Token:
        if not self.at(sign):
            found = f"found “{self.token.text}”" if self.token.text else "but the text ends"
            self.refuse(f"expected “{sign}”, {found}")
        return self.next()

    def refuse(self, message: str, token: _Token | None = None, reason: str = "syntax") -> NoReturn:
        token = token or self.token
        self.fail(message, token.start, token.end, reason)

    def fail(self, message: str, start: int, end: int, reason: str = "syntax") -> NoReturn:
        # At the end of the text there is no character to point at: point at the last one.
        last = max(len(self.source), 1)
        start = min(start, last - 1)
        raise ConditionError(message, start, min(max(end, start + 1), last), source=self.source, reason=reason)

    # Nodes ------------------------------------------------------------------------------------------------------

    def whole(self) -> Node:
        node = self.expression(0)
        if self.token.kind != "end":
            self.unexpected()
        return node

    def unexpected(self) -> NoReturn:
        token = self.token
        if token.text.lower() in _WORDS and token.kind == "name":
            self.refuse(f"use {_WORDS[token.text.lower()]} for “{token.text}”")
        before = self.tokens[self.place - 1] if self.place else token
        if before.kind == "name" and before.text.lower() == "not":
            self.refuse(f"use ! for “{before.text}”", before)
        if token.kind == "name" and token.text in ("is", "IS"):
            self.refuse("use == to compare, and == null for “is empty”")
        self.refuse(f"unexpected “{token.text}”" if token.text else "the text ends too early")

    def made(self, node: Node) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.fail(f"the condition has more than {MAX_NODES} terms", *node.at, reason="too-long")
        return node

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.refuse(f"nested deeper than {MAX_DEPTH}", reason="too-deep")

    def expression(self, power: int) -> Node:
        self.deeper()
        left = self.unary()
        chain = 0
        while True:
            token = self.token
            sign = token.text if token.kind == "op" or (token.kind == "name" and token.text == "in") else ""
            binding = _POWER.get(sign, 0)
            if not binding or binding < power:
                break
            self.next()
            if sign == "?":
                yes = self.expression(1)
                self.want(":")
                no = self.expression(1)
                left = self.made(Call("?:", (left, yes, no), at=(left.at[0], no.at[1])))
                continue
            right = self.expression(binding + 1)
            span = (left.at[0], right.at[1])
            joined = self.joined(sign, left, right, span)
            if joined is None:
                chain += 1
                if chain > MAX_CHAIN:
                    self.refuse(f"more than {MAX_CHAIN} operations in a row; use brackets", token, "too-deep")
                joined = Call(sign, (left, right), at=span)
            left = self.made(joined)
            if binding == _RELATION and self.token.kind in ("op", "name") and _POWER.get(self.token.text) == _RELATION:
                self.refuse("comparisons cannot be chained; join them with &&")
        self.depth -= 1
        return left

    def joined(self, sign: str, left: Node, right: Node, span: Span) -> Call | None:
        """Return one node for a && b && c. A sum takes in its left side only: a + (b + c) may mean another type."""
        if sign not in _JOINED:
            return None
        same_left = isinstance(left, Call) and left.op == sign
        same_right = sign in ("&&", "||") and isinstance(right, Call) and right.op == sign
        first = left.args if same_left and isinstance(left, Call) else (left,)
        second = right.args if same_right and isinstance(right, Call) else (right,)
        return Call(sign, (*first, *second), at=span)

    def unary(self) -> Node:
        if self.at("!") or self.at("-"):
            sign = self.next()
            self.deeper()
            inner = self.unary()
            self.depth -= 1
            span = (sign.start, inner.at[1])
            if sign.text == "-" and isinstance(inner, Literal) and inner.type.kind in types.NUMBERS and inner.value > 0:
                # Of a decimal only the sign is changed: unary minus would round to the context's precision.
                value = inner.value.copy_negate() if isinstance(inner.value, Decimal) else -inner.value
                return replace(inner, value=value, at=span)
            return self.made(Call("!" if sign.text == "!" else "neg", (inner,), at=span))
        return self.postfix(self.primary())

    def postfix(self, node: Node) -> Node:
        while self.at("."):
            self.next()
            token = self.next()
            if token.kind not in ("name", "quoted"):
                self.refuse("expected a field name after “.”", token)
            name = token.text
            if self.at("("):
                if name in QUANTIFIERS or name in MEASURES:
                    node = self.each(name, node, token)
                else:
                    node = self.call(name, (node,), node.at[0], token)
            elif isinstance(node, Name):
                node = Name((*node.path, name), at=(node.at[0], token.end))
            else:
                self.refuse("only records have fields", token)
        return node

    def each(self, kind: str, over: Node, token: _Token) -> Node:
        self.next()
        var = self.next()
        if var.kind != "name" or not isinstance(over, Name):
            what = "condition" if kind in QUANTIFIERS else "value"
            at = token if not isinstance(over, Name) else var
            self.refuse(f"write rows.{kind}(row, {what}), such as lines.{kind}(l, …)", at)
        self.want(",")
        body = self.expression(0)
        end = self.want(")").end
        return self.made(Each(kind, over, var.text, body, at=(over.at[0], end)))

    def call(self, name: str, first: tuple[Node, ...], start: int, token: _Token) -> Node:
        self.want("(")
        args = list(first)
        while not self.at(")"):
            args.append(self.expression(0))
            if not self.at(")"):
                self.want(",")
        return self.made(Call(f"{name}()", tuple(args), at=(start, self.next().end)))

    def primary(self) -> Node:
        token = self.next()
        span = (token.start, token.end)
        if token.kind == "number":
            return self.made(self.number(token))
        if token.kind == "text":
            return self.made(Literal(self.text(token), _TEXT, span))
        if token.kind == "name" and token.text in _CONSTANTS:
            value = _CONSTANTS[token.text]
            return self.made(Literal(value, types.NULL if value is None else types.BOOLEAN, span))
        if token.kind in ("name", "quoted"):
            name = token.text
            if token.kind == "name" and self.at("("):
                if name.lower() in _WORDS:
                    self.refuse(f"use {_WORDS[name.lower()]} for “{token.text}”", token)
                return self.call(name, (), token.start, token)
            return self.made(Name((name,), at=span))
        if token.kind == "op" and token.text == "(":
            node = self.expression(0)
            self.want(")")
            return node
        if token.kind == "op" and token.text == "[":
            return self.list(token)
        before = self.tokens[self.place - 2] if self.place > 1 else token
        if token.text == ">" and before.text == "<":
            self.fail("use != for “is not”", before.start, token.end)
        if token.kind == "end":
            self.refuse("expected a value at the end" if self.source.strip() else "the condition is empty", token)
        self.refuse(f"expected a value, found “{token.text}”", token)

    def list(self, token: _Token) -> Node:
        items: list[Node] = []
        while not self.at("]"):
            items.append(self.expression(0))
            if len(items) > MAX_LIST:
                self.fail(f"a list has at most {MAX_LIST} constants", *items[-1].at, reason="too-long")
            if not self.at("]"):
                self.want(",")
        return self.made(Call("list", tuple(items), at=(token.start, self.next().end)))

    def number(self, token: _Token) -> Literal:
        span = (token.start, token.end)
        if "." in token.text:
            if len(token.text) > MAX_DIGITS:
                self.refuse(f"a number has at most {MAX_DIGITS} digits", token, "too-long")
            value = Decimal(token.text)
            return Literal(value, types.Type("decimal", scale=_places(value), nullable=False), span)
        if len(token.text) > 19 or int(token.text) >= MAX_INTEGER:
            self.refuse("a whole number is smaller than 2^63 (9223372036854775808)", token, "too-long")
        return Literal(int(token.text), _INTEGER, span)

    def text(self, token: _Token) -> str:
        body = token.text[1:-1]
        if "\\" in body:
            body = re.sub(r"\\(u[0-9a-fA-F]{4}|.)", lambda match: self.escaped(match, token), body)
        for sign in body:
            if "\ud800" <= sign <= "\udfff" or sign == "\0":
                self.refuse("the text holds a character that cannot be stored", token)
        return unicodedata.normalize("NFC", body)

    def escaped(self, match: re.Match[str], token: _Token) -> str:
        what = match[1]
        if what in _ESCAPES:
            return _ESCAPES[what]
        if len(what) == 5:
            return chr(int(what[1:], 16))
        start = token.start + 1 + match.start()
        self.fail(f"unknown escape “\\{what}”; write \\\\ for one backslash", start, start + 2)


def _places(value: Decimal) -> int:
    return max(0, -int(value.as_tuple().exponent))


def near(word: str, words: list[str]) -> str | None:
    """Return the one of ``words`` that ``word`` was probably meant to be, or None."""
    found = difflib.get_close_matches(word, words, 1, 0.6)
    return found[0] if found else None
