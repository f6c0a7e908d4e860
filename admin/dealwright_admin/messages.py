"""Messages of a draft: both languages side by side, placeholders offered and checked, looked at with a record, tried on oneself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import redirect, request, url_for

from dealwright import records
from dealwright.actions import filled
from dealwright.errors import DealwrightError, NotFoundError
from dealwright.metadata.names import CUSTOM
from dealwright.packs import drafts, edits
from dealwright.records import wording
from dealwright.storage import trial
from dealwright.web import display, i18n, sentences, visit
from dealwright.web.i18n import gettext
from dealwright_admin import copying, entities, fields, message_texts, problems, words
from dealwright_admin.console import exposed
from dealwright_admin.draft_page import DraftPage, autosaved, noted, opened, seen, writing
from dealwright_admin.entities import LOCALE, Texts

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from dealwright.packs.drafts import Opened

_OFFERED: Final = 30


class Messages(DraftPage):
    """Messages of a draft."""

    part = "messages"

    @exposed("/<draft>/messages/", methods=("GET", "POST"))
    def index_view(self, draft: str) -> ResponseReturnValue:
        """Show the messages; make a new one, or an own copy of a pack's."""
        if request.method == "POST":
            return self._made(draft)
        found = opened(draft)
        wanted = request.args.get("q", "").strip()
        rows = [_row(found, name) for name in found.ids("message")]
        if wanted:
            rows = [one for one in rows if wanted.casefold() in f"{one['id']} {one['title']} {one['body']}".casefold()]
        return self.shown("messages.html", found, rows=rows, wanted=wanted), 200

    def _made(self, draft: str) -> ResponseReturnValue:
        form = request.form
        title, chinese = (form.get(name, "").strip()[:200] for name in ("title", "chinese"))
        with writing(draft) as (connection, found):
            taken = set(found.ids("message"))
            if original := form.get("copy"):
                document = copying.copied(found, "message", original, taken)
            elif title or chinese:
                name = f"{CUSTOM}.{entities.free(title, taken, 'message', f'{CUSTOM}.')}"
                document = {"kind": "message", "id": name, "lang": 1, "title": title or chinese}
            else:
                return redirect(url_for("admin_draft_messages.index_view", draft=draft), 303)
            texts: Texts = {("title",): {LOCALE: chinese}} if title and chinese else {}
            drafts.write(connection, found, "message", document["id"], document, texts, by=visit.user().id)
        return redirect(url_for("admin_draft_messages.message_view", draft=draft, message=document["id"]), 303)

    @exposed("/<draft>/messages/<message>/", methods=("GET", "POST"))
    def message_view(self, draft: str, message: str) -> ResponseReturnValue:
        """Show a message, or let it be as the form says; a script posts it while somebody types."""
        if request.method == "GET":
            return self._page(opened(draft), message, "message.html"), 200
        with writing(draft) as (connection, found):
            document = message_texts.read(request.form, found.document("message", message))
            texts: Texts = {
                (part,): {LOCALE: request.form[f"{part}.{LOCALE}"].replace("\r\n", "\n").strip()}
                for part in message_texts.PARTS
                if f"{part}.{LOCALE}" in request.form and document.get(part)
            }
            found = drafts.write(
                connection, found, "message", message, document, texts, by=visit.user().id, seen=seen()
            )
        if autosaved():
            return self._page(found, message, "verdict.html"), 200
        about = request.form.get("about") or None
        return redirect(url_for("admin_draft_messages.message_view", draft=draft, message=message, entity=about), 303)

    @exposed("/<draft>/messages/<message>/preview/")
    def preview_view(self, draft: str, message: str) -> ResponseReturnValue:
        """Show what the message says of a record, in both languages."""
        found = opened(draft)
        found.document("message", message)
        told, refusal = [], None
        entity, record = request.args.get("entity", ""), request.args.get("record", "")
        try:
            with visit.reading() as work:
                reading = records.Work(
                    visit.workspace(), work.connection, visit.user(), catalog=trial.of(found.catalog, work.catalog)
                )
                told = [_told(reading, found, message, entity, record, language) for language in ("en", LOCALE)]
        except DealwrightError as error:
            refusal = sentences.told(error.detail)
        return self.shown("message_preview.html", found, told=told, refusal=refusal), 200

    @exposed("/<draft>/messages/<message>/send/", methods=("POST",))
    def send_view(self, draft: str, message: str) -> ResponseReturnValue:
        """Send the message as it is drafted to who asks, and to nobody else.

        Raises:
            NotFoundError: If there is no such record, or there are no such channel and language.
        """
        form = request.form
        entity, record, channel = (form.get(name, "") for name in ("entity", "record", "channel"))
        language = form.get("language", "en")
        with writing(draft) as (connection, found):
            if channel not in _channels(found, message) or language not in ("en", LOCALE):
                raise NotFoundError(gettext("There is nothing with the id “%(id)s”.", id=f"{channel} {language}"[:80]))
            reading = records.Work(
                visit.workspace(), connection, visit.user(), catalog=trial.of(found.catalog, visit.catalog())
            )
            texts = _texts(found, message, language)
            sources = message_texts.placeholders(" ".join(texts.values()))
            space = message_texts.spaces(found, message, entity)
            placed = wording.values(reading, entity, record, space, sources)
            work = records.Work(visit.workspace(), connection, visit.user(), catalog=visit.catalog())
            target = wording.test(work, channel, texts, placed, language, {"entity": entity, "id": record})
            said = {"message": message, "channel": channel, "entity": entity, "record": record}
            noted(connection, "message.tested", draft, {**said, "sent": bool(target)})
        if autosaved():
            return self.shown("message_sent.html", found, target=target), 200
        here = url_for("admin_draft_messages.message_view", draft=draft, message=message, entity=entity, notice="done")
        return redirect(here, 303)

    @exposed("/<draft>/messages/<message>/reset/", methods=("POST",))
    def reset_view(self, draft: str, message: str) -> ResponseReturnValue:
        """Let a text of a pack's message, or all of it, be as the pack says; one of the admins' own goes."""
        at = tuple(one for one in (request.form.get("attribute", ""),) if one)
        with writing(draft) as (connection, found):
            found.document("message", message)
            drafts.take_back(connection, found, "message", message, at, by=visit.user().id)
        if edits.is_own(message) and not at:
            return redirect(url_for("admin_draft_messages.index_view", draft=draft), 303)
        return redirect(url_for("admin_draft_messages.message_view", draft=draft, message=message), 303)

    def _page(self, found: Opened, message: str, template: str) -> str:
        document = found.document("message", message)
        users = message_texts.users(found, message)
        asked = request.values.get("entity") or request.values.get("about") or ""
        entity = asked if asked in found.catalog.entities else next(iter(users), "")
        every = {
            (part, lang): _texts(found, message, lang)[part] for part in message_texts.PARTS for lang in ("en", LOCALE)
        }
        wrong = message_texts.faults(found, message, entity, every)
        live = visit.catalog()
        offered: list[tuple[str, str]] = []
        if entity in live.entities:
            with visit.reading() as work:
                name = work.catalog.entity(entity).display or "id"
                rows = records.page(work, entity, size=_OFFERED).items
                offered = [(str(one["id"]), str(one.get(name) or one["id"])) for one in rows]
        told = problems.at(problems.told(found), "message", message)
        return self.shown(
            template,
            found,
            message=message,
            document=document,
            own=edits.is_own(message),
            owner=entities.owner(found, message, "message"),
            texts={part: found.text("message", message, (part,), LOCALE) for part in message_texts.PARTS},
            users=[one for some in users.values() for one in some],
            entity=entity,
            entities=[(one, words.document(found.catalog, "entity", one)) for one in users] or entities.choices(found),
            names=fields.names(found, entity),
            channels=_channels(found, message),
            offered=offered,
            changed={one.steps[0] for one in found.changed("message", message) if one.steps},
            placeholders=wrong,
            errors={one.at[0]: one.message for one in [*wrong, *told] if one.at},
            mine=told,
            words=words,
            seen=drafts.digest(found, "message", message),
        )


