# ruff: noqa: INP001 - a script of the build, in no package
r"""Collects every text of the pages, the console and the scripts, and writes the catalogues of translations.

    python ui/texts.py

English is the key of every text. Chinese stands in ``zh-CN.tsv`` beside the catalogues, one text a line: English, a
tab, Chinese, with ``\\n`` for a line break. A text without Chinese is printed and makes the exit code 1; one that is in
no source any more is printed too.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import write_po

ROOT = Path(__file__).resolve().parents[1]
TRANSLATIONS = ROOT / "platform" / "dealwright" / "web" / "translations"
SOURCES = (ROOT / "platform" / "dealwright" / "web", ROOT / "admin" / "dealwright_admin")
#: A call of ``t`` in a script. Babel's own reader of JavaScript misses those inside templates.
_SCRIPT = re.compile(r"\bt\('((?:[^'\\]|\\.)+)'")


def page_texts() -> set[str]:
    """Return the texts of templates and Python modules."""
    methods = [("**.py", "python"), ("**.html", "jinja2")]
    keywords = {"gettext": None, "lazy_gettext": None, "_": None}
    options = {"**.html": {"trimmed": "false", "silent": "false"}}
    return {
        str(text)
        for source in SOURCES
        for _, _, text, _, _ in extract_from_dir(str(source), methods, options, keywords=keywords)
    }


def script_texts() -> set[str]:
    """Return the texts of scripts."""
    return {text for file in (ROOT / "ui" / "src").glob("*.js") for text in _SCRIPT.findall(file.read_text("utf-8"))}


def chinese() -> dict[str, str]:
    """Return the translations by their English."""
    lines = (TRANSLATIONS / "zh-CN.tsv").read_text("utf-8").splitlines()
    return dict(line.replace("\\n", "\n").split("\t") for line in lines if "\t" in line)


def catalogue(texts: set[str], translated: dict[str, str]) -> Catalog:
    """Return a gettext catalogue; the same texts give the same bytes."""
    # A fixed date: the header of the catalogue would else differ each time.
    day = datetime(2026, 1, 1, tzinfo=UTC)
    made = Catalog(locale="zh_Hans_CN", header_comment="", fuzzy=False, creation_date=day, revision_date=day)
    for text in sorted(texts):
        made.add(text, translated.get(text, ""), flags=["python-format"] if "%(" in text else [])
    return made


def written(made: Catalog) -> tuple[bytes, bytes]:
    """Return the catalogue as the bytes of a ``.po`` and a ``.mo`` file."""
    po, mo = BytesIO(), BytesIO()
    write_po(po, made, omit_header=True, sort_output=True)
    write_mo(mo, made)
    return po.getvalue(), mo.getvalue()


def main() -> int:
    """Write the catalogues; return 1 if a text has no Chinese."""
    translated = chinese()
    pages, scripts = page_texts(), script_texts()
    folder = TRANSLATIONS / "zh_Hans_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True, exist_ok=True)
    po, mo = written(catalogue(pages, translated))
    (folder / "messages.po").write_bytes(po)
    (folder / "messages.mo").write_bytes(mo)
    chosen = {text: translated[text] for text in sorted(scripts) if text in translated}
    text = json.dumps(chosen, ensure_ascii=False, indent=1)
    (TRANSLATIONS / "zh-CN.js.json").write_text(text + "\n", "utf-8")
    missing = sorted((pages | scripts) - set(translated))
    for one in missing:
        print(f"no Chinese: {one!r}")
    for one in sorted(set(translated) - pages - scripts):
        print(f"in no source: {one!r}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
