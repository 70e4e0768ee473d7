"""Shell completion: what may follow, and that the script of each shell gets it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from o3sim.cli.app import app
from o3sim.cli.completion import SCRIPTS, candidates
from o3sim.config.catalog import names
from o3sim.config.controls import CONTROLS


def after(*words: str) -> set[str]:
    *before, incomplete = words
    return {value for value, _ in candidates(app, before, incomplete)}


def test_commands_and_options_are_known() -> None:
    assert {"run", "report", "reproduce", "rtl"} == after("r")
    assert "timeline" in after("plot", "")
    assert "--images" in after("run", "--im")


def test_shipped_names_are_known() -> None:
    assert after("run", "") == set(names("architecture"))
    assert after("run", "o3bnn", "") == set(names("workload"))
    assert after("show", "f") == {
        name for kind in ("architecture", "workload") for name in names(kind) if name.startswith("f")
    }
    assert after("run", "--controls", "dense,") == {f"dense,{name}" for name in CONTROLS}
    assert after("trace", "--format", "k") == {"kanata"}
    assert after("docs", "gl") == {"glossary"}


def test_keys_and_their_words_are_known() -> None:
    assert after("run", "--set", "pe.c") == {"pe.count=", "pe.contexts="}
    assert after("run", "--set", "pe.speculate=") == {"pe.speculate=true", "pe.speculate=false"}
    assert not after("run", "--set", "pe.count=")


def test_a_word_comes_with_what_it_is() -> None:
    assert ("small", "16 PEs of 32 edges with small memories, a little too large to build") in candidates(
        app, ["run"], "sma"
    )


COMPLETE = {
    "bash": (
        "COMP_WORDS=(o3sim {0}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); compopt() {{ :; }}; _o3sim;"
        ' echo "${{COMPREPLY[*]}}"'
    ),
    "fish": "complete -C 'o3sim {0}'",
}
"""How each shell is asked what may follow a line; zsh completes at a terminal only."""


@pytest.mark.parametrize(
    ("shell", "line", "found"),
    [("bash", "run --set pe.speculate = t", ["true"]), ("fish", "run o3bnn-r", ["o3bnn-r"])],
)
def test_the_script_gets_it(shell: str, line: str, found: list[str], tmp_path: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    command = tmp_path / "o3sim"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m o3sim "$@"\n')
    command.chmod(0o755)
    load = f"export PATH='{tmp_path}':$PATH\n{SCRIPTS[shell]}"
    done = subprocess.run(
        [shell, "-c", f"{load}\n{COMPLETE[shell].format(line)}"], capture_output=True, text=True, check=True
    )
    assert [each.split("\t")[0] for each in done.stdout.splitlines()] == found


def test_another_shell_is_refused() -> None:
    done = CliRunner().invoke(app, ["completion", "tcsh"])
    assert str(done.exception) == "no completion for `tcsh`: there is one for bash, zsh, fish"
    assert CliRunner().invoke(app, ["completion", "zsh"]).stdout == SCRIPTS["zsh"]
