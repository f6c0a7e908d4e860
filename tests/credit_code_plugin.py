"""A plugin with a type of field: the unified social credit code of Chinese organisations (GB 32100-2015).

Eighteen characters; the last follows from the others: the sum of each value times 3^place modulo 31.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from dealwright.fields import FieldType, refuse_value
from dealwright.plugins import implements

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_FORM = re.compile(r"[0-9A-HJ-NP-RTUWXY]{18}\Z")


class CreditCode(FieldType):
    """A credit code, kept in capital letters."""

    name = "cn__credit_code"
    kind = "text"
    condition = "text"
    messages: ClassVar[Mapping[str, tuple[str, str]]] = {
        "not-a-credit-code": (
            "{found} is no unified social credit code; check its 18 characters.",
            "{found}不是统一社会信用代码，请核对这 18 位字符。",
        )
    }

    def reader(self, field: Field, catalog: Catalog) -> Callable[[Any], str]:
        def read(value: Any) -> str:
            if not isinstance(value, str) or not _FORM.match(value.upper()) or not _fits(value.upper()):
                refuse_value("not-a-credit-code", value)
            return value.upper()

        return read

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-9A-HJ-NP-RTUWXYa-hj-np-rtuwxy]{18}$", "maxLength": 18}

    def from_text(self, field: Field, text: str, catalog: Catalog) -> str:
        return text.replace(" ", "").replace("-", "")


def _fits(code: str) -> bool:
    total = sum(_CHARACTERS.index(one) * pow(3, place, 31) for place, one in enumerate(code[:17]))
    return _CHARACTERS[-total % 31] == code[17]


@implements
def field_types() -> list[FieldType]:
    return [CreditCode()]