def _row(found: Opened, name: str) -> dict[str, Any]:
    document = found.document("message", name)
    users = message_texts.users(found, name)
    return {
        "id": name,
        "title": words.document(found.catalog, "message", name)
        if ("message", name) in found.catalog.documents
        else str(document["title"]),
        "body": _texts(found, name, i18n.tag())["body"],
        "owner": entities.owner(found, name, "message"),
        "own": edits.is_own(name),
        "changed": f"message:{name}" in found.touched,
        "chinese": bool(found.text("message", name, ("title",), LOCALE)),
        "used": sum(len(some) for some in users.values()),
    }


def _texts(found: Opened, message: str, language: str) -> dict[str, str]:
    """Return the texts of a message in a language; in Chinese its own where nothing is translated."""
    document = found.document("message", message)
    own = {part: str(document.get(part, "")) for part in message_texts.PARTS}
    if language == "en":
        return own
    return {part: found.text("message", message, (part,), LOCALE) or text for part, text in own.items()}


def _told(work: records.Work, found: Opened, message: str, entity: str, record: str, language: str) -> dict[str, Any]:
    texts = _texts(found, message, language)
    sources = message_texts.placeholders(" ".join(texts.values()))
    space = message_texts.spaces(found, message, entity)
    placed = wording.values(work, entity, record, space, sources)
    return {
        "language": language,
        "title": filled(texts["title"], placed),
        "body": display.markdown(filled(texts["body"], placed, markdown=True)) if texts["body"] else "",
        "text": filled(texts["body"], placed),
        "empty": [one for one in sources if one in placed and placed[one] in (None, "")],
    }


def _channels(found: Opened, message: str) -> dict[str, str]:
    """Return the channels by which a message can be tried, with what they are called."""
    titles = {wording.IN_APP: gettext("Notification"), wording.EMAIL: gettext("E-mail")}
    said = found.document("message", message).get("channels", ())
    return {one: titles.get(one, str(one)) for one in dict.fromkeys([*titles, *said])}
