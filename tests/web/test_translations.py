"""Every text of the pages is there in Chinese, and the committed catalogues are those of the sources."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def texts() -> ModuleType:
    spec = importlib.util.spec_from_file_location("texts", ROOT / "ui" / "texts.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_text_has_chinese_and_no_chinese_is_left_over(texts: ModuleType) -> None:
    assert texts.page_texts() | texts.script_texts() == set(texts.chinese())


def test_the_committed_catalogues_are_those_of_the_sources(texts: ModuleType) -> None:
    po, mo = texts.written(texts.catalogue(texts.page_texts(), texts.chinese()))
    folder = texts.TRANSLATIONS / "zh_Hans_CN" / "LC_MESSAGES"
    assert (folder / "messages.po").read_bytes() == po, "run: python ui/texts.py"
    assert (folder / "messages.mo").read_bytes() == mo, "run: python ui/texts.py"


def test_a_translation_names_the_same_values(texts: ModuleType) -> None:
    for english, chinese in texts.chinese().items():
        assert set(re.findall(r"%\(\w+\)s", english)) == set(re.findall(r"%\(\w+\)s", chinese)), english
        assert re.search("[一-鿿]", chinese), f"{english!r} is not translated"
