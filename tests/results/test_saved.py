"""Results read back: what is written is what is read, and nothing else passes for a result."""

import json
from pathlib import Path

import pytest

from o3sim.errors import InputError
from o3sim.results.comparison import compare
from o3sim.results.document import to_json
from o3sim.results.saved import load_runs
from tests.sample_runs import result, sampled_result


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "result.json"
    path.write_text(to_json(result(), [compare(result(), result("dense", 2))]))
    return path


def test_what_was_written_is_read(file: Path) -> None:
    main, other = load_runs(file)
    assert (main.architecture, other.architecture) == ("o3bnn", "dense")
    assert (main.cycles, main.images, main.title) == (result().cycles, 2, "fashion-vgg")
    assert [(layer.name, layer.cycles) for layer in main.layers] == [("conv1", 1000), ("scores", 2000)]
    assert main.layers[0].pe_cycles == result().layers[0].pe_cycles
    assert main.configuration["pe"]["count"] == 64


def test_a_sampled_run_says_so(file: Path) -> None:
    file.write_text(to_json(sampled_result()))
    (run,) = load_runs(file)
    assert (run.sampled, run.title) == (True, "fashion-vgg (sampled)")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not the JSON of a result, or cut short"),
        ("[1]", "not a result of `o3sim run --json`"),
        ('{"schema_version": 7}', "is of schema version 7, this o3sim reads 1"),
        ('{"schema_version": 1}', "not a whole result: KeyError: 'architecture'"),
    ],
)
def test_other_files_are_refused(text: str, says: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(InputError, match=says):
        load_runs(file)


def test_a_cause_that_was_not_known_then_did_not_occur(file: Path) -> None:
    values = json.loads(file.read_text())
    del values["pe_cycles"]["input_wait"], values["layers"][0]["pe_cycles"]["issue_wait"]
    file.write_text(json.dumps(values))
    main = load_runs(file)[0]
    assert main.pe_cycles["input_wait"] == main.layers[0].pe_cycles["issue_wait"] == 0
    values["layers"][0]["pe_cycles"] = {}
    file.write_text(json.dumps(values))
    with pytest.raises(InputError, match="PE-cycles are not counts"):
        load_runs(file)


def test_a_cut_or_senseless_result_is_refused(file: Path) -> None:
    text = file.read_text()
    file.write_text(text[: len(text) // 2])
    with pytest.raises(InputError, match="cut short"):
        load_runs(file)
    values = json.loads(text)
    values["cycles"] = "many"
    file.write_text(json.dumps(values))
    with pytest.raises(InputError, match="expected a count, found 'many'"):
        load_runs(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.json: cannot be read: No such file or directory"):
        load_runs(tmp_path / "none.json")


@pytest.mark.parametrize(
    "text", ["[" * 100_000, f'{{"cycles": {"9" * 5000}}}', '{"architecture": "\\u001b[2J"}', '["\\ud800"]']
)
def test_json_that_no_run_wrote_is_one_line(text: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(InputError, match="not the JSON of a result") as caught:
        load_runs(file)
    assert "\n" not in str(caught.value)
