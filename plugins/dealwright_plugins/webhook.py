"""Channel ``webhook``: a message as JSON to an address, signed.

Signed as *Standard Webhooks* 1.0 says (https://www.standardwebhooks.com), so receivers have ready libraries: the
headers ``webhook-id``, ``webhook-timestamp`` (seconds) and ``webhook-signature`` = ``v1,`` + base64 of HMAC-SHA256 over
``id.timestamp.body``. The id is the key of the message, the same in every attempt; ``Idempotency-Key`` repeats it.

The target of a delivery is an address, or the name of one that the operator keeps out of the metadata:
``DEALWRIGHT_WEBHOOK_URL_CRM`` is the address of ``crm`` and ``DEALWRIGHT_WEBHOOK_SECRET_CRM`` its key: ``whsec_`` and
base64 of 24 to 64 random bytes, or two of them with a space between while a key is being changed. An address that
stands in the target itself is signed with the key of ``default``. Without a key nothing is signed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
from typing import TYPE_CHECKING

from dealwright import clock, egress
from dealwright.errors import DeliveryError
from dealwright.plugins import Delivery, implements

if TYPE_CHECKING:
    from collections.abc import Mapping

# Worth another attempt: the other side was busy, slow or being restarted. Anything else of 3xx and 4xx is a wrong
# address or a refusal that the same bytes meet again.
_TRY_AGAIN = frozenset({408, 409, 423, 425, 429})

_LONGEST_WAIT = 24 * 3600.0
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@implements
def deliver(channel: str, delivery: Delivery) -> str | None:
    """Send a webhook; see :meth:`dealwright.plugins.Hooks.deliver`."""
    if channel != "webhook":
        return None
    url, secrets = receiver(delivery.target, os.environ)
    body = json.dumps(dict(delivery.payload), ensure_ascii=False, separators=(",", ":")).encode()
    timestamp = int(clock.now().timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "dealwright-webhook/1",
        "Idempotency-Key": delivery.key,
        "webhook-id": delivery.key,
        "webhook-timestamp": str(timestamp),
    }
    if secrets:
        headers["webhook-signature"] = signature(secrets, delivery.key, timestamp, body)
    answer = egress.send("POST", url, headers=headers, body=body)
    if 200 <= answer.status < 300:
        return str(answer.status)
    raise DeliveryError(
        f"the receiver answered {answer.status}: {answer.body[:200].decode('utf-8', 'replace')!r}",
        permanent=answer.status < 500 and answer.status not in _TRY_AGAIN,
        retry_after=_seconds(answer.headers.get("retry-after", "")),
    )


def signature(secrets: list[bytes], key: str, timestamp: int, body: bytes) -> str:
    """Return the value of ``webhook-signature``: one signature for each secret, with a space between.

    Example:
        >>> signature([b"k" * 24], "m1", 0, b"{}")
        'v1,E1s5E4jEAmoOCf8Ln0XvCj4z/NIW6GOBqJCV2LiNhDk='
    """
    signed = f"{key}.{timestamp}.".encode() + body
    made = (base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode() for secret in secrets)
    return " ".join(f"v1,{one}" for one in made)


def receiver(target: str, environment: Mapping[str, str]) -> tuple[str, list[bytes]]:
    """Return the address behind ``target`` and the keys it is signed with; no key, no signature.

    Raises:
        DeliveryError: If the name has no address, or its key cannot be read. Not permanent: the operator can mend it.
    """
    if "://" in target:
        return target, _keys("DEALWRIGHT_WEBHOOK_SECRET_DEFAULT", environment)
    if not _NAME.fullmatch(target):
        raise DeliveryError(
            f"{target!r} is neither an address nor the name of one; write https://… or a name such as crm"
        )
    variable = f"DEALWRIGHT_WEBHOOK_URL_{target.upper()}"
    if variable not in environment:
        raise DeliveryError(f"the receiver {target!r} has no address on this worker; set {variable}")
    return environment[variable], _keys(f"DEALWRIGHT_WEBHOOK_SECRET_{target.upper()}", environment)


def _keys(variable: str, environment: Mapping[str, str]) -> list[bytes]:
    found = []
    for text in environment.get(variable, "").split():
        try:
            secret = base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            secret = b""
        if not 24 <= len(secret) <= 64:
            raise DeliveryError(f"{variable} must hold whsec_ and the base64 form of 24 to 64 random bytes")
        found.append(secret)
    return found


def _seconds(text: str) -> float | None:
    """Return ``Retry-After`` given in seconds, at most a day; the form with a date is left out of account."""
    return min(float(text), _LONGEST_WAIT) if text.isascii() and text.isdigit() and len(text) < 10 else None
