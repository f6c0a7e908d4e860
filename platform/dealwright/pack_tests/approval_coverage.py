"""What the tests of a pack reach of its approvals: each way that a condition can go, each threshold, both ends.

    T005   no test with the value below, at or above a threshold of a condition
    T007   no test in which the approval is needed, or the step is asked
    T008   no test in which the approval is not needed, or the step is passed over; only where there is a condition
    T009   no test in which it ends approved
    T010   no test in which it ends rejected

A condition is looked at on the record as it was when the approval was asked for, also where asking was refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import approvals, conditions
from dealwright.conditions.text import text
from dealwright.metadata.names import namespace_of
from dealwright.pack_tests.thresholds import possible, side_of, thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dealwright.approvals import Approval
    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog

#: Code and path of something that a test can reach.
Key = tuple[str, str]


def reached(
    catalog: Catalog, asked: Mapping[str, list[Mapping[str, Any]]], ends: set[tuple[str, str]]
) -> Iterator[Key]:
    """Yield what a test has reached.

    Args:
        catalog: The definitions.
        asked: Id of an approval to the records for which it was asked, as conditions read them.
        ends: Approval and state in which one ended.
    """
    for identifier, envs in asked.items():
        approval = approvals.of(catalog)[identifier]
        for path, condition in _conditions(catalog, approval):
            for env in envs:
                yield ("T007" if condition is None or condition.evaluate(env) is True else "T008"), path
                if condition is not None:
                    for number, _, key, bound in thresholds(condition.ast, condition.names):
                        if (found := side_of(env.get(key), bound)) is not None:
                            yield f"T005 {found}", f"{path}#{number}"
    for identifier, state in ends:
        if state in ("approved", "rejected"):
            yield ("T009" if state == "approved" else "T010"), f"approval:{identifier}"


def wanted(catalog: Catalog, namespace: str) -> Iterator[tuple[Key, str, str]]:
    """Yield all that the tests of a pack should reach: its key, the path that a report names, and what is missing."""
    for approval in approvals.of(catalog).values():
        if namespace_of(approval.id) != namespace:
            continue
        for path, condition in _conditions(catalog, approval):
            whole = path == f"approval:{approval.id}"
            yield ("T007", path), path, f"no test in which {'it is needed' if whole else 'the step is asked'}"
            if condition is None:
                continue
            yield ("T008", path), path, f"no test in which {'it is not needed' if whole else 'the step is passed over'}"
            for number, leaf, key, bound in thresholds(condition.ast, condition.names):
                for one in possible(catalog.entity(approval.entity).field(key), bound):
                    message = f"no test with the value {one} the threshold of {text(leaf)}"
                    yield (f"T005 {one}", f"{path}#{number}"), path, message
        path = f"approval:{approval.id}"
        yield ("T009", path), path, "no test in which it ends approved"
        yield ("T010", path), path, "no test in which it ends rejected"


def _conditions(catalog: Catalog, approval: Approval) -> Iterator[tuple[str, Condition | None]]:
    places = [("", approval.when), *((f"#/steps/{one.id}", one.when) for one in approval.steps.values())]
    for at, source in places:
        found = None
        if source is not None:
            namespace = namespace_of(approval.id)
            found = conditions.of(catalog, approval.entity, source, "gate", namespace=namespace)
        yield f"approval:{approval.id}{at}", found
