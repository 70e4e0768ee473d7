"""`FILE.py:Class` in an architecture: found beside it, checked without being run, suggested when misspelt."""

import os
from pathlib import Path

import pytest

from o3sim.config.consent import allow_code
from o3sim.config.custom_code import CodePlace, code_problems
from o3sim.config.custom_load import load_class
from o3sim.config.load import load_architecture
from o3sim.errors import ConfigError, InputError
from o3sim.results.result import _configuration

UNITS = """\
raise SystemExit("checking an architecture runs no code")
class NewestFirst: ...
class OldestFirst: ...
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "units.py").write_text(UNITS)
    return tmp_path


def write(folder: Path, policy: str) -> Path:
    file = folder / "mine.yaml"
    file.write_text(f'extends: o3bnn\nscheduler: {{policy: "{policy}"}}\n')
    return file


def refusal(folder: Path, policy: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_architecture(write(folder, policy))
    return str(caught.value).replace(f"{folder}/", "")


def test_a_file_is_relative_to_the_architecture_and_not_run(folder: Path) -> None:
    assert (
        load_architecture(write(folder, "units.py:NewestFirst")).scheduler.policy
        == f"{folder}/units.py:NewestFirst"
    )


def test_a_misspelt_class_is_suggested(folder: Path) -> None:
    assert refusal(folder, "units.py:NewestFrist") == (
        "mine.yaml:2:21: scheduler.policy: no class `NewestFrist` in units.py (did you mean `NewestFirst`?);"
        " classes there: `NewestFirst`, `OldestFirst`"
    )


def test_a_file_that_is_not_there_is_told(folder: Path) -> None:
    assert (
        refusal(folder, "unist.py:A")
        == "mine.yaml:2:21: scheduler.policy: unist.py: cannot be read: No such file or directory"
    )


@pytest.mark.parametrize("text", ["-" * 200_000 + "1", "a" + ".a" * 200_000, "[" * 200_000, "\0"])
def test_text_that_no_parser_takes_is_one_line(folder: Path, text: str) -> None:
    (folder / "units.py").write_text(text)
    found = refusal(folder, "units.py:A")
    assert "not Python: " in found
    assert "\n" not in found


def test_a_file_too_large_to_read_is_not_run(folder: Path) -> None:
    with (folder / "units.py").open("ab") as stream:
        stream.truncate(2**40)
    assert "bytes; at most 1,000,000 are read" in refusal(folder, "units.py:NewestFirst")
    with pytest.raises(InputError, match="at most 1,000,000 are read"), allow_code():
        load_class(f"{folder / 'units.py'}:NewestFirst", object)


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.py")
    assert "is a pipe" in refusal(folder, "pipe.py:A")


def test_a_file_that_is_not_python_is_told_with_its_line(folder: Path) -> None:
    (folder / "units.py").write_text("\nclass (\n")
    assert "scheduler.policy: units.py:2: not Python: " in refusal(folder, "units.py:A")


def test_results_hold_no_folder(folder: Path) -> None:
    architecture = load_architecture(write(folder, "units.py:NewestFirst"))
    assert _configuration(architecture, "asic-45nm")["scheduler"]["policy"] == "units.py:NewestFirst"


@pytest.mark.parametrize("text", ["(" * 3000, "x = " + "-" * 100_000 + "1", "a" + ".b" * 100_000])
def test_code_that_is_nested_deeply_is_one_problem(tmp_path: Path, text: str) -> None:
    (tmp_path / "units.py").write_text(text)
    problems = list(code_problems(CodePlace(tmp_path / "units.py", "Mine")))
    assert len(problems) == 1
    assert "\n" not in problems[0]
