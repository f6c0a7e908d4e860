"""One test as it is played: what is given, then one step after the other, each at its moment."""

from __future__ import annotations

from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dealwright import access, calendars, clock
from dealwright import approvals as definitions
from dealwright.errors import DealwrightError, GateUnmetError
from dealwright.pack_tests.named import Mistake, Named, moment
from dealwright.records import (
    Change,
    Work,
    approval_facts,
    approving,
    archive,
    checklists,
    move_one,
    pass_until,
    save_one,
    send,
)
from dealwright.storage import accounts, approvals, decisions, events, files
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dealwright.metadata.catalog import Catalog
    from dealwright.pack_tests.cases import Case
    from dealwright.records import Workspace
    from dealwright.storage import Connection

#: Ways to write that no time has passed since the clock of the test.
_AT_ONCE = frozenset({"+PT0S", "+P0D", "+PT0M", "+PT0H"})
#: Decisions and events that are looked at, the newest.
MOST = 5_000


class Play:
    """A test in the course of its steps.

    Attributes:
        now: The moment of the present step.
        refused: Why the present step was refused; None if it was not.
        step: What the present step is.
        decided: Decisions of the present step, as stored rows, the earliest first.
        told: Events of the present step, the same.
        gates: ``(pipeline, stage, side, gate) → met`` of the moves so far.
        all_decided: Decisions of all steps.
        asked: Id of an approval to the records for which it was asked so far, as its conditions read them.
    """

    def __init__(self, workspace: Workspace, connection: Connection, catalog: Catalog, case: Case) -> None:
        self.workspace, self.connection, self.catalog, self.case = workspace, connection, catalog, case
        self.named = Named(catalog)
        self.now = case.clock
        self.refused: DealwrightError | None = None
        self.step: Mapping[str, Any] = {}
        self.decided: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []
        self.all_decided: list[dict[str, Any]] = []
        self.gates: list[tuple[tuple[str, str, str, str], bool]] = []
        self.asked: dict[str, list[Mapping[str, Any]]] = {}
        self._users: dict[str, access.User] = {}
        self._open: set[str] = set()
        self._seen: tuple[set[str], int] = (set(), 0)

    def begin(self) -> None:
        """Make what is given; rules do not look at it.

        Raises:
            DealwrightError: If a record of it cannot be.
            Mistake: If it cannot be understood, in words for the author.
        """
        pass_until(self.workspace, self.now, self.connection, since=self.now)
        with clock.frozen(self.now):
            for entity, records in self.case.document.get("given", {}).items():
                if entity not in self.catalog.entities:
                    raise Mistake(f"there is no entity “{entity}”")
                for record in records:
                    self._give(entity, record)
        self._mark()

    def _give(self, entity: str, record: Mapping[str, Any]) -> None:
        roles = record.get("roles", []) if entity == "base.user" else []
        left_out = ("id", "roles") if entity == "base.user" else ("id",)
        data = {name: value for name, value in record.items() if name not in left_out}
        if roles:
            data.setdefault("email", f"{record.get('id', 'user')}@example.com")
        work = Work(self.workspace, self.connection, access.operator("test"), rules=False)
        identifier = save_one(work, entity, Change(self._data(entity, data))).id
        if "id" in record:
            self.named.put(record["id"], entity, identifier)
        if unknown := [role for role in roles if role not in self.catalog.roles]:
            raise Mistake(f"there is no role “{unknown[0]}”; there are {', '.join(sorted(self.catalog.roles))}")
        if roles:
            accounts.put(self.connection, identifier, data["email"], None, self.now)
            accounts.set_roles(self.connection, identifier, roles)
        if entity == "base.user" and "id" in record:
            known = accounts.facts(self.connection, self.catalog, identifier) or {}
            name, email = str(known.get("name")), str(known.get("email") or "")
            facts = MappingProxyType(known)
            self._users[record["id"]] = access.User(identifier, email, name, tuple(sorted(roles)), facts)

    def take(self, step: Mapping[str, Any]) -> None:
        """Let time pass to a step and do it.

        Raises:
            Mistake: If it cannot be understood, in words for the author.
        """
        self.step, self.refused = step, None
        when = self._when(step.get("at"))
        if when < self.now:
            raise Mistake(f"“{step['at']}” lies before the step before it, which was at {self.now.isoformat()}")
        pass_until(self.workspace, when, self.connection, since=self.now)
        self.now = when
        with clock.frozen(when):
            user = self._user(step)
            before = self._place(step)
            try:
                with self.connection.begin_nested():
                    self._do(Work(self.workspace, self.connection, user), step)
            except DealwrightError as error:
                self.refused = error
            self._note_gates(step, before)
            self._note_approvals(step)
            self._mark()

    def _when(self, at: str | None) -> datetime:
        if at is None:
            return self.now
        if (known := moment(at)) is not None:
            return known
        if at in _AT_ONCE:
            return self.case.clock
        try:
            return calendars.later(self.catalog, self.case.clock, calendars.period(at.removeprefix("+")))
        except (ValueError, OverflowError) as error:
            raise Mistake(f"“{at}” is no time after the clock of the test, such as +PT1H: {error}") from None

    def _user(self, step: Mapping[str, Any]) -> access.User:
        name = step.get("as", self.case.document.get("uses", {}).get("user"))
        if name is None:
            return access.operator("test")
        if name not in self._users:
            known = ", ".join(self._users) or "nobody"
            raise Mistake(f"“{name}” is nobody of “given”; there are: {known}")
        return self._users[name]

    def _do(self, work: Work, step: Mapping[str, Any]) -> None:
        if "create" in step:
            data = {name: value for name, value in step["record"].items() if name != "id"}
            saved = save_one(work, step["create"], Change(self._data(step["create"], data)))
            if "id" in step["record"]:
                self.named.put(step["record"]["id"], step["create"], saved.id)
        elif "update" in step:
            entity, identifier = self.named.of(step["update"])
            save_one(work, entity, Change(self._data(entity, step["record"]), identifier))
        elif "move" in step:
            entity, identifier = self.named.of(step["move"])
            more = {"pipeline": step.get("pipeline"), "reason": step.get("reason", "")}
            data = self._data(entity, step.get("record", {}))
            move_one(work, entity, identifier, step.get("to"), data=data, **more)
        elif "delete" in step:
            archive(work, *self.named.of(step["delete"]))
        elif "tick_off" in step:
            entity, identifier = self.named.of(step["tick_off"])
            checklists.tick(work, entity, identifier, [self._item(work, step)])
        elif "event" in step:
            entity, identifier = self.named.of(step["record"])
            send(work, step["event"], entity, identifier, step.get("data", {}))
        elif "request" in step:
            approving.request(work, step["request"], *self.named.of(step["record"]), comment=step.get("comment"))
        elif "approve" in step:
            approving.decide(work, self._asked(step["approve"], step), "approved", comment=step.get("comment"))
        elif "reject" in step:
            approving.decide(work, self._asked(step["reject"], step), "rejected", comment=step.get("comment"))

    def _item(self, work: Work, step: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a step says of an item; a file that it names is uploaded, and says its own name."""
        item = {"id": step["item"], **{name: step[name] for name in ("stage", "done", "note") if name in step}}
        if "file" in step:
            item["file"] = self._uploaded(step["file"], work.user.id).id
        return item

    def _data(self, entity: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a record of the test says in API JSON: ids for names, and uploaded files for the names of files."""
        found = self.named.data(entity, data)
        for name in found.keys() & self.catalog.entity(entity).fields.keys():
            if self.catalog.entity(entity).fields[name].type == "file" and isinstance(found[name], str):
                found[name] = files.value(self._uploaded(found[name], self._user(self.step).id))
        return found

    def _uploaded(self, name: str, by: str | None) -> files.StoredFile:
        """Upload a file whose content is its own name."""
        return files.add(self.connection, files.keep(self.workspace.folder, BytesIO(name.encode())), name, by=by)

    def _asked(self, name: str, step: Mapping[str, Any]) -> str:
        """Return the id of the open approval of a record that a step decides."""
        of = [step["approval"]] if "approval" in step else []
        found = approvals.rows(self.connection, [self.named.of(name)[1]], of, state="open")
        if len(found) != 1:
            open_ones = ", ".join(one.approval for one in found) or "none"
            raise Mistake(
                f"“{name}” should have one open approval to decide, it has: {open_ones}; name it in “approval”"
            )
        return found[0].id

    def _place(self, step: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return pipeline and stage of the record that a step moves."""
        if "move" not in step:
            return None
        entity, identifier = self.named.of(step["move"])
        row = stored.get(self.connection, self.catalog, entity, [identifier]).get(identifier, {})
        return (row["pipeline"], row["stage"]) if row.get("pipeline") else None

    def _note_gates(self, step: Mapping[str, Any], before: tuple[str, str] | None) -> None:
        """Note which gates a move has met: those that the refusal does not name."""
        pipeline = self.catalog.pipelines.get(before[0]) if before else None
        if pipeline is None or before is None or "pipeline" in step or step.get("to") not in pipeline.stages:
            return
        if self.refused is not None and not isinstance(self.refused, GateUnmetError):
            return
        here, there = pipeline.stages.get(before[1]), pipeline.stages[step["to"]]
        unmet = {one.item for one in self.refused.problems} if self.refused else set()
        asked = [(here, "exit", gate) for gate in here.exit] if here is not None and not there.leads_out else []
        for stage, side, gate in [*asked, *((there, "enter", gate) for gate in there.enter)]:
            self.gates.append(((pipeline.id, stage.id, side, gate.id), gate.id not in unmet))

    def _note_approvals(self, step: Mapping[str, Any]) -> None:
        """Note for which records approvals were asked: those that are new, and one that this step was refused."""
        records = [identifier for _, identifier in self.named.records.values()]
        rows = approvals.rows(self.connection, records) if records else []
        new = [(one.approval, one.record) for one in rows if one.id not in self._open]
        self._open.update(one.id for one in rows)
        if "request" in step and self.refused is not None:
            new.append((step["request"], self.named.of(step["record"])[1]))
        for identifier, record in new:
            if (approval := definitions.of(self.catalog).get(identifier)) is not None:
                work = Work(self.workspace, self.connection, access.operator("test"))
                env = approval_facts.env(work, self.catalog, approval, record)
                self.asked.setdefault(identifier, []).extend([env] if env is not None else ())

    def ends(self) -> set[tuple[str, str]]:
        """Return approval and state of each approval of the records of the test."""
        records = [identifier for _, identifier in self.named.records.values()]
        return {(one.approval, one.state) for one in approvals.rows(self.connection, records)} if records else set()

    def _mark(self) -> None:
        """Take up what was decided and told since the last mark."""
        known, last = self._seen
        rows = decisions.latest(self.connection, limit=MOST)
        self.decided = [one for one in reversed(rows) if one["id"] not in known]
        self.all_decided += self.decided
        self.told = events.since(self.connection, last, limit=MOST)
        self._seen = ({one["id"] for one in rows}, max((one["seq"] for one in self.told), default=last))
