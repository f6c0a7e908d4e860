from __future__ import annotations

import sys

import pytest

from dealwright import clock
from dealwright.metadata import patterns


def test_a_pattern_matches_anywhere_unless_it_is_anchored() -> None:
    assert patterns.compiled("b+").search("abbc")
    assert not patterns.compiled("^b+$").search("abbc")


@pytest.mark.parametrize("pattern", [r"(?<=a)b", r"(a)\1", "(", "a**", "(?P<x>a)(?P=x)", "(a{1,1000}){1,1000}"])
def test_what_cannot_be_matched_in_linear_time_is_refused(pattern: str) -> None:
    with pytest.raises(patterns.PatternError, match="is no RE2 pattern"):
        patterns.compiled(pattern)


def test_a_pattern_that_is_exponential_elsewhere_takes_no_time() -> None:
    start = clock.elapsed()
    assert not patterns.compiled("^(a+)+$").search("a" * 10_000 + "b")
    assert clock.elapsed() - start < 1


def test_without_the_package_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    patterns.compiled.cache_clear()
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(patterns.PatternError, match="pip install google-re2"):
        patterns.compiled("a")
