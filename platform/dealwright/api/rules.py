"""Rules that are switched off, and on again: for administrators."""

from __future__ import annotations

from flask import Blueprint, Response

from dealwright import records
from dealwright.api import answers

rules = Blueprint("rules", __name__)


@rules.get("/rules/off")
def listed() -> Response:
    """Return the rules that are switched off: ``rule``, ``title``, ``at``, ``why``, ``by``, ``in_force``."""
    with answers.reading() as work:
        return answers.answer({"items": records.rules_off(work)})


@rules.post("/rules/<rule>/off")
def off(rule: str) -> Response:
    """Switch a rule off, with ``{"why"}`` if it is told; return whether that changed anything."""
    given = answers.body()
    answers.known(given, "why")
    with answers.writing() as work:
        changed = records.switch_rule(work, rule, on=False, why=str(given.get("why", ""))[:500])
    return answers.answer({"rule": rule, "on": False, "changed": changed})


@rules.post("/rules/<rule>/on")
def on(rule: str) -> Response:
    """Switch a rule on again; return whether that changed anything."""
    answers.known(answers.body())
    with answers.writing() as work:
        changed = records.switch_rule(work, rule, on=True)
    return answers.answer({"rule": rule, "on": True, "changed": changed})
