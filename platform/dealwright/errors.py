"""Every error this project raises on purpose, in one tree.

    DealwrightError                 code               status
      DefinitionError               definition-invalid   422   a document (entity, rule, pack ...) is wrong
      ConditionError                condition-invalid    422   a condition does not parse or does not fit the catalog
      RecordError                   record-invalid       422   a record breaks its entity
      MalformedError                not-json             400   the body of a request cannot be read as JSON
      QueryError                    query-invalid        400   a filter, sort, cursor or parameter cannot be used
        UnknownFieldError           unknown-field        400   it names a field that does not exist or may not be seen
      SignInRequiredError           sign-in-required     401   nobody is signed in, or the token is not valid
      ForbiddenError                forbidden            403   the user may not do this
      NotFoundError                 not-found            404   there is none, or the user may not see it
      ConflictError                 conflict             409   it clashes with what is there now
        GateUnmetError              gate-unmet           409   a stage cannot be left or entered yet
        RuleLoopError               rule-loop            409   rules kept changing a record
        StalePlanError              plan-stale           409   definitions changed since the plan was made
      StaleVersionError             stale-version        412   the record was changed by somebody else meanwhile
      TooLargeError                 too-large            413   more was sent than is taken
      RateLimitedError              rate-limited         429   too many requests or attempts
      UnavailableError              unavailable          503   the database cannot answer now; trying again is safe
      DeliveryError                 not-delivered        502   a message, call or mail could not be handed over
        AddressRefusedError         address-refused      422   an outgoing address that must not be asked
      PluginError                   plugin-failed        500   the code of a plugin broke

Three readers: the author of a definition, the person at a form, the operator. A message says what is, what was
expected and what to do. ``code`` never changes; ``problems`` point at the places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where.

    Attributes:
        pointer: JSON Pointer (RFC 6901) to the value, such as ``/lines/2/qty``; empty for the whole document.
        code: Stable word for machines, such as ``below-minimum``.
        message: What is, what was expected, what to do: one sentence for a person.
        source: File or part the pointer is about, such as ``entities/deal.json``; empty for a record.
        label: What it is about in the words of the form, such as “Amount”; empty where the place says it all.
        item: Id of the gate or the item of a checklist that it is about; empty for others.
    """

    pointer: str
    code: str
    message: str
    source: str = ""
    label: str = ""
    item: str = ""

    def __str__(self) -> str:
        place = f"{self.source}{self.pointer or '/'}" if self.source else self.pointer or "/"
        return f"{place}: {self.message}"

    def as_json(self) -> dict[str, str]:
        """Return what an answer says of it: ``pointer``, ``code``, ``message``, and ``label`` and ``item`` if it has any."""
        told = {"pointer": self.pointer, "code": self.code, "message": self.message}
        return told | {name: text for name, text in (("label", self.label), ("item", self.item)) if text}


