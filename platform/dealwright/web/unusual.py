"""The page of what is out of the ordinary: each finding with its day, what it is about, why, and the way to its report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import render_template, url_for

from dealwright.fields.messages import speaking
from dealwright.records import standards, unusual
from dealwright.web import i18n, report_views, visit
from dealwright.web.display import number
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from dealwright.records.unusual import Finding


@dataclass(frozen=True, slots=True)
class Line:
    """One finding for the template."""

    day: str
    title: str
    url: str
    about: str
    why: str
    records: str | None


def listing() -> ResponseReturnValue:
    """Show what all reports of the reader have found out of the ordinary, the newest first."""
    with visit.reading() as work, speaking(i18n.tag()):
        found = unusual.gathered(work)
        return render_template("reports/unusual.html", lines=[_line(one) for one in found], most=unusual.MOST)


def _line(one: Finding) -> Line:
    records = None
    if one.counted is not None:
        key = json.dumps(one.key, ensure_ascii=False)
        records = url_for("web.report_records", identifier=one.report, key=key, figure=one.counted)
    return Line(
        day=one.day.isoformat(),
        title=one.title,
        url=url_for("web.report", identifier=one.report),
        about=" · ".join(label or gettext("(empty)") for label in one.labels),
        why=_why(one),
        records=records,
    )


def _why(one: Finding) -> str:
    figures = one.figures
    if one.kind in ("high", "low"):
        return report_views.why(figures)
    if one.kind in ("falling", "rising"):
        return report_views.heading(figures)
    if one.benchmark is not None:
        held = report_views.standard(one.benchmark)
        return gettext(
            "%(value)s, beside a benchmark of %(standard)s",
            value=number(figures[standards.HELD[one.calculate]]),
            standard=" · ".join(part for part in (held.text, held.beside) if part),
        )
    said = report_views.word(one.kind)
    if one.kind == "below_threshold":
        return gettext(
            "%(said)s: %(rate)s %% went on, %(threshold)s %% are expected",
            said=said,
            rate=number(figures["decided_rate"]),
            threshold=number(figures["threshold"]),
        )
    return gettext(
        "%(said)s: a median of %(median)s days, %(difference)s beside the others, p %(p)s",
        said=said,
        median=number(figures["median"]),
        difference=number(figures["difference"]),
        p=report_views.figure("chance", figures["p"]),
    )
