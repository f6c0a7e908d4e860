"""What is wrong with reports and dashboards as such; their conditions are looked at elsewhere."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from dealwright.metadata import reports
from dealwright.metadata.reports import ALWAYS, BY, CALCULATIONS, CONVERTED, RATES, SUMMED

if TYPE_CHECKING:
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.metadata.findings import Findings
    from dealwright.metadata.reports import Report

_DATES: Final = frozenset({"date", "datetime"})
_NUMBERS: Final = frozenset({"integer", "decimal", "percent", "money", "rating"})
#: Types that have many values or none, so that nothing can be parted by them.
_NO_GROUP: Final = frozenset(
    {"rows", "references", "multi_select", "checklist", "tags", "json", "static", "file", "image"}
)
_WEEKDAYS: Final = frozenset({"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"})
_COMMON: Final = frozenset({"$schema", "kind", "id", "lang", "title", "description", "deprecated"})


def look(findings: Findings) -> None:
    """Add a problem for each fault of each report and dashboard."""
    for report in reports.of(findings.catalog).values():
        _report(findings, report)
    known = reports.of(findings.catalog)
    for dashboard in reports.dashboards(findings.catalog).values():
        for tile in dashboard.tiles:
            findings.known(("dashboard", dashboard.id), ["reports", tile.id, "report"], tile.report, known, "report")


def _report(findings: Findings, report: Report) -> None:
    key = ("report", report.id)
    asked = CALCULATIONS[report.calculate]
    for name in report.document:
        if name not in _COMMON | ALWAYS | asked.takes:
            those = [one for one, other in CALCULATIONS.items() if name in other.takes]
            findings.say(key, [name], "wrong-place", f"“{name}” is not for {report.calculate}, only for {_list(those)}")
    for name in sorted(asked.needs - report.document.keys()):
        findings.say(key, ["calculate"], f"missing-{name}", f"“{report.calculate}” needs “{name}”; add it")
    if report.chart not in asked.charts:
        message = f"“{report.chart}” cannot show {report.calculate}; it can be {_list(asked.charts)}"
        findings.say(key, ["chart"], "not-a-choice", message)
    if report.by is not None and report.by not in BY.get(report.calculate, (report.by,)):
        message = (
            f"{report.calculate} is parted by {_list(BY[report.calculate])}; “{report.by}” is for another calculation"
        )
        findings.say(key, ["by"], "not-a-choice", message)
    least, most = asked.groups
    if not least <= len(report.group) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        message = f"{report.calculate} is parted by {wanted} groups, and here are {len(report.group)}"
        findings.say(key, ["group"] if report.group else ["calculate"], "wrong-number-of-groups", message)
    if report.chart == "heat_map" and report.calculate not in ("losses", "seasons") and len(report.group) != 2:
        findings.say(key, ["chart"], "wrong-number-of-groups", "a heat map needs two groups: one down, one across")
    if report.measure[0] in RATES and report.calculate != "anomalies":
        findings.say(key, ["measure"], "not-a-choice", f"“{report.measure[0]}” is a measure of anomalies only")
    if report.calculate in SUMMED and report.measure[0] not in ("count", "sum"):
        message = f"{report.calculate} works out shares of a whole, so its measure is count or a sum"
        findings.say(key, ["measure"], "not-a-choice", message)
    entity = findings.entity(key, ["entity"], report.entity)
    if entity is None:
        return
    if report.calculate == "effort" and entity.id == "base.activity":
        findings.say(key, ["entity"], "wrong-entity", "effort counts activities about records of another entity")
    rate = report.measure[0] in RATES
    if (asked.pipeline or rate) and not entity.pipelines:
        findings.say(key, ["entity"], "no-pipeline", f"{entity.id} has no pipeline, so no record of it has stages")
    if report.pipeline is not None and findings.known(
        key, ["pipeline"], report.pipeline, findings.catalog.pipelines, "pipeline"
    ):
        other = findings.catalog.pipelines[report.pipeline].entity
        if other != entity.id:
            findings.say(
                key, ["pipeline"], "wrong-entity", f"“{report.pipeline}” is one of {other}, not of {entity.id}"
            )
    _fields(findings, report, entity)
    if "warn" in report.document and report.benchmark is None:
        findings.say(key, ["warn"], "missing-benchmark", "“warn” is in percent of a benchmark; add “benchmark”")
    _bands(findings, report)
    _contest(findings, report)
    _forecast(findings, report)
    _schedule(findings, report)


def _fields(findings: Findings, report: Report, entity: Entity) -> None:
    key = ("report", report.id)

    def end(at: tuple[str | int, ...], path: str | None) -> Field | None:
        return findings.end_of_path(key, at, entity, path) if path is not None else None

    for index, one in enumerate(report.group):
        found = end(("group", index), one.path)
        if found is None:
            continue
        if one.unit is not None and _kind(found) not in _DATES:
            message = f"“{one.path}” is of the type {found.type}; only a date or datetime has a “{one.unit}”"
            findings.say(key, ("group", index), "wrong-type", message)
        elif found.spec.get("sensitivity") == "secret":
            findings.say(key, ("group", index), "wrong-type", f"“{one.path}” is secret; nothing can be grouped by it")
        elif found.type in _NO_GROUP:
            message = f"“{one.path}” is of the type {found.type}, which has no one value to group by"
            findings.say(key, ("group", index), "wrong-type", message)
    found = end(("measure",), report.measure[1])
    if found is not None and _kind(found) not in _NUMBERS:
        message = f"“{report.measure[1]}” is of the type {found.type}; a number is needed here"
        findings.say(key, ["measure"], "wrong-type", message)
    elif found is not None and found.spec.get("currency") == "per_record" and report.calculate not in CONVERTED:
        message = (
            f"“{report.measure[1]}” has a currency on each record; {_list(CONVERTED)} convert such amounts,"
            f" {report.calculate} needs them in one currency"
        )
        findings.say(key, ["measure"], "wrong-type", message)
    dated: list[tuple[tuple[str, ...], str | None]] = [(("start",), report.start), (("end",), report.end)]
    dated.append((("period", "of"), report.period.of if report.period is not None else None))
    dated.append((("tenure", "of"), report.tenure[0] if report.tenure is not None else None))
    dated.append((("between", "of"), report.between[2] if report.between is not None else None))
    for at, path in dated:
        found = end(at, path)
        if found is not None and _kind(found) not in _DATES:
            findings.say(
                key, at, "wrong-type", f"“{path}” is of the type {found.type}; a date or datetime is needed here"
            )
    end(("reason",), report.reason)
    for rule in report.points:
        found = end(("points", rule.id, "of"), rule.of)
        if found is not None and (_kind(found) not in _NUMBERS or found.spec.get("currency") == "per_record"):
            message = f"“{rule.of}” is of the type {found.type}; a number, or money in one currency, is needed here"
            findings.say(key, ["points", rule.id, "of"], "wrong-type", message)


def _kind(field: Field) -> str:
    return str(field.spec.get("result")) if field.type == "formula" else field.type


def _bands(findings: Findings, report: Report) -> None:
    if report.tenure is None:
        return
    months = [one.months for one in report.tenure[1]]
    rising = [one for one in months[:-1] if one is not None]
    if None in months[:-1] or months[-1] is not None or rising != sorted(set(rising)):
        message = (
            "each group but the last needs “months”, more than the one before; the last takes all others and has none"
        )
        findings.say(("report", report.id), ["tenure", "groups"], "bands-not-rising", message)


def _contest(findings: Findings, report: Report) -> None:
    if report.between is None:
        return
    first, last, _ = report.between
    if date.min in (first, last):
        findings.say(("report", report.id), ["between"], "no-such-day", "“between” names a day that no calendar has")
    elif last < first:
        message = f"the last day, {last}, lies before the first, {first}"
        findings.say(("report", report.id), ["between", "last"], "ends-before-start", message)


def _forecast(findings: Findings, report: Report) -> None:
    key, known = ("report", report.id), reports.of(findings.catalog)
    if report.forecast is None or not findings.known(key, ["forecast"], report.forecast, known, "report"):
        return
    other = known[report.forecast]
    if other.calculate != "forecast" or other.entity != report.entity:
        message = (
            f"“{other.id}” calculates {other.calculate} of {other.entity}; a forecast of {report.entity} is needed"
        )
        findings.say(key, ["forecast"], "not-a-choice", message)
    elif "schedule" not in other.document:
        message = f"“{other.id}” has no schedule, so there are no snapshots to look back on; add one"
        findings.say(key, ["forecast"], "missing-schedule", message)
    elif report.by == "group" and not other.group:
        findings.say(key, ["by"], "not-a-choice", f"“{other.id}” has no group; it can be stage or run")


def _schedule(findings: Findings, report: Report) -> None:
    key, schedule = ("report", report.id), report.document.get("schedule")
    for index, role in enumerate(report.recipients):
        findings.known(key, ["recipients", index], role, findings.catalog.roles, "role")
    if (schedule is None) != (not report.recipients):
        message = "“schedule” says when and “recipients” for whom; give both or neither"
        findings.say(key, ["recipients"] if schedule is None else ["schedule"], "half-a-schedule", message)
    if schedule is None:
        if report.email != "none":
            findings.say(
                key, ["email"], "half-a-schedule", "a mail goes out at the times of a schedule; add “schedule”"
            )
        return
    every, on, month = schedule["every"], schedule.get("on"), schedule.get("month")
    days = on in _WEEKDAYS
    if on is not None and (every == "day" or days != (every == "week")):
        message = (
            f"every {every} has no day “{on}”; a week has weekdays, a month, quarter or year days by number or last"
        )
        findings.say(key, ["schedule", "on"], "no-such-day", message)
    if month is not None and not month <= {"quarter": 3, "year": 12}.get(every, 0):
        message = "“month” chooses a month of a quarter (1 to 3) or of a year (1 to 12)"
        findings.say(key, ["schedule", "month"], "no-such-month", message)


def _list(names: object) -> str:
    return ", ".join(str(one) for one in names)  # type: ignore[attr-defined]