class DealwrightError(Exception):
    """Base of every error this project raises on purpose.

    Attributes:
        code: Stable word for machines.
        status: The HTTP status that says the same.
        title: What kind of fault this is, the same text each time.
        problems: Every fault found, not only the first.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str, problems: Iterable[Problem] = ()) -> None:
        self.detail = detail
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join([detail, *map(str, self.problems)]) if self.problems else detail)


class DefinitionError(DealwrightError):
    """A document does not fit its schema, or names something that does not exist."""

    code, status, title = "definition-invalid", 422, "The definition is not valid"


class ConditionError(DealwrightError):
    """A condition does not parse, or does not fit the catalog.

    Attributes:
        start: Index of the first wrong character of the source, from 0.
        end: Index after the last wrong character; greater than ``start``.
        suggestion: A name to use instead, where one is near; else None.
        reason: Stable word for machines, such as ``unknown-field``.
        others: What else is wrong with the same condition, in the order of the text.
    """

    code, status, title = "condition-invalid", 422, "The condition is not valid"

    def __init__(
        self,
        message: str,
        start: int,
        end: int,
        *,
        source: str = "",
        reason: str = "syntax",
        suggestion: str | None = None,
    ) -> None:
        self.message, self.start, self.end = message, start, max(end, start + 1)
        self.source, self.reason, self.suggestion = source, reason, suggestion
        self.others: tuple[ConditionError, ...] = ()
        super().__init__(message)

    def shown(self) -> str:
        """Return the message with the source and a line of carets under the wrong part."""
        return f"{self.message}\n  {self.source}\n  {' ' * self.start}{'^' * (self.end - self.start)}"


class RecordError(DealwrightError):
    """A record does not fit its entity. ``problems`` holds every fault with its JSON Pointer."""

    code, status, title = "record-invalid", 422, "The record is not valid"


class MalformedError(DealwrightError):
    """The body of a request is no JSON, so nothing in it could be looked at. ``problems`` says where reading stopped."""

    code, status, title = "not-json", 400, "The body is not JSON"


class QueryError(DealwrightError):
    """A filter, sort, group, cursor or other parameter of a request cannot be used."""

    code, status, title = "query-invalid", 400, "The request cannot be used"


class UnknownFieldError(QueryError):
    """A query names a field that does not exist, or that the caller may not see: the answer is the same."""

    code, title = "unknown-field", "There is no such field"


class SignInRequiredError(DealwrightError):
    """Nobody is signed in, or the token is unknown, expired or revoked."""

    code, status, title = "sign-in-required", 401, "Sign in first"


class ForbiddenError(DealwrightError):
    """The user may not do this to something that he may see."""

    code, status, title = "forbidden", 403, "Not allowed"


class NotFoundError(DealwrightError):
    """There is no such thing, or the user may not see it: the answer is the same."""

    code, status, title = "not-found", 404, "Not found"


class ConflictError(DealwrightError):
    """The request clashes with what is there now."""

    code, status, title = "conflict", 409, "Conflict"


class GateUnmetError(ConflictError):
    """A record may not leave or enter a stage yet. ``problems`` lists every unmet gate."""

    code, title = "gate-unmet", "The stage cannot be changed yet"


class RuleLoopError(ConflictError):
    """Rules went on changing a record past the limit of rounds; nothing was written.

    Attributes:
        rules: Ids of the rules that still fired in the last round.
    """

    code, title = "rule-loop", "Rules keep changing the record"

    def __init__(self, rules: Iterable[str], rounds: int) -> None:
        self.rules = tuple(rules)
        super().__init__(
            f"rules still change the record after {rounds} rounds: {', '.join(self.rules)}; nothing was saved. "
            "Give one of them a condition that is false once its own change is made"
        )


class StalePlanError(ConflictError):
    """A plan was made for other definitions than those in force."""

    code, title = "plan-stale", "The plan is out of date"


class StaleVersionError(DealwrightError):
    """The record was changed by somebody else since the caller read it."""

    code, status, title = "stale-version", 412, "The record has changed meanwhile"


class TooLargeError(DealwrightError):
    """A body, file or list is larger than what is taken."""

    code, status, title = "too-large", 413, "Too large"


class RateLimitedError(DealwrightError):
    """Too many requests or attempts; ``retry_after`` says in how many seconds to try again."""

    code, status, title = "rate-limited", 429, "Too many attempts"

    def __init__(self, detail: str, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(detail)


class UnavailableError(DealwrightError):
    """The database cannot answer now (locked, restarting); nothing was written and trying again is safe."""

    code, status, title = "unavailable", 503, "Try again in a moment"


class DeliveryError(DealwrightError):
    """A message, call or mail could not be handed over.

    Attributes:
        permanent: True if trying again cannot help.
        retry_after: Seconds to wait at least, as the other side asked; None if it did not.
    """

    code, status, title = "not-delivered", 502, "Not delivered"

    def __init__(self, detail: str, *, permanent: bool = False, retry_after: float | None = None) -> None:
        self.permanent, self.retry_after = permanent, retry_after
        super().__init__(detail)


class AddressRefusedError(DeliveryError):
    """An outgoing address is written oddly, or points into a network that must not be asked. Trying again is vain."""

    code, status, title = "address-refused", 422, "This address is not asked"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, permanent=True)


class PluginError(DealwrightError):
    """The code of a plugin raised an error of its own.

    Attributes:
        plugin: Name of the plugin: its entry point.
    """

    code, status, title = "plugin-failed", 500, "A plugin failed"

    def __init__(self, plugin: str, call: str, cause: BaseException) -> None:
        self.plugin = plugin
        super().__init__(
            f"the plugin {plugin!r} failed in {call}: {type(cause).__name__}: {cause}. "
            "Update it, or remove its package and restart"
        )
