from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealwright.errors import DefinitionError
from dealwright.metadata import strict


def refusal(data: bytes) -> tuple[str, str]:
    with pytest.raises(DefinitionError) as caught:
        strict.read(data, "a.json")
    return caught.value.problems[0].pointer, caught.value.problems[0].code


def test_decimals_are_read_exactly_and_whole_numbers_as_whole_numbers() -> None:
    assert strict.read(b"[0.1, 2, -0, 1e2, 12345678901234.5678]") == [
        Decimal("0.1"),
        2,
        0,
        Decimal("1E+2"),
        Decimal("12345678901234.5678"),
    ]
    assert isinstance(strict.read(b"2.50"), Decimal)
    assert str(strict.read(b"2.50")) == "2.50"


@pytest.mark.parametrize(
    ("data", "pointer", "code"),
    [
        pytest.param(b'{"a": {"b": 1, "b": 2}}', "/a/b", "duplicate-key", id="a key twice"),
        pytest.param(b'{"a~/b": "\\u200f"}', "/a~0~1b", "bad-character", id="a right-to-left mark, under an odd key"),
        pytest.param('{"a": "\ufeff"}'.encode(), "/a", "bad-character", id="a byte order mark inside"),
        pytest.param(b'{"a": "\\u0000"}', "/a", "bad-character", id="a null character"),
        pytest.param(b"9223372036854775808", "", "number-too-large", id="two to the 63rd"),
        pytest.param(b"-9223372036854775809", "", "number-too-large", id="below minus two to the 63rd"),
        pytest.param(b"[1e999]", "/0", "number-too-large", id="a number that a float would make infinite"),
        pytest.param(b"1" * 5000, "", "number-too-long", id="five thousand digits"),
        pytest.param(b"0." + b"1" * 50, "", "number-too-long", id="fifty places"),
        pytest.param(b"Infinity", "", "not-json", id="Infinity"),
        pytest.param(b"-Infinity", "", "not-json", id="minus Infinity"),
        pytest.param(b"01", "", "not-json", id="a leading zero"),
        pytest.param(b"+1", "", "not-json", id="a plus sign"),
        pytest.param(b"1.", "", "not-json", id="no digit after the point"),
        pytest.param(b"1x", "", "not-json", id="a letter after a number"),
        pytest.param(b"'a'", "", "not-json", id="single quotes"),
        pytest.param(b'"a\nb"', "", "not-json", id="a line break in a text"),
        pytest.param(b'"\\x41"', "", "not-json", id="an unknown escape"),
        pytest.param(b'"abc', "", "not-json", id="a text without an end"),
        pytest.param(b"{} {}", "", "not-json", id="two documents"),
        pytest.param(b"// x\n{}", "", "not-json", id="a comment"),
        pytest.param(b"", "", "not-json", id="nothing"),
        pytest.param(b"nul", "", "not-json", id="half a word"),
        pytest.param(b"\xff\xfe{\x00}\x00", "", "byte-order-mark", id="UTF-16"),
        pytest.param(b'"\xe4\xb8"', "", "not-utf-8", id="half a Chinese character"),
        pytest.param(b'"' + b"a" * 20_001 + b'"', "", "too-long", id="a very long text"),
        pytest.param(b" " * 1_000_001, "", "too-large", id="more than a megabyte"),
        pytest.param(b"[" * 100_000, "", "not-json", id="a hundred thousand brackets"),
    ],
)
def test_what_is_unclear_or_hostile_is_refused_with_its_place(data: bytes, pointer: str, code: str) -> None:
    assert refusal(data) == (pointer, code)


def test_a_fault_of_the_grammar_names_line_and_column() -> None:
    with pytest.raises(DefinitionError) as caught:
        strict.read(b'{\n  "a": 1\n  "b": 2\n}', "a.json")
    assert str(caught.value.problems[0]) == "a.json/: line 3, column 3: expected a comma or }"


def test_every_fault_beside_the_grammar_is_reported_at_once() -> None:
    with pytest.raises(DefinitionError) as caught:
        strict.read(b'{"a": 1, "a": 2, "b": "\\u202e", "c": [1e99]}')
    assert [one.pointer for one in caught.value.problems] == ["/a", "/b", "/c/0"]


def test_thirty_two_levels_are_read_and_one_more_is_not() -> None:
    assert strict.read(b"[" * 32 + b"]" * 32) is not None
    assert refusal(b"[" * 33 + b"]" * 33) == ("", "not-json")


def test_a_pair_of_surrogates_is_a_character_and_a_line_break_in_an_escape_is_taken() -> None:
    assert strict.read(b'"\\ud83d\\ude00 \\n\\t"') == "😀 \n\t"


def test_a_file_is_read_no_further_than_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    file.write_bytes(b"[" + b" " * 5_000_000 + b"]")
    with pytest.raises(DefinitionError, match="1,000,000 bytes"):
        strict.read(file)


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf"]), max_size=20)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(_JSON, st.booleans())
def test_what_python_writes_is_read_back(value: object, escaped: bool) -> None:
    assert strict.read(json.dumps(value, ensure_ascii=escaped, indent=1).encode()) == value


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('{}[]":,0123456789-.eEtruefalsn\\u \n'), max_size=40))
def test_a_text_is_read_as_python_reads_it_or_refused(text: str) -> None:
    def unwanted(_: str) -> object:
        raise ValueError

    try:
        expected = json.loads(text, parse_constant=unwanted, parse_float=Decimal)
    except ValueError:
        with pytest.raises(DefinitionError):
            strict.read(text.encode())
        return
    try:
        assert strict.read(text.encode()) == expected
    except DefinitionError as error:
        assert {one.code for one in error.problems} <= {
            "duplicate-key",
            "bad-character",
            "number-too-large",
            "number-too-long",
        }
