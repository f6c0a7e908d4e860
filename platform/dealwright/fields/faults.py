"""How a reader refuses a value: a code and what its message names, without knowing where the value stands.

Faults travel through marshmallow as the messages of its ``ValidationError``, nested like the value itself;
:func:`problems` turns them into :class:`~dealwright.errors.Problem` with JSON Pointers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from marshmallow import ValidationError

from dealwright.errors import Problem
from dealwright.fields.messages import Word, described, message

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a value is refused. ``values`` are what the template of ``code`` names."""

    code: str
    values: Mapping[str, Any]

    def text(self, *, secret: bool = False) -> str:
        """Return the message; with ``secret`` it does not repeat the value."""
        values = {**self.values, "found": Word("hidden")} if secret and "found" in self.values else self.values
        return message(self.code, **values)


def refuse(code: str, /, **values: Any) -> NoReturn:
    """Refuse a value.

    Raises:
        ValidationError: Always.
    """
    raise ValidationError([Fault(code, values)])


def refuse_value(code: str, value: Any, /, **values: Any) -> NoReturn:
    """Refuse a value that the message names as ``found``.

    Raises:
        ValidationError: Always.
    """
    refuse(code, found=described(value), **values)


def problems(messages: Any, pointer: str = "", *, secret: frozenset[str] = frozenset()) -> Iterator[Problem]:
    """Yield a problem for each fault in the (nested) messages of a ``ValidationError``.

    Args:
        messages: A list of faults, or a mapping of field, key or index to such.
        pointer: Where the value stands.
        secret: Names of fields whose value no message may repeat.
    """
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            hide = frozenset({"*"}) if key in secret or "*" in secret else secret
            yield from problems(inner, f"{pointer}/{escaped(key)}", secret=hide)
    else:
        for fault in messages:
            yield Problem(pointer, fault.code, fault.text(secret="*" in secret))


def unknown(name: str) -> Fault:
    """Return the fault of a key that is no field."""
    return Fault("unknown-field", {"name": name[:80]})


def escaped(key: object) -> str:
    """Return one step of a JSON Pointer (RFC 6901 §3)."""
    return str(key).replace("~", "~0").replace("/", "~1")
