"""What documents say, as frozen objects: the form in which the rest of the platform reads them.

    Entity ── Field ── Option            Rule ── Trigger, Action        Pipeline ── Stage ── Gate, Item
    Role ── Grant                        Parameter                      Pack

Each object is made once, from a document that has passed its JSON Schema, and never changes. ``document`` is always
the whole document as it is in force, read-only, for what these attributes do not name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

#: A JSON object that nobody may change.
Document = Mapping[str, Any]
EMPTY: Document = MappingProxyType({})


def title_of(name: str) -> str:
    """Return a label for a field that has none: ``close_date`` is “Close date”."""
    return name.rpartition("__")[2].replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select field. A hidden one stays valid on records that have it and is offered no more."""

    id: str
    title: str
    hue: str | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A property of an entity, or of the rows of a ``rows`` field.

    Attributes:
        id: Name in API, conditions and column: ``amount``; ``med__dept`` where a pack adds it to another's entity.
        type: Name of the field type, such as ``money`` (``docs/metadata.md`` lists them).
        title: Label for people, in the default locale.
        spec: The field's document: every keyword as it was written (``minimum``, ``formula``, ``of`` ...).
        required: Whether the entity lists it as always required.
        options: Choices of select, multi_select and checklist; empty for others.
        to: Id of the entity a reference, references, user, team or rollup points at; None for others.
        items: Fields of a row, by id, for ``rows``; None for others.
        system: Whether the platform keeps it on every record; such a field cannot be written by a request.
        layer: Id of the pack that defined it; ``base`` for the platform, ``c`` for the workspace's admins.
    """

    id: str
    type: str
    title: str
    spec: Document = field(default_factory=lambda: EMPTY)
    required: bool = False
    options: tuple[Option, ...] = ()
    to: str | None = None
    items: Mapping[str, Field] | None = None
    system: bool = False
    layer: str = "base"


@dataclass(frozen=True, slots=True)
class Check:
    """A condition that a record must not meet. ``level`` is ``error`` (refused) or ``warning`` (saved, and said)."""

    id: str
    error_when: str
    message: str
    at: str | None = None
    level: str = "error"


@dataclass(frozen=True, slots=True)
class Unique:
    """Fields whose values together may stand on one record only (among those that meet ``when``, if it is given)."""

    id: str
    fields: tuple[str, ...]
    ignore_case: bool = False
    when: str | None = None


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Fields whose equal values, after ``normalise``, make two records suspicious (``warn``) or refused (``block``)."""

    id: str
    match: tuple[str, ...]
    normalise: str = "none"
    action: str = "warn"


