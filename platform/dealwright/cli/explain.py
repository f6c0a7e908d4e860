"""``explain``: why a rule fired, or did not."""

from __future__ import annotations

from typing import Any

import click

from dealwright import access, records
from dealwright.cli.places import database_option, json_option, opened, show, told
from dealwright.records import Work


@click.command()
@click.argument("decision", required=False)
@click.option("--rule", metavar="RULE", help="Why this rule did, or did not, fire for --record.")
@click.option("--record", metavar="ID", help="The record that --rule is about.")
@database_option
@json_option
@told
def explain(url: str, decision: str | None, rule: str | None, record: str | None, as_json: bool) -> None:
    """Explain a stored decision, or a rule on a record as it is now.

    dealwright explain --rule sales.tier_a --record 0199…
    """
    if (decision is None) == (rule is None) or (rule is None) != (record is None):
        raise click.UsageError("name a decision, or both --rule and --record")
    with opened(url) as workspace, workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        by_rule = decision is None
        found = records.why(work, str(rule), str(record)) if by_rule else records.explain(work, str(decision))
    show(found, as_json, *_lines(found))


def _lines(found: dict[str, Any]) -> list[str]:
    """Return an explanation as lines for a terminal: the sentence, then the tree with a mark for each part."""
    decision = found.get("decision") if "reason" in found else found
    lines = [f"{found.get('rule')}: {found['sentence']}"]
    if isinstance(decision, dict):
        lines.append(f"  decided at {decision['at']}, revision {decision['revision']}")
        if decision["tree"] is not None:
            lines += _branch(decision["tree"], 1)
    return lines


def _branch(tree: dict[str, Any], depth: int) -> list[str]:
    mark = "yes" if tree["truth"] else "no "
    values = ", ".join(f"{name} = {value}" for name, value in tree.get("values", {}).items())
    line = f"{'  ' * depth}{mark} {tree['text']}" + (f"    ({values})" if values else "")
    return [line, *(part for one in tree.get("parts", ()) for part in _branch(one, depth + 1))]
