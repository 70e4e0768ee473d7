"""SECURITY.md: every sentence names the tests that hold it, in a comment after it, and they exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from o3sim.config import custom_code, yaml_marks
from o3sim.files import inputs
from o3sim.studies.sweep import config, expand
from o3sim.trace import reading
from tests.cli.commands import commands

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")

COMMENT = re.compile(r"<!-- (.*?) -->", re.DOTALL)
SECOND_SENTENCE = re.compile(r"\.\s+[A-Z`]")

NETWORK = {
    "socket",
    "socketserver",
    "ssl",
    "http",
    "urllib",
    "requests",
    "distributed",
    "dask",
    "dask_jobqueue",
}
"""Modules that talk to others, by their first names."""


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.*)$", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def held() -> dict[str, list[str]]:
    """Return every sentence with the tests that its comment names."""
    found = {}
    for name, text in sections().items():
        if name != "How to report":
            *pieces, rest = COMMENT.split(text)
            assert not rest.strip(), f"nothing holds: {rest.strip()}"
            for sentence, tests in zip(pieces[::2], pieces[1::2], strict=True):
                found[" ".join(sentence.split()).lstrip("* ")] = tests.split()
    return found


def there() -> set[str]:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    return {name for source in sources for name in re.findall(r"^def (test_\w+)", source, re.MULTILINE)}


def test_the_sections_are_these() -> None:
    assert list(sections()) == [
        "What runs code",
        "What is trusted",
        "What is bounded",
        "Clusters",
        "How to report",
    ]


def test_a_comment_stands_after_every_sentence() -> None:
    assert len(held()) > 50
    for sentence in held():
        assert sentence.endswith((".", ":**"))
        inside = re.sub(r"^\*\*[^*]*\*\* ", "", sentence)  # a heading within the line
        assert not SECOND_SENTENCE.search(inside), sentence


@pytest.mark.parametrize("sentence", held())
def test_the_tests_that_hold_a_sentence_exist(sentence: str) -> None:
    named = held()[sentence]
    assert named
    assert set(named) - there() == set()


def test_the_numbers_are_those_of_the_code() -> None:
    for sentence in (
        f"A YAML file has at most {yaml_marks.MAX_BYTES:,} bytes, {yaml_marks.MAX_DEPTH} levels and"
        f" {yaml_marks.MAX_VALUES:,} values, aliases written out.",
        f"A JSON file has at most {inputs.MOST_JSON_BYTES:,} bytes, inflated, {inputs.MOST_JSON_DEPTH} levels"
        f" and whole numbers of {inputs.MOST_JSON_DIGITS} digits.",
        f"A Python file has at most {custom_code.MOST_CODE_BYTES:,} bytes.",
        f"What is compressed unfolds to at most {inputs.MOST_GROWTH} times its size and"
        f" {inputs.SPARE_BYTES:,} bytes; its sizes are read before its data.",
        f"A compressed trace unfolds to at most {reading.MOST_GROWTH} times what has been read of it and"
        f" {reading.SPARE_BYTES:,} bytes.",
        f"A sweep makes at most `most_points` points ({config.MOST_POINTS:,} unless the file says otherwise)"
        f" out of {expand.MOST_PLACES:,} combinations; more are refused before the first runs.",
    ):
        assert sentence in held()


def test_only_two_commands_use_a_network() -> None:
    for option in ("--scheduler", "--cluster"):
        assert {str(command) for command in commands() if command.option(option)} == {"sweep", "explore"}
    package = ROOT / "o3sim"
    users = {path.relative_to(package).parts[:2] for path in package.rglob("*.py") if uses_network(path)}
    assert users == {("runs", "cluster")}


def uses_network(path: Path) -> bool:
    return not NETWORK.isdisjoint(imported(ast.parse(path.read_text(encoding="utf-8"))))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]
