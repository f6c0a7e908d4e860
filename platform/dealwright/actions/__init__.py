"""What rules may do: each action turns a decision into effects, purely.

    set_field      field, value                              a value on the record itself
    add_score      field, points                             points added to a number of the record itself
    assign         to                                        its owner
    move_stage     to, reason                                the record itself to a stage, through its gates
    archive                                                  the record itself
    create_record  entity, values                            another record
    update_record  record, values                            a record that this one refers to
    create_task    title | message, assignee, due, at_most   a ``base.task`` about it
    notify         to, title | message, body                 a ``base.notification`` for each user
    send_message   to, message                               a message document, by the channels that it names
    call_webhook   to, values                                an outbox row for the plugin ``webhook``
    request_approval  approval                               an approval of it
    start_sla, stop_sla  policy, record                      a clock on it, or on a record that it refers to
    start_sequence, advance_sequence, stop_sequence  sequence, record  timed steps that follow one another
    suggest        title, reason | message, values, stage    a next best action that people accept or dismiss

Nothing here touches the database. Effects are idempotent by the decision and the index of the action in its rule:
``records`` writes them in the transaction that stores the decision, or not at all.
"""

from __future__ import annotations

from dealwright.actions.effects import (
    AdvanceSequence,
    Archive,
    Bound,
    CreateRecord,
    Deliver,
    Effect,
    MoveStage,
    OfSequence,
    RequestApproval,
    SetField,
    StartSequence,
    StartSla,
    StopSequence,
    StopSla,
    Suggest,
    Tell,
    UpdateRecord,
)
from dealwright.actions.kinds import ACTIONS, Subject, apply
from dealwright.actions.messages import filled, message
from dealwright.actions.plain import readable

__all__ = [
    "ACTIONS",
    "AdvanceSequence",
    "Archive",
    "Bound",
    "CreateRecord",
    "Deliver",
    "Effect",
    "MoveStage",
    "OfSequence",
    "RequestApproval",
    "SetField",
    "StartSequence",
    "StartSla",
    "StopSequence",
    "StopSla",
    "Subject",
    "Suggest",
    "Tell",
    "UpdateRecord",
    "apply",
    "filled",
    "message",
    "readable",
]
