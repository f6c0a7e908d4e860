"""The codes of ``dealwright pack lint``. They never change and never get another meaning; ``docs/lint.md`` explains each."""

from __future__ import annotations

from typing import Final

#: Code to what it stands for, in a line.
CODES: Final = {
    "P000": "the pack does not pass dealwright check",
    "P001": "it names something that does not exist",
    "P002": "an id that is reserved, taken or another pack's",
    "P010": "something is gone that was never deprecated",
    "P011": "the version has risen too little",
    "P012": "the change log does not speak of this version",
    "P013": "something should be gone by this version",
    "P020": "a text without a translation",
    "P021": "a translation with other placeholders than its text",
    "P022": "locales that do not fit together",
    "P030": "a pattern that could take for ever",
    "P031": "an expression that is too large",
    "P032": "an expression that an empty value makes surprising",
    "P040": "a permission that is used and not declared, or declared and not used",
    "P050": "rules of two packs set one field",
    "P051": "rules that wake each other",
    "P060": "a legal number without its fact, or a fact without its source",
    "P061": "facts that were last checked more than a year ago",
    "P070": "a field that is required and has no default",
    "P080": "an override that does not say what it overrides",
    "P081": "an override of a value that has changed",
    "P082": "another pack's component that is deprecated",
    "P090": "a way that nobody can go: a stage, a branch, a gap or an overlap",
    "P091": "a stage that asks for nothing or that nobody answers for",
    "P100": "sample data that may belong to somebody",
    "P101": "no tests, or a test that is left out for too long",
    "P110": "a suppression that is wrong or has no effect",
}

#: Faults of ``dealwright check`` with a code of their own; those that are not here are P000.
FAULTS: Final = {
    "missing-pack": "P001",
    "twice": "P002",
    "foreign-namespace": "P002",
    "foreign-name": "P002",
    "reserved-namespace": "P002",
    "pattern-invalid": "P030",
    "too-deep": "P031",
    "too-long": "P031",
    "not-permitted": "P040",
    "looser-than-fact": "P060",
}

#: Warnings of ``dealwright check``; those that are not here are P090.
WARNINGS: Final = {
    "rule-cycle": "P051",
    "two-writers": "P050",
    "stale-override": "P081",
    "pipeline-without-gates": "P091",
    "stage-without-owner": "P091",
    "stage-without-exit": "P091",
    "stage-without-way-out": "P091",
}

#: Codes that nobody can suppress: with them a pack cannot be installed, or nothing can be said of it.
FIRM: Final = frozenset({"P000", "P001", "P002", "P110"})


def of_fault(code: str) -> str:
    """Return the code for a fault of ``dealwright check``."""
    if code.startswith(("unknown-", "no-such-")):
        return "P001"
    return FAULTS.get(code, "P000")
