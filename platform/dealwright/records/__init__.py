"""Records: the one road of a change, and reading what is there.

save, save_many, move, archive, restore, purge      every change (``docs/architecture.md``, "The way of one save")
send, happen, due                                   events that are no save, timers that are due
check                                               what a save would say
fetch, page, aggregate, search, titles, holding     reading, under the row and field rules of who asks
history, decided, explain, scores                   what happened and why
why, whys                                           why a rule did not act on a record, now or then
clocks_of                                           SLA clocks and deadlines of a record
rules_off, switch_rule                              rules that were switched off, and on again
sequences_of, start_sequence, stop_sequence ...     sequences that run for a record, and changing that by hand
suggestions, accept, dismiss                        next best actions that rules offer
simulate, compared                                  what a draft, or another catalog, would have done
list_views, keep_list_view, remove_list_view        saved views of lists and boards
comment                                             a comment, and telling who is mentioned in it
contact_times                                       when a contact is reached best
recompute                                           stored formulas, after a change of definitions
"""

from __future__ import annotations

from dealwright.records.attached import PICTURES, opened, upload, waiting
from dealwright.records.attached import TYPES as FILE_TYPES
from dealwright.records.breaker import listed as rules_off
from dealwright.records.breaker import switch as switch_rule
from dealwright.records.checklists import checklist, tick
from dealwright.records.clocks_shown import clocks_of
from dealwright.records.comments import comment
from dealwright.records.contact_times import contact_times
from dealwright.records.enrolling import advance_sequence, sequences_offered, start_sequence, stop_sequence
from dealwright.records.exports import Export, export
from dealwright.records.happenings import happen, send
from dealwright.records.holding import fill, holding
from dealwright.records.list_views import keep_list_view, list_views, remove_list_view
from dealwright.records.many import bulk, upsert
from dealwright.records.moves import move, move_one
from dealwright.records.passage import gates, place
from dealwright.records.passing import pass_until
from dealwright.records.past import decided, explain, history
from dealwright.records.people import add_user
from dealwright.records.pipelines import offered
from dealwright.records.read import Page, aggregate, fetch, fetch_many, newest_first, page, search, searchable, titles
from dealwright.records.reasons import why, whys
from dealwright.records.recompute import recompute
from dealwright.records.remove import archive, purge, restore
from dealwright.records.road import save, save_many, save_one
from dealwright.records.sequences_shown import sequences_of
from dealwright.records.shares import scores
from dealwright.records.simulation import beginning, compared, simulate
from dealwright.records.suggestions import accept, dismiss, suggested, suggestions
from dealwright.records.timing import due
from dealwright.records.trial import Checked, check
from dealwright.records.visits import history as visited
from dealwright.records.work import Change, Saved, Work
from dealwright.records.workspace import Workspace

__all__ = [
    "FILE_TYPES",
    "PICTURES",
    "Change",
    "Checked",
    "Export",
    "Page",
    "Saved",
    "Work",
    "Workspace",
    "accept",
    "add_user",
    "advance_sequence",
    "aggregate",
    "archive",
    "beginning",
    "bulk",
    "check",
    "checklist",
    "clocks_of",
    "comment",
    "compared",
    "contact_times",
    "decided",
    "dismiss",
    "due",
    "explain",
    "export",
    "fetch",
    "fetch_many",
    "fill",
    "gates",
    "happen",
    "history",
    "holding",
    "keep_list_view",
    "list_views",
    "move",
    "move_one",
    "newest_first",
    "offered",
    "opened",
    "page",
    "pass_until",
    "place",
    "purge",
    "recompute",
    "remove_list_view",
    "restore",
    "rules_off",
    "save",
    "save_many",
    "save_one",
    "scores",
    "search",
    "searchable",
    "send",
    "sequences_of",
    "sequences_offered",
    "simulate",
    "start_sequence",
    "stop_sequence",
    "suggested",
    "suggestions",
    "switch_rule",
    "tick",
    "titles",
    "upload",
    "upsert",
    "visited",
    "waiting",
    "why",
    "whys",
]
