"""Approvals of records: asking for one, deciding, taking back, handing over.

Each is one transaction: the course goes on (:mod:`dealwright.approvals`), its rows, the notices to those who are asked
now, the moments at which it is due, and the ``approval.*`` events that wake rules are written together. The approval
is locked first, so two people who decide at the same moment come one after the other, and the second is told what the
first has done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import access, approvals, clock
from dealwright.approvals import Candidate, kept, moves
from dealwright.approvals.texts import ended, say
from dealwright.errors import ConflictError, ForbiddenError, NotFoundError, Problem, RecordError
from dealwright.fields import messages
from dealwright.records import approval_course, approval_facts
from dealwright.records.read import missing
from dealwright.storage import approvals as stored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dealwright.approvals import Course, People
    from dealwright.metadata.approvals import Approval, Step
    from dealwright.records.work import Work
    from dealwright.storage.approvals import Stored

#: Characters of a comment.
LONGEST_COMMENT = 5000


def request(
    work: Work,
    approval_id: str,
    entity_id: str,
    record_id: str,
    *,
    comment: str | None = None,
    event: str | None = None,
) -> str:
    """Ask for an approval of a record; return its id.

    Args:
        work: The transaction.
        approval_id: Id of the definition.
        entity_id: Id of the entity.
        record_id: The record.
        comment: What those who decide should know.
        event: What asked for it; None for a person, who must be allowed to update the record.

    Raises:
        NotFoundError: If there is no such approval for this entity, or the record may not be seen.
        ForbiddenError: If the person may not update the record, or people may not ask for this approval.
        ConflictError: If it is asked for already, or not needed as the record is now.
    """
    held = access.demand(work.catalog, work.user, "update", entity_id) if event is None else None
    approval = approvals.of(work.catalog).get(approval_id)
    if approval is None or approval.entity != entity_id:
        raise NotFoundError(f"there is no approval “{approval_id[:81]}” of {entity_id}")
    env = approval_facts.env(work, work.catalog, approval, record_id)
    if env is None or (held is not None and not held.seen_on(env)):
        raise missing(work, entity_id, record_id)
    refused = refusal(work, approval, env, held)
    if refused is not None:
        raise refused
    people = approvals.People(work.connection, work.catalog, approval, env, work.user.id, work.now, work.catalog)
    course = moves.begin(
        approval, approval_course.needed(work, approval, env), work.user.id, people.ask, people.managers
    )
    identifier = clock.new_id()
    stored.add(
        work.connection,
        [
            {
                "id": identifier,
                "approval": approval_id,
                "revision": work.catalog.revision,
                "entity": entity_id,
                "record": record_id,
                "requester": work.user.id,
                "asked_at": work.now,
                "comment": _comment(comment),
                "state": course.state,
                "turn": course.turn,
                "places": kept.places(course),
                "facts": approvals.facts(work.catalog, approval, env),
                "digest": approvals.digest(work.catalog, approval, env),
                "ended_at": None if course.state == "open" else work.now,
                "event": event,
            }
        ],
    )
    stored.add_seats(work.connection, kept.new_seats(identifier, None, course, work.now))
    row = stored.get(work.connection, [identifier])[identifier]
    approval_course.follow(work, approval, row, None, course, "approval.requested", {})
    return identifier


def may_request(work: Work, approval: Approval, record_id: str) -> bool:
    """Tell whether the user may ask for this approval of a record now."""
    held = access.rights(work.catalog, work.user, approval.entity)
    env = approval_facts.env(work, work.catalog, approval, record_id)
    return env is not None and bool(held.seen_on(env)) and refusal(work, approval, env, held) is None


def refusal(
    work: Work, approval: Approval, env: Mapping[str, Any], held: access.Rights | None
) -> ForbiddenError | ConflictError | None:
    """Return why an approval cannot be asked for; ``held`` are the rights of the person who asks, None for a rule."""
    title = work.catalog.text("approval", approval.id, "/title", messages.locale()) or approval.title
    if work.catalog.is_off(approval.id):
        return ConflictError(say("pack-off", approval=title))
    if held is not None and not held.matching("update", env):
        return ForbiddenError(say("may-not-ask"))
    if held is not None and not approval.by_hand:
        return ForbiddenError(say("by-rules", approval=title))
    if not approval_course.holds(work, approval, approval.when, env):
        return ConflictError(say("not-needed", approval=title))
    if stored.rows(work.connection, [env["id"]], [approval.id], state="open"):
        return ConflictError(say("asked-already", approval=title))
    return None


def decide(work: Work, identifier: str, verdict: str, *, step: str | None = None, comment: str | None = None) -> Course:
    """Approve or reject, as somebody who is asked.

    Args:
        work: The transaction, in the name of who decides.
        identifier: Id of the approval.
        verdict: ``approved`` or ``rejected``.
        step: Which step, where the person is asked in several that run side by side; None for all of them.
        comment: Why.

    Raises:
        NotFoundError: If there is no such approval, or the person has nothing to do with it.
        ConflictError: If it has ended, or the person has decided or is asked no longer.
        RecordError: If the step wants a comment and there is none.
    """
    row, approval, course = approval_course.locked(work, identifier)
    seats = [one for one in course.asked() if one.user == work.user.id]
    seats = [one for one in seats if course.place(one.place).state == "open"]
    if step is not None:
        seats = [one for one in seats if course.place(one.place).step == step]
    if not seats:
        raise _not_asked(work, row, course)
    for seat in seats:
        decided = approval.steps[course.place(seat.place).step]
        _must_say_why(decided, _step_title(work, approval, decided), verdict, comment)
    env = approval_course.env_of(work, row, approval)
    people = approval_course.people_of(work, row, approval, env)
    _must_see(work, people)
    before, told = course, {"comment": _comment(comment), "address": work.address or None}
    told["digest"] = approvals.digest(approval_course.catalog_of(work, row), approval, env)
    for seat in seats:
        if any(one.number == seat.number and one.state == "asked" for one in course.seats):
            course = moves.decide(approval, course, seat.number, verdict, people.ask, people.managers)
    data = {"by": work.user.id, "verdict": verdict, "steps": [course.place(one.place).step for one in seats]}
    if work.user.by == "link":
        data["via"] = "link"  # from a mail, without signing in
    approval_course.write(work, row, before, course, {one.number: told for one in seats})
    approval_course.follow(work, approval, row, before, course, "approval.decided", data)
    return course


def recall(work: Work, identifier: str) -> Course:
    """Take an approval back, as who asked for it; raises as :func:`dealwright.approvals.moves.recall`."""
    return _step(work, identifier, None, {}, lambda a, c, p: moves.recall(a, c, work.user.id))


def give_back(work: Work, identifier: str, *, to: str | None, comment: str | None = None) -> Course:
    """Send an approval back to an earlier step, or to who asked (``to`` None), as somebody who is asked."""
    return _as_asked(
        work,
        identifier,
        "approval.sent_back",
        {"to": to, "comment": _comment(comment)},
        lambda a, c, seat, p: moves.give_back(a, c, seat, to, p.ask, p.managers),
    )


def hand_over(work: Work, identifier: str, *, to: str, comment: str | None = None) -> Course:
    """Let another person decide in one's stead."""
    return _as_asked(
        work,
        identifier,
        "approval.handed_over",
        {"to": to, "comment": _comment(comment)},
        lambda a, c, seat, p: moves.hand_over(a, c, seat, _somebody(p, to, "/to"), f"handed over by {work.user.name}"),
    )


