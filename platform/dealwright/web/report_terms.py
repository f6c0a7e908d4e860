"""What the figures, marks and notes of adherence, effects, arms, effort and allocation are called on pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright.web.display import number
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The figure that each of these calculations is drawn by, and the one that its mark in the bar shows.
DRAWN: Mapping[str, tuple[str, str | None]] = {
    "adherence": ("rate", None),
    "effect": ("done_rate", "undone_rate"),
    "arms": ("rate", None),
    "effort": ("share_effort", "share_value"),
    "allocation": ("effort", "proposed"),
}
#: Signs of a cell that differs from all others.
SIGNS: Mapping[str, str] = {"slower": " ▲", "faster": " ▼"}


def column(calculate: str, name: str) -> str | None:
    """Return the title of a figure of one of these calculations; None for one with a title that all have."""
    match calculate:
        case "adherence":
            return {
                "rate": gettext("Done, of what was due"),
                "complete": gettext("With everything done"),
                "skipped": gettext("With something skipped"),
                "due": gettext("Actions due"),
                "done": gettext("Actions done"),
                "records": gettext("Records"),
            }.get(name)
        case "effect":
            return {
                "difference": gettext("Difference of the win rates, in points"),
                "done_rate": gettext("Win rate with it"),
                "undone_rate": gettext("Win rate without it"),
                "done": gettext("With it"),
                "done_won": gettext("Won with it"),
                "undone": gettext("Without it"),
                "undone_won": gettext("Won without it"),
            }.get(name)
        case "arms":
            return {
                "rate": gettext("Won, of the judged"),
                "difference": gettext("Beside the pipeline itself, in points"),
                "started": gettext("Begun"),
                "judged": gettext("Judged"),
                "onward": gettext("Went on, of the judged"),
                "median": gettext("Median days to the win"),
                "difference_days": gettext("Days beside the pipeline itself"),
                "p_days": gettext("p value of the days"),
                "kind": gettext("How records come in"),
            }.get(name)
        case "effort":
            return {
                "share_effort": gettext("Share of activities"),
                "share_minutes": gettext("Share of minutes"),
                "share_value": gettext("Share of the value"),
                "ratio": gettext("Effort in percent of the value"),
                "activities": gettext("Activities"),
                "minutes": gettext("Minutes"),
                "touched": gettext("Records with an activity"),
            }.get(name)
        case "allocation":
            return {
                "effort": gettext("Effort"),
                "share_effort": gettext("Share of the effort"),
                "share_value": gettext("Share of the value"),
                "per_effort": gettext("Value for each 1 of effort"),
                "proposed": gettext("Effort after the move"),
                "expected": gettext("Value that would follow"),
                "gain": gettext("More or less"),
            }.get(name)
        case "cycle_time":
            return gettext("p value, corrected") if name == "p" else None
        case _:
            return None


def word(name: str) -> str | None:
    """Return what a mark says; None for one that is not of these calculations."""
    return {
        "more": gettext("wins more often"),
        "less": gettext("wins less often"),
        "unsure": gettext("no difference that is sure"),
        "own": gettext("the pipeline itself"),
        "by_share": gettext("by a share, so by chance"),
        "by_team": gettext("by team"),
        "by_condition": gettext("by a condition"),
    }.get(name)


def note(said: Mapping[str, Any]) -> str | None:
    """Return a sentence about the figures; None for a note that is not of these calculations."""
    match said["code"]:
        case "done-of-due":
            return gettext(
                "%(share)s %% of what was due was done before the stage was left.", share=number(said["share"])
            )
        case "no-proof":
            return gettext(
                "An association, no proof: nobody chose by chance who gets an action, and what lasts longer has more time"
                " for one. Nothing is said of fewer than %(least)s records on either side.",
                least=said["least"],
            )
        case "fixed-horizon":
            return gettext(
                "Each record is judged %(days)s days after it began, and no arm before %(least)s of its records are. p holds"
                " for one look at a number of records that was fixed beforehand, not for looking until it falls.",
                days=said["days"],
                least=said["least"],
            )
        case "without-end":
            return gettext("%(n)s activities say no end, so their minutes are not known.", n=said["count"])
        case "corrected":
            return gettext(
                "▲ slower, ▼ faster than all others: p is corrected for %(n)s groups tested at once.", n=said["count"]
            )
        case "what-if":
            return _what_if(said)
        case _:
            return None


def _what_if(said: Mapping[str, Any]) -> str:
    if said["returns"] is None:
        return gettext(
            "Nothing is proposed: from %(n)s cells of history no return of effort can be fitted. State “returns” to assume one.",
            n=said["cells"],
        )
    values = {"b": number(said["returns"]), "move": number(said["move"]), "gain": number(said["gain"])}
    if said["fitted"] == "stated":
        return gettext(
            "What if %(move)s %% of the effort moved, assuming a stated elasticity of %(b)s (1: twice the effort, twice"
            " the value): %(gain)s %% in sum. An assumption worked out, no promise.",
            **values,
        )
    return gettext(
        "What if %(move)s %% of the effort moved, assuming an elasticity of %(b)s, fitted from %(n)s cells of history (1:"
        " twice the effort, twice the value): %(gain)s %% in sum. An assumption worked out, no promise.",
        n=said["cells"],
        **values,
    )
