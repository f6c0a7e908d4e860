"""Channel ``email``: a message as plain text and HTML to one address, by the operator's mail server.

The target of a delivery is an address. ``subject``, ``text`` and ``markdown`` of the payload are what the message says;
the HTML is made of the Markdown, in which values of records are escaped already. Each of ``attachments`` has ``name``,
``type``, such as text/html, and its text as ``content``. The operator sets

    DEALWRIGHT_SMTP_HOST       name of the mail server, or name:port
    DEALWRIGHT_SMTP_FROM       who writes: ``Sales <sales@example.com>``
    DEALWRIGHT_SMTP_TLS        starttls (when absent), tls, or none for a server on this machine or network
    DEALWRIGHT_SMTP_USER, DEALWRIGHT_SMTP_PASSWORD    to sign in with

Mails are transactional: each answers an event of a record and goes to one person, so they carry no way to unsubscribe.
``Message-ID`` comes from the key of the message: a mail that went out twice is one for the reader's program.
"""

from __future__ import annotations

import hashlib
import os
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from dealwright import egress
from dealwright.errors import DeliveryError
from dealwright.plugins import Delivery, implements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markdown_it import MarkdownIt

_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")  # RFC 5321, 4.1.2: without quoted forms
_DOMAIN = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
_HOST = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[1-9][0-9]{0,4}))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONGEST_SUBJECT = 500


@implements
def deliver(channel: str, delivery: Delivery) -> str | None:
    """Send a mail; see :meth:`dealwright.plugins.Hooks.deliver`."""
    if channel != "email":
        return None
    relay, name, sender = server(os.environ)
    recipient = address(delivery.target)
    return egress.mail(relay, sender, recipient, written(delivery, name, sender, recipient))


def server(environment: Mapping[str, str]) -> tuple[egress.Relay, str, str]:
    """Return the mail server, and the name and address of who writes.

    Raises:
        DeliveryError: If the settings are missing or cannot be read. Not permanent: the operator can mend it.
    """
    known = environment.get
    found = _HOST.fullmatch(known("DEALWRIGHT_SMTP_HOST", ""))
    if found is None:
        raise DeliveryError("this worker has no mail server; set DEALWRIGHT_SMTP_HOST to its name, or name:port")
    tls = known("DEALWRIGHT_SMTP_TLS", "starttls")
    if tls not in egress.MAIL_PORTS:
        raise DeliveryError(f"DEALWRIGHT_SMTP_TLS is {tls!r}; write starttls, tls or none")
    user, password = known("DEALWRIGHT_SMTP_USER", ""), known("DEALWRIGHT_SMTP_PASSWORD", "")
    if user and tls == "none":
        raise DeliveryError("a password is not sent unencrypted; set DEALWRIGHT_SMTP_TLS to starttls or tls")
    name, sender = parseaddr(known("DEALWRIGHT_SMTP_FROM", ""))
    try:
        sender = address(sender)
    except DeliveryError as error:
        raise DeliveryError("set DEALWRIGHT_SMTP_FROM to who writes: Sales <sales@example.com>") from error
    port = int(found["port"] or egress.MAIL_PORTS[tls])
    return egress.Relay(found["host"].strip("[]"), port, tls, user, password), _line(name), sender


def address(text: str) -> str:
    """Return an address as the mail server takes it; an international domain in its ``xn--`` form.

    Raises:
        DeliveryError: If it is not one address. Permanent: the same text is never one.
    """
    local, _, domain = text.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        domain = ""
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise DeliveryError(f"{text[:80]!r} is not an e-mail address; write name@example.com", permanent=True)
    return f"{local}@{domain}"


def written(delivery: Delivery, name: str, sender: str, recipient: str) -> bytes:
    """Return a mail with its headers. What stands in the payload can add no header: each is one line."""
    said: Mapping[str, Any] = delivery.payload
    subject = _line(str(said.get("subject", "")))[:_LONGEST_SUBJECT] or "…"
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(name, addr_spec=sender)
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = subject
    message["Date"] = format_datetime(delivery.at)
    key = hashlib.sha256(delivery.key.encode()).hexdigest()[:40]
    message["Message-ID"] = f"<{key}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: holiday notices do not answer it
    text = str(said.get("text") or subject)
    message.set_content(text)
    message.add_alternative(
        page(str(said.get("markdown") or ""), subject, str(said.get("locale", "en"))), subtype="html"
    )
    for one in said.get("attachments") or ():
        subtype = str(one["type"]).partition("/")[2]
        message.add_attachment(str(one["content"]), subtype=subtype, filename=_line(str(one["name"])))
    return message.as_bytes()


def page(markdown: str, subject: str, locale: str) -> str:
    """Return a mail's HTML page: Markdown as HTML that cannot run, load or submit anything."""
    inside = _markdown_it().render(markdown) if markdown.strip() else f"<p>{escape(subject)}</p>"
    return (
        f'<!doctype html><html lang="{escape(locale, quote=True)}"><head><meta charset="utf-8">'
        f"<title>{escape(subject)}</title></head>"
        '<body style="font-family:system-ui,sans-serif;font-size:16px;line-height:1.5;max-width:40em">'
        f"{inside}</body></html>"
    )


@cache
def _markdown_it() -> MarkdownIt:
    from markdown_it import MarkdownIt  # sixty modules that a worker without mails need not have

    return MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").disable("image")


def _line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())