@dataclass(frozen=True, slots=True)
class Interaction:
    """Says that the records of an entity are interactions with what they are about.

    Attributes:
        about: Own field, a reference or any_reference.
        at: Own datetime field: when it took place.
        when: Condition over its own fields; records that do not meet it do not count. None for all.
        success: Condition over its own fields under which it reached whom it is about; None if nothing says so.
    """

    about: str
    at: str
    when: str | None = None
    success: str | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """A kind of record.

    Attributes:
        fields: The entity's own fields, by id, in the order of the form.
        system_fields: What the platform keeps on each record (id, owner, version ...), by id.
        display: The field whose value names a record for people; None means the id.
        unique: Every rule, those too that stand as ``unique`` or ``external_id`` on one field.
        pipelines: Ids of the pipelines its records can be in; with one, ``stage`` and ``status`` are system fields.
        part_of: The reference to the whole, if its records are parts: rights and deletion follow the whole.
        tree: The self reference that makes its records a tree.
        single: Whether there is exactly one record (settings).
        interaction: How its records are interactions about other records; None if they are not.
    """

    id: str
    title: str
    plural: str
    fields: Mapping[str, Field]
    system_fields: Mapping[str, Field]
    display: str | None = None
    checks: tuple[Check, ...] = ()
    unique: tuple[Unique, ...] = ()
    duplicates: tuple[Duplicates, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    pipelines: tuple[str, ...] = ()
    part_of: str | None = None
    tree: str | None = None
    single: bool = False
    interaction: Interaction | None = None
    copy_empty: tuple[str, ...] = ()
    layer: str = "base"
    document: Document = field(default_factory=lambda: EMPTY)

    def field(self, name: str) -> Field | None:
        """Return the own or system field with this id, or None."""
        return self.fields.get(name) or self.system_fields.get(name)

    def all_fields(self) -> dict[str, Field]:
        """Return system and own fields by id, system fields first."""
        return {**self.system_fields, **self.fields}


@dataclass(frozen=True, slots=True)
class Trigger:
    """What wakes a rule. ``kind`` is the one key of the rule's ``on`` (record, stage, event ...), ``spec`` its value."""

    kind: str
    spec: Document


@dataclass(frozen=True, slots=True)
class Action:
    """What a rule asks for. ``do`` names it; ``spec`` holds the other keys as they were written."""

    do: str
    spec: Document


@dataclass(frozen=True, slots=True)
class Rule:
    """On an event, if a condition holds, then actions.

    Attributes:
        condition: Source text of ``if``; None means always.
        once_per: ``always`` or the window in which it fires once for a record (record, stage_visit, day ...).
        priority: Lower runs first; rules of equal priority run in the order of their ids.
        mode: ``live``, ``shadow`` (decides and stores, does nothing) or ``draft`` (is not looked at).
    """

    id: str
    title: str
    entity: str
    trigger: Trigger
    condition: str | None
    actions: tuple[Action, ...]
    once_per: str = "always"
    priority: int = 500
    mode: str = "live"
    layer: str = "base"
    document: Document = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Gate:
    """A named condition that must hold to leave or enter a stage. ``fields`` are those a person can mend.

    Attributes:
        title: Short name for people; empty where the label of the first field says enough.
    """

    id: str
    require: str
    message: str
    fields: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do in a stage.

    Attributes:
        needs: What shows that it is done: ``done`` (a tick), ``note`` (some words) or ``file`` (a document).
        document_type: Which kind of document the file is; None where it does not matter.
        required: Whether the stage cannot be left forwards without it.
    """

    id: str
    title: str
    needs: str = "done"
    document_type: str | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a pipeline.

    Attributes:
        next: Ids of the stages that may follow; None means every other stage.
        outcome: ``won``, ``lost`` or ``archived`` for an end; None while a record is open.
        reason: Whether a reason is ``required``, ``optional`` or not asked for (``none``) on entering it.
        required: Fields that must be filled to leave it forwards.
        probability: Expected win rate in percent, 0 to 100; None when not stated.
        owner: Id of the role that answers for records in it; None when not stated.
    """

    id: str
    title: str
    next: tuple[str, ...] | None = None
    outcome: str | None = None
    enter: tuple[Gate, ...] = ()
    exit: tuple[Gate, ...] = ()
    required: tuple[str, ...] = ()
    probability: Any = None
    hue: str | None = None
    document: Document = field(default_factory=lambda: EMPTY)
    checklist: tuple[Item, ...] = ()
    reason: str = "optional"
    owner: str | None = None

    @property
    def leads_out(self) -> bool:
        """Whether it is the way out, lost or archived: what is asked on the way forward is not asked there."""
        return self.outcome in ("lost", "archived")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Ordered stages of an entity. ``start`` is the stage of a new record.

    Attributes:
        intake: How new records come in: ``default``, ``open`` (when chosen), ``closed`` (no more), ``draft`` (not yet).
        applies_when: Condition over the record under which it may be in this pipeline; None for every record.
        priority: Of several that apply the lower comes first; equal ones in the order of their ids.
        probability_field: Own field that gets the probability of a stage on entering it; None for none.
        reason_field: Own field that holds why a record was lost or archived.
        in_flight: Whether records of earlier versions ``finish`` on theirs or ``migrate`` to this one.
        stage_map: Stage of an earlier version to the stage in which its records go on; others keep their id.
        extends: Id of the pipeline that it is a variant of; None for one that is none.
        teams: Names of teams whose records a variant is for; None for all.
        share: Percent of the records of its pipeline that a variant is for, 0 to 100; None for all.
        texts: Locale to path to text, of a version that is not in force any more; None for one that is.
    """

    id: str
    title: str
    entity: str
    version: int
    stages: Mapping[str, Stage]
    start: str
    layer: str = "base"
    document: Document = field(default_factory=lambda: EMPTY)
    intake: str = "open"
    applies_when: str | None = None
    priority: int = 500
    probability_field: str | None = None
    reason_field: str = "lost_reason"
    in_flight: str = "finish"
    stage_map: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    extends: str | None = None
    teams: tuple[str, ...] | None = None
    share: Any = None
    texts: Mapping[str, Mapping[str, str]] | None = None

    @property
    def family(self) -> str:
        """Id of the pipeline that it is, or is a variant of."""
        return self.extends or self.id

    def goes_on(self, stage: str) -> Stage | None:
        """Return the stage in which a record of an earlier version goes on that is in ``stage`` there."""
        return self.stages.get(self.stage_map.get(stage, stage))

    @property
    def takes_new(self) -> bool:
        """Whether records may come in."""
        return self.intake in ("default", "open")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a role may do to an entity.

    Attributes:
        entity: An entity's id, or a pattern such as ``sales.*`` or ``*``.
        ops: Of read, create, update, delete, export, import, move, share.
        rows: Condition that a record must meet; None means every record.
        fields: Field id or ``*`` to ``edit``, ``see`` or ``none``; the field's own entry wins over ``*``. A field that
            neither names is ``none``; an empty mapping means ``{"*": "edit"}``.
    """

    entity: str
    ops: frozenset[str]
    rows: str | None = None
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({"*": "edit"}))


@dataclass(frozen=True, slots=True)
class Role:
    """Grants and capabilities that users can be given together. No grant means nothing."""

    id: str
    title: str
    grants: tuple[Grant, ...]
    capabilities: frozenset[str] = frozenset()
    layer: str = "base"
    document: Document = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number or word that an admin should set, named ``<namespace>.<name>``.

    ``value`` is what is in force, already read as its type: int, Decimal, bool, str, date.
    """

    id: str
    type: str
    title: str
    value: Any
    document: Document = field(default_factory=lambda: EMPTY)
    layer: str = "base"


@dataclass(frozen=True, slots=True)
class Pack:
    """The manifest of a pack. ``requires`` maps pack ids to version ranges such as ``^1.4``."""

    id: str
    namespace: str
    version: str
    title: str
    requires: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    document: Document = field(default_factory=lambda: EMPTY)
