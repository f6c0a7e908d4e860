"""What a prepared revision would do, line by line: to definitions, tables, records, work on its way, and rights."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import ConflictError, DefinitionError, Problem
from dealwright.metadata import canonical, differences, disabled
from dealwright.metadata.fold import fold
from dealwright.metadata.layers import BASE_LAYER
from dealwright.metadata.patches import OVERLAY
from dealwright.metadata.settings import TRUST
from dealwright.packs import courses, escalation, in_flight, moves, permissions, three_way, trust
from dealwright.packs.prepare import sources_of, sources_of_layers
from dealwright.storage import in_flight as running
from dealwright.storage import misfits, option_ids, renames, schema

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.differences import Diff
    from dealwright.packs.prepare import Prepared
    from dealwright.packs.source import PackSource
    from dealwright.packs.stored import State
    from dealwright.storage import Connection

#: Weakest first: a plan is as risky as its riskiest line.
RISKS: Final = ("safe", "review", "destructive", "blocked")
#: Limits that records which are there can break, and whether nobody may go on before they are mended.
_LIMITS: Final = ("maxLength", "minLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
#: Types of fields whose value nobody enters.
_WORKED_OUT: Final = frozenset({"autonumber", "formula", "lookup", "rollup", "static"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plan.

    Attributes:
        action: What is done, one word in capitals.
        path: To what.
        detail: In words, with values and counts.
        risk: One of :data:`RISKS`.
        count: How many records, approvals or clocks it is about; None where nothing is counted.
    """

    action: str
    path: str
    detail: str
    risk: str = "safe"
    count: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON, without a count that was not taken."""
        told = {"action": self.action, "path": self.path, "detail": self.detail, "risk": self.risk}
        return told if self.count is None else {**told, "count": self.count}

    def __str__(self) -> str:
        """Return it as a line for a terminal."""
        mark = "" if self.risk == "safe" else f"  [{self.risk}]"
        return f"{self.action:<10} {self.path}  {self.detail}{mark}"


def lines(connection: Connection, prepared: Prepared) -> list[Line]:
    """Return everything that a prepared revision would do, in a stable order.

    Args:
        connection: A transaction in which the revision before it is in force; it is only read.
        prepared: With or without problems.
    """
    found = [*_packs(prepared), *_switched(prepared), *_releases(connection, prepared), *_patches(prepared)]
    if prepared.problems:
        for one in prepared.problems:
            found.append(Line("PROBLEM", f"{one.source}{one.pointer or '/'}", one.message, "blocked"))
        return found
    diff = differences.diff(prepared.old, prepared.catalog)
    found += _definitions(prepared, diff)
    found += _clones(prepared)
    found += _tables(prepared)
    if prepared.old is not None:
        found += _options(connection, prepared, prepared.old)
        found += _records(connection, prepared, diff)
        found += _on_the_way(connection, prepared.old, prepared.catalog, diff)
    # Most of them were there before as well, so they are told and hold nothing up.
    found += [Line("LOOK", f"{one.source}{one.pointer or '/'}", one.message) for one in prepared.warnings]
    return list(dict.fromkeys(found))


def moves_of(before: State | None, after: State) -> list[Mapping[str, Any]]:
    """Return the new names, and those of before, between two revisions."""
    present = {pack.id: pack for pack in sources_of(before)}
    wanted = sources_of(after)
    return [*moves.between(present, wanted), *moves.back(present, wanted)]


def in_the_way(connection: Connection, prepared: Prepared) -> list[Problem]:
    """Return what records that are there do not meet and must be mended first: as problems, for who does not plan."""
    if prepared.old is None or prepared.problems:
        return []
    found = [
        one
        for one in _records(connection, prepared, differences.diff(prepared.old, prepared.catalog))
        if one.risk == "blocked"
    ]
    return [Problem("", "records-do-not-fit", f"{one.detail}; change those first", one.path) for one in found]


def _packs(prepared: Prepared) -> Iterator[Line]:
    before = {one.id: one for one in sources_of(prepared.before)}
    after = {one.id: one for one in prepared.layers if one.id not in (BASE_LAYER, OVERLAY)}
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if now is None and was is not None:
            detail = f"{was.layer.version} goes; its tables, columns and data stay"
            yield Line("UNINSTALL", f"pack:{name}", detail, "destructive")
        elif was is None and now is not None:
            yield Line("INSTALL", f"pack:{name}", now.version)
        elif was is not None and now is not None and was.layer.version != now.version:
            there = tuple(map(int, now.version.split(".")))
            back = there < was.version
            yield Line(
                "DOWNGRADE" if back else "UPGRADE",
                f"pack:{name}",
                f"{was.layer.version} -> {now.version}",
                "destructive" if back else "safe",
            )


def _switched(prepared: Prepared) -> Iterator[Line]:
    before = disabled.ids(prepared.before.layers) if prepared.before is not None else frozenset()
    after = disabled.ids(prepared.layers)
    for name in sorted(after - before):
        yield Line("DISABLE", f"pack:{name}", "what it does by itself stops; its data stay and are read", "review")
    for name in sorted(before - after):
        yield Line("ENABLE", f"pack:{name}", "it works again")


def _releases(connection: Connection, prepared: Prepared) -> Iterator[Line]:
    """Yield what is to be said of releases that come in: whose they are, and what more they may do than before."""
    policy = prepared.settings.get("require_signature", TRUST["require_signature"])
    try:
        warned = trust.admit(connection, prepared.coming, policy=policy, downgrade=prepared.downgrade)
    except ConflictError as error:
        for one in error.problems:
            yield Line("PROBLEM", f"release:{one.source}", one.message, "blocked")
    else:
        for one in warned:
            yield Line("LOOK", f"release:{one.source}", one.message, "review")
    before = {one.id: one.manifest for one in sources_of(prepared.before)}
    for layer in prepared.layers:
        if layer.manifest and layer.id in before:
            for use in permissions.added(before[layer.id], layer.manifest):
                yield Line("PERMISSION", f"pack:{layer.id}", f"it may now {use}", "review")


def beyond(prepared: Prepared, packs: Iterable[PackSource], roles: Collection[str]) -> list[Line]:
    """Return what packs would give that who plans it does not have himself: nobody can apply that for him."""
    if prepared.old is None or prepared.problems:
        return []
    found = [p for one in packs for p in escalation.problems(prepared.old, prepared.catalog, one, roles)]
    return [Line("PERMISSION", f"{one.source}#{one.pointer}", one.message, "blocked") for one in found]


def _patches(prepared: Prepared) -> Iterator[Line]:
    standings = prepared.folded.standings if prepared.folded is not None else {}
    adopted = {str(one["from"]): str(one["to"]) for one in prepared.moves if moves.is_adopted(one)}
    urgent = moves.mandatory({one.id: one for one in sources_of(prepared.before)}, sources_of_layers(prepared.layers))
    for before, after in prepared.changes:
        if after is None:
            if before is not None and before.path.removesuffix("#") in adopted:
                yield Line("MOVED", before.path, f"it is {adopted[before.path.removesuffix('#')]} of the pack now")
            elif before is not None:
                yield Line("RESET", before.path, "back to what the packs say", "review")
            continue
        standing = standings.get(after.id)
        if standing is None:
            continue
        # A change that an admin proposed anew has another moment; one that only follows new names has the same.
        if before is not None and (before.op, before.at, before.by) == (after.op, after.at, after.by):
            for one in three_way.outcomes(before, after, standing):
                risk, detail = three_way.RISKS[one.action], one.detail
                if one.action == "REVIEW" and one.path in urgent:
                    then = "reset yours, or set it anew and say why"
                    risk, detail = "blocked", f"{detail}; it is mandatory ({urgent[one.path]}): {then}"
                yield Line(one.action, one.path, detail, risk)
            continue
        risk = {"refused": "blocked", "active": "safe"}.get(standing.state, "review")
        detail = f"{after.op} {canonical.text(after.value)}" if after.value is not None else after.op
        more = f" ({standing.state}: {standing.why})" if standing.state != "active" else ""
        yield Line("CHANGE" if before is not None else "SET", after.path, f"{_cut(detail)}{more}", risk)


def _definitions(prepared: Prepared, diff: Diff) -> Iterator[Line]:
    """Yield each document that is new, gone or different, and of a different one each attribute."""
    called = renames.entities(prepared.old, prepared.catalog, prepared.moves)
    before = set(called.values())
    moved: tuple[str, ...] = ()
    for (entity, rows, now), was in _fields_renamed(prepared).items():
        old = f"entity:{called.get(entity, entity)}#/properties/{was}"
        if rows is None:
            moved += (f"{old}/", f"entity:{entity}#/properties/{now}/")
            yield Line("MOVED", old, f"it is entity:{entity}#/properties/{now} now, with all its values")
    for field in option_ids.of(prepared.old, prepared.catalog, prepared.moves):
        moved += tuple(f"{field.path}/options/{one}/" for pair in field.ids.items() for one in pair)
    for one in diff.documents:
        at = f"{one.kind}:{one.id}"
        if one.kind == "entity" and one.id in called:
            yield Line("MOVED", f"entity:{called[one.id]}", f"it is {at} now, with all its records")
        elif one.kind == "entity" and one.id in before:
            pass
        elif one.change == "added":
            yield from _added(prepared.catalog, one.kind, one.id, prepared.old is None)
        elif one.change == "removed":
            risk = "destructive" if one.kind == "entity" else "review"
            detail = "the definition goes; its data stay" if one.kind == "entity" else "the definition goes"
            yield Line("REMOVE", at, detail, risk)
        for change in one.attributes:
            if not change.path.startswith(moved):
                yield _attribute(one.kind, change)


def _options(connection: Connection, prepared: Prepared, old: Catalog) -> Iterator[Line]:
    """Yield each field of which options have another id, with the number of records that follow."""
    for one in option_ids.of(old, prepared.catalog, prepared.moves):
        count = option_ids.count(connection, old, one)
        ids = ", ".join(f"{was} -> {now}" for was, now in one.ids.items())
        yield Line("MOVED", f"{one.path}/options", f"{_cut(ids)}: {count} records follow", count=count)


def _fields_renamed(prepared: Prepared) -> Mapping[tuple[str, str | None, str], str]:
    return renames.fields(prepared.old, prepared.catalog, prepared.moves) if prepared.old is not None else {}


def _added(catalog: Catalog, kind: str, identifier: str, first: bool) -> Iterator[Line]:
    at = f"{kind}:{identifier}"
    if kind == "role" and not first:
        document = catalog.documents[kind, identifier]
        grants = [f"{one['entity']}: {', '.join(one.get('ops', ()))}" for one in document.get("grants", ())]
        powers = [*grants, *document.get("capabilities", ())]
        yield Line("PERMISSION", at, f"a new role: {_cut('; '.join(powers)) or 'no grants'}", "review")
    else:
        yield Line("ADD", at, f"{catalog.documents[kind, identifier].get('title', identifier)}")


def _attribute(kind: str, change: differences.AttributeChange) -> Line:
    was, now = (_cut(canonical.text(one)) for one in (change.before, change.after))
    gone_field = change.path.endswith("/field") and change.after is None and kind == "entity"
    if gone_field:
        field = change.path.removesuffix("/field")
        return Line("REMOVE", field, "the field goes; its column and data stay", "destructive")
    if kind == "role":
        return Line("PERMISSION", change.path, f"{was} -> {now}", "review")
    if change.before is None:
        return Line("ADD", change.path, now)
    if change.after is None:
        return Line("REMOVE", change.path, f"{was} goes", "review")
    return Line("MODIFY", change.path, f"{was} -> {now}")


def _clones(prepared: Prepared) -> Iterator[Line]:
    """Yield each copy that goes its own way whose original has changed since it was made."""
    for (kind, identifier), document in sorted(prepared.catalog.documents.items()):
        origin = document.get("derived_from")
        if not isinstance(origin, Mapping) or "sha256" not in origin:
            continue
        there = prepared.catalog.documents.get((kind, origin["id"]))
        if there is None:
            yield Line("CLONE", f"{kind}:{identifier}", f"“{origin['id']}”, of which it is a copy, is gone", "review")
        elif _digest_below(prepared, kind, origin["id"], there) != origin["sha256"]:
            detail = f"“{origin['id']}” has changed since version {origin.get('version', '?')}, of which it is a copy"
            yield Line("CLONE", f"{kind}:{identifier}", detail, "review")


def _digest_below(prepared: Prepared, kind: str, identifier: str, document: Mapping[str, Any]) -> str:
    """Return the digest of a document as its pack says it: the admins' own changes, such as mode draft, do not count."""
    own = [one for layer in prepared.layers for one in layer.patches if one.document == (kind, identifier)]
    if not own:
        return canonical.digest(document)
    below = fold([layer for layer in prepared.layers if not layer.patches])
    return canonical.digest(below.documents.get((kind, identifier), {}))


