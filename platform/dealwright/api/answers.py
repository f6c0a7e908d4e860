"""Requests in, answers out: who asks, strict JSON, problem+json, one transaction a request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Response, current_app, g, request

from dealwright import access, clock
from dealwright.actions.plain import moment
from dealwright.errors import (
    ConflictError,
    DealwrightError,
    MalformedError,
    Problem,
    QueryError,
    RateLimitedError,
    RecordError,
    TooLargeError,
)
from dealwright.fields import messages
from dealwright.records import Work, Workspace
from dealwright.storage import idempotency

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Bytes of a request's body; a file goes its own way.
LARGEST_BODY = 10_000_000
#: Characters of a number in JSON; the longest that any field takes is far shorter.
_LONGEST_NUMBER = 60
#: Longest Idempotency-Key that is taken.
LONGEST_KEY = 200


def workspace() -> Workspace:
    """Return the workspace that this request is for."""
    found = current_app.extensions["dealwright"]
    assert isinstance(found, Workspace)  # noqa: S101 - narrows the type; create_app puts nothing else there
    return found


@contextmanager
def reading() -> Iterator[Work]:
    """Begin a read transaction for the bearer of the request's token.

    Raises:
        SignInRequiredError: If there is no token, or it is not valid.
    """
    with workspace().database.read() as connection:
        work = _work(connection)
        with messages.speaking(_language()):
            yield work
    access.note_use(workspace(), work.user)


@contextmanager
def writing() -> Iterator[Work]:
    """Begin a write transaction for the bearer of the request's token; it commits at the end of the block."""
    with workspace().database.write() as connection:
        work = _work(connection)
        with messages.speaking(_language()):
            yield work
    access.note_use(workspace(), work.user)


def _work(connection: Connection) -> Work:
    bearer = access.bearer(connection, workspace(), token(), request.remote_addr or "")
    g.bearer = bearer
    return Work(workspace(), connection, bearer.user, catalog=bearer.catalog, address=request.remote_addr or "")


def token() -> str:
    """Return what stands behind ``Bearer`` in this request, valid or not; empty without one."""
    kind, _, found = request.headers.get("Authorization", "").partition(" ")
    return found.strip() if kind.lower() == "bearer" else ""


def _language() -> str:
    """Return the language that the caller asks for, of those that the product speaks; English if none is asked for."""
    wanted = request.accept_languages.best_match(["en", "zh"], default="en")
    return "zh-CN" if wanted == "zh" else messages.ENGLISH


def body() -> Mapping[str, Any]:
    """Return the request's JSON object, read strictly (numbers exactly, no key twice).

    Raises:
        MalformedError: If it is no JSON (400).
        RecordError: If it is JSON, but no object (422).
        TooLargeError: If it is larger than ``LARGEST_BODY``.
        QueryError: If it is not sent as ``application/json``.
    """
    if request.mimetype not in ("application/json", "application/merge-patch+json"):
        raise QueryError(f"the body is “{request.mimetype or 'of no type'}”; send it as application/json")
    if (request.content_length or 0) > LARGEST_BODY:
        raise TooLargeError(f"the body has more than {LARGEST_BODY} bytes; send it in parts")
    found = read_json(request.get_data(cache=True))
    if not isinstance(found, Mapping):
        raise RecordError("the body is not a JSON object", [Problem("", "wrong-type", "send one object in { }")])
    return found


def read_json(text: bytes) -> Any:
    """Return JSON as plain values; numbers with a fraction are exact decimals.

    The standard library's reader with the doors shut that it leaves open: a key twice, NaN and Infinity, numbers of
    thousands of digits, nesting without end. Documents are read by ``metadata.strict``, which tells lines and columns.

    Raises:
        MalformedError: If it is no such JSON.
    """
    try:
        return json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_constant,
        )
    except UnicodeDecodeError:
        detail = "the body is not UTF-8"
    except RecursionError:
        detail = "the body is nested too deep"
    except ValueError as error:
        detail = f"the body is not valid JSON: {error}"
    raise MalformedError("the body cannot be read; send one JSON object in UTF-8", [Problem("", "not-json", detail)])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(n for n in names if names.count(n) > 1)!r} stands twice in one object")
    return found


def _decimal(text: str) -> Decimal:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("a number has too many digits")
    return Decimal(text)


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("a number has too many digits")
    return int(text)


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


def known(given: Mapping[str, Any], *names: str) -> None:
    """Refuse keys of a body that nobody reads: a misspelt one must not be passed over in silence."""
    problems = [
        Problem(f"/{name}", "unknown-key", f"“{name}” is not known here; expected {', '.join(names)}")
        for name in given
        if name not in names
    ]
    if problems:
        raise RecordError("the body cannot be used", problems)


