from __future__ import annotations

import pytest

from dealwright.packs import ranges


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        pytest.param("^1.4", ["1.4.0", "1.9.9"], ["1.3.9", "2.0.0"], id="caret"),
        pytest.param("^1", ["1.0.0", "1.9.9"], ["0.9.9", "2.0.0"], id="caret with one number"),
        pytest.param("^0.1", ["0.1.0", "0.1.9"], ["0.2.0", "1.0.0"], id="caret before 1.0"),
        pytest.param("^0", ["0.0.1", "0.9.0"], ["1.0.0"], id="caret of zero"),
        pytest.param("~1.4", ["1.4.0", "1.4.9"], ["1.5.0"], id="tilde"),
        pytest.param("~1.4.2", ["1.4.2", "1.4.9"], ["1.4.1", "1.5.0"], id="tilde with three numbers"),
        pytest.param("~1", ["1.0.0", "1.9.0"], ["2.0.0"], id="tilde with one number"),
        pytest.param(">=1.0 <2", ["1.0.0", "1.9.9"], ["0.9.9", "2.0.0"], id="two terms"),
        pytest.param(">=1.0, <2", ["1.0.0"], ["2.0.0"], id="two terms with a comma"),
        pytest.param(">1.4.0", ["1.4.1"], ["1.4.0"], id="greater"),
        pytest.param("<=1.4.0", ["1.4.0"], ["1.4.1"], id="at most"),
        pytest.param("=1.4.2", ["1.4.2"], ["1.4.3"], id="equal"),
        pytest.param("1.4.2", ["1.4.2"], ["1.4.3"], id="bare"),
        pytest.param("1.4", ["1.4.0", "1.4.7"], ["1.5.0"], id="bare with two numbers"),
        pytest.param("*", ["0.0.0", "9.9.9"], [], id="every version"),
    ],
)
def test_a_range_holds_these_versions_and_not_those(text: str, inside: list[str], outside: list[str]) -> None:
    assert all(ranges.contains(text, ranges.version(one)) for one in inside)
    assert not any(ranges.contains(text, ranges.version(one)) for one in outside)


@pytest.mark.parametrize("text", ["", "latest", "^", "1.2.3.4", ">=1 || <2", "==1", "^1.x", "1.0-beta"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ranges.RangeError, match="expected something like"):
        ranges.contains(text, (1, 0, 0))


@pytest.mark.parametrize("text", ["", "one", "^1.0", "1.0.0.0"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ranges.RangeError, match="three numbers"):
        ranges.version(text)
