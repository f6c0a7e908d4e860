"""The field types there are: the built-in ones, and those of plugins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from dealwright import plugins
from dealwright.fields import messages

if TYPE_CHECKING:
    from dealwright.fields.field_type import FieldType

#: Modules of this package that hold types. They are looked up by name because ``rows`` is a type made of types.
FAMILIES = ("text", "number", "money", "moment", "choice", "place", "file", "link", "rows", "computed", "data")


class _Types(Mapping[str, "FieldType"]):
    """Field types by name, gathered when the first one is asked for: plugins are found at run time."""

    @cached_property
    def _known(self) -> dict[str, FieldType]:
        known: dict[str, FieldType] = {}
        for family in FAMILIES:
            known |= {one.name: one for one in import_module(f"dealwright.fields.{family}").TYPES}
        for added in plugins.installed().field_types():
            known[added.name] = added
            messages.add(added.messages)
        return known

    def __getitem__(self, name: str) -> FieldType:
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


#: Every field type by the name that documents write as ``field``.
TYPES: Mapping[str, FieldType] = _Types()
