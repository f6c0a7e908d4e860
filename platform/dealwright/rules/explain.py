"""Why a rule fired, or did not: a decision read back as a tree of conditions with their values.

    {"rule": "sales.tier_a", "title": "Tier A", "fired": false, "mode": "live", "at": "2026-11-23T08:00:00.000Z",
     "sentence": "did not fire, because win_probability >= 70 is false (win_probability is 40)",
     "because": ["win_probability >= 70"],
     "tree": {"op": "all", "truth": false, "text": "status == 'open' && win_probability >= 70", "parts": [
        {"op": "leaf", "truth": true, "text": "status == 'open'", "values": {"status": "open"}},
        {"op": "leaf", "truth": false, "text": "win_probability >= 70", "values": {"win_probability": "40"}}]}}

All is taken from the decision; nothing is asked again, so it says what was true then. Field grants are the reader's
matter: whoever shows this leaves out the values that the reader may not see.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dealwright.conditions.syntax import CONNECTIVES, Call, Name, Node, walk
from dealwright.conditions.text import text
from dealwright.errors import NotFoundError
from dealwright.rules import guard, python_matcher, ruleset
from dealwright.rules.decide import Decision
from dealwright.rules.plain import fact, plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dealwright.metadata.catalog import Catalog

#: Comparisons named in a sentence; the tree has them all.
_NAMED = 3


def explain(catalog: Catalog, decision: Decision) -> dict[str, Any]:
    """Return the reasons of ``decision`` as JSON.

    Args:
        catalog: The definitions of the decision's revision.
        decision: As it was stored.

    Returns:
        ``tree`` is None for a rule without a condition, and where the rule has another version in ``catalog``: then its
        text is not that of the decision, and ``facts`` is all that can be shown. ``because`` has the texts of those
        comparisons that alone made the outcome what it is.

    Raises:
        NotFoundError: If ``catalog`` has no such rule, or it is a draft there.
    """
    prepared = ruleset.of(catalog).rule(decision.rule)
    same = prepared.version == decision.rule_version
    tree = _tree(prepared.condition.ast, decision) if same and prepared.condition is not None else None
    reasons = list(_reasons(tree)) if tree is not None else []
    return {
        "decision": decision.id,
        "rule": decision.rule,
        "title": prepared.rule.title,
        "fired": decision.fired,
        "mode": decision.mode,
        "event": decision.event,
        "entity": decision.entity,
        "record": decision.record,
        "at": plain(decision.at),
        "window": decision.window,
        "revision": decision.revision,
        "same_version": same,
        "facts": dict(decision.facts),
        "because": [leaf["text"] for leaf in reasons],
        "sentence": _sentence(decision, same, reasons),
        "tree": tree,
    }


def why_not(catalog: Catalog, rule: str, told: Mapping[str, Any] | None) -> dict[str, Any]:
    """Say why ``rule`` did, or did not, act on a record, given its latest decision about it, explained.

    Returns:
        ``{"reason", "sentence"}``; ``reason`` is ``draft``, ``never-woken``, ``condition-false``, ``shadow`` or ``fired``.

    Raises:
        NotFoundError: If the catalog has no such rule in any mode.
    """
    one = ruleset.of(catalog).by_id.get(rule)
    known = catalog.rules.get(rule) or (one.rule if one is not None else None)  # a step of a ladder has no document
    if known is None:
        raise NotFoundError(f"there is no rule “{rule}”")
    if one is None:
        return _answer("draft", f"“{known.title}” is a draft: no event wakes it. Set its mode to live")
    if told is None:
        types = ", ".join(sorted(one.trigger.types)) or "nothing"
        by = f"it waits for time to pass ({known.trigger.kind})" if one.trigger.rule else f"it is woken by {types}"
        return _answer("never-woken", f"no event has woken “{known.title}”; {by}")
    if not told["fired"]:
        return _answer("condition-false", told["sentence"])
    if told["mode"] == "shadow":
        return _answer("shadow", f"{told['sentence']}; in shadow mode it decides and does nothing")
    return _answer("fired", told["sentence"])


def asked(catalog: Catalog, rule: str, record: str, env: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Return what the condition of a rule comes to on a record, as an explanation of a decision that was never made.

    Raises:
        NotFoundError: If ``catalog`` has no such rule, or it is a draft there.
    """
    one = ruleset.of(catalog).rule(rule)
    [answer] = python_matcher.answers([one], env)
    facts = {
        name: {"set": True} if name in one.secret and env.get(name) is not None else fact(env.get(name))
        for name in one.reads
    }
    made = Decision(
        "", rule, one.version, one.rule.entity, record, "", answer.holds, one.rule.mode, "", facts, answer.truth, at,
        catalog.revision,
    )  # fmt: skip
    told = explain(catalog, made)
    reasons = list(_reasons(told["tree"])) if told["tree"] is not None else []
    words = [f"{leaf['text']} is {'true' if leaf['truth'] else 'false'}{_values(leaf['values'])}" for leaf in reasons]
    outcome = "the condition held" if answer.holds else "the condition did not hold"
    sentence = f"{outcome}, because {', '.join(words[:_NAMED])}" if words else "the rule has no condition"
    return {"holds": answer.holds, "at": told["at"], "sentence": sentence, "facts": facts, "tree": told["tree"]}


