"""Approvals: who must agree before something is done with a record.

    of(catalog)            the definitions by id (``metadata.approvals``)
    moves, Course          what can be done with one, and what follows: pure
    People                 who may decide a step of a record's approval, and why
    about, facts, digest   the values that it is about
    kept                   courses as rows and back

``records.approving`` carries them out in a transaction.
"""

from __future__ import annotations

from dealwright.approvals.about import about, digest, facts
from dealwright.approvals.course import Candidate, Course, Place, Seat
from dealwright.approvals.people import People, paths
from dealwright.metadata.approvals import Approval, Step, of

__all__ = [
    "Approval",
    "Candidate",
    "Course",
    "People",
    "Place",
    "Seat",
    "Step",
    "about",
    "digest",
    "facts",
    "of",
    "paths",
]
