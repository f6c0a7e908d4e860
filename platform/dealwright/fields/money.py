"""Money, in the workspace's currency, in one of its own, or with a currency for each value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from dealwright.fields.decimals import SCALE, amount, decimal_reader, decimal_schema, number_from_text
from dealwright.fields.faults import refuse, refuse_value
from dealwright.fields.field_type import Column, FieldType, Reader, Writer, formed
from dealwright.fields.messages import Word

if TYPE_CHECKING:
    from decimal import Decimal

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

#: ISO 4217: three capital letters.
CURRENCY = re.compile(r"[A-Z]{3}\Z")


class Money(FieldType):
    """An amount of money with up to four decimal places.

    ``currency`` is a code, by default the workspace's; then the value is the amount. With ``"per_record"`` each value
    has its own: ``{"amount": "1234.50", "currency": "EUR"}`` in API JSON, two entries in a typed record (the field,
    and ``<field>__currency``), two columns.
    """

    name = "money"
    kind = "decimal"
    condition = "decimal"
    per_record: ClassVar[str] = "per_record"

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of an amount, or of (amount, currency) where each record has its own."""
        read = decimal_reader(SCALE, field.spec)
        if not has_currency(field):
            return read

        def both(value: Any) -> tuple[Decimal, str]:
            if type(value) is not dict:
                refuse_value("wrong-type", value, expected=Word("money"))
            for key in value:
                if key not in ("amount", "currency"):
                    refuse("unknown-key", name=key)
            for key in ("amount", "currency"):
                if value.get(key) is None:
                    refuse("missing-key", name=key)
            code = value["currency"]
            if type(code) is not str or CURRENCY.match(code) is None:
                refuse_value("no-such-currency", code)
            return read(value["amount"]), code

        return both

    def writer(self, field: Field, catalog: Catalog) -> Writer | None:
        """Return a writer of amounts; for (amount, currency) one of objects."""
        if not has_currency(field):
            return amount
        return lambda both: {"amount": amount(both[0]), "currency": both[1]}

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema of the amount, or of the object of both."""
        one = decimal_schema(SCALE, field.spec)
        if not has_currency(field):
            return one
        code = formed("^[A-Z]{3}$", 3)
        return {
            "type": "object",
            "properties": {"amount": one, "currency": code},
            "required": ["amount", "currency"],
            "additionalProperties": False,
        }

    def columns(self, field: Field) -> tuple[Column, ...]:
        """Return the amount's column, and the currency's where each record has its own."""
        one = Column(field.id, "decimal", SCALE)
        return (one, Column(currency_key(field.id), "text")) if has_currency(field) else (one,)

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the amount; where each record has its own currency the text is ``1234.50 EUR``."""
        if not has_currency(field):
            return number_from_text(text)
        number, _, code = text.rpartition(" ")
        if not number:
            number, code = text, str(catalog.settings.get("currency", ""))
        return {"amount": number_from_text(number.strip()), "currency": code.upper()}

    def to_text(self, field: Field, value: Any, catalog: Catalog) -> str:
        """Return ``1234.50`` or ``1234.50 EUR``."""
        return f"{value['amount']} {value['currency']}" if isinstance(value, dict) else str(value)


def has_currency(field: Field) -> bool:
    """Tell whether each value of this field has its own currency."""
    return field.type == Money.name and field.spec.get("currency") == Money.per_record


def currency_key(name: str) -> str:
    """Return the entry of a typed record, and the column, that holds the currency of a money field."""
    return f"{name}__currency"


TYPES = (Money(),)
