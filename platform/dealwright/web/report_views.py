"""A report as a page draws it: titles in the reader's language, cells with their links, the chart that fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from dealwright.web import charts, i18n, report_terms
from dealwright.web.charts import Bar
from dealwright.web.display import moment, number
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.records import Work

#: The figure that each calculation is drawn by; the measure where none stands here.
_DRAWN: Mapping[str, str] = {
    "win_rate": "win_rate",
    "cycle_time": "median",
    "conversion": "entered",
    "dwell": "median",
    "losses": "count",
    "forecast": "weighted",
    "seasons": "index",
    "health": "expected",
    "paths": "count",
    "accuracy": "wape",
    "contest": "points",
    "trend": "health",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure in the table: its text, where its records are, how it was before, and what is to know of it beside."""

    text: str
    url: str | None = None
    before: str = ""
    right: bool = True
    beside: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A report for a template.

    Attributes:
        labels: Titles of the key columns; ``columns`` those of the figures, and whether they stand at the right.
        rows: For each row its labels and cells.
        notes: Sentences about the figures.
        chart: None where a table says it best.
    """

    id: str
    title: str
    url: str
    description: str
    time: str
    as_of: str
    labels: tuple[str, ...]
    columns: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[tuple[str, ...], tuple[Cell, ...]], ...]
    notes: tuple[str, ...]
    left_out: int
    chart: Markup | None


def view(work: Work, said: Mapping[str, Any], link: Callable[[list[Any], str], str], url: str) -> View:
    """Return a report as it is drawn.

    Args:
        work: The transaction.
        said: The report, as ``records.reports.shown`` answers.
        link: From the key of a row and a column to the page of the records behind it.
        url: Of the report's own page.
    """
    catalog, entity_id = work.catalog, said["entity"]
    columns = [one for one in said["columns"] if one["id"] not in ("low", "high")]
    columns.sort(key=lambda one: one["id"] != "verdict")  # what it comes to is read first, on a phone too
    intervals = any(one["id"] == "low" for one in said["columns"])
    titles = [(figure_title(catalog, said, one["id"]), one["kind"] != "word") for one in columns]
    standards = any("benchmark" in row for row in said["rows"])
    targets = any("target" in row for row in said["rows"])
    rows = []
    sources = {_source(row["benchmark"]) for row in said["rows"] if "benchmark" in row}
    one_source = len(sources) == 1  # then it is said once, below the table
    for row in said["rows"]:
        beside = [standard(row.get("benchmark"), source=not one_source)] if standards else []
        beside += [_target(row.get("target"))] if targets else []
        cells = [*beside, *(_cell(row, one, link, intervals=intervals) for one in columns)]
        rows.append((tuple(_labels(said, row)), tuple(cells)))
    return View(
        id=said["report"],
        title=said["title"],
        url=url,
        description=catalog.text("report", said["report"], "/description", i18n.tag()),
        time=_time(said),
        as_of=moment(said["as_of"].isoformat()),
        labels=tuple(head(catalog, entity_id, one) for one in said["heads"]),
        columns=(
            *([(gettext("Benchmark"), True)] if standards else ()),
            *([(gettext("Target"), True)] if targets else ()),
            *titles,
        ),
        rows=tuple(rows),
        notes=(
            *([f"{gettext('Benchmark')} · {min(sources)}"] if one_source and min(sources) else ()),
            *(_note(one) for one in said["notes"]),
        ),
        left_out=said["left_out"],
        chart=_chart(said, figure_title(catalog, said, _drawn(said))),
    )


def _labels(said: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    """Return the labels of a row; an empty key is said to be so."""
    return [
        (_months()[int(label) - 1] if head["kind"] == "month" else label) if label else gettext("(empty)")
        for head, label in zip(said["heads"], row["labels"], strict=True)
    ]


def _cell(
    row: Mapping[str, Any], column: Mapping[str, Any], link: Callable[[list[Any], str], str], *, intervals: bool
) -> Cell:
    name, value = column["id"], row["figures"].get(column["id"])
    text = figure(column["kind"], value)
    low = row["figures"].get("low")
    if intervals and column["kind"] == "points" and low is not None:
        text = f"{text} ({number(low)} … {number(row['figures']['high'])})"
    elif intervals and name in ("win_rate", "decided_rate") and low is not None:
        text = f"{text} ({number(low)}–{number(row['figures']['high'])})"
    if name == "verdict":
        text = heading(row["figures"]) if "health" in row["figures"] else why(row["figures"])
    url = link(row["key"], name) if column["counted"] and value else None
    earlier = (row.get("before") or {}).get(name)
    compared = earlier is not None and column["kind"] != "word" and name != "threshold"
    before = figure(column["kind"], earlier) if compared else ""
    return Cell(text, url, before, right=column["kind"] != "word")


def figure(kind: str, value: Any) -> str:
    """Return a figure for people; a dash for none."""
    if value is None:
        return "" if kind == "word" else "–"
    if kind == "word":
        return word(str(value))
    if kind == "chance" and not float(value):
        return "< 0.0001"
    if kind == "percent":
        return f"{number(value)}\N{NO-BREAK SPACE}%"
    return number(value["amount"] if isinstance(value, dict) else value)


def _source(found: Mapping[str, Any]) -> str:
    return ", ".join(str(one) for one in (found.get("source"), found.get("valid_from")) if one)


def standard(found: Mapping[str, Any] | None, *, source: bool = True) -> Cell:
    """Return a benchmark with its source, unless that is said elsewhere, and whether the figure is too far from it."""
    if found is None:
        return Cell("–")
    more = [_source(found)] if source else []
    if found.get("verdict") in ("above", "below"):
        said = {
            "above": gettext("%(percent)s %% of it: too high", percent=number(found["percent"])),
            "below": gettext("%(percent)s %% of it: too low", percent=number(found["percent"])),
        }
        more.append(said[found["verdict"]])
    return Cell(number(found["value"]), beside=" · ".join(one for one in more if one))


def _target(found: Mapping[str, Any] | None) -> Cell:
    if found is None:
        return Cell("–")
    reached = found.get("reached")
    share = f" ({number(reached)}\N{NO-BREAK SPACE}%)" if reached is not None else ""
    return Cell(f"{number(found['value'])}{share}")


def _time(said: Mapping[str, Any]) -> str:
    if said["since"] is None:
        return gettext("All of the time")
    text = f"{said['since']} – {said['until']}"
    other = said["compared_with"]
    if other is None:
        return text
    return gettext("%(time)s, before: %(before)s", time=text, before=f"{other['since']} – {other['until']}")


def why(figures: Mapping[str, Any]) -> str:
    """Return how far an anomaly lies from what is usual."""
    if figures["usual"] is None:
        return word(str(figures["verdict"]))
    values = {name: number(figures[name] if figures[name] is not None else 0) for name in ("value", "usual", "spread")}
    said = word(str(figures["verdict"]))
    return gettext("%(said)s: %(value)s, usually %(usual)s, give or take %(spread)s", said=said, **values)


def heading(figures: Mapping[str, Any]) -> str:
    """Return where a trend is heading, and why."""
    said = word(str(figures["verdict"]))
    if figures["usual"] is None:
        return said
    return gettext(
        "%(said)s: %(value)s, usually %(usual)s, %(falls)s falls in a row",
        said=said,
        **{name: number(figures[name]) for name in ("value", "usual", "falls")},
    )


def _note(note: Mapping[str, Any]) -> str:
    match note["code"]:
        case "ends-before-start":
            return gettext("%(n)s records end before they start and are left out.", n=note["count"])
        case "whole-years":
            return gettext("%(n)s whole years, from %(year)s on.", n=note["count"], year=note["since"])
        case "horizon":
            return gettext(
                "What became within %(days)s days of those that were in the stage at %(n)s moments before.",
                days=note["days"],
                n=note["looks"],
            )
        case "judged":
            return gettext(
                "%(period)s is held against the %(n)s periods before.", period=note["period"], n=note["before"]
            )
        case "adherence":
            return gettext("%(share)s %% of the records keep to the order of the stages.", share=number(note["share"]))
        case "snapshots":
            return gettext(
                "%(n)s snapshots have had their time, %(waiting)s are still to come true.",
                n=note["count"],
                waiting=note["waiting"],
            )
        case "contest":
            return _contest(note)
        case "converted":
            return gettext(
                "Amounts are converted into %(currency)s at the rates of %(day)s.",
                currency=note["currency"],
                day=note["on"],
            )
        case "no-rate":
            return gettext(
                "There is no rate from %(others)s to %(currency)s; groups with such amounts have no sum.",
                others=", ".join(note["currencies"]),
                currency=note["currency"],
            )
        case _:
            return report_terms.note(note) or str(note["code"])


def _contest(note: Mapping[str, Any]) -> str:
    match note["state"]:
        case "ahead":
            return gettext("The contest begins in %(days)s days.", days=note["days"])
        case "over":
            return gettext("The contest is over.")
        case _:
            return gettext("The contest runs for %(days)s more days, this one included.", days=note["days"])


# Titles ---------------------------------------------------------------------------------------------------------------


def figure_title(catalog: Catalog, said: Mapping[str, Any], name: str) -> str:
    """Return the title of a figure of a report; that of a rule of a contest stands in its document."""
    rule = name.partition(":")[2] if name.startswith("points:") else ""
    text = catalog.text("report", said["report"], f"/points/{rule}/title", i18n.tag()) if rule else ""
    return text or rule or report_terms.column(said["calculate"], name) or column_title(catalog, said["entity"], name)


def column_title(catalog: Catalog, entity_id: str, name: str) -> str:
    """Return the title of a figure."""
    operation, colon, path = name.partition(":")
    if colon:
        return f"{_operations().get(operation, operation)} {_path(catalog, entity_id, path)}"
    return _columns().get(name, name)


def head(catalog: Catalog, entity_id: str, head: Mapping[str, Any]) -> str:
    """Return the title of a column of keys."""
    known = {
        "stage": gettext("Stage"),
        "path": gettext("Path"),
        "band": gettext("Tenure"),
        "month": gettext("Month"),
        "record": gettext("Record"),
        "pipeline": gettext("Arm"),
        "action": gettext("What is to be done"),
    }
    return known.get(head["kind"]) or _path(catalog, entity_id, head["id"].partition(":")[0])


def _path(catalog: Catalog, entity_id: str, path: str) -> str:
    """Return the label of the field at the end of a path."""
    here = catalog.entities.get(entity_id)
    for step in path.split(".")[:-1]:
        field = here.field(step) if here is not None else None
        here = catalog.entities.get(field.to or "") if field is not None else None
    field = here.field(path.rpartition(".")[2]) if here is not None else None
    return i18n.field_text(catalog, here, field) if here is not None and field is not None else path


def _operations() -> dict[str, str]:
    return {
        "sum": gettext("Sum of"),
        "avg": gettext("Average of"),
        "min": gettext("Least"),
        "max": gettext("Greatest"),
    }


def _columns() -> dict[str, str]:
    return {
        "count": gettext("Records"),
        "share": gettext("Share"),
        "running": gettext("Running share"),
        "class": gettext("Class"),
        "rank": gettext("Rank"),
        "won": gettext("Won"),
        "lost": gettext("Lost"),
        "closed": gettext("Closed"),
        "open": gettext("Open"),
        "win_rate": gettext("Win rate"),
        "mark": gettext("Note"),
        "mean": gettext("Mean"),
        "median": gettext("Median"),
        "p90": gettext("90 % quantile"),
        "km_median": gettext("Median with those that last"),
        "entered": gettext("Entered"),
        "left": gettext("Left"),
        "went_on": gettext("Went on"),
        "rate": gettext("Went on, of all"),
        "decided_rate": gettext("Went on, of the decided"),
        "threshold": gettext("Threshold"),
        "decided": gettext("Cases"),
        "cases": gettext("Cases"),
        "chance": gettext("Chance by history"),
        "stated": gettext("Chance as stated"),
        "weighted": gettext("Weighted"),
        "index": gettext("Index"),
        "win_share": gettext("Share won"),
        "loss_share": gettext("Share lost"),
        "expected": gettext("Expected to be won"),
        "value": gettext("Value"),
        "usual": gettext("Usual"),
        "spread": gettext("Spread"),
        "z": gettext("Robust z"),
        "verdict": gettext("Verdict"),
        "top": gettext("By the best sellers"),
        "kind": gettext("Kind"),
        "difference": gettext("Median beside the others"),
        "points": gettext("Points"),
        "health": gettext("Health of 100"),
        "change": gettext("Change"),
        "falls": gettext("Falls in a row"),
        "slope": gettext("Slope for a period"),
        "runs": gettext("Snapshots"),
        "forecast": gettext("Forecast"),
        "actual": gettext("Came"),
        "error": gettext("Error"),
        "bias": gettext("Bias"),
        "wape": gettext("Weighted error"),
        "p": gettext("p value"),
    }


def word(name: str) -> str:
    """Return what a mark or verdict says."""
    known = {
        "few": gettext("too few cases"),
        "valley": gettext("most drop out here"),
        "below_threshold": gettext("below the threshold"),
        "high": gettext("unusually high"),
        "low": gettext("unusually low"),
        "usual": gettext("as usual"),
        "straight": gettext("keeps to the process"),
        "other": gettext("another way"),
        "faster": gettext("faster than the others"),
        "slower": gettext("slower than the others"),
        "falling": gettext("falling"),
        "rising": gettext("rising"),
        "steady": gettext("steady"),
    }
    return known.get(name) or report_terms.word(name) or name


def _months() -> list[str]:
    from flask_babel import get_locale

    return [str(get_locale().months["stand-alone"]["abbreviated"][i]) for i in range(1, 13)]


# Charts ---------------------------------------------------------------------------------------------------------------


def _drawn(said: Mapping[str, Any]) -> str:
    if said["calculate"] in ("dwell", "cycle_time") and any("benchmark" in row for row in said["rows"]):
        return "mean"  # which is what a benchmark is held against
    if said["calculate"] in report_terms.DRAWN:
        return report_terms.DRAWN[said["calculate"]][0]
    return _DRAWN.get(said["calculate"]) or next(
        (one["id"] for one in reversed(said["columns"]) if one["kind"] in ("value", "count")), "count"
    )


def _chart(said: Mapping[str, Any], drawn: str) -> Markup | None:
    """Return the chart of a report; None where a table says it best, or there is nothing to draw."""
    rows = [_bar(said, row) for row in said["rows"]]
    if said["chart"] == "table" or not any(row.value for row in rows):
        return None
    title, described = said["title"], gettext("%(figure)s; every figure stands in the table.", figure=drawn)
    match said["chart"]:
        case "funnel" if len(said["heads"]) == 1:
            return charts.funnel(title, described, rows)
        case "lines" if len(said["heads"]) == 1:
            return charts.lines(title, described, [one.label for one in rows], rows)
        case "heat_map" if len(said["heads"]) == 2:
            return _heat_map(said, title, described, rows)
        case "pareto":
            return charts.pareto(title, described, rows)
        case _:
            most = 100.0 if said["calculate"] in ("win_rate", "trend", "adherence") else None
            return charts.bars(title, described, rows, most=most)


def _bar(said: Mapping[str, Any], row: Mapping[str, Any]) -> Bar:
    figures, name = row["figures"], _drawn(said)
    column = next((one for one in said["columns"] if one["id"] == name), {"kind": "number"})
    goal = _float((row.get("target") or row.get("benchmark") or {}).get("value"))
    text = figure(column["kind"], figures.get(name))
    if said["calculate"] == "conversion" and figures.get("decided_rate") is not None:
        text, goal = f"{text} · {number(figures['decided_rate'])} %", None
    beside = report_terms.DRAWN.get(said["calculate"], ("", None))[1]
    if beside is not None:
        goal = _float(figures.get(beside))
    if said["calculate"] == "cycle_time":
        text += report_terms.SIGNS.get(figures.get("mark") or "", "")
    if said["calculate"] == "pareto":
        goal = _float(figures.get("running"))
    whole = said["calculate"] in ("forecast", "health")
    interval = name == "win_rate"
    return Bar(
        label=" · ".join(
            one for head, one in zip(said["heads"], _labels(said, row), strict=True) if head["kind"] != "band"
        ),
        value=_float(figures.get(name)),
        text=text,
        low=_float(figures.get("low")) if interval else None,
        high=_float(figures.get("high")) if interval else None,
        goal=goal,
        ghost=_float(figures.get("open")) if whole else None,
    )


def _heat_map(said: Mapping[str, Any], title: str, described: str, rows: Sequence[Bar]) -> Markup:
    labels = [_labels(said, row) for row in said["rows"]]
    down = list(dict.fromkeys(one[0] for one in labels))
    keys = {one[1]: row["key"][1] for one, row in zip(labels, said["rows"], strict=True)}
    across = sorted(keys, key=lambda one: (isinstance(keys[one], str), keys[one] if keys[one] is not None else ""))
    there = {(one[0], one[1]): bar for one, bar in zip(labels, rows, strict=True)}
    return charts.heat_map(title, described, down, across, [[there.get((y, x)) for x in across] for y in down])


def _float(value: Any) -> float | None:
    if isinstance(value, dict):
        value = value.get("amount")
    return None if value is None else float(value)
