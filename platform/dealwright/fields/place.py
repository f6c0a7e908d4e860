"""Places: a postal address, and a point on the globe."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError

from dealwright.fields.faults import Fault, refuse, refuse_value
from dealwright.fields.field_type import FieldType, Reader
from dealwright.fields.messages import Word, described
from dealwright.fields.text import CONTROL, clean

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

#: Parts of an address, from the widest to the narrowest. None of them is required: countries differ.
ADDRESS = ("country", "region", "city", "street", "postcode")
_LONGEST = 255
#: Bounds of latitude and longitude in degrees (WGS 84), and their decimal places: seven are about a centimetre.
DEGREES = {"lat": 90, "lon": 180}
_PLACES = 7


class Address(FieldType):
    """A postal address in its parts; parts without text are left out."""

    name = "address"
    kind = "json"
    condition = "json"

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of an object of texts."""

        def read(value: Any) -> dict[str, str] | None:
            if type(value) is not dict:
                refuse_value("wrong-type", value, expected=Word("object"))
            wrong: dict[str, list[Any]] = {}
            parts: dict[str, str] = {}
            for key, part in value.items():
                try:
                    if key not in ADDRESS:
                        refuse("unknown-key", name=key)
                    text = clean(part) if part is not None else ""
                    if len(text) > _LONGEST:
                        refuse("too-long", length=len(text), limit=_LONGEST)
                except ValidationError as error:
                    wrong[key] = list(error.messages)
                else:
                    if text:
                        parts[key] = text
            if wrong:
                raise ValidationError(wrong)
            return parts or None

        return read

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema of an object of texts."""
        part = {"type": ["string", "null"], "maxLength": _LONGEST, "not": {"type": "string", "pattern": CONTROL}}
        return {"type": "object", "properties": dict.fromkeys(ADDRESS, part), "additionalProperties": False}

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return an address of which only the street is known: one text cannot be taken apart."""
        return {"street": text}

    def to_text(self, field: Field, value: Any, catalog: Catalog) -> str:
        """Return the parts with commas between them, the narrowest first."""
        return ", ".join(value[part] for part in reversed(ADDRESS) if value.get(part))


class Geolocation(FieldType):
    """A point: latitude and longitude in degrees, north and east positive, kept to seven decimal places."""

    name = "geolocation"
    kind = "json"
    condition = "json"

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of ``{"lat": 31.23, "lon": 121.47}``. These are measures: a binary float is taken."""

        def read(value: Any) -> dict[str, float]:
            if type(value) is not dict:
                refuse_value("wrong-type", value, expected=Word("object"))
            wrong: dict[str, list[Any]] = {}
            for key in value:
                if key not in DEGREES:
                    wrong[key] = [Fault("unknown-key", {"name": key})]
            for key, limit in DEGREES.items():
                if key not in value:
                    wrong[key] = [Fault("missing-key", {"name": key})]
                elif type(value[key]) not in (int, float, Decimal):
                    wrong[key] = [Fault("wrong-type", {"found": described(value[key]), "expected": Word("number")})]
                # Also false for NaN, which is in no order with anything.
                elif not (_is_number(value[key]) and -limit <= value[key] <= limit):
                    code = "below-minimum" if _is_number(value[key]) and value[key] < 0 else "above-maximum"
                    edge = -limit if code == "below-minimum" else limit
                    wrong[key] = [Fault(code, {"found": described(value[key]), "limit": edge})]
            if wrong:
                raise ValidationError(wrong)
            return {key: round(float(value[key]), _PLACES) for key in DEGREES}

        return read

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema of an object of two bounded numbers."""
        properties = {key: {"type": "number", "minimum": -limit, "maximum": limit} for key, limit in DEGREES.items()}
        return {
            "type": "object",
            "properties": properties,
            "required": list(DEGREES),
            "additionalProperties": False,
        }

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the point of a text such as ``31.23, 121.47``: latitude first."""
        parts = [part.strip() for part in text.replace("，", ",").split(",")]
        try:
            lat, lon = (float(part) for part in parts)
        except ValueError:
            refuse_value("wrong-type", text, expected=Word("point"))
        return {"lat": lat, "lon": lon}

    def to_text(self, field: Field, value: Any, catalog: Catalog) -> str:
        """Return latitude and longitude with a comma between them."""
        return f"{value['lat']}, {value['lon']}"


def _is_number(value: Any) -> bool:
    return not (isinstance(value, Decimal) and value.is_nan())


TYPES = (Address(), Geolocation())
