"""Files: what a record knows of a file that was uploaded before. The file itself lies in the file store."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from marshmallow import ValidationError

from dealwright.fields.faults import Fault, refuse, refuse_value
from dealwright.fields.field_type import FieldType, Reader, counted, entries, formed
from dealwright.fields.messages import Word, sized
from dealwright.fields.text import CONTROL, clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

_KEYS = ("id", "name", "size", "type")
#: A media type without parameters (RFC 6838 §4.2), in small letters.
MEDIA_TYPE = r"^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$"
_MEDIA_TYPE = re.compile(MEDIA_TYPE.removesuffix("$") + r"\Z")
#: Form of an id: our own are UUIDs; imported ones are short words without spaces.
ID = r"^[0-9A-Za-z][0-9A-Za-z_.:-]{0,63}$"
_ID = re.compile(ID.removesuffix("$") + r"\Z")
#: What people call a kind of file; the media type itself where there is no such name.
_CALLED = {
    "image/*": "PNG, JPEG, GIF, WebP",
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WebP",
    "application/pdf": "PDF",
    "application/zip": "ZIP",
    "text/csv": "CSV",
    "text/plain": "TXT",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PPTX",
}
_LONGEST_NAME = 255
_MOST = 100


def called(kind: str) -> str:
    """Return what people call a media type, such as ``PDF``."""
    return _CALLED.get(kind, kind)


def identifier(value: Any) -> str:
    """Return an id of a record or file; refuse what cannot be one."""
    if type(value) is not str:
        refuse_value("wrong-type", value, expected=Word("id"))
    if _ID.match(value) is None:
        refuse_value("not-an-id", value)
    return value


class File(FieldType):
    """An uploaded file: ``{id, name, size, type}``, as the upload answered; a list of such with ``multiple``.

    ``accept`` lists media types (``image/*`` takes a whole family) and ``max_size`` bounds the bytes. Both are judged
    here on what the client says of the file, and by the upload on the file itself.
    """

    name = "file"
    kind = "json"
    condition = "json"
    accepted: ClassVar[tuple[str, ...]] = ()

    def accepts(self, field: Field) -> tuple[str, ...]:
        """Return the media types that a field takes, ``image/*`` for a family; empty for any."""
        given = field.spec.get("accept") or self.accepted
        return (given,) if isinstance(given, str) else tuple(given)

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of one file, or of a list of them."""
        one = _one(self.accepts(field), field.spec.get("max_size"))
        if not field.spec.get("multiple"):
            return one
        listed = entries(field, _MOST)

        def several(value: Any) -> list[dict[str, Any]] | None:
            wrong: dict[int, Any] = {}
            files: dict[str, dict[str, Any]] = {}
            for index, entry in enumerate(listed(value)):
                try:
                    file = one(entry)
                    if file["id"] in files:
                        refuse_value("repeated", file["id"])
                except ValidationError as error:
                    wrong[index] = error.messages
                else:
                    files[file["id"]] = file
            if wrong:
                raise ValidationError(wrong)
            return list(files.values()) or None

        return several

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema of the object, or of a list of such."""
        accepted = self.accepts(field)
        kind = formed(MEDIA_TYPE, 255)
        if accepted:
            kind["anyOf"] = [
                {"pattern": "^" + re.escape(a[:-1])} if a.endswith("/*") else {"const": a} for a in accepted
            ]
        size: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": field.spec.get("max_size", 2**53)}
        one = {
            "type": "object",
            "properties": {
                "id": formed(ID, 64),
                "name": {"type": "string", "minLength": 1, "maxLength": _LONGEST_NAME, "not": {"pattern": CONTROL}},
                "size": size,
                "type": kind,
            },
            "required": list(_KEYS),
            "additionalProperties": False,
        }
        return {"type": "array", "items": one, **counted(field, _MOST)} if field.spec.get("multiple") else one

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Refuse: a file is uploaded, not typed."""
        refuse("not-in-a-cell")

    def to_text(self, field: Field, value: Any, catalog: Catalog) -> str:
        """Return the names, for people; they cannot be read back."""
        files = value if isinstance(value, list) else [value]
        return "; ".join(str(file["name"]) for file in files)


def _one(accepted: tuple[str, ...], most: int | None) -> Callable[[Any], dict[str, Any]]:
    limit = 2**53 if most is None else most

    def size(value: Any) -> int:
        if type(value) is not int:
            refuse_value("wrong-type", value, expected=Word("integer"))
        if value < 0:
            refuse_value("below-minimum", value, limit=0)
        if value > limit:
            refuse("too-large", length=sized(value), limit=sized(limit, limit=True))
        return int(value)

    def kind(value: Any) -> str:
        text = clean(value)
        taken = not accepted or any(
            text.startswith(one[:-1]) if one.endswith("/*") else text == one for one in accepted
        )
        if _MEDIA_TYPE.match(text) is None or len(text) > 255 or not taken:
            refuse_value(
                "wrong-file-type",
                called(text),
                choices=[called(one) for one in accepted or ("application/pdf", "image/png", "…")],
            )
        return text

    readers = {"id": identifier, "name": _name, "size": size, "type": kind}

    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            refuse_value("wrong-type", value, expected=Word("object"))
        wrong: dict[str, Any] = {key: [Fault("unknown-key", {"name": key})] for key in value if key not in _KEYS}
        file: dict[str, Any] = {}
        for key, part in readers.items():
            try:
                if key not in value:
                    refuse("missing-key", name=key)
                file[key] = part(value[key])
            except ValidationError as error:
                wrong[key] = error.messages
        if wrong:
            raise ValidationError(wrong)
        return file

    return read


def _name(value: Any) -> str:
    text = clean(value)
    if not text:
        refuse("missing-key", name="name")
    if len(text) > _LONGEST_NAME:
        refuse("too-long", length=len(text), limit=_LONGEST_NAME)
    return text


class Image(File):
    """An uploaded picture. SVG is none: it can hold scripts."""

    name = "image"
    accepted = ("image/png", "image/jpeg", "image/webp", "image/gif")


class Signature(File):
    """A signature drawn on the screen, kept as a picture."""

    name = "signature"
    accepted = ("image/png",)


TYPES = (File(), Image(), Signature())