def add(work: Work, identifier: str, *, who: str, where: str, comment: str | None = None) -> Course:
    """Ask one more person: ``before``, ``beside`` or ``after`` oneself."""
    if where not in ("before", "beside", "after"):
        text = f"“{where[:40]}” is no place for an approver; choose before, beside or after"
        raise RecordError("nobody was added", [Problem("/where", "not-a-choice", text)])
    return _as_asked(
        work,
        identifier,
        "approval.approver_added",
        {"who": who, "where": where, "comment": _comment(comment)},
        lambda a, c, seat, p: moves.add(a, c, seat, _somebody(p, who, "/who"), where, f"added by {work.user.name}"),
    )


def appoint(work: Work, identifier: str, *, step: str, who: str, instead: str | None = None) -> Course:
    """Name who decides a step that found nobody to ask, or instead of somebody who is asked, as an administrator.

    Raises:
        NotFoundError: If there is no such approval.
        ForbiddenError: If the person is no administrator.
        ConflictError: If no such step waits for somebody to be named, or for ``instead``.
        RecordError: If ``who`` cannot sign in or may not read the record.
    """
    if not access.capable(work.catalog, work.user, "admin"):
        row, _, course = approval_course.locked(work, identifier)
        refused = _not_asked(work, row, course)
        raise refused if isinstance(refused, NotFoundError) else ForbiddenError("only an administrator names approvers")

    def replaced(approval: Approval, course: Course, people: People) -> Course:
        asked = [one for one in course.asked() if one.user == instead and course.place(one.place).step == step]
        if not asked:
            raise ConflictError(f"no step “{step[:40]}” of this approval waits for this person")
        return moves.hand_over(
            approval, course, asked[0].number, _somebody(people, who, "/who"), f"named by {work.user.name}"
        )

    if instead is not None:
        told = {"to": who, "instead": instead, "step": step}
        return _step(work, identifier, "approval.handed_over", told, replaced)

    def named(approval: Approval, course: Course, people: People) -> Course:
        place = next((one for one in course.live() if one.step == step and one.state == "blocked"), None)
        if place is None:
            raise ConflictError(f"no step “{step[:40]}” of this approval waits for somebody to be named")
        candidate = Candidate(_somebody(people, who, "/who"), f"named by {work.user.name}")
        return moves.seat(approval, course, place.number, [candidate])

    return _step(work, identifier, "approval.approver_added", {"who": who, "where": step}, named)


