"""The templates as text: nothing in them could ask for a laxer policy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dealwright.fields import TYPES

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(
    [
        *(ROOT / "platform/dealwright/web/templates").rglob("*.html"),
        *(ROOT / "admin/dealwright_admin/templates").rglob("*.html"),
    ]
)
#: Leaves the house in a mail, with its own policy within: no stylesheet could be fetched there.
ALONE = ROOT / "platform/dealwright/web/templates/reports/alone.html"
FIELDS = ROOT / "platform/dealwright/web/templates/fields"


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_template_has_no_inline_style_script_or_handler(file: Path) -> None:
    text = file.read_text("utf-8")
    assert not re.search(r"\sstyle\s*=", text)
    assert file == ALONE or not re.search(r"<style", text)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text)
    assert "javascript:" not in text
    assert "hx-on" not in text
    for script in re.findall(r"<script[^>]*>", text):
        assert "src=" in script or 'type="application/json"' in script, script


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_template_marks_nothing_as_safe(file: Path) -> None:
    assert not re.search(r"\|\s*safe\b|autoescape", file.read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(TYPES))
def test_every_field_type_has_a_template_of_its_own(name: str) -> None:
    computed = {"formula", "rollup", "lookup"}  # shown like their result
    assert name in computed or (FIELDS / f"{name}.html").is_file()


def test_the_page_in_a_mail_fetches_nothing_and_writes_nothing_into_its_styles() -> None:
    text = ALONE.read_text("utf-8")
    styles = text[text.index("<style>") : text.index("</style>")]
    assert "{{" not in styles
    assert "{%" not in styles
    assert "url(" not in styles
    assert "default-src 'none'; style-src 'unsafe-inline'" in text
