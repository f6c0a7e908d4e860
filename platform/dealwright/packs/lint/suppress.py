"""``lint.json``: findings that are meant, each named by its code and place, with the reason.

    [{"code": "P091", "path": "pipelines/standard.json", "reason": "The last stage is left by the hand-over"}]

``path`` is a file of the pack, and may go on with ``#`` and the beginning of a JSON Pointer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import Problem
from dealwright.metadata import strict
from dealwright.metadata.schemas import near
from dealwright.packs.lint.codes import CODES, FIRM

if TYPE_CHECKING:
    from dealwright.packs.source import PackSource

_KEYS: Final = frozenset({"code", "path", "reason"})


def applied(source: PackSource, found: Iterable[Problem]) -> tuple[list[Problem], tuple[tuple[Problem, str], ...]]:
    """Return the findings that stay, with those about ``lint.json`` itself, and those that are left out with the reason."""
    file = source.folder / "lint.json"
    shown = f"{source.layer.folder}/lint.json"
    entries = strict.read(file, shown) if file.is_file() else []
    wrong: list[Problem] = []
    valid: list[tuple[int, Mapping[str, Any]]] = []
    for i, one in enumerate(entries):
        fault = _fault(one)
        if fault:
            wrong.append(Problem(f"/{i}", "P110", fault, shown))
        else:
            valid.append((i, one))
    kept: list[Problem] = []
    left_out: list[tuple[Problem, str]] = []
    used: set[int] = set()
    for problem in found:
        hit = next(((i, one) for i, one in valid if _is_about(one, problem, source.layer.folder)), None)
        if hit is None:
            kept.append(problem)
        else:
            used.add(hit[0])
            left_out.append((problem, str(hit[1]["reason"])))
    for i, one in valid:
        if i not in used:
            message = f"nothing of {one['code']} is found at {one['path']}; take the entry out"
            wrong.append(Problem(f"/{i}", "P110", message, shown))
    return [*kept, *wrong], tuple(left_out)


def _fault(one: Any) -> str:
    if (
        not isinstance(one, Mapping)
        or one.keys() != _KEYS
        or not all(isinstance(v, str) and v.strip() for v in one.values())
    ):
        return f"an entry has the texts {', '.join(sorted(_KEYS))} and nothing else"
    if one["code"] not in CODES:
        return f"“{one['code']}” is no code{near(one['code'], CODES)}"
    if one["code"] in FIRM:
        return f"{one['code']} cannot be left out: {CODES[one['code']]}"
    return ""


def _is_about(one: Mapping[str, Any], problem: Problem, folder: str) -> bool:
    file, _, inner = str(one["path"]).partition("#")
    return (
        one["code"] == problem.code
        and problem.source == f"{folder}/{file}".removesuffix("/")
        and (not inner or f"{problem.pointer}/".startswith(f"{inner.rstrip('/')}/"))
    )
