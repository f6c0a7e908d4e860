"""``explain``: why a rule fired, or did not; why a score is what it is."""

from __future__ import annotations

from typing import Any

import click

from dealwright import access, packs, records
from dealwright.cli.changes import show_path
from dealwright.cli.places import database_option, json_option, opened, show, told
from dealwright.errors import NotFoundError
from dealwright.records import Work


@click.command()
@click.argument("decision", required=False)
@click.option("--rule", metavar="RULE", help="Why this rule did, or did not, fire for --record.")
@click.option("--score", metavar="SCORE", help="What this score of --record comes to, by factor.")
@click.option("--record", metavar="ID", help="The record that --rule or --score is about.")
@click.option("--at", metavar="MOMENT", help="With --rule: as it was then, such as 2026-11-23T09:00:00Z.")
@database_option
@json_option
@told
def explain(
    url: str,
    decision: str | None,
    rule: str | None,
    score: str | None,
    record: str | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Explain a stored decision, a rule or a score on a record as it is now, or a path of the definitions.

    dealwright explain --rule sales.tier_a --record 0199…
    dealwright explain --rule sales.tier_a --record 0199… --at 2026-11-23T09:00:00Z
    dealwright explain --score sales.heat --record 0199…
    dealwright explain "entity:sales.opportunity#/properties/amount/title"
    """
    if decision is not None and packs.is_path(decision):
        show_path(url, decision, as_json)
        return
    named = [one for one in (decision, rule, score) if one is not None]
    if len(named) != 1 or (decision is None) != (record is not None):
        raise click.UsageError("name a decision, or --record with either --rule or --score")
    if at is not None and rule is None:
        raise click.UsageError("--at goes with --rule and --record")
    with opened(url) as workspace, workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        if score is not None:
            told = _score(work, score, str(record))
            show(told, as_json, *_factors(told))
            return
        by_rule = decision is None
        moment = records.beginning(at, work.now, "at") if at is not None else None
        found = (
            records.why(work, str(rule), str(record), at=moment) if by_rule else records.explain(work, str(decision))
        )
    show(found, as_json, *_lines(found))


def _score(work: Work, score: str, record: str) -> dict[str, Any]:
    document = work.catalog.documents.get(("score", score))
    if document is None:
        raise NotFoundError(f"there is no score “{score[:80]}”")
    return next(one for one in records.scores(work, document["entity"], record) if one["score"] == score)


_REASONS = {
    "not-yet": "the record has not been scored yet",
    "no-inputs": "none of the factors has a value",
    "coverage": "too few of the factors have a value",
}


def _factors(told: dict[str, Any]) -> list[str]:
    """Return a score as lines for a terminal: what it comes to, then each factor with its value and share."""
    value, tier = told["value"], told["tier"]
    lines = [f"{told['score']}: no score, because {_REASONS[told['reason']]}"]
    if value is not None:
        lines = [f"{told['score']}: {value}" + (f", tier {tier} ({told['tier_title']})" if tier else "")]
    for one in told["shares"]:
        fact = "no value" if one["points"] is None else f"{one['fact']} gives {one['points']} of 100 points"
        lines.append(f"  {one['share']:>7}  {one['title']}: {fact}, weight {one['weight']} % counts {one['counted']} %")
    if told["next_tier"]:
        lines.append(f"  {told['next_tier']['missing']} points more for tier {told['next_tier']['id']}")
    return lines


_STOOD = {
    "other-version": "another version of the rule was in force then",
    "draft": "the rule was a draft then",
    "absent": "the rule was not there then",
}


def _lines(found: dict[str, Any]) -> list[str]:
    """Return an explanation as lines for a terminal: the sentence, then the tree with a mark for each part."""
    decision = found.get("decision") if "reason" in found else found
    lines = [f"{found.get('rule')}: {found['sentence']}"]
    if isinstance(decision, dict):
        lines.append(f"  decided at {decision['at']}, revision {decision['revision']}")
        if decision["tree"] is not None:
            lines += _branch(decision["tree"], 1)
    if found.get("in_force", "same") != "same":
        lines.append(f"  {_STOOD[found['in_force']]}")
    if "then" in found:
        then = found["then"]
        lines.append(f"  then: {then['sentence']}" if then is not None else "  then: the record was not there yet")
        if then is not None and then["tree"] is not None:
            lines += _branch(then["tree"], 2)
    return lines


def _branch(tree: dict[str, Any], depth: int) -> list[str]:
    mark = "yes" if tree["truth"] else "no "
    values = ", ".join(f"{name} = {value}" for name, value in tree.get("values", {}).items())
    line = f"{'  ' * depth}{mark} {tree['text']}" + (f"    ({values})" if values else "")
    return [line, *(part for one in tree.get("parts", ()) for part in _branch(one, depth + 1))]
