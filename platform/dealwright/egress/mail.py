"""Handing a mail to the operator's mail server (SMTP), with verified TLS unless he says otherwise.

The server is named by the operator and by nobody else, so its address may lie in his own network; all the rest of the
guard of this module holds: one look-up, certificates, bounded time.
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dealwright.egress.addresses import Target
from dealwright.egress.calls import connect
from dealwright.errors import DeliveryError

if TYPE_CHECKING:
    import socket

#: Seconds that the server may take for one answer.
PATIENCE = 30.0
#: Ways of encryption → the port that is used where none is said (RFC 8314, RFC 6409, RFC 5321).
PORTS = {"tls": 465, "starttls": 587, "none": 25}


@dataclass(frozen=True, slots=True)
class Relay:
    """The mail server that takes all mails.

    Attributes:
        host: Its name, which its certificate must hold.
        port: 1 to 65535.
        tls: ``starttls`` (encrypted after the greeting), ``tls`` (from the first byte) or ``none``.
        user: Name to sign in with; empty to send without.
        password: Of that user.
    """

    host: str
    port: int
    tls: str = "starttls"
    user: str = ""
    password: str = ""


class _Connection(smtplib.SMTP):
    """A conversation over a connection that egress has opened."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        super().__init__(relay.host, relay.port, timeout=PATIENCE)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        scheme = "https" if self._relay.tls == "tls" else "http"
        opened = connect(Target(scheme, host, port, "/", excepted=True))
        opened.settimeout(timeout)
        return opened


def mail(relay: Relay, sender: str, recipient: str, message: bytes) -> str:
    """Hand one mail over and return what the server said when it took it.

    Args:
        relay: Where to.
        sender: Address of the envelope, which gets what cannot be delivered.
        recipient: Address of the envelope: ASCII, without name or brackets.
        message: The mail with its headers, lines ending in CR LF.

    Raises:
        DeliveryError: If the server does not take it. Permanent where it says so itself (RFC 5321, 4.2.1: 5yz) of the
            recipient or the mail; a wrong password or a missing encryption is the operator's to mend.
    """
    try:
        with contextlib.closing(_Connection(relay)) as server:
            return _handed(server, relay, sender, recipient, message)
    except smtplib.SMTPResponseException as error:
        said = _text(error.smtp_error)
        operators = isinstance(
            error, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError
        )
        raise DeliveryError(
            f"{relay.host} answered {error.smtp_code}: {said}", permanent=error.smtp_code >= 500 and not operators
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryError(f"{relay.host}:{relay.port} did not take the mail: {error}") from error


def _handed(server: _Connection, relay: Relay, sender: str, recipient: str, message: bytes) -> str:
    if relay.tls == "starttls":
        server.starttls(context=ssl.create_default_context())
    if relay.user:
        server.login(relay.user, relay.password)
    server.ehlo_or_helo_if_needed()
    for code, said in (server.mail(sender), server.rcpt(recipient)):
        if code not in (250, 251):
            raise smtplib.SMTPResponseException(code, said)
    code, said = server.data(message)
    if code != 250:
        raise smtplib.SMTPResponseException(code, said)
    with contextlib.suppress(OSError, smtplib.SMTPException):
        server.quit()  # it has the mail; how it says goodbye changes nothing
    return f"{code} {_text(said)}"


def _text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:200]
