"""What the shell and sbatch read is what the cluster file says."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o3sim.runs.cluster.quoting import sbatch_word, shell_word

WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1)


def read_by_sbatch(text: str) -> list[str]:
    """Split a line as sbatch does: either quote groups, a backslash takes the next character as it is."""
    words, word, quote, escaped = [], "", "", False
    for character in text:
        if escaped:
            word, escaped = word + character, False
        elif character == "\\":
            escaped = True
        elif quote:
            word, quote = (word, "") if character == quote else (word + character, quote)
        elif character in "\"'":
            quote = character
        elif character == "#":
            break
        elif character == " ":
            words, word = [*words, word], ""
        else:
            word += character
    return [*words, word]


@given(WORDS)
def test_sbatch_reads_one_word(text: str) -> None:
    assert read_by_sbatch(f"-J {sbatch_word(text)}") == ["-J", text]


@given(WORDS.filter(lambda text: "$" not in text and text[0] != "~"))
def test_a_shell_reads_one_word(text: str) -> None:
    assert shlex.split(shell_word(text)) == [text]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("$SCRATCH/a b", "/scratch/my files/a b"),
        ("${SCRATCH}x$", "/scratch/my filesx$"),
        ("~/a*", "/people/me/a*"),
        ("~", "/people/me"),
        ("/a/~/b", "/a/~/b"),
        ("$(echo hi) `id`", "$(echo hi) `id`"),
        ('"$HOME"', '"/people/me"'),
    ],
)
def test_the_shell_fills_in_variables_and_nothing_else(text: str, read: str) -> None:
    environment = {"HOME": "/people/me", "SCRATCH": "/scratch/my files"}
    command = ["/bin/sh", "-c", f"printf '%s|' {shell_word(text)}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{read}|"
