"""Rules: on an event, if a condition holds, then actions. Here it is decided which; nothing is done here.

    of(catalog)                         the rules of a catalog, compiled once: .needs(), .actions(), .woken()
    decide(catalog, [(event, env)])     Decisions, with facts and the truth of each comparison
    explain(catalog, decision)          the tree of a decision; why_not() for a rule that did not act
    problems(catalog)                   what is wrong with rules
    warnings(catalog)                   what should be looked at in rules that are right one by one
    prove(catalog)                      try the C library in a throw-away process, so that it may serve
    shards(catalog)                     names of what is tried: the same name need not be tried again
    matcher_status(catalog)             which matcher serves, and why: for doctor

``docs/rules.md`` is the guide.
"""

from __future__ import annotations

from dealwright.rules.actions import CompiledAction
from dealwright.rules.analysis import warnings
from dealwright.rules.check import problems
from dealwright.rules.decide import Decision, decide
from dealwright.rules.explain import asked, explain, why_not
from dealwright.rules.matcher import Status, prove, shards
from dealwright.rules.matcher import status as matcher_status
from dealwright.rules.ruleset import Prepared, Rules, of

__all__ = [
    "CompiledAction",
    "Decision",
    "Prepared",
    "Rules",
    "Status",
    "asked",
    "decide",
    "explain",
    "matcher_status",
    "of",
    "problems",
    "prove",
    "shards",
    "warnings",
    "why_not",
]
