"""One grammar: what several commands have is declared once, and refused in the same words everywhere."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import pytest
from typer.models import ArgumentInfo

from o3sim.cli import options
from tests.cli.commands import Command, Done, call, commands, having, write_samples

OTHER_MEANINGS = {
    "--width": "edges of a word of a machine; edges between two checks of the bounds",
    "--layers": "several layers of a golden; each layer of a topology by itself",
    "--check": "edges from one check of the bounds to the next; whether RTL is built and compared",
    "--by": "what tells lines of a figure apart; the rows of a table of area",
}
"""Options of several commands that mean something else in each."""

WHERE_LAYERS_ARE_NAMED = {"rtl": ("--set", "dram.bits_per_cycle=ideal"), "order": ("--images", "4")}
"""What a command needs besides, for the samples are few images and what is shipped is larger."""

Run = Callable[..., Done]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_samples(tmp_path_factory.mktemp("samples"))


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], samples: Path, tmp_path: Path
) -> Run:
    shutil.copytree(samples, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return lambda *words: call(monkeypatch, capsys, *words)


def declared() -> Iterator[Any]:
    """Yield what `options` declares, as typer has it."""
    for value in vars(options).values():
        if get_origin(value) is Annotated:
            yield get_args(value)[1]


def declared_options() -> dict[str, set[tuple[str, str]]]:
    """Return the names of shared options, each with the metavars and helps that it may have."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for each in declared():
        names = () if isinstance(each, ArgumentInfo) else (each.default, *each.param_decls)
        for name in names:  # the first stands where a default would, without Annotated
            found[name].add((each.metavar, each.help))
    return found


def cases(*mistakes: tuple[str, str, str]) -> list[Any]:
    return [
        pytest.param(command, option, value, says, id=f"{command} {option} {value}")
        for option, value, says in mistakes
        for command in having(option)
    ]


def test_there_are_commands_to_test() -> None:
    names = {str(command) for command in commands()}
    assert {"run", "explain", "golden record", "plot timeline", "import onnx"} <= names
    shared = declared_options().keys()
    assert {"--images", "--image-file", "--image", "--layer", "--cycles", "--jobs"} <= shared
    assert {"--json", "--output", "-o", "--set", "--resume", "--engine"} <= shared


@pytest.mark.parametrize("command", commands(), ids=str)
def test_no_command_declares_a_shared_option_itself(command: Command) -> None:
    shared = declared_options()
    for option in command.options():
        for name in option.opts:
            assert name not in shared or (option.metavar, option.help) in shared[name], name


@pytest.mark.parametrize("command", commands(), ids=str)
def test_no_command_declares_a_shared_argument_itself(command: Command) -> None:
    shared = {each.metavar: each.help for each in declared() if isinstance(each, ArgumentInfo)}
    for argument in command.arguments():
        assert shared.get(argument.metavar, argument.help) == argument.help


def test_options_of_several_commands_are_declared_with_the_others() -> None:
    seen: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for command in commands():
        group = command.words[:1] if command.words[0] == "plot" else command.words  # figures share their own
        for option in command.options():
            for name in option.opts:
                seen[name].add(group)
    several = {name for name, by in seen.items() if len(by) > 1}
    assert several - declared_options().keys() == OTHER_MEANINGS.keys()


MISTAKES = (
    ("--images", "0", "--images 0: expected at least 1"),
    ("--images", "-2", "--images -2: expected at least 1"),
    ("--jobs", "0", "--jobs 0: expected at least 1"),
    ("--image", "-1", "--image -1: images count from 0"),
    ("--cycles", "5:2", "--cycles 5:2: nothing from 5 to below 2"),
    ("--cycles", "a:b", "--cycles a:b: expected A:B, A: or :B, whole numbers from 0; B is not included"),
    ("--ops", "5", "--ops 5: expected A:B, A: or :B, whole numbers from 0; B is not included"),
    ("--json", "folder", "--json folder: is a folder"),
    ("--json", "folder/", "--json folder/: is a folder"),
    ("--json", "none/", "--json none/: is a folder"),
    ("--json", "none/x", "--json none/x: no folder none"),
    ("--set", "pe.count", "--set pe.count: expected KEY=VALUE, as in pe.count=32"),
    ("--set", "=32", "--set =32: expected KEY=VALUE, as in pe.count=32"),
)


@pytest.mark.parametrize(("command", "option", "value", "says"), cases(*MISTAKES))
def test_the_same_mistake_gets_the_same_words(
    run: Run, command: Command, option: str, value: str, says: str
) -> None:
    assert run(*command.words, option, value) == (2, "", f"error: {says}\n")


@pytest.mark.parametrize("command", having("--output"), ids=str)
@pytest.mark.parametrize("option", ["--output", "-o"])
def test_what_cannot_be_written_is_refused_in_the_same_words(
    run: Run, command: Command, option: str, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    no_folder = {"none/x": "--output none/x: no folder none"}
    wrong = {
        "FILE": {**no_folder, "folder": "--output folder: is a folder"},
        "FILE.html": {**no_folder, "folder": "--output folder: is a folder"},
        "NAME": {**no_folder, "folder/..": "--output folder/..: is not the name of a file"},
        "DIR": {"file": "--output file: is a file"},
    }[command.option("--output").metavar]
    for value, says in wrong.items():
        assert run(*command.words, option, value) == (2, "", f"error: {says}\n")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("command", having("--images"), ids=str)
def test_what_is_no_number_is_wrong_usage_everywhere(run: Run, command: Command) -> None:
    if str(command) in {"order", "speculate"}:
        pytest.skip("takes it for the file of the images, as it was spelt before")
    done = run(*command.words, "--images", "many")
    assert (done.status, done.out) == (2, "")
    assert "Invalid value for '--images': " in done.err
    assert "valid integer" in done.err


@pytest.mark.parametrize("command", having("--layer"), ids=str)
def test_a_layer_that_is_not_there_gets_the_same_words(run: Run, command: Command) -> None:
    words = [*command.words, *command.needed(but="--layer"), *WHERE_LAYERS_ARE_NAMED.get(str(command), ())]
    done = run(*words, "--layer", "conv9")
    says = "error: no layer `conv9` (did you mean `conv1`?); there are 0 conv1, 1 dense2, 2 scores\n"
    assert done == (2, "", says)


@pytest.mark.parametrize("command", having("--layer"), ids=str)
def test_a_layer_is_taken_by_name_or_by_number(run: Run, command: Command, tmp_path: Path) -> None:
    made = []
    words = [*command.words, *command.needed(but="--layer"), *WHERE_LAYERS_ARE_NAMED.get(str(command), ())]
    for layer in ("dense2", "1"):
        done = run(*words, "--layer", layer)
        assert done.status == 0, done.err
        made.append((done, {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}))
    assert made[0] == made[1]


@pytest.mark.parametrize("command", having("--engine"), ids=str)
def test_an_engine_that_is_not_there_gets_the_same_words(run: Run, command: Command) -> None:
    done = run(*command.words, *command.needed(), "--engine", "gem5")
    assert done == (2, "", "error: no engine `gem5`: there are compiled, simpy\n")


def test_defaults_are_said_in_the_help(run: Run) -> None:
    for words, says in {
        ("explain",): ("as many as the result has, or 1", "the longest"),
        ("profile",): ("all",),
        ("report",): ("DIR/report.html, or RESULT.html",),
        ("golden", "record"): (":128", "all"),
    }.items():
        text = " ".join(run(*words, "--help").out.split())
        for each in says:
            assert f"[default: ({each})]" in text or f"[default: {each}]" in text
