"""One YAML file: scalars by YAML 1.2, a position for everything, clear refusals."""

import contextlib
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o3sim.config.extends import load_document
from o3sim.config.marks import Mark
from o3sim.config.yaml_marks import MAX_BYTES, dump_yaml, read_scalar, read_yaml
from o3sim.errors import ConfigError, InputError


def read(tmp_path: Path, text: str | bytes) -> Any:
    file = tmp_path / "f.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_yaml(file)


def refusal(tmp_path: Path, text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0].replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("010", 10),
        ("0o10", 8),
        ("0x10", 16),
        ("-7", -7),
        ("+7", 7),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("~", None),
        ("", None),
        ("null", None),
        ('"5"', "5"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_scalars_follow_yaml_1_2(tmp_path: Path, text: str, value: object) -> None:
    document = read(tmp_path, f"key: {text}")
    assert document.problems == []
    assert document.data == {"key": value}
    assert type(document.data["key"]) is type(value)


def test_nan_is_a_float(tmp_path: Path) -> None:
    assert math.isnan(read(tmp_path, "key: .nan").data["key"])


def test_every_key_and_value_has_its_position(tmp_path: Path) -> None:
    document = read(tmp_path, "# comment\na: 1\nb:\n  - x\n  - {c: 2}\n")
    file = str(tmp_path / "f.yaml")
    assert document.marks[()].value == Mark(file, 2, 1)
    assert document.marks[("a",)] == (Mark(file, 2, 1), Mark(file, 2, 4))
    assert document.marks[("b", 0)].value == Mark(file, 4, 5)
    assert document.marks[("b", 1, "c")] == (Mark(file, 5, 6), Mark(file, 5, 9))
    assert str(document.nearest(("b", 1, "d", 3)).key) == f"{file}:5:5"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfa: 1").data == {"a": 1}


def test_duplicate_keys_are_listed_at_every_depth(tmp_path: Path) -> None:
    document = read(tmp_path, "a: 1\nb: {c: 1, c: 2}\na: 3\na: 4\n")
    assert [str(problem).rsplit("/", 1)[-1] for problem in document.problems] == [
        "f.yaml:2:11: b.c: given twice, first in line 2",
        "f.yaml:3:1: a: given twice, first in line 1",
        "f.yaml:4:1: a: given twice, first in line 1",
    ]


@pytest.mark.parametrize("key", ["1", "1.5", "true", "~", "[a]", "!!int 'x'"])
def test_keys_have_to_be_words(tmp_path: Path, key: str) -> None:
    document = read(tmp_path, f"a: 1\n{key} : 2\n")
    assert [problem.what for problem in document.problems] == ["keys have to be words; quote this one"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: !!python/object/apply:os.system ['true']", "tag `!!python/object/apply:os.system` does not fit"),
        ("a: !mine 3", "tag `!mine` does not fit"),
        ("a: !!set {x}", "tag `!!set` does not fit"),
        ("a: !!int x", "`x` is not of the tag's kind"),
        ("a: !!binary aGVsbG8=", "tag `!!binary` does not fit"),
        (f"a: {'9' * 5000}", "number too large"),
        ("a: 9223372036854775808", "number too large"),
        ("a: -0x9223372036854775808", None),
        (f"a: 0x{'f' * 17}", "number too large"),
        ("a: 1e999", "number too large"),
    ],
)
def test_odd_values_are_problems_not_crashes(tmp_path: Path, text: str, what: str | None) -> None:
    problems = read(tmp_path, text).problems
    assert len(problems) == (what is not None)
    assert what is None or problems[0].what.startswith(what)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "/f.yaml:1:1: the file is empty"),
        ("# only a comment\n", "/f.yaml:1:1: the file is empty"),
        ("just words", "/f.yaml:1:1: expected a mapping of keys, found `just words`"),
        ("\n- a\n- b", "/f.yaml:2:1: expected a mapping of keys, found a list"),
        ("a: 1\n\tb: 2", "/f.yaml:2:1: not valid YAML: a tab where YAML wants spaces"),
        ("a:\n  \tb: 2", "/f.yaml:2:3: not valid YAML: a tab where YAML wants spaces"),
        (b"a: \xff\xfe", "/f.yaml:1:4: not UTF-8 text (a binary file?)"),
        ("a: 1\nb: 2".encode("utf-16"), "/f.yaml:1:1: not UTF-8 text (a binary file?)"),
        (b"PK\x03\x04a", "/f.yaml:1:3: character U+0003 is not text (a binary file?)"),
        (b"a: 1\nb: \x00", "/f.yaml:2:4: character U+0000 is not text (a binary file?)"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(tmp_path, text) == message


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("a: [1, 2", "1:4"),
        ("a: {b: 1,\n  c: 2\n", "1:4"),
        ("a: 1\n b: 2", "2:3"),
        ("a: 'x", "1:6"),
        ("a: *nowhere", "1:4"),
        ("a: 1\n---\nb: 2", "2:1"),
        ("a: @x", "1:4"),
        ("%YAML 9.9\n---\na: 1", "1:1"),
        ("a: 1: 2", "1:5"),
        ('a: "\\ud800"', "1:7"),
    ],
)
def test_malformed_yaml_is_refused_with_its_position(tmp_path: Path, text: str, position: str) -> None:
    assert refusal(tmp_path, text).startswith(f"/f.yaml:{position}: not valid YAML: ")


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_yaml(tmp_path / "absent.yaml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_yaml(tmp_path)
    assert "larger than" in refusal(tmp_path, "#" * (MAX_BYTES + 1))


@pytest.mark.parametrize(
    "text", ["a: " + "[" * 60, "a: " + "[" * 60 + "]" * 60, "{a: " * 5000, "a: " + "[" * 200_000]
)
def test_deep_nesting_is_refused(tmp_path: Path, text: str) -> None:
    refusal(tmp_path, text)


def test_aliases_are_written_out_within_limits(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &x {y: 1}\nb: *x").data == {"a": {"y": 1}, "b": {"y": 1}}
    bomb = "a0: &a0 x\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10))
    assert "values, aliases written out" in refusal(tmp_path, bomb)
    assert "levels, aliases written out" in refusal(tmp_path, "a: &x [*x]")


WORDS = st.text(st.characters(exclude_characters="\x85\u2028\u2029", codec="utf-8"))  # YAML 1.1 line breaks
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=10,
)


@given(data=st.dictionaries(WORDS, PLAIN, max_size=4))
def test_what_is_dumped_is_read_back(tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any]) -> None:
    file = tmp_path_factory.mktemp("yaml") / "f.yaml"
    file.write_bytes(dump_yaml(data).encode())
    document = read_yaml(file)
    assert document.problems == []
    assert document.data == data


@given(text=st.text(alphabet="ab:-[]{}&*!|>'\"#%@`?, \n\t01.e~<"))
def test_no_text_crashes_the_reader(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("yaml") / "f.yaml"
    file.write_bytes(text.encode())
    with contextlib.suppress(ConfigError):
        assert isinstance(read_yaml(file).data, dict)


@pytest.mark.parametrize("text", ["32", "1e3", "true", "on", "0x10", "'32'", "", "~", "ü", "3 # three", ".5"])
def test_scalars_are_read_as_in_a_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(f"description: {text}\n")
    assert read_scalar(text) == load_document(tmp_path / "f.yaml").data["description"]


@pytest.mark.parametrize(
    "text",
    ["a: b", "[1]", "{", "- 3", "*x", "'x", "3\n...\n4", "!foo 3", "9" * 50, "1e999", "\ud800", "[" * 10**5],
)
def test_what_is_no_scalar_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_scalar(text)
    assert not isinstance(caught.value, ConfigError)
    assert "\n" not in str(caught.value)
