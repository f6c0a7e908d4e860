"""The channel ``webhook``: what is sent, how it is signed, and which answers are worth another attempt."""

from __future__ import annotations

import base64
import doctest
import json
from datetime import UTC, datetime

import pytest

from dealwright import clock, egress
from dealwright.errors import AddressRefusedError, DeliveryError
from dealwright.plugins import Delivery
from dealwright_plugins import webhook

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEY = "whsec_" + base64.b64encode(b"k" * 24).decode()


def message(target: str = "https://example.org/in", channel: str = "webhook") -> Delivery:
    return Delivery("o1", "key-1", channel, target, {"name": "张伟"}, NOON)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What goes out; the other side answers 204."""
    calls: list[dict[str, object]] = []

    def send(method: str, url: str, *, headers: dict[str, str], body: bytes) -> egress.Answer:
        calls.append({"method": method, "url": url, "headers": headers, "body": body})
        return egress.Answer(204)

    monkeypatch.setattr(egress, "send", send)
    return calls


def answering(monkeypatch: pytest.MonkeyPatch, status: int, **headers: str) -> None:
    monkeypatch.setattr(egress, "send", lambda *_, **__: egress.Answer(status, headers, b"because"))


def test_the_payload_is_posted_as_json_with_the_key_of_the_message(sent):
    with clock.frozen(NOON):
        assert webhook.deliver("webhook", message()) == "204"
    assert (sent[0]["method"], sent[0]["url"]) == ("POST", "https://example.org/in")
    assert json.loads(sent[0]["body"]) == {"name": "张伟"}
    headers = sent[0]["headers"]
    assert headers["Idempotency-Key"] == headers["webhook-id"] == "key-1"
    assert headers["webhook-timestamp"] == "1795435200"
    assert "webhook-signature" not in headers


def test_another_channel_is_left_to_others(sent):
    assert webhook.deliver("email", message(channel="email")) is None
    assert sent == []


def test_a_named_receiver_has_its_address_and_key_from_the_operator(sent, monkeypatch):
    monkeypatch.setenv("DEALWRIGHT_WEBHOOK_URL_CRM", "https://crm.example/hook")
    monkeypatch.setenv("DEALWRIGHT_WEBHOOK_SECRET_CRM", KEY)
    with clock.frozen(NOON):
        webhook.deliver("webhook", message("crm"))
    assert sent[0]["url"] == "https://crm.example/hook"
    # printf 'key-1.1795435200.{"name":"张伟"}' | openssl dgst -sha256 -hmac kkkkkkkkkkkkkkkkkkkkkkkk -binary | base64
    assert sent[0]["headers"]["webhook-signature"] == "v1,VjsKRXMEmC9O9ZrSW36IoMvHAVj4ekChPR6oiVweCzY="


def test_while_a_key_is_changed_both_keys_sign():
    url, secrets = webhook.receiver(
        "crm", {"DEALWRIGHT_WEBHOOK_URL_CRM": "https://crm.example", "DEALWRIGHT_WEBHOOK_SECRET_CRM": f"{KEY} {KEY}"}
    )
    assert (url, secrets) == ("https://crm.example", [b"k" * 24, b"k" * 24])
    assert webhook.signature(secrets, "m", 0, b"").count("v1,") == 2


@pytest.mark.parametrize(
    ("target", "environment", "reason"),
    [
        pytest.param("crm", {}, "set DEALWRIGHT_WEBHOOK_URL_CRM", id="no address"),
        pytest.param("CRM!", {}, "neither an address nor the name", id="no name"),
        pytest.param("https://x.example", {"DEALWRIGHT_WEBHOOK_SECRET_DEFAULT": "short"}, "24 to 64", id="short key"),
        pytest.param(
            "https://x.example", {"DEALWRIGHT_WEBHOOK_SECRET_DEFAULT": "whsec_%%"}, "24 to 64", id="no base64"
        ),
    ],
)
def test_a_receiver_that_is_not_set_up_can_be_mended_and_tried_again(target, environment, reason):
    with pytest.raises(DeliveryError, match=reason) as failed:
        webhook.receiver(target, environment)
    assert not failed.value.permanent


@pytest.mark.parametrize("status", [500, 502, 503, 408, 429, 409])
def test_a_busy_receiver_is_tried_again(status, monkeypatch):
    answering(monkeypatch, status)
    with pytest.raises(DeliveryError, match=f"answered {status}: 'because'") as failed:
        webhook.deliver("webhook", message())
    assert not failed.value.permanent


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404, 410, 422])
def test_a_refusal_or_redirect_is_not_tried_again(status, monkeypatch):
    answering(monkeypatch, status)
    with pytest.raises(DeliveryError) as failed:
        webhook.deliver("webhook", message())
    assert failed.value.permanent


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120.0), ("999999999", 86400.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-5", None), ("", None)],
)
def test_the_receiver_may_ask_for_time_up_to_a_day(header, seconds, monkeypatch):
    answering(monkeypatch, 429, **{"retry-after": header})
    with pytest.raises(DeliveryError) as failed:
        webhook.deliver("webhook", message())
    assert failed.value.retry_after == seconds


def test_a_webhook_to_the_own_network_is_refused_for_good():
    with pytest.raises(AddressRefusedError):
        webhook.deliver("webhook", message("http://169.254.169.254/latest/"))


def test_the_examples_in_the_documentation_hold():
    assert doctest.testmod(webhook).failed == 0
