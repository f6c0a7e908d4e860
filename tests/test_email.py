"""The channel ``email``: against a real mail server that runs in this process, encrypted and not."""

from __future__ import annotations

import doctest
import email
import ssl
import subprocess
from datetime import UTC, datetime
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from dealwright.actions import messages
from dealwright.errors import DeliveryError
from dealwright.jobs import Pace
from dealwright.jobs.deliveries import Deliveries
from dealwright.plugins import Delivery, Plugins
from dealwright.storage import outbox
from dealwright_plugins import email as channel
from worlds import made, opened, person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SAID = {"subject": "报价 for Acme", "text": "Hello *Ann*", "markdown": r"Hello **you**, \*Ann\*", "locale": "zh-CN"}

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS", "ignore::ResourceWarning")


class Mailbox:
    """Keeps what it is handed; refuses who begins with a number, with that number."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address[:3].isdigit():
            return f"{address[:3]} not this one"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken.append((envelope, server.transport.get_extra_info("ssl_object") is not None))
        return "250 queued as 1"

    def mail(self) -> Any:
        (one,) = self.taken
        return email.message_from_bytes(one[0].content, policy=default)


class Server(Controller):
    """A mail server on a port that the system chooses."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    asked = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    named = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*asked, *named], check=True, capture_output=True)
    return cert, key


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    running = []

    def start(tls: str = "none", files: tuple[Path, Path] | None = None, **more: Any) -> Mailbox:
        box = Mailbox()
        context = None
        if files is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*files)
        given = {"tls_context": context} if tls == "starttls" else {"ssl_context": context}
        controller = Server(box, hostname="127.0.0.1", port=0, **(given if context is not None else {}), **more)
        controller.start()
        running.append(controller)
        monkeypatch.setenv("DEALWRIGHT_SMTP_HOST", f"localhost:{controller.port}")
        monkeypatch.setenv("DEALWRIGHT_SMTP_TLS", tls)
        monkeypatch.setenv("DEALWRIGHT_SMTP_FROM", "Sales <sales@example.com>")
        return box

    yield start
    for one in running:
        one.stop()


def message(target: str = "ann@example.org", key: str = "d:0:1", **said: Any) -> Delivery:
    return Delivery("o1", key, "email", target, {**SAID, **said}, NOON)


def test_another_channel_is_left_to_others():
    assert channel.deliver("webhook", message()) is None


def test_a_mail_says_the_same_as_text_and_as_html(serve):
    box = serve()
    assert channel.deliver("email", message()) == "250 queued as 1"
    mail = box.mail()
    assert (mail["From"], mail["To"], mail["Subject"]) == (
        "Sales <sales@example.com>",
        "ann@example.org",
        "报价 for Acme",
    )
    text, html = (part.get_content() for part in mail.iter_parts())
    assert text.strip() == "Hello *Ann*"
    assert "<p>Hello <strong>you</strong>, *Ann*</p>" in html
    assert '<html lang="zh-CN">' in html
    assert (mail["Auto-Submitted"], mail["List-Unsubscribe"]) == ("auto-generated", None)
    envelope = box.taken[0][0]
    assert (envelope.mail_from, envelope.rcpt_tos) == ("sales@example.com", ["ann@example.org"])


def test_a_page_goes_along_as_a_file_with_its_name(serve):
    box = serve()
    page = {
        "name": "sales.health-2026-11-23\r\nX: y.html",
        "type": "text/html",
        "content": "<!doctype html><p>金额</p>",
    }
    channel.deliver("email", message(attachments=[page]))
    mail = box.mail()
    (attached,) = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("sales.health-2026-11-23 X: y.html", "text/html")
    assert attached.get_content().strip() == "<!doctype html><p>金额</p>"
    assert "Hello *Ann*" in mail.get_body(("plain",)).get_content()
    assert mail["X"] is None


def test_every_attempt_is_the_same_mail(serve):
    box = serve()
    for _ in range(2):
        channel.deliver("email", message())
    channel.deliver("email", message(key="d:1:1"))
    first, again, other = [email.message_from_bytes(one.content, policy=default)["Message-ID"] for one, _ in box.taken]
    assert first == again != other


@pytest.mark.parametrize("sign", ["\r\n", "\n", "\r", "\x00", "\x0b", "\x85", "\u2028"])
def test_what_a_record_says_adds_no_header(serve, sign):
    box = serve()
    channel.deliver("email", message(subject=f"Hi{sign}Bcc: eve@example.org{sign}{sign}body"))
    mail = box.mail()
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Hi Bcc: eve@example.org body"
    assert box.taken[0][0].rcpt_tos == ["ann@example.org"]


