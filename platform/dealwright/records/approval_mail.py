"""Mails of approvals, beside the notifications: to who is asked or reminded, and to who asked when it has ended.

A mail says what the notification says, the step and the comment of who asked. The values that it is about stand on the
page alone: mails lie in many places. It goes out after the commit, and gets its link then (``approval_links``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright import actions, clock
from dealwright.storage import outbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dealwright.approvals import Approval, Course, Seat
    from dealwright.records.work import Work
    from dealwright.storage.approvals import Stored

CHANNEL: Final = "email"
#: Parts of a mail, in English and in Chinese.
_STEP: Final = ("Step: {step}", "步骤：{step}")
_COMMENT: Final = ("Comment: {comment}", "说明：{comment}")
_OPEN: Final = ("Open", "打开")
_SIGN_IN: Final = ("Sign in and open your approvals to decide.", "请登录并打开“审批”页面处理。")
_DECIDE: Final = ("Look at it and decide", "查看并审批")
_NOTE: Final = (
    "The link is for you alone, is good once and for seven days. Opening it decides nothing yet. Do not pass this mail on.",
    "此链接仅供您本人使用一次，七天内有效；打开链接不会作出任何决定。请勿转发此邮件。",
)


def send(
    work: Work,
    approval: Approval,
    row: Stored,
    course: Course,
    code: str,
    letters: Iterable[tuple[str, str, str, str, Seat | None]],
) -> None:
    """Write a mail to each of those who are told; one statement, and none where the definition wants no mails.

    Args:
        work: The transaction.
        approval: The definition.
        row: The approval.
        course: Its course as it is now.
        code: What is told: as in ``approval_notices.TEXTS``.
        letters: For each mail: id of the user, address, locale, subject, and the seat that is asked; None at the end.
    """
    if approval.email == "none":
        return
    found = []
    for user, address, locale, subject, seat in letters:
        number = "end" if seat is None else seat.number
        step = "" if seat is None else _title(work, approval, course.place(seat.place).step, locale)
        payload = {**_said(work, approval, row, subject, locale, seat, step), "user": user, "entity": row.entity}
        found.append(
            {
                "id": clock.new_id(),
                "at": work.now,
                "channel": CHANNEL,
                "target": address,
                "payload": {**payload, "record": row.record},
                "key": f"approval:{row.id}:{number}:{code}:{work.now.isoformat()}",
                "entity": row.entity,
                "record": row.record,
            }
        )
    outbox.put(work.connection, found)


def _said(
    work: Work, approval: Approval, row: Stored, subject: str, locale: str, seat: Seat | None, step: str
) -> Mapping[str, Any]:
    chinese = locale.startswith("zh")
    base = work.catalog.settings.get("address", "").rstrip("/")
    decides = seat is not None and approval.email == "decide" and bool(base)
    values = {"subject": subject, "step": step, "comment": row.comment}
    lines = list(_lines(values, asks=seat is not None, chinese=chinese))
    if seat is not None and not decides:
        lines.append(_SIGN_IN[chinese])
    place = f"{base}/records/{row.entity}/{row.record}" if seat is None else f"{base}/approvals"
    opens = bool(base) and not decides
    said: dict[str, Any] = {
        "subject": subject,
        "text": "\n\n".join(
            [*(actions.filled(one, values) for one in lines), *([f"{_OPEN[chinese]}: {place}"] if opens else ())]
        ),
        "markdown": "\n\n".join(
            [
                *(actions.filled(one, values, markdown=True) for one in lines),
                *([f"[{_OPEN[chinese]}]({place})"] if opens else ()),
            ]
        ),
        "locale": locale,
    }
    if decides and seat is not None:
        said["decide"] = {
            "address": base,
            "approval": row.id,
            "seat": seat.number,
            "user": seat.user,
            "label": _DECIDE[chinese],
            "note": _NOTE[chinese],
        }
    return said


def _lines(values: Mapping[str, Any], *, asks: bool, chinese: bool) -> Iterator[str]:
    yield "{subject}"
    if asks and values["step"]:
        yield _STEP[chinese]
    if asks and values["comment"]:
        yield _COMMENT[chinese]


def _title(work: Work, approval: Approval, step: str, locale: str) -> str:
    return work.catalog.text("approval", approval.id, f"/steps/{step}/title", locale) or approval.steps[step].title
