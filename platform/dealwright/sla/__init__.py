"""SLA policies and deadlines, read from their documents, and the arithmetic of their clocks.

    of(catalog)            the policies and deadlines of each entity, compiled once
    Clock                  one running of a policy, or one deadline, of one record
    problems(catalog)      what is wrong with the documents

What is done at the steps of their ladders are rules (``metadata.ladders``, ``dealwright.rules``).

Pure: ``records.clocks`` and ``records.deadlines`` start, pause and end clocks in the transaction of a record's change.
``docs/sla.md`` is the guide.
"""

from __future__ import annotations

from dealwright.sla.check import problems
from dealwright.sla.clock import Clock, started
from dealwright.sla.deadlines import DUE, OPENED, Deadline
from dealwright.sla.policies import Policy
from dealwright.sla.standing import Standing, of
from dealwright.sla.when import When

__all__ = ["DUE", "OPENED", "Clock", "Deadline", "Policy", "Standing", "When", "of", "problems", "started"]
