"""Running the tests of a pack."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dealwright import clock, packs
from dealwright.errors import DealwrightError, DefinitionError
from dealwright.pack_tests import access_cases, cases, expect, snapshots, stage, upgrades
from dealwright.pack_tests.coverage import Coverage
from dealwright.pack_tests.named import Mistake
from dealwright.pack_tests.play import Play

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dealwright.pack_tests.cases import Case


@dataclass(frozen=True, slots=True)
class Result:
    """How one test went.

    Attributes:
        name: Its sentence.
        source: File and place.
        because: Why it failed, a line each; empty if it passed.
        skipped: Why it was left out; empty if it was not.
    """

    name: str
    source: str
    because: tuple[str, ...] = ()
    skipped: str = ""

    @property
    def ok(self) -> bool:
        """Whether it did not fail."""
        return not self.because


@dataclass(frozen=True, slots=True)
class Report:
    """How the tests of a pack went.

    Attributes:
        results: Of each test, in the order of the files.
        coverage: What the tests have reached, in all of them together.
    """

    pack: str
    results: tuple[Result, ...]
    coverage: Coverage = field(compare=False)

    @property
    def failed(self) -> int:
        """How many failed."""
        return sum(not one.ok for one in self.results)

    @property
    def passed(self) -> int:
        """How many passed."""
        return sum(one.ok and not one.skipped for one in self.results)


def run(
    folder: Path,
    only: str = "",
    tell: Callable[[Result], object] = lambda result: None,
    against: stage.Beside | None = None,
) -> Report:
    """Run the tests of the pack in a folder, in a workspace that is removed afterwards.

    The real clock is not asked, nothing leaves the machine, ids are the same in each run. A pack of a hundred tests takes
    seconds: two or so to install it, then some milliseconds a step.

    Args:
        folder: The pack.
        only: Words that stand in the names of the tests to run, in any case; empty for all.
        tell: Called with each result at once.
        against: What is in force in a workspace, together with which the pack is tested.

    Raises:
        DefinitionError: If the pack or one of its tests has a fault of form; none is run.
    """
    source = packs.read(folder.resolve())
    known = cases.read(folder.resolve())
    words = re.compile(re.escape(only), re.IGNORECASE)
    chosen = [one for one in known if words.search(one.name)]
    later = [one for one in upgrades.read(folder.resolve()) if words.search(one.name)]
    begins = min((one.clock for one in known), default=cases.BEGINS)
    results: list[Result] = []
    with stage.made(source, [folder.resolve().parent], begins, against) as place:
        coverage = Coverage(place.catalog, source.layer.namespace)
        for one in chosen:
            results.append(result(place, source, one, coverage))
            tell(results[-1])
        for one in later:  # what they reach is another workspace's
            told = upgrades.because(
                source, one, lambda play: _played(play, Coverage(play.catalog, source.layer.namespace))
            )
            results.append(Result(one.name, one.source, tuple(told)))
            tell(results[-1])
    return Report(source.id, tuple(results), coverage)


def generate(folder: Path) -> list[Path]:
    """Write into the golden tests of a pack what is so now; return the files that are other than before.

    Raises:
        DefinitionError: If the pack has a fault, or a golden test names what is not there.
    """
    folder = folder.resolve()
    source = packs.read(folder)
    sources = {source.id: source}
    packs.with_required(sources, [folder.parent])
    try:
        return snapshots.generate(folder, packs.catalog(sources.values()))
    except Mistake as error:
        raise DefinitionError(str(error)) from None


def result(place: stage.Stage, source: packs.PackSource | None, case: Case, coverage: Coverage) -> Result:
    """Run one test, and return how it went."""
    if case.skipped:
        return Result(case.name, case.source, skipped=case.skipped)
    try:
        if told := _looked_at(place, source, case.document):
            return Result(case.name, case.source, tuple(told))
        with clock.counted(), clock.frozen(case.clock), place.play(case.document.get("uses", {})) as given:
            told = _played(Play(*given, case), coverage)
    except DealwrightError as error:
        told = [str(error)]
    except Mistake as error:
        told = [str(error)]
    return Result(case.name, case.source, tuple(told))


def _looked_at(place: stage.Stage, source: packs.PackSource | None, document: Mapping[str, Any]) -> list[str]:
    """Return why a test fails that looks at definitions and not at what happens."""
    found = [*snapshots.failures(place.catalog, document)] if "of" in document else []
    if "locales" in document and source is not None:
        found += snapshots.untranslated(source.layer, document)
    return found


def _played(play: Play, coverage: Coverage) -> list[str]:
    """Play a test; return why it fails. What comes after a failed step is not looked at."""
    document = play.case.document
    if "may" in document:
        if found := [*access_cases.failures(play.catalog, document)]:
            return found
        coverage.note_access(document["role"], document["may"])
    play.begin()
    expected = document.get("expect", [])
    steps = document.get("when", [{"tick": True}] if expected else [])
    for number, step in enumerate(steps):
        play.take(step)
        last = number == len(steps) - 1
        due = [one for one in expected if "never" in one or one.get("after", len(steps) - 1) == number]
        try:
            told = [line for one in due for line in expect.failures(play, one)]
        except Mistake as error:  # such as a record that is not there, because the step that makes it was refused
            if play.refused is None:
                raise
            told = [str(error)]
        if play.refused is not None and not any("refused" in one for one in due):
            told.insert(0, f"the step was refused: {play.refused}")
        if told:
            place = f"after step {number} ({_step(step)})" if not last or len(steps) > 1 else f"after {_step(step)}"
            return [*(f"{place}: {line}" for line in told), *expect.because(play)]
    coverage.note(play)
    return []


def _step(step: dict[str, Any]) -> str:
    for name in cases.OPERATIONS:
        if name in step:
            to = f" to {step['to']}" if "to" in step else ""
            return "time passing" if name == "tick" else f"{name} {step[name]}{to}"
    return "nothing"
