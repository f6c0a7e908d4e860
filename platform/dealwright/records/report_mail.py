"""Reports as mails: a few words and the whole page attached, as one file that needs nothing else to be read.

The page shows what the snapshot of this recipient shows, worked out under the recipient's own rights, and is written
into the outbox in the transaction of the snapshot: both are there or neither, and one run gives one mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright import actions, clock
from dealwright.storage import outbox, people

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dealwright.metadata.reports import Report
    from dealwright.records.work import Work

CHANNEL: Final = "email"
#: Bytes of a page: what most mail servers take, with room to spare. A report has a limit of rows, so none comes near.
_LARGEST: Final = 5 * 2**20
#: What the mail says, in English and in Chinese.
_SUBJECT: Final = ("{title}, {day}", "{title}，{day}")
_ATTACHED: Final = (
    "The report is attached as a page; print it or open it in any browser.",
    "报表已作为网页附在邮件中，可用任意浏览器打开或打印。",
)
_OPEN: Final = ("Open the report", "打开报表")


def send(work: Work, report: Report, run: datetime, title: str, body: Mapping[str, Any], locale: str) -> None:
    """Write the mail of a run to the user of a transaction; none to somebody who has no address.

    Args:
        work: The transaction, under the recipient's own rights.
        report: The report.
        run: When the run was due; a run and recipient have one mail.
        title: Of the report, in the recipient's language.
        body: The report as API JSON.
        locale: The recipient's language.
    """
    user = work.user.id or ""
    person = people.of_ids(work.connection, work.catalog, [user]).get(user)
    if person is None or not person.email:
        return
    chinese = locale.startswith("zh")
    values = {"title": title, "day": str(body["as_of"])[:10]}
    subject = actions.filled(_SUBJECT[chinese], values)
    base = work.catalog.settings.get("address", "").rstrip("/")
    place = f"{base}/reports/{report.id}" if base else ""
    drawn = work.workspace.drawn(work, body) if work.workspace.drawn is not None else ""
    attached = bool(drawn) and len(drawn.encode()) <= _LARGEST
    said = [_ATTACHED[chinese]] if attached else []
    payload = {
        "subject": subject,
        "text": "\n\n".join([subject, *said, *([f"{_OPEN[chinese]}: {place}"] if place else [])]),
        "markdown": "\n\n".join(
            [
                actions.filled(_SUBJECT[chinese], values, markdown=True),
                *said,
                *([f"[{_OPEN[chinese]}]({place})"] if place else []),
            ]
        ),
        "locale": locale,
        "user": user,
        "attachments": [{"name": f"{report.id}-{values['day']}.html", "type": "text/html", "content": drawn}]
        if attached
        else [],
    }
    one = {
        "id": clock.new_id(),
        "at": work.now,
        "channel": CHANNEL,
        "target": person.email,
        "payload": payload,
        "key": f"report:{report.id}:{user}:{run.isoformat()}",
    }
    outbox.put(work.connection, [one])
