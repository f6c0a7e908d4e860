"""Outgoing connections: 60 spellings of closed addresses never lead to a connection, and an answer is bounded."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from dealwright import egress
from dealwright.errors import AddressRefusedError, DeliveryError

CLOSED = [
    # loopback: plain, and every disguise that some resolver or library takes for it
    "http://127.0.0.1/",
    "https://127.0.0.1:443/",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.255.255.254/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0x7f.1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0177.0.0.01/",
    "https://127.0.0.01/",
    "https://127.0.0.1./",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://0/",
    "https://0.0.0.0/",
    "https://[::1]/",
    "https://[::]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[0:0:0:0:0:ffff:7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::127.0.0.1]/",
    "https://[64:ff9b:1::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[2606:4700::5efe:7f00:1]/",
    # inside of networks
    "https://10.0.0.1/",
    "https://10.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://198.18.0.1/",
    "https://[fc00::1]/",
    "https://[fd12:3456::1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[fec0::1]/",
    # what hands out a cloud machine's secrets
    "https://169.254.169.254/latest/meta-data/",
    "https://[::ffff:169.254.169.254]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[fd00:ec2::254]/",
    "https://100.100.100.200/",
    "https://192.0.0.192/",
    "https://168.63.129.16/",
    "https://0xa9fea9fe/",
    "https://2852039166/",
    "https://0251.0376.0251.0376/",
    # groups, documentation, reserved
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://240.0.0.1/",
    "https://192.0.2.1/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://[3fff::1]/",
    # an address within an address
    "https://public.example@127.0.0.1/",
    "https://127.0.0.1@public.example/",
    "https://127.0.0.1%2f@public.example/",
    "https://public.example\\@127.0.0.1/",
    "https://127.0.0.1#@public.example/",
    "https://public.example:443@127.0.0.1:443/",
    "https://127.0.0.1%00.public.example/",
    "https://127.0.0.1\t/",
    "https://127.0.0.1\r\nHost: public.example/",
    "https:///127.0.0.1/",
    "https://",
    "//127.0.0.1/",
    "https://127.0.0.1:0443/",
    "https://127.0.0.1:١٢٣/",
    "https://127.0.0.1:99999/",
    "https://[127.0.0.1]/",
    "https://[::1/",
    # other ports and kinds
    "https://public.example:22/",
    "https://public.example:6379/",
    "http://public.example/",
    "ftp://public.example/",
    "file:///etc/passwd",
    "gopher://public.example:443/_",
    "dict://public.example:443/",
]


@pytest.fixture
def spied(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every address that a socket is told to connect to."""
    seen: list[object] = []

    class Spy(socket.socket):
        def connect(self, address: object) -> None:  # type: ignore[override]
            seen.append(address)
            raise ConnectionRefusedError("the spy refuses")

    monkeypatch.setattr(socket, "socket", Spy)
    return seen


def test_there_are_at_least_sixty_spellings():
    assert len(set(CLOSED)) >= 60


@pytest.mark.parametrize("url", CLOSED)
def test_no_spelling_of_a_closed_address_opens_a_connection(url, spied):
    with pytest.raises(AddressRefusedError) as refused:
        egress.send("POST", url, using=egress.Policy())
    assert spied == []
    assert refused.value.permanent


def test_the_spy_sees_a_connection_to_an_open_address(spied):
    with pytest.raises(DeliveryError, match="does not answer"):
        egress.send("POST", "https://8.8.8.8/", using=egress.Policy())
    assert spied == [("8.8.8.8", 443)]


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.0.1",
        "172.32.0.1",
        "2606:4700::1111",
        "64:ff9b::808:808",
    ],
)
def test_a_global_address_may_be_reached(address):
    assert egress.may_reach(address)


def resolving(answers: dict[str, list[list[str]]]) -> Callable[..., list[tuple[object, ...]]]:
    """A resolver that gives each name its answers one after the other, the last one for ever."""

    def look_up(host: str, port: int, **kinds: object) -> list[tuple[object, ...]]:
        left = answers[host]
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    return look_up


def test_a_name_that_points_inside_is_not_asked(monkeypatch, spied):
    monkeypatch.setattr(socket, "getaddrinfo", resolving({"rebind.example": [["10.0.0.7"]]}))
    with pytest.raises(AddressRefusedError, match=r"rebind\.example is 10\.0\.0\.7"):
        egress.send("GET", "https://rebind.example/", using=egress.Policy())
    assert spied == []


def test_a_name_with_one_address_outside_and_one_inside_is_not_asked(monkeypatch, spied):
    monkeypatch.setattr(socket, "getaddrinfo", resolving({"both.example": [["8.8.8.8", "127.0.0.1"]]}))
    with pytest.raises(AddressRefusedError):
        egress.send("GET", "https://both.example/", using=egress.Policy())
    assert spied == []