def decide_each(work: Work, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Decide several approvals one by one, with the same checks; one that is refused hinders no other.

    Args:
        work: The transaction.
        items: ``{"id", "verdict", "step"?, "comment"?}`` each.

    Returns:
        For each its ``index`` and ``id``, and its ``state`` or what is wrong: ``code``, ``detail`` and ``errors``.
    """
    done: list[dict[str, Any]] = []
    for index, one in enumerate(items):
        told: dict[str, Any] = {"index": index, "id": one["id"]}
        try:
            with work.connection.begin_nested():
                course = decide(work, one["id"], one["verdict"], step=one.get("step"), comment=one.get("comment"))
            told["state"] = course.state
        except (NotFoundError, ConflictError, ForbiddenError, RecordError) as error:
            errors = [{"pointer": p.pointer, "code": p.code, "message": p.message} for p in error.problems]
            told |= {"code": error.code, "detail": error.detail, "errors": errors}
        done.append(told)
    return done


# How each goes ----------------------------------------------------------------------------------------------------


def _step(
    work: Work,
    identifier: str,
    kind: str | None,
    data: Mapping[str, Any],
    move: Callable[[Approval, Course, People], Course],
) -> Course:
    row, approval, before = approval_course.locked(work, identifier)
    env = approval_course.env_of(work, row, approval)
    after = move(approval, before, approval_course.people_of(work, row, approval, env))
    approval_course.write(work, row, before, after, {})
    approval_course.follow(work, approval, row, before, after, kind, {"by": work.user.id, **data})
    return after


def _as_asked(
    work: Work,
    identifier: str,
    kind: str,
    data: Mapping[str, Any],
    move: Callable[[Approval, Course, int, People], Course],
) -> Course:
    def moved(approval: Approval, course: Course, people: People) -> Course:
        seats = [one for one in course.asked() if one.user == work.user.id]
        seats = [one for one in seats if course.place(one.place).state == "open"]
        if not seats:
            raise _not_asked(work, stored.get(work.connection, [identifier])[identifier], course)
        _must_see(work, people)
        return move(approval, course, seats[0].number, people)

    return _step(work, identifier, kind, data, moved)


def _not_asked(work: Work, row: Stored, course: Course) -> Exception:
    """Return what somebody is told who is not asked: nothing at all, unless the person had to do with it."""
    mine = [one for one in row.seats if one["user"] == work.user.id]
    if not mine and work.user.id != row.requester:
        return NotFoundError(f"there is no approval with the id “{row.id[:80]}”")
    if course.state != "open":
        return ConflictError(ended(course.state))
    if any(one["state"] in ("approved", "rejected") for one in mine):
        return ConflictError(say("decided"))
    if any(one["state"] == "asked" for one in mine):
        return ConflictError(say("waits"))
    return ConflictError(say("elsewhere"))


def _must_see(work: Work, people: People) -> None:
    """Hold back who was asked and may see the record no longer: a decision is made on what one sees.

    Raises:
        ForbiddenError: If it is so.
    """
    if work.user.id is None or not people.may(work.user.id):
        raise ForbiddenError(say("unseen"))


def _step_title(work: Work, approval: Approval, step: Step) -> str:
    return work.catalog.text("approval", approval.id, f"/steps/{step.id}/title", messages.locale()) or step.title


def _must_say_why(step: Step, title: str, verdict: str, comment: str | None) -> None:
    wanted = step.comment == "always" or (step.comment == "on_rejection" and verdict == "rejected")
    if wanted and not (comment or "").strip():
        raise RecordError("nothing was decided", [Problem("/comment", "required", say("say-why", step=title))])


def _comment(comment: str | None) -> str | None:
    text = (comment or "").strip()
    if len(text) > LONGEST_COMMENT:
        message = say("too-long", count=len(text), most=LONGEST_COMMENT)
        raise RecordError("nothing was decided", [Problem("/comment", "too-long", message)])
    return text or None


def _somebody(people: People, user: str, pointer: str) -> str:
    """Return a user who can be asked; looked at last, so that it tells nothing to who is not asked here."""
    if not people.may(user):
        raise RecordError("nobody was asked", [Problem(pointer, "no-such-record", say("no-such-person"))])
    return user
