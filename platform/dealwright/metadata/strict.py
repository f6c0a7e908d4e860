"""Reading JSON that a stranger may have written: what is unclear or hostile is refused with its place.

Python's own reader takes duplicate keys (the last wins), ``NaN``, numbers of any length and any depth, and turns
decimals into binary floats. Here a decimal is an exact :class:`~decimal.Decimal`, and every fault is a problem: those
of the grammar with line and column (the first one ends the reading), the others with a JSON Pointer, all of them.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NoReturn

from dealwright.errors import DefinitionError, Problem
from dealwright.metadata.pointers import pointer

#: Nothing in a document needs more; Python's own limit of recursion lies far above.
MAX_DEPTH: Final = 32
MAX_BYTES: Final = 1_000_000
MAX_STRING: Final = 20_000

_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORDS: Final = {"true": True, "false": False, "null": None}
_WORD = re.compile(r"[A-Za-z]+")
# Bidirectional controls can make a text look like another one (CVE-2021-42574); other controls have no business here.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def read(file: Path | bytes, source: str = "") -> Any:
    """Return the JSON value in a file: dict, list, str, int, Decimal, bool or None.

    Args:
        file: Path, or the bytes themselves.
        source: What problems call the file; its path when empty.

    Raises:
        DefinitionError: With every problem found.
    """
    if isinstance(file, Path):
        source = source or str(file)
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    else:
        data = file
    if len(data) > MAX_BYTES:
        raise _refused(source, "too-large", f"the file has more than {MAX_BYTES:,} bytes; split it")
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise _refused(
            source, "byte-order-mark", "the file starts with a byte order mark; save it as UTF-8 without one"
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(
            source, "not-utf-8", f"byte {error.start} (0x{data[error.start]:02x}) is not UTF-8; save the file as UTF-8"
        ) from None
    return _Reader(text, source).document()


def _refused(source: str, code: str, message: str) -> DefinitionError:
    return DefinitionError(f"{source or 'the document'} cannot be read", [Problem("", code, message, source)])


class _Reader:
    """A recursive descent over one text; recursion is bounded by ``MAX_DEPTH``."""

    def __init__(self, text: str, source: str) -> None:
        self.text, self.source = text, source
        self.at = 0
        self.steps: list[str | int] = []
        self.problems: list[Problem] = []

    def document(self) -> Any:
        value = self.value()
        self.space()
        if self.at < len(self.text):
            self.fail("there is more text after the end of the document")
        if self.problems:
            raise DefinitionError(f"{self.source or 'the document'} cannot be read", self.problems)
        return value

    def fail(self, message: str) -> NoReturn:
        line = self.text.count("\n", 0, self.at) + 1
        column = self.at - (self.text.rfind("\n", 0, self.at) + 1) + 1
        self.problem("not-json", f"line {line}, column {column}: {message}", place="")
        raise DefinitionError(f"{self.source or 'the document'} cannot be read", self.problems)

    def problem(self, code: str, message: str, place: str | None = None) -> None:
        where = pointer(self.steps) if place is None else place
        self.problems.append(Problem(where, code, message, self.source))

    def space(self) -> str:
        """Skip white space and return the next character; empty at the end."""
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]  # it matches nothing, too
        return self.text[self.at : self.at + 1]

    def value(self) -> Any:
        match self.space():
            case "{":
                return self.object()
            case "[":
                return self.array()
            case '"':
                return self.string()
            case "":
                self.fail("the document ends too early")
            case first if first in "-0123456789":
                return self.number()
        word = _WORD.match(self.text, self.at)
        if word and word[0] in _WORDS:
            self.at = word.end()
            return _WORDS[word[0]]
        self.fail(f"expected a value, found {word[0] if word else self.text[self.at]!r}")

    def object(self) -> dict[str, Any]:
        self.deeper()
        found: dict[str, Any] = {}
        if self.space() == "}":
            self.at += 1
            return found
        while True:
            if self.space() != '"':
                self.fail("expected a key in double quotes")
            key = self.string()
            if self.space() != ":":
                self.fail(f"expected a colon after the key {key!r}")
            self.at += 1
            self.steps.append(key)
            if key in found:
                self.problem("duplicate-key", f"the key “{key}” stands here twice; keep one of them")
            found[key] = self.value()
            self.steps.pop()
            if self.ends("}"):
                return found

    def array(self) -> list[Any]:
        self.deeper()
        found: list[Any] = []
        if self.space() == "]":
            self.at += 1
            return found
        while True:
            self.steps.append(len(found))
            found.append(self.value())
            self.steps.pop()
            if self.ends("]"):
                return found

    def deeper(self) -> None:
        if len(self.steps) >= MAX_DEPTH:
            self.fail(f"lists and objects lie more than {MAX_DEPTH} deep in one another")
        self.at += 1

    def ends(self, bracket: str) -> bool:
        after = self.space()
        if after not in (",", bracket):
            self.fail(f"expected a comma or {bracket}")
        self.at += 1
        return after == bracket

    def string(self) -> str:
        token = _STRING.match(self.text, self.at)
        if token is None:
            self.fail("this text in double quotes does not end, or holds a line break or control character")
        try:
            text: str = json.loads(token[0])
        except json.JSONDecodeError as error:
            self.at += error.pos
            self.fail("this is no escape sequence of JSON")
        self.at = token.end()
        if (unwanted := _UNWANTED.search(text)) is not None:
            self.problem("bad-character", f"the character U+{ord(unwanted[0]):04X} is not taken in texts; remove it")
        if len(text) > MAX_STRING:
            self.problem("too-long", f"the text has {len(text):,} characters; at most {MAX_STRING:,} are taken")
        return text

    def number(self) -> int | Decimal:
        token = _NUMBER.match(self.text, self.at)
        if token is None:
            self.fail("this is no number of JSON")
        self.at = token.end()
        if self.text[self.at : self.at + 1].isalnum():
            self.fail("this is no number of JSON")
        if len(token[0]) > 40:
            self.problem("number-too-long", f"the number has {len(token[0])} characters; at most 40 are taken")
            return 0
        if token[1] is None and token[2] is None:
            whole = int(token[0])
            if not -(2**63) <= whole < 2**63:
                self.problem("number-too-large", f"{whole} does not fit 64 bits; write it as a text if it is no amount")
            return whole
        exact = Decimal(token[0])
        if abs(exact.adjusted()) > 30 and exact != 0:
            self.problem("number-too-large", f"{token[0]} lies outside 1e-30 to 1e30")
        return exact
