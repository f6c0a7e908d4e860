"""What people are told of refused decisions is there in both languages, with the same values in it."""

from __future__ import annotations

import re
from string import Formatter

from dealwright.approvals.texts import TEXTS, ended, say
from dealwright.fields.messages import speaking


def test_each_sentence_is_there_in_chinese_with_the_same_values() -> None:
    for name, (english, chinese) in TEXTS.items():
        assert re.search("[\u4e00-\u9fff]", chinese), name
        values = [{field for _, field, _, _ in Formatter().parse(text) if field} for text in (english, chinese)]
        assert values[0] == values[1], name


def test_a_sentence_is_said_in_the_language_of_who_hears_it() -> None:
    assert ended("recalled") == "this approval has ended: it was recalled"
    with speaking("zh-CN"):
        assert ended("recalled") == "此审批已结束：已撤回"
        assert say("too-long", count=5001, most=5000) == "意见有 5,001 个字符，最多 5,000 个"
