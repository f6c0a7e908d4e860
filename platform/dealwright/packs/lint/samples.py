"""Data that a pack brings along, and its tests: nobody's address, and tests that run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from dealwright import clock
from dealwright.errors import Problem
from dealwright.metadata import strict

if TYPE_CHECKING:
    from dealwright.packs.lint.about import About

_ADDRESS: Final = re.compile(r"[^@\s]+@([A-Za-z0-9.-]+)")
#: Domains that belong to nobody (RFC 2606, RFC 6761).
_NOBODYS: Final = re.compile(r"(^|\.)(example|invalid|test|localhost)$|(^|\.)example\.(com|net|org)$", re.IGNORECASE)
#: How long a test may be left out.
_LONGEST: Final = timedelta(days=90)


def look(about: About) -> Iterator[Problem]:
    """Yield addresses in sample data that may be somebody's, and what is missing of tests."""
    folder = about.source.folder
    for place in ("demo", "seed"):
        for file in sorted(folder.glob(f"{place}/*.json")):
            source = about.file(f"{place}/{file.name}")
            for at, text in _strings(strict.read(file, source)):
                for domain in _ADDRESS.findall(text):
                    if not _NOBODYS.search(domain):
                        message = f"“{text[:60]}” may be somebody's address; use one of example.com"
                        yield Problem(at, "P100", message, source)
    files = sorted(folder.glob("tests/**/*.json"))
    if not files and about.source.layer.documents:
        message = "there is no test; say in tests/ what is true (docs/pack-tests.md)"
        yield Problem("", "P101", message, about.source.layer.folder)
    latest = (clock.now() + _LONGEST).date().isoformat()
    for file in files:
        source = about.file(file.relative_to(folder).as_posix())
        content = strict.read(file, source)
        for i, test in enumerate(content if isinstance(content, list) else [content]):
            at = f"/{i}/skip" if isinstance(content, list) else "/skip"
            until = test.get("skip", {}).get("until") if isinstance(test, Mapping) else None
            if isinstance(until, str) and until > latest:
                message = f"it is left out until {until}; leave no test out for more than {_LONGEST.days} days"
                yield Problem(at, "P101", message, source)


def _strings(node: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield at, node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _strings(value, f"{at}/{key}")
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from _strings(value, f"{at}/{i}")