def test_the_address_that_was_checked_is_the_one_that_is_asked(monkeypatch):
    asked: list[object] = []

    def connect(address: object, timeout: float) -> socket.socket:
        asked.append(address)
        raise ConnectionRefusedError

    # The second look-up would say 127.0.0.1; there is none.
    monkeypatch.setattr(socket, "getaddrinfo", resolving({"rebind.example": [["8.8.8.8"], ["127.0.0.1"]]}))
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(DeliveryError, match="does not answer"):
        egress.send("GET", "https://rebind.example/", using=egress.Policy())
    assert asked == [("8.8.8.8", 443)]


def _request(sock: socket.socket) -> bytes:
    """Read one request: to the end of its headers, and as much more as ``Content-Length`` says."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0)
    while len(body) < length:
        body += sock.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def server(say: bytes | Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """A server on 127.0.0.1 that answers every connection with the same bytes, and keeps what it was sent."""
    listening = socket.create_server(("127.0.0.1", 0))
    requests: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            with sock:
                requests.append(_request(sock))
                try:
                    if callable(say):
                        say(sock)
                    else:
                        sock.sendall(say)
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/in?x=1", requests
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def allowing(url: str, **more: float) -> egress.Policy:
    target = egress.read(url, egress.Policy(plain_http=True, ports=frozenset(range(1, 65536))))
    return egress.Policy(allow=frozenset({(target.host, target.port)}), **more)


def test_an_allowed_server_is_asked_and_its_answer_comes_back():
    with server(b"HTTP/1.1 201 Created\r\nX-Mark: yes\r\nContent-Length: 2\r\n\r\nok") as (url, requests):
        answer = egress.send("POST", url, headers={"X-Key": "k1"}, body=b'{"a":1}', using=allowing(url))
    assert (answer.status, answer.headers["x-mark"], answer.body, answer.cut) == (201, "yes", b"ok", False)
    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /in?x=1 HTTP/1.1\r\n")
    assert b"X-Key: k1" in head
    assert b"Accept-Encoding: identity" in head
    assert body == b'{"a":1}'


def test_only_the_allowed_port_of_a_host_is_excepted():
    with pytest.raises(AddressRefusedError):
        egress.send("GET", "http://127.0.0.1:8001/", using=egress.Policy(allow=frozenset({("127.0.0.1", 8000)})))


def test_a_redirect_is_not_followed():
    location = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:22/\r\nContent-Length: 0\r\n\r\n"
    with server(location) as (url, requests):
        assert egress.send("GET", url, using=allowing(url)).status == 302
    assert len(requests) == 1


def test_an_endless_answer_is_cut():
    def endless(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(100_000):
            sock.sendall(b"x" * 65536)

    with server(endless) as (url, _):
        answer = egress.send("GET", url, using=allowing(url))
    assert len(answer.body) == egress.MAX_ANSWER
    assert answer.cut


def test_a_packed_bomb_is_left_packed():
    with server(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00") as (url, _):
        assert egress.send("GET", url, using=allowing(url)).body == b"\x1f\x8b\x08\x00"


def test_an_answer_in_drops_ends_at_the_time_limit():
    going = threading.Event()

    def drip(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\n")
        while not going.wait(0.05):
            sock.sendall(b"X-Drop: 1\r\n")

    with server(drip) as (url, _):
        with pytest.raises(DeliveryError, match="no proper answer") as failed:
            egress.send("GET", url, using=allowing(url, total_seconds=0.4))
        going.set()
    assert not failed.value.permanent


@pytest.mark.parametrize(
    "say",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A" * 70000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["nothing", "no http", "no number", "endless header", "broken chunk"],
)
def test_a_hostile_answer_is_an_error_of_delivery(say):
    with server(say) as (url, _), pytest.raises(DeliveryError, match="no proper answer"):
        egress.send("GET", url, using=allowing(url))


def test_a_certificate_that_is_not_trusted_is_refused():
    with server(b"not tls") as (url, _):
        safe = url.replace("http://", "https://")
        with pytest.raises(DeliveryError, match="no safe connection"):
            egress.send("GET", safe, using=allowing(safe))


def test_a_header_cannot_smuggle_another():
    with (
        server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (url, requests),
        pytest.raises(ValueError, match="Invalid header"),
    ):
        egress.send("GET", url, headers={"X": "a\r\nEvil: 1"}, using=allowing(url))
    assert requests in ([], [b""])


def test_the_operator_sets_the_policy_in_the_environment():
    policy = egress.policy_from(
        {
            "DEALWRIGHT_EGRESS_ALLOW": "CRM.intra:8080, [fd00::1]:443",
            "DEALWRIGHT_EGRESS_PORTS": "443,9443",
            "DEALWRIGHT_EGRESS_HTTP": "1",
        }
    )
    assert policy.allow == {("crm.intra", 8080), ("fd00::1", 443)}
    assert policy.ports == {443, 9443}
    assert policy.plain_http


@pytest.mark.parametrize("setting", [{"DEALWRIGHT_EGRESS_ALLOW": "crm.intra"}, {"DEALWRIGHT_EGRESS_PORTS": "https"}])
def test_a_policy_that_cannot_be_read_says_what_to_write(setting):
    with pytest.raises(ValueError, match="; write "):
        egress.policy_from(setting)