def _tables(prepared: Prepared) -> Iterator[Line]:
    plan = schema.plan(prepared.old, prepared.catalog, prepared.moves)
    for problem in plan.problems:
        yield Line("BLOCKED", problem.pointer.lstrip("/") or "tables", problem.message, "blocked")
    for step in plan.steps:
        yield Line("STORAGE", f"table:{step.table}", step.text)


def _records(connection: Connection, prepared: Prepared, changes: Diff) -> Iterator[Line]:
    """Yield what records that are there do not meet any more, with how many they are."""
    old = prepared.old
    if old is None:
        return
    moved = set(renames.entities(old, prepared.catalog, prepared.moves).values())
    for name, change in changes.changed.items():
        for field in sorted(change.added):
            spec = change.after.fields[field]
            if spec.required and "default" not in spec.spec and spec.type not in _WORKED_OUT:
                count = misfits.records(connection, old, name)
                if count:
                    detail = f"a required field without default; {count} records have nothing in it"
                    yield Line("DATA", f"entity:{name}#/properties/{field}", detail, "review", count)
        for field, one in sorted(change.changed.items()):
            at = f"entity:{name}#/properties/{field}"
            if "required" in one.keywords and one.after.required and not one.before.required:
                count = misfits.empty(connection, old, name, field)
                if count:
                    yield Line("DATA", f"{at}/required", f"{count} records have nothing in it", "review", count)
            for keyword in _LIMITS:
                limit = one.after.spec.get(keyword)
                if keyword in one.keywords and limit is not None:
                    count = misfits.beyond(connection, old, name, field, keyword, limit)
                    if count:
                        before = canonical.text(one.before.spec.get(keyword))
                        detail = f"{before} -> {canonical.text(limit)}, which {count} records do not meet"
                        yield Line("DATA", f"{at}/{keyword}", detail, "blocked", count)
    for name in sorted(changes.removed.keys() - moved):
        count = misfits.records(connection, old, name)
        if count:
            yield Line("DATA", f"entity:{name}", f"{count} records stay and cannot be seen", "destructive", count)


def _on_the_way(connection: Connection, old: Catalog, new: Catalog, diff: Diff) -> Iterator[Line]:
    """Yield what is in flight under definitions that change: records, approvals, clocks."""
    try:
        in_flight.check(connection, old, new)
    except DefinitionError as error:
        for one in error.problems:
            yield Line("IN_FLIGHT", f"{one.source}{one.pointer}", one.message, "blocked")
    for open_ones in courses.affected(connection, old, new):
        yield Line("IN_FLIGHT", f"approval:{open_ones.approval}", open_ones.detail, "review", open_ones.count)
    changed = {(one.kind, one.id) for one in diff.documents}
    for (kind, policy), count in running.clocks(connection).items():
        if (kind, policy) in changed:
            detail = f"{count} clocks are running; they go on as they were begun, or end with a definition that goes"
            yield Line("IN_FLIGHT", f"{kind}:{policy}", detail, "review", count)


def _cut(text: str) -> str:
    return text if len(text) <= 160 else text[:159] + "…"