def _answer(reason: str, sentence: str) -> dict[str, Any]:
    return {"reason": reason, "sentence": sentence}


def _tree(root: Node, decision: Decision) -> dict[str, Any]:
    truth = iter(decision.truth)

    def made(node: Node) -> dict[str, Any]:
        if isinstance(node, Call) and node.op in CONNECTIVES and node.type.kind == "boolean":
            parts = [made(part) for part in node.args]
            return {"op": _WORDS[node.op], "truth": _outcome(node.op, parts), "text": text(node), "parts": parts}
        values = {key: decision.facts[key] for key in _keys(node) if key in decision.facts}
        return {"op": "leaf", "truth": next(truth), "text": text(node), "values": values}

    return made(root)


_WORDS: Mapping[str, str] = {"&&": "all", "||": "any", "!": "not", "?:": "choice"}


def _outcome(op: str, parts: list[dict[str, Any]]) -> bool:
    held = [bool(part["truth"]) for part in parts]
    match op:
        case "&&":
            return all(held)
        case "||":
            return any(held)
        case "!":
            return not held[0]
        case _:
            return held[1] if held[0] else held[2]


def _keys(node: Node) -> Iterator[str]:
    """Yield the names of the environment that ``node`` reads."""
    for part in walk(node):
        if isinstance(part, Name):
            yield guard.shown(part.key)
        elif isinstance(part, Call) and part.op in ("now()", "today()"):
            yield part.op


def _reasons(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the leaves that alone made ``tree`` true or false: of a false conjunction the false parts, and so on."""
    parts, truth = tree.get("parts"), tree["truth"]
    if parts is None:
        yield tree
    elif tree["op"] == "choice":
        yield from _reasons(parts[0])
        yield from _reasons(parts[1] if parts[0]["truth"] else parts[2])
    elif tree["op"] == "not":
        yield from _reasons(parts[0])
    else:
        for part in parts:
            if part["truth"] == truth:
                yield from _reasons(part)


def _sentence(decision: Decision, same: bool, reasons: list[dict[str, Any]]) -> str:
    outcome = "fired" if decision.fired else "did not fire"
    if not same:
        return f"{outcome}, by another version of the rule; its facts are kept, its text has changed since"
    if not reasons:
        return f"{outcome}: the rule has no condition"
    named = [
        f"{leaf['text']} is {'true' if leaf['truth'] else 'false'}{_values(leaf['values'])}"
        for leaf in reasons[:_NAMED]
    ]
    more = f", and {len(reasons) - _NAMED} more" if len(reasons) > _NAMED else ""
    return f"{outcome}, because {', '.join(named)}{more}"


def _values(values: dict[str, Any]) -> str:
    shown = [
        f"{name} is {'empty' if value is None else value}"
        for name, value in values.items()
        if not isinstance(value, list | dict)
    ]
    return f" ({', '.join(shown)})" if shown else ""
