"""Every refusal has its sentence in both languages, and its place in the documentation."""

from __future__ import annotations

import ast
import re
import string
from decimal import Decimal
from pathlib import Path

import pytest

from dealwright.fields import messages
from dealwright.fields.messages import TEMPLATES, WORDS, Word, described, message

ROOT = Path(__file__).resolve().parents[2]
FIELDS = Path(messages.__file__).parent
SOURCES = [*sorted(FIELDS.glob("*.py")), FIELDS.parent / "records" / "locks.py"]
#: These tell what is wrong with documents, not with records.
ABOUT_DOCUMENTS = {"scored.py"}
#: Calls whose first argument, or whose second, is a code.
CALLS = {"refuse": 0, "refuse_value": 0, "Fault": 0, "message": 0, "say": 1, "problem": 1, "Problem": 1}


def codes_in(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and (name := getattr(node.func, "id", "")) in CALLS:
            given = node.args[CALLS[name]] if len(node.args) > CALLS[name] else None
            found |= (
                {one.value for one in ast.walk(given) if isinstance(one, ast.Constant)} if given is not None else set()
            )
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "refusal":
            found |= {node.value.value} if isinstance(node.value, ast.Constant) else set()
        if isinstance(node, ast.Tuple) and node.elts and isinstance(first := node.elts[0], ast.Constant):
            found |= {first.value} & TEMPLATES.keys()
    return {code for code in found if isinstance(code, str) and re.fullmatch(r"[a-z]+(-[a-z]+)*", code)}


def used() -> set[str]:
    return set().union(*(codes_in(file) for file in SOURCES if file.name not in {"messages.py", *ABOUT_DOCUMENTS}))


def names_in(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_every_code_that_is_used_has_a_sentence_and_every_sentence_is_used():
    mentioned = "".join(file.read_text(encoding="utf-8") for file in SOURCES if file.name != "messages.py")
    assert {code for code in used() if code not in TEMPLATES} == set()
    assert {code for code in TEMPLATES if f'"{code}"' not in mentioned} == set()


@pytest.mark.parametrize("code", TEMPLATES)
def test_both_languages_name_the_same_values(code):
    english, chinese = TEMPLATES[code]
    assert names_in(chinese) == names_in(english)


@pytest.mark.parametrize("code", TEMPLATES)
def test_a_sentence_ends_with_a_full_stop_and_is_one_sentence(code):
    english, chinese = TEMPLATES[code]
    if not english.endswith("{message}"):
        assert english.endswith(".")
        assert chinese.endswith("。")


def test_every_phrase_is_used():
    mentioned = "".join(file.read_text(encoding="utf-8") for file in SOURCES)
    kinds = {"text", "integer", "decimal", "boolean", "date", "datetime", "time", "duration"}
    assert {word for word in WORDS if f'Word("{word}")' not in mentioned} <= kinds


def test_the_documentation_lists_exactly_these_codes():
    page = (ROOT / "docs/fields.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", page.partition("## Codes")[2], re.MULTILINE))
    assert listed == set(TEMPLATES)


def test_the_documentation_has_every_field_type():
    from dealwright import fields

    page = (ROOT / "docs/fields.md").read_text(encoding="utf-8").partition("## Codes")[0]
    assert {name for name in fields.TYPES if f"`{name}`" not in page} == set()


@pytest.mark.parametrize("locale", ["zh-CN", "zh", "zh_CN"])
def test_chinese_is_answered_in_chinese(locale):
    assert message("required", locale) == "此处必填，请填写。"
    assert message("wrong-type", locale, found=Word("null"), expected=Word("integer")) == (
        "给出的是空值，应为整数，例如 12，请修改。"
    )


def test_another_language_is_answered_in_english():
    assert message("required", "fr") == "A value is required here; fill it in."


def test_the_language_ends_with_its_block():
    with messages.speaking("zh-CN"):
        assert messages.locale() == "zh-CN"
    assert messages.locale() == "en"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "true"),
        (None, Word("null")),
        ("x" * 50, "“" + "x" * 40 + "…”"),
        ("a\x1b[31m", "“a�[31m”"),
        (10**5000, Word("number")),
        (Decimal("1.50"), "1.50"),
        ([1], Word("list")),
        ({"a": 1}, Word("object")),
    ],
    ids=lambda case: repr(case)[:20] if not isinstance(case, int) else "number",
)
def test_a_message_names_a_value_briefly_and_safely(value, said):
    assert described(value) == said
