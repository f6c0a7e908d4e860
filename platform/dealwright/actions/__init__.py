"""What rules may do: each action turns a decision into effects, purely.

    set_field      field, value                              a value on the record itself
    assign         to                                        its owner
    move_stage     to, reason                                the record itself to a stage, through its gates
    archive                                                  the record itself
    create_record  entity, values                            another record
    update_record  record, values                            a record that this one refers to
    create_task    title | message, assignee, due            a ``base.task`` about it
    notify         to, title | message, body                 a ``base.notification`` for each user
    send_message   to, message                               a message document, by the channels that it names
    call_webhook   to, values                                an outbox row for the plugin ``webhook``
    request_approval  approval                               an approval of it

Nothing here touches the database. Effects are idempotent by the decision and the index of the action in its rule:
``records`` writes them in the transaction that stores the decision, or not at all.
"""

from __future__ import annotations

from dealwright.actions.effects import (
    Archive,
    CreateRecord,
    Deliver,
    Effect,
    MoveStage,
    RequestApproval,
    SetField,
    Tell,
    UpdateRecord,
)
from dealwright.actions.kinds import ACTIONS, Subject, apply
from dealwright.actions.messages import filled, message

__all__ = [
    "ACTIONS",
    "Archive",
    "CreateRecord",
    "Deliver",
    "Effect",
    "MoveStage",
    "RequestApproval",
    "SetField",
    "Subject",
    "Tell",
    "UpdateRecord",
    "apply",
    "filled",
    "message",
]
