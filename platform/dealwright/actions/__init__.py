"""What rules may do: each action turns a decision into effects, purely.

    set_field      field, value                              a value on the record itself
    assign         to                                        its owner
    create_record  entity, values                            another record
    create_task    title | message, assignee, due            a ``base.task`` about it
    notify         to, title | message, body                 a ``base.notification`` for each user
    call_webhook   to, values                                an outbox row for the plugin ``webhook``
    request_approval  approval                               an approval of it

Nothing here touches the database. Effects are idempotent by the decision and the index of the action in its rule:
``records`` writes them in the transaction that stores the decision, or not at all.
"""

from __future__ import annotations

from dealwright.actions.effects import CreateRecord, Deliver, Effect, RequestApproval, SetField
from dealwright.actions.kinds import ACTIONS, Subject, apply

__all__ = ["ACTIONS", "CreateRecord", "Deliver", "Effect", "RequestApproval", "SetField", "Subject", "apply"]
