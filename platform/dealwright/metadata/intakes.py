"""Intakes as frozen objects: public forms by which strangers make records, and the one right that each carries.

Whoever sends such a form acts in a role of its own that no user can be given: it may create records of one entity and set
the fields that its document names, and nothing else (``docs/decisions/051-public-forms.md``).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata.definitions import Grant, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Document

#: Begins the name of the role of an intake; no id of a role holds a colon.
ROLE: Final = "intake:"
#: Forms that one address may send within an hour.
PER_HOUR: Final = 10
#: Types of fields that hold files.
FILES: Final = frozenset({"file", "image", "signature"})
#: Types of fields that a stranger can fill in without seeing any record.
ASKED: Final = frozenset(
    {
        *("text", "long_text", "email", "phone", "url", "integer", "decimal", "percent", "money", "boolean"),
        *("date", "datetime", "time", "select", "multi_select", "rating", "address", "tags"),
        *FILES,
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A field of the form; empty texts stand for those of the entity's field."""

    id: str
    title: str = ""
    description: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Intake:
    """One public form.

    Attributes:
        set: What each record is given beside: field → value, API JSON.
        owner: E-mail address of the user who gets the records; empty for nobody.
        team: Name of the team that gets them; empty for none.
        hosts: Origins of the sites that may show it in their pages.
    """

    id: str
    entity: str
    title: str
    fields: tuple[Asked, ...]
    set: Mapping[str, Any]
    owner: str
    team: str
    text: str
    message: str
    hosts: tuple[str, ...]
    per_hour: int
    uploads: bool
    open: bool

    @property
    def role(self) -> str:
        """Name of the role in which it acts."""
        return f"{ROLE}{self.id}"

    def grant(self) -> Grant:
        """Return all that it may do."""
        names = {one.id for one in self.fields} | self.set.keys()
        names |= {name for name, value in (("owner", self.owner), ("team", self.team)) if value}
        return Grant(self.entity, frozenset({"create"}), None, MappingProxyType(dict.fromkeys(names, "edit")))


def of(catalog: Catalog) -> Mapping[str, Intake]:
    """Return the intakes of a catalog by id; read once."""

    def read() -> Mapping[str, Intake]:
        found = sorted((key[1], one) for key, one in catalog.documents.items() if key[0] == "intake")
        return MappingProxyType({identifier: _intake(identifier, one) for identifier, one in found})

    return catalog.once("metadata.intakes", read)


def role(catalog: Catalog, name: str) -> Role | None:
    """Return the role of an intake by its name; None for any other name, and for an intake that is closed."""
    one = of(catalog).get(name.removeprefix(ROLE)) if name.startswith(ROLE) else None
    return Role(name, one.title, (one.grant(),)) if one is not None and one.open else None


def _intake(identifier: str, document: Document) -> Intake:
    return Intake(
        id=identifier,
        entity=document["entity"],
        title=document["title"],
        fields=tuple(
            Asked(one["id"], one.get("title", ""), one.get("description", ""), one.get("required", False))
            for one in document["fields"]
        ),
        set=MappingProxyType(dict(document.get("set", {}))),
        owner=document.get("owner", ""),
        team=document.get("team", ""),
        text=document.get("text", ""),
        message=document.get("message", ""),
        hosts=tuple(document.get("hosts", ())),
        per_hour=document.get("per_hour", PER_HOUR),
        uploads=document.get("uploads") == "allowed",
        open=document.get("state", "open") == "open",
    )
