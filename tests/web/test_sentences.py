"""What checks say about definitions and conditions is there in Chinese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dealwright import conditions
from dealwright.web import sentences
from pages import Person, text

ROOT = Path(__file__).parents[2]
CONDITIONS = Path(conditions.__file__).parent
LINES = [line.split("\t") for line in sentences.CATALOGUE.read_text("utf-8").splitlines() if "\t" in line]
#: What stands in the holes of a sentence of conditions that are words of the platform.
WORDS = {"noun": "a whole number", "wanted": "a text or a date", "kind": "approval", "found": "found “y”"}


def told_of_bad_documents() -> list[str]:
    files = sorted((ROOT / "tests" / "metadata" / "bad").glob("*.txt"))
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    return [re.sub(r"^\S+\.json\S*: ", "", line) for line in lines]


def test_every_message_about_a_bad_document_is_there_in_chinese() -> None:
    messages = told_of_bad_documents()
    assert len(messages) >= 206
    assert [one for one in messages if sentences.chinese(one) is None] == []


def said_by_conditions() -> Iterator[str]:
    """Yield each sentence that the source of conditions refuses with, with something in its holes."""
    for name in ("check.py", "scope.py", "parser.py"):
        for node in ast.walk(ast.parse((CONDITIONS / name).read_text("utf-8"))):
            if _tells(node):
                inner = {id(part) for one in ast.walk(node) if isinstance(one, ast.JoinedStr) for part in one.values}
                texts = [_sentence(one) for one in ast.walk(node) if id(one) not in inner]
                yield from (one for one in texts if " " in one and not one.startswith((";", ":", ", ")))


def _tells(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        return isinstance(target, ast.Name) and target.id in ("message", "_HINTS")
    if not isinstance(node, ast.Call):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return called in ("fault", "refuse", "fail", "NameFault", "_unknown")


def _sentence(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    return "".join(str(one.value) if isinstance(one, ast.Constant) else _value(one) for one in node.values)


def _value(hole: ast.expr) -> str:
    text = ast.unparse(hole.value if isinstance(hole, ast.FormattedValue) else hole)
    if text in ("hint", "why"):  # an ending, which is not always there
        return ""
    return next((words for word, words in WORDS.items() if text.endswith(word)), "x")


def test_what_conditions_refuse_with_is_there_in_chinese() -> None:
    found = sorted(set(said_by_conditions()))
    assert len(found) >= 80
    assert [one for one in found if sentences.chinese(one) is None] == []


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "there is no entity “shop.ordr”; did you mean “shop.order”?",
            "没有实体“shop.ordr”；您是不是要写“shop.order”？",
        ),
        ("“t” of shop.thing is of the type text; sum needs a number", "shop.thing 的“t”类型是文本；sum 需要数字"),
        (
            'cannot compare a text with a whole number; write 5 without quotation marks (“a == "5"”, from character 1)',
            '不能将文本与整数比较；请写 5，不加引号（“a == "5"”，第 1 个字符起）',
        ),
        ("“tint” is of the type plug_in; expected a reference", "“tint”的类型是plug_in；应为引用"),
    ],
    ids=["a name nearly right", "a type", "a place in a condition", "a type that a plugin adds"],
)
def test_a_sentence_keeps_its_values_and_its_endings(english: str, chinese: str) -> None:
    assert sentences.chinese(english) == chinese


def test_a_sentence_that_the_catalogue_does_not_have_is_none_and_no_half_chinese_is_made() -> None:
    assert sentences.chinese("the moon is made of cheese") is None
    assert sentences.chinese("“x”: a plugin says something of its own") is None


def test_a_line_of_the_catalogue_names_only_values_that_its_english_has() -> None:
    english = [line[0] for line in LINES]
    assert len(english) == len(set(english))
    for one, chinese in LINES:
        holes = re.findall(r"<[a-z]+[0-9]?>", one)
        assert set(re.findall(r"<[a-z]+[0-9]?>", chinese)) <= set(holes), one
        assert len(holes) == len(set(holes)), one
        assert "><" not in one, "nobody can tell where one value ends and the next begins"


def test_a_chinese_page_of_a_designer_tells_what_is_wrong_in_chinese(admin: Person) -> None:
    draft = str(admin.post("/admin/drafts/begin/", {"title": "Wrong"}).location)
    answer = admin.post(f"{draft}entities/t.deal/fields/add/", {"type": "integer", "title": "Size"})
    data = {"title": "Size"}
    typed = {"minimum": "10", "maximum": "5", "visible_when": "bugdet > 3", "required_when": "name > 3"}
    for name, value in typed.items():
        data |= {f"s-{name}.shown": "1", f"s-{name}": value}
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    english = text(admin.post(str(answer.location), data, **headers))
    assert "“minimum” 10 is greater than “maximum” 5; nothing fits" in english
    chinese = text(admin.post(str(answer.location), data, **headers, **{"Accept-Language": "zh-CN"}))
    assert "“minimum”（10）大于“maximum”（5）；没有任何值满足" in chinese
    assert "您是不是要写“budget”？（“bugdet”，第 1 个字符起）" in chinese
    assert "“>”不能对文本排序" in chinese and "from character" not in chinese


def test_a_hostile_message_is_read_in_one_pass() -> None:
    assert sentences.chinese("“" + "” is of the type " * 20_000) is None
