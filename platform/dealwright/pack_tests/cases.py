"""The tests of a pack as they stand in its files, held against their schema."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from dealwright import clock
from dealwright.errors import DefinitionError, Problem
from dealwright.metadata import schemas, strict
from dealwright.pack_tests.named import moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: What a step may do; each step does one of these.
OPERATIONS: Final = (
    "create", "update", "move", "delete", "tick_off", "event", "request", "approve", "reject", "tick"
)  # fmt: skip
#: The first year in which a test may begin.
FIRST: Final = 1970
#: When a test begins that does not say.
BEGINS: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """One test.

    Attributes:
        name: What is true, as a sentence.
        source: File, and the place in it.
        clock: When it begins.
        document: As it was written.
    """

    name: str
    source: str
    clock: datetime
    document: dict[str, Any]

    @property
    def skipped(self) -> str:
        """Why it is left out today; empty if it is not."""
        skip = self.document.get("skip")
        if skip is None or clock.now().date() > date.fromisoformat(skip["until"]):
            return ""
        return f"{skip['reason']} (until {skip['until']})"


def read(folder: Path) -> list[Case]:
    """Return the tests of the pack in a folder, in the order of files and places.

    Files under ``tests/upgrade`` are tests of upgrades (``upgrades``) and none of these.

    Raises:
        DefinitionError: With everything in which a file is no test.
    """
    found: list[Case] = []
    faults: list[Problem] = []
    for file in sorted(folder.glob("tests/**/*.json")):
        if file.relative_to(folder).parts[1] == "upgrade":
            continue
        source = f"{folder.name}/{file.relative_to(folder).as_posix()}"
        try:
            content = strict.read(file, source)
        except DefinitionError as error:
            faults.extend(error.problems)
            continue
        for number, document in enumerate(content if isinstance(content, list) else [content]):
            at: tuple[str | int, ...] = (number,) if isinstance(content, list) else ()
            problems = [*schemas.check_test(document, source, at)] or [*_faults(document, source, at)]
            faults += problems
            if not problems:
                place = f"{source}/{number}" if at else source
                found.append(Case(document["test"], place, _moment(document.get("clock")) or BEGINS, document))
    for name in sorted({one.name for one in found if sum(one.name == other.name for other in found) > 1}):
        places = [one.source for one in found if one.name == name]
        faults.append(Problem("", "twice", f"two tests are called “{name}”: {' and '.join(places)}", places[0]))
    if faults:
        raise DefinitionError("the tests cannot be run", faults)
    return found


def _faults(document: dict[str, Any], source: str, at: tuple[str | int, ...]) -> Iterator[Problem]:
    """Yield what no schema can say."""
    where = "".join(f"/{step}" for step in at)
    if "clock" in document and _moment(document["clock"]) is None:
        message = f"“{document['clock']}” is no moment with a zone from {FIRST} on, such as 2026-11-23T09:00:00+08:00"
        yield Problem(f"{where}/clock", "wrong-form", message, source)
    if "skip" in document and not _is_day(document["skip"]["until"]):
        message = f"“{document['skip']['until']}” is no day, such as 2026-12-31"
        yield Problem(f"{where}/skip/until", "wrong-form", message, source)
    steps = document.get("when", [])
    for number, step in enumerate(steps):
        done = [name for name in OPERATIONS if name in step]
        if len(done) != 1:
            message = f"a step does one of {', '.join(OPERATIONS)}; this one does {' and '.join(done) or 'nothing'}"
            yield Problem(f"{where}/when/{number}", "wrong-form", message, source)
        elif problem := _record_fault(done[0], step):
            yield Problem(f"{where}/when/{number}/record", "wrong-form", problem, source)
    if ("role" in document) != ("may" in document):
        yield Problem(where, "missing-may", "“role” and “may” go together: a role, and what it may do", source)
    for kind, key in (("golden", "of"), ("i18n", "locales")):
        if (document.get("kind") == kind) != (key in document):
            message = f"“{key}” belongs to a test of the kind {kind}, which needs it"
            yield Problem(where, f"missing-{key}", message, source)
    if not document.get("expect") and not {"may", "of", "locales"} & document.keys():
        yield Problem(where, "missing-expect", "it expects nothing, so it cannot fail; say what is true", source)
    for number, one in enumerate(document.get("expect", [])):
        if one.get("after", 0) >= max(len(steps), 1):
            message = f"there is no step {one['after']}; the last one is {len(steps) - 1}"
            yield Problem(f"{where}/expect/{number}/after", "unknown-step", message, source)
        if "after" in one and "never" in one:
            yield Problem(f"{where}/expect/{number}/after", "wrong-place", "“never” has no “after”", source)
        if set(one) <= {"after"}:
            yield Problem(f"{where}/expect/{number}", "missing-expect", "say what is true then", source)


def _record_fault(operation: str, step: dict[str, Any]) -> str:
    record = step.get("record")
    if operation in ("event", "request") and not isinstance(record, str):
        return f"{'an event' if operation == 'event' else 'a request'} is about a record: give its name"
    if operation in ("create", "update") and not isinstance(record, dict):
        return "give the fields and values"
    if operation == "tick_off" and "item" not in step:
        return "name the item of the checklist in “item”"
    if operation == "move" and "to" not in step and "pipeline" not in step:
        return "say where to: “to” is a stage, “pipeline” a pipeline"
    return ""


def _moment(text: Any) -> datetime | None:
    found = moment(text)
    return found if found is not None and found.year >= FIRST else None


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False
