"""What checks say, in the language of the page.

Floors below the web say in English what is wrong with a definition or a condition, and the API and the command line
leave it so. For pages there is a catalogue of these sentences, ``translations/zh-CN.checks.tsv``: English, a tab,
Chinese, with holes such as ``<name>`` for the values. What stands in a hole ``<type>`` is translated as far as it is a
word of the platform; what stands in a hole ``<what>`` must be one, or the sentence is another. A sentence that is not in
the catalogue stays English.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from dealwright.web import i18n

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.errors import DealwrightError

CATALOGUE: Final = i18n.TRANSLATIONS / "zh-CN.checks.tsv"
_HOLE: Final = re.compile(r"<([a-z]+[0-9]?)>")
_MEANT: Final = re.compile(r"; did you mean “([^”]+)”\?\Z")
_PLACE: Final = re.compile(r" \(“(?P<part>[^\0]*)”, from character (?P<at>[0-9]+)\)\Z")
_JOINED: Final = re.compile(r"(, | or | and )")
_JOINTS: Final = {", ": "、", " or ": "或", " and ": "和"}


class _Sentence(NamedTuple):
    """One line of the catalogue: the fixed parts of the English, the names of the holes between them, and the Chinese."""

    parts: tuple[str, ...]
    holes: tuple[str, ...]
    chinese: str

    def values(self, message: str) -> dict[str, str] | None:
        """Return what stands in the holes of a message, or None if it is another sentence.

        Each fixed part is taken where it stands first, so the time is that of reading the message, whatever it holds.
        """
        first, *middle = self.parts
        if not middle:
            return {} if message == first else None
        if not message.startswith(first) or not message.endswith(middle[-1]):
            return None
        found: dict[str, str] = {}
        at, end = len(first), len(message) - len(middle[-1])
        for name, part in zip(self.holes, middle, strict=True):
            stop = end if len(found) == len(self.holes) - 1 else message.find(part, at + 1, end)
            if stop <= at:
                return None
            found[name] = message[at:stop]
            at = stop + len(part)
        return found


def told(message: str) -> str:
    """Return what a check says in the language of the page; English where the page's language has no such sentence."""
    return chinese(message) or message if i18n.tag() == "zh-CN" else message


def every(error: DealwrightError) -> str:
    """Return what a refusal says in the language of the page: its problems in one line, else itself."""
    return "; ".join(told(one.message) for one in error.problems) or told(error.detail)


@lru_cache(maxsize=4096)
def chinese(message: str) -> str | None:
    """Return a message of a check in Chinese, or None if the catalogue does not have it.

    The endings that many sentences have, what was probably meant and where in a condition it is, are translated apart.
    """
    place = _PLACE.search(message)
    said = message[: place.start()] if place else message
    meant = _MEANT.search(said)
    found = _said(said[: meant.start()] if meant else said)
    if found is None:
        return None
    if meant:
        found += f"；您是不是要写“{meant[1]}”？"
    return f"{found}（“{place['part']}”，第 {place['at']} 个字符起）" if place else found


def _said(message: str) -> str | None:
    for sentence in _sentences():
        values = sentence.values(message)
        if values is not None and (put := _translated(values)) is not None:
            return _HOLE.sub(lambda hole, put=put: put.get(hole[1], hole[0]), sentence.chinese)  # type: ignore[misc]
    return None


def _translated(values: Mapping[str, str]) -> dict[str, str] | None:
    """Return the values of holes with the words of the platform in Chinese; None if one is no such word and must be."""
    put = dict(values)
    for name, value in values.items():
        if name.startswith(("what", "type")):
            words = _words(value)
            if words is None and name.startswith("what"):
                return None
            put[name] = words or value
    return put


def _words(value: str) -> str | None:
    whole = _said(value)
    if whole is not None or not _JOINED.search(value):
        return whole
    parts = [_JOINTS.get(one) or _said(one) for one in _JOINED.split(value)]
    return None if None in parts else "".join(filter(None, parts))


@cache
def _sentences() -> tuple[_Sentence, ...]:
    """Return the catalogue, the sentences with the most fixed text first: a special one goes before a general one."""
    lines = CATALOGUE.read_text("utf-8").splitlines()
    read = [_sentence(*line.split("\t")) for line in lines if "\t" in line]
    return tuple(sorted(read, key=lambda one: (-sum(map(len, one.parts)), -sum("what" in hole for hole in one.holes))))


def _sentence(english: str, translated: str) -> _Sentence:
    parts = _HOLE.split(english)
    return _Sentence(tuple(parts[::2]), tuple(parts[1::2]), translated)
