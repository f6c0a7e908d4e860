"""Why something was refused, in the language of the page.

Floors below say it in English, or in both languages where people meet it every day (``records.texts``,
``fields.messages``). A Chinese page never shows an English sentence: where only that exists, it says what the kind of
refusal means and what to do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dealwright.web import i18n, sentences
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from dealwright.errors import DealwrightError

_CHINESE = re.compile("[\u4e00-\u9fff]")


def told(error: DealwrightError) -> str:
    """Return what a refusal says beside its title."""
    text = sentences.told(error.detail)
    return text if _speaks(text) else _meant(error)


def problems(error: DealwrightError) -> list[str]:
    """Return the sentences of its problems, each once; those that the page's language does not have are left out."""
    return [text for text in dict.fromkeys(sentences.told(one.message) for one in error.problems) if _speaks(text)]


def _speaks(text: str) -> bool:
    return i18n.tag() != "zh-CN" or _CHINESE.search(text) is not None


def _meant(error: DealwrightError) -> str:
    texts = {
        400: gettext("Something in this address or form cannot be used. Go back and try again from the page."),
        401: gettext("Sign in to go on."),
        403: gettext("Your roles do not allow this. Ask an administrator for one that does."),
        404: gettext("It does not exist, or you may not see it. It may have been removed."),
        409: gettext("It clashes with what is there now. Load the page again and look at it first."),
        412: gettext("Somebody else has changed it meanwhile. Load the page again."),
        413: gettext("More was sent than is taken. Send less."),
        422: gettext("Some of what was sent is not valid. Go back and correct it."),
        429: gettext("Too many requests came from you. Wait a moment and try again."),
        503: gettext("The server is busy. Nothing was changed; try again in a moment."),
    }
    return texts.get(error.status, gettext("Nothing was changed. Try again, or tell an administrator."))