def answer(content: Any, status: int = 200, **headers: str) -> Response:
    """Return a JSON answer. Nothing of it may be kept by a cache."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=_plain)
    response = Response(text, status, mimetype="application/json")
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime):
        return moment(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def problem(error: DealwrightError) -> Response:
    """Return an error as RFC 9457 ``application/problem+json``."""
    content: dict[str, Any] = {
        "type": f"https://dealwright.dev/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        "errors": [one.as_json() for one in error.problems],
        "request_id": g.get("request_id", ""),
    }
    response = answer(content, error.status)
    response.mimetype = "application/problem+json"
    if isinstance(error, RateLimitedError):
        response.headers["Retry-After"] = str(error.retry_after)
    if error.status == 503:
        response.headers["Retry-After"] = "1"
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="dealwright"'
    return response


def plain_problem(status: int, title: str, detail: str) -> Response:
    """Return an error that has no class of its own: what the web server refuses, or a fault of ours (500)."""
    code = title.lower().replace(" ", "-")
    content = {
        "type": f"https://dealwright.dev/problems/{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [],
        "request_id": g.get("request_id", ""),
    }
    response = answer(content, status)
    response.mimetype = "application/problem+json"
    return response


def once(work: Work, make: Callable[[], Response]) -> Response:
    """Answer a POST, PATCH or PUT that carries an Idempotency-Key once; the same key and body get the same answer for 24 hours.

    The stored answer commits together with what the request did: after a crash there are both or neither.

    Raises:
        RecordError: If the key was used with another body (422).
        ConflictError: If a request with this key is still being worked on.
    """
    named = _named(work.user)
    if named is None:
        return make()
    replay = _answered(idempotency.begin(work.connection, *named, clock.now()))
    if replay is not None:
        return replay
    response = make()
    _finish(work.connection, named, response)
    return response


def answered(work: Work) -> Response | None:
    """Return the answer of before to a request that carries an Idempotency-Key; None if it is new, or carries none.

    For work that has a transaction of its own: :func:`keep` notes its answer there.

    Raises:
        RecordError: If the key was used with another body (422).
    """
    named = _named(work.user)
    return _answered(idempotency.look(work.connection, *named)) if named is not None else None


def keyed() -> bool:
    """Tell whether the request carries an Idempotency-Key."""
    return "Idempotency-Key" in request.headers


def keep(connection: Connection, user: access.User, response: Response) -> None:
    """Keep the answer to a request that carries an Idempotency-Key, in the transaction that does its work.

    Raises:
        ConflictError: If another request with this key was quicker; the transaction must not be committed.
    """
    named = _named(user)
    if named is None:
        return
    if idempotency.begin(connection, *named, clock.now()).state != "new":
        raise ConflictError("a request with this Idempotency-Key is still being worked on; try again in a moment")
    _finish(connection, named, response)


def _named(user: access.User) -> tuple[str, str, str] | None:
    """Return scope, key and digest of the request; None if it carries no Idempotency-Key."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
        raise QueryError(f"Idempotency-Key has {len(key)} characters; use 1 to {LONGEST_KEY} printable ones")
    # Of the token, not of its user: a token that is limited to some roles gets no answer made for another.
    scope = f"{user.token or user.id}:{request.method}:{request.path}"
    return scope, key, hashlib.sha256(request.get_data(cache=True)).hexdigest()


def _answered(begun: idempotency.Begun) -> Response | None:
    if begun.state == "other":
        text = "this Idempotency-Key was used with another body; use a new key for a new request"
        raise RecordError(text, [Problem("", "key-reused", text)])
    if begun.state == "running":
        raise ConflictError("a request with this Idempotency-Key is still being worked on; try again in a moment")
    if begun.state == "new":
        return None
    stored = answer(begun.answer["body"], begun.status or 200)
    stored.headers.update(begun.answer.get("headers", {}))
    stored.headers["Idempotent-Replay"] = "true"
    return stored


def _finish(connection: Connection, named: tuple[str, str, str], response: Response) -> None:
    content = json.loads(response.get_data(as_text=True) or "null")
    headers = {name: response.headers[name] for name in ("ETag", "Location") if name in response.headers}
    idempotency.finish(connection, *named[:2], response.status_code, {"body": content, "headers": headers})


def etag(version: int) -> str:
    """Return the entity tag of a record's version."""
    return f'"{version}"'


def expected_version() -> int | None:
    """Return the version of ``If-Match``, or None if the request has none.

    Raises:
        QueryError: If it is not one version in quotes.
    """
    text = request.headers.get("If-Match")
    if text is None or text.strip() == "*":
        return None
    version = text.strip().removeprefix("W/").strip('"')
    if not version.isascii() or not version.isdigit() or len(version) > 9:
        raise QueryError(f'If-Match is {text[:40]!r}; send the ETag that you were given, such as "3"')
    return int(version)


def number(name: str, default: int, low: int, high: int) -> int:
    """Return a whole number of the query string.

    Raises:
        QueryError: If it is none, or out of range.
    """
    text = single(name)
    if text is None:
        return default
    if not text.isascii() or not text.lstrip("-").isdigit() or len(text) > 9 or not low <= int(text) <= high:
        raise QueryError(f"{name} is “{text[:20]}”, it may be {low} to {high}")
    return int(text)


def single(name: str) -> str | None:
    """Return a parameter of the query string, or None.

    Raises:
        QueryError: If it is given more than once: two readers could choose differently.
    """
    values = request.args.getlist(name)
    if len(values) > 1:
        raise QueryError(f"{name} is given {len(values)} times; give it once")
    if values and "\x00" in values[0]:
        raise QueryError(f"{name} holds a NUL character")
    return values[0] if values else None


def only_known(*names: str) -> None:
    """Refuse parameters of the query string that nobody reads."""
    for name in request.args:
        if name not in names:
            raise QueryError(f"“{name[:40]}” is no parameter here; expected {', '.join(names) or 'none'}")
