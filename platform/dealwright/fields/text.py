"""Texts: plain, long, Markdown, source code, email, phone, web address, colour.

A text is kept in Unicode form NFC, so that two that look the same are the same; "" is no text (None). Control
characters are refused (a line break and a tab are taken in long texts), and so are lone surrogates, which no database
keeps. Length is counted in characters (code points) of the NFC form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from unicodedata import normalize

from dealwright.fields.faults import refuse, refuse_value
from dealwright.fields.field_type import FieldType, Reader, bounds
from dealwright.fields.messages import Word
from dealwright.metadata.patterns import compiled

if TYPE_CHECKING:
    from collections.abc import Callable

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

#: C0 and C1 control characters, as a class of a regular expression that every dialect reads alike.
CONTROL = "[\\u0000-\\u001f\\u007f-\\u009f]"
#: The same without tab, line feed and carriage return.
CONTROL_IN_LINES = "[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]"
_BAD = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BAD_IN_LINES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

#: RFC 5321 §4.5.3.1 bounds the parts; the form is what providers accept, not all of RFC 5322.
EMAIL = (
    r"^[^\u0000-\u0020@<>()\[\]\\,;:\u0022]{1,64}"
    r"@([^\u0000-\u0020@<>()\[\]\\,;:\u0022./]{1,63}\.)+[^\u0000-\u0020@<>()\[\]\\,;:\u0022./]{2,63}$"
)
#: Digits with the separators that people write, and an extension: wide enough to take numbers as they are printed.
PHONE = r"^\+?[ ()./-]*([0-9][ ()./-]*){3,20}((x|ext|转) ?[0-9]{1,6})?$"
#: No name or password before the host: a link that shows one host and opens another.
URL = (
    r"^([Hh][Tt][Tt][Pp][Ss]?://[^\u0000-\u0020/?#@<>\u0022\\]+([/?#][^\u0000-\u0020<>\u0022]*)?"
    r"|[Mm][Aa][Ii][Ll][Tt][Oo]:[^\u0000-\u0020<>\u0022@]+@[^\u0000-\u0020<>\u0022@]+)$"
)
COLOUR = r"^#[0-9A-Fa-f]{6}$"

_BYTE = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_HEX = r"[0-9A-Fa-f]{1,4}"
_LABEL = r"[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
#: What ``format`` of a plain text may be, as JSON Schema names it. An IPv6 address is written in hexadecimal only.
FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "email": EMAIL,
        "uri": r"^[A-Za-z][0-9A-Za-z+.-]*:[^\u0000-\u0020<>\u0022{}|\\^`]+$",
        "uuid": r"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$",
        "hostname": rf"^{_LABEL}(\.{_LABEL})*$",
        "ipv4": rf"^{_BYTE}(\.{_BYTE}){{3}}$",
        "ipv6": (
            rf"^(({_HEX}:){{7}}{_HEX}|({_HEX}:){{1,7}}:|({_HEX}:){{1,6}}:{_HEX}|({_HEX}:){{1,5}}(:{_HEX}){{1,2}}"
            rf"|({_HEX}:){{1,4}}(:{_HEX}){{1,3}}|({_HEX}:){{1,3}}(:{_HEX}){{1,4}}|({_HEX}:){{1,2}}(:{_HEX}){{1,5}}"
            rf"|{_HEX}:(:{_HEX}){{1,6}}|:((:{_HEX}){{1,7}}|:))$"
        ),
        "gtin": r"^([0-9]{8}|[0-9]{12,14})$",
    }
)


def sums_up(number: str) -> bool:
    """Whether the last digit of a trade item number (GTIN-8, 12, 13, 14; UDI-DI of GS1) is its check digit.

    From the right each second digit counts three times, and the sum is a multiple of ten (GS1 General Specifications, 7.9).
    """
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(number))) % 10 == 0


#: Formats whose text is looked at beyond its pattern: no pattern can add up. A JSON Schema validator sees the pattern alone.
ADDED_UP: Mapping[str, Callable[[str], bool]] = MappingProxyType({"gtin": sums_up})


def clean(value: Any, *, lines: bool = False) -> str:
    """Return a text in NFC, possibly empty; refuse anything else, and characters that cannot be kept."""
    if type(value) is not str:
        refuse_value("wrong-type", value, expected=Word("text"))
    if not value.isascii():
        value = normalize("NFC", value)
    if not value.isprintable() and (found := (_BAD_IN_LINES if lines else _BAD).search(value)):
        refuse("control-character", code=f"U+{ord(found[0]):04X}")
    return str(value)


class Text(FieldType):
    """A text of one line, up to 255 characters unless the field says otherwise."""

    name = "text"
    longest: ClassVar[int] = 255
    lines: ClassVar[bool] = False
    form: ClassVar[str | None] = None
    refusal: ClassVar[str] = ""

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader that cleans the text and checks length, form, ``pattern`` and ``enum``."""
        shortest, given = bounds(field.spec, "minLength", "maxLength")
        longest, lines = self.longest if given is None else given, self.lines
        tests: list[tuple[Callable[[str], Any], str, dict[str, Any]]] = []
        if self.form is not None:
            tests.append((_form(self.form), self.refusal, {}))
        if (pattern := field.spec.get("pattern")) is not None:
            # As JSON Schema has it, a pattern may match anywhere in the text; RE2 takes linear time whatever it is.
            tests.append((compiled(pattern).search, "pattern", {"pattern": pattern}))
        if (form := str(field.spec.get("format"))) in FORMATS:
            tests.append((_form(FORMATS[form]), "not-in-format", {"format": form}))
            if form in ADDED_UP:
                tests.append((ADDED_UP[form], "wrong-check-digit", {}))
        if (enum := field.spec.get("enum")) is not None:
            tests.append((frozenset(enum).__contains__, "not-in-enum", {"choices": list(enum)}))

        def read(value: Any) -> str | None:
            text = clean(value, lines=lines)
            if not text:
                return None
            if len(text) > longest:
                refuse("too-long", length=len(text), limit=longest)
            if shortest is not None and len(text) < shortest:
                refuse("too-short", length=len(text), limit=shortest)
            for fits, code, values in tests:
                if not fits(text):
                    refuse_value(code, text, **values)
            return text

        return read

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return a schema in which "" is always taken: it means no value."""
        shortest, given = bounds(field.spec, "minLength", "maxLength")
        banned = CONTROL_IN_LINES if self.lines else CONTROL
        plain = {"type": "string", "maxLength": self.longest if given is None else given, "not": {"pattern": banned}}
        form = FORMATS.get(str(field.spec.get("format")))
        patterns = [one for one in (self.form, form, field.spec.get("pattern")) if one is not None]
        strict: dict[str, Any] = {"minLength": shortest} if shortest else {}
        if patterns:
            strict["allOf"] = [{"pattern": pattern} for pattern in patterns]
        if (enum := field.spec.get("enum")) is not None:
            strict["enum"] = list(enum)
        return {**plain, "anyOf": [{"maxLength": 0}, strict]} if strict else plain


class LongText(Text):
    """A text of many lines."""

    name = "long_text"
    longest = 100_000
    lines = True


class RichText(LongText):
    """A text in Markdown; it is cleaned when it is shown, never trusted."""

    name = "rich_text"


class Code(LongText):
    """Source code; ``language`` names what the editor colours it as."""

    name = "code"


class Email(Text):
    """An email address."""

    name = "email"
    form = EMAIL
    refusal = "not-an-email"


class Phone(Text):
    """A phone number as people write it: digits with spaces, brackets, dots, dashes, and an extension."""

    name = "phone"
    form = PHONE
    refusal = "not-a-phone"


class Url(Text):
    """A web or mail address: http, https and mailto, so that a link never runs a script."""

    name = "url"
    longest = 2_000
    form = URL
    refusal = "not-a-url"


class Colour(Text):
    """A colour as ``#rrggbb``, kept in small letters."""

    name = "colour"
    form = COLOUR
    refusal = "not-a-colour"

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader that also writes the digits small."""
        read = super().reader(field, catalog)

        def small(value: Any) -> str | None:
            text = read(value)
            return text.lower() if text is not None else None

        return small


def _form(pattern: str) -> Callable[[str], Any]:
    """Compile a form of ours. It needs no RE2: each is unambiguous, so ``re`` runs it in linear time too."""
    return re.compile(pattern.removesuffix("$") + r"\Z").match


TYPES = (Text(), LongText(), RichText(), Code(), Email(), Phone(), Url(), Colour())