@pytest.mark.parametrize(
    "target",
    [
        "", "ann", "ann@", "@example.org", "a@b@example.org", "ann@example.org,eve@example.org", "ann@exa mple.org",
        "Ann <ann@example.org>", "ann@example.org\r\nRCPT TO:<eve@example.org>", "ann>@example.org", "张@example.org",
        "a" * 65 + "@example.org", "ann@-example.org", "ann@" + "a" * 64 + ".org",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_for_good(serve, target):
    box = serve()
    with pytest.raises(DeliveryError, match="is not an e-mail address") as error:
        channel.deliver("email", message(target))
    assert (error.value.permanent, box.taken) == (True, [])


def test_an_international_domain_is_sent_to_in_ascii():
    assert channel.address("li@例子.中国") == "li@xn--fsqu00a.xn--fiqs8s"


def test_html_of_a_message_runs_and_loads_nothing():
    page = channel.page("<script>x</script> ![i](http://a/b.png) [c](javascript:alert(1))", "<b>", '"x')
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
    assert '<html lang="&quot;x">' in page


def test_a_refused_recipient_is_dead_at_once_and_a_busy_server_is_asked_again(serve):
    serve()
    for target, permanent in (("550@example.org", True), ("451@example.org", False)):
        with pytest.raises(DeliveryError, match=f"answered {target[:3]}: not this one") as error:
            channel.deliver("email", message(target))
        assert error.value.permanent is permanent


def test_without_encryption_nothing_is_sent_unless_the_operator_says_so(serve, monkeypatch):
    box = serve()
    monkeypatch.delenv("DEALWRIGHT_SMTP_TLS")
    with pytest.raises(DeliveryError, match="STARTTLS") as error:
        channel.deliver("email", message())
    assert (error.value.permanent, box.taken) == (False, [])


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_mail_goes_encrypted_to_a_server_whose_certificate_is_trusted(serve, certificate, monkeypatch, tls):
    box = serve(tls, certificate)
    with pytest.raises(DeliveryError, match="CERTIFICATE_VERIFY_FAILED"):
        channel.deliver("email", message())
    assert box.taken == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    channel.deliver("email", message())
    assert [encrypted for _, encrypted in box.taken] == [True]


def test_a_wrong_password_is_the_operators_to_mend(serve, certificate, monkeypatch):
    def sign_in(server: Any, session: Any, envelope: Any, mechanism: Any, data: Any) -> AuthResult:
        return AuthResult(success=data.password == b"right", handled=False)

    box = serve("starttls", certificate, require_starttls=True, authenticator=sign_in, auth_required=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    monkeypatch.setenv("DEALWRIGHT_SMTP_USER", "sales")
    monkeypatch.setenv("DEALWRIGHT_SMTP_PASSWORD", "wrong")
    with pytest.raises(DeliveryError, match="535") as error:
        channel.deliver("email", message())
    assert error.value.permanent is False
    monkeypatch.setenv("DEALWRIGHT_SMTP_PASSWORD", "right")
    channel.deliver("email", message())
    assert len(box.taken) == 1


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"HOST": ""}, "DEALWRIGHT_SMTP_HOST"),
        ({"HOST": "a b"}, "DEALWRIGHT_SMTP_HOST"),
        ({"TLS": "maybe"}, "starttls, tls or none"),
        ({"FROM": "nobody"}, "DEALWRIGHT_SMTP_FROM"),
        ({"TLS": "none", "USER": "sales"}, "not sent unencrypted"),
    ],
)
def test_settings_that_cannot_be_are_told_to_the_operator(variables, said):
    given = {"HOST": "mail.example.com", "FROM": "sales@example.com", **variables}
    with pytest.raises(DeliveryError, match=said) as error:
        channel.server({f"DEALWRIGHT_SMTP_{name}": value for name, value in given.items()})
    assert error.value.permanent is False


def test_the_port_follows_from_the_encryption():
    given = {"DEALWRIGHT_SMTP_HOST": "mail.example.com", "DEALWRIGHT_SMTP_FROM": "sales@example.com"}
    ports = [channel.server({**given, "DEALWRIGHT_SMTP_TLS": tls})[0].port for tls in ("starttls", "tls", "none")]
    assert ports == [587, 465, 25]
    assert channel.server(given)[0].tls == "starttls"


def test_nobody_answers_is_worth_another_attempt(monkeypatch):
    monkeypatch.setenv("DEALWRIGHT_SMTP_HOST", "127.0.0.1:1")
    monkeypatch.setenv("DEALWRIGHT_SMTP_FROM", "sales@example.com")
    with pytest.raises(DeliveryError, match="does not answer") as error:
        channel.deliver("email", message())
    assert error.value.permanent is False


def test_a_message_of_a_rule_arrives_by_the_outbox_and_what_cannot_is_a_dead_letter(serve, database, tmp_path):
    box = serve()
    hello = {
        "kind": "message",
        "id": "t.hello",
        "lang": 1,
        "title": "{name}",
        "body": "**{name}**",
        "channels": ["email"],
    }
    rule = {
        "kind": "rule", "id": "t.say", "lang": 1, "title": "Say", "entity": "t.deal",
        "on": {"record": {"events": ["created"]}}, "then": [{"do": "send_message", "to": "owner", "message": "t.hello"}],
    }  # fmt: skip
    workspace = opened(database, hello, rule, folder=tmp_path)
    for name, address in (("Ann", "ann@example.org"), ("Bob", "550@example.org")):
        made(workspace, "t.deal", name=f"*{name}*", owner=person(workspace, name, [], email=address).id)
    plugins = Plugins()
    plugins.add("email", channel)
    deliveries = Deliveries(database, plugins, Pace())
    while deliveries.look():
        pass
    assert deliveries.stop(10)
    mail = box.mail()
    assert (mail["To"], mail["Subject"]) == ("ann@example.org", "*Ann*")
    assert "<strong>*Ann*</strong>" in mail.get_body(("html",)).get_content()
    with database.read() as connection:
        (dead,) = outbox.latest(connection, state="dead")
    assert (dead["target"], dead["last_error"]) == ("550@example.org", "localhost answered 550: not this one")


def test_the_examples_of_messages_hold():
    assert doctest.testmod(messages).failed == 0
