"""What records tell together: the calculations of reports, as statements over sets.

    kinds       the calculations by name
    ground      the records that may be counted, and the expressions that all calculations are made of
    table       what each of them gives: keys, figures, and the records behind a figure
    totals      measures by group, Pareto, leaderboard
    outcomes    win rate, cycle time, losses
    stages      conversion, dwell
    outlook     forecast, seasons, health
    oddities    anomalies
    trends      where figures of each group are heading, and how well it is
    hindsight   forecasts against what came
    contests    standings by the rules of a document
    paths       variants of the process
    adherence   required actions that were done
    effects     the win rate with and without an action
    arms        variants of a pipeline beside each other
    gaps        how sure many differences of cycle times are
    effort      activities and minutes beside the value
    allocation  what another allocation of effort would bring
    touches     activities about records; contrasts: two groups beside each other, pure
    figures     statistics of a few numbers; periods: time on the calendar. Pure

Nothing here asks who may see what: the ground comes with the criteria (``records.reports``).
"""

from __future__ import annotations

from dealwright.insights.ground import Ground, behind
from dealwright.insights.kinds import asks, beside, between, calculated, filters, more_than, question, reads
from dealwright.insights.periods import Between, before
from dealwright.insights.table import Column, Head, Row, Table

__all__ = [
    "Between",
    "Column",
    "Ground",
    "Head",
    "Row",
    "Table",
    "asks",
    "before",
    "behind",
    "beside",
    "between",
    "calculated",
    "filters",
    "more_than",
    "question",
    "reads",
]
