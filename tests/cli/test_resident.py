"""Weights that stay on the chip, in everything that o3sim writes: the same for any processes and images."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from o3sim.cli import app as cli
from o3sim.files import save_npz
from tests.checks.golden.workload import write_workload
from tests.cli.commands import Done, call
from tests.sample_runs import images

STREAMS = "--set", "weight_buffer.resident_kbit=0"
STAYS = "--set", "weight_buffer.resident_kbit=2"
"""Of 6 channels of 32 bits, 10 of 96 and 3 of 32: all layers of the tiny network; in 1 kbit dense2 alone."""


class O3sim:
    """Calls o3sim in a folder with a workload."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._call = lambda *words: call(monkeypatch, capsys, *words)

    def __call__(self, *words: str) -> str:
        done: Done = self._call(*words)
        assert not done.status, done.err
        return done.out

    def json(self, *words: str) -> Any:
        return json.loads(self("run", *words, "--json", "-"))

    def refusal(self, *words: str) -> str:
        done = self._call(*words)
        assert done.status == cli.EXIT_INPUT
        return done.err


@pytest.fixture
def o3sim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> O3sim:
    write_workload(tmp_path)
    save_npz(tmp_path / "backwards.npz", {"x": images(4)[::-1], "y": np.array([0, 2, 1, 0])})
    text = (tmp_path / "tiny.yaml").read_text().replace("images.npz", "backwards.npz")
    (tmp_path / "backwards.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return O3sim(monkeypatch, capsys)


def test_results_are_the_same_for_any_processes_and_image_order(o3sim: O3sim) -> None:
    words = "o3bnn-64pe", "tiny.yaml", *STAYS, "--images", "4"
    one = o3sim.json(*words)
    assert o3sim.json(*words, "--jobs", "2") == one
    assert o3sim.json(*words, "--engine", "simpy") == one
    other = o3sim.json("o3bnn-64pe", "backwards.yaml", *STAYS, "--images", "4")
    assert other["resident"] == one["resident"]
    assert other["per_image"] == one["per_image"][::-1]


def test_loading_is_of_no_image_and_in_no_other_figure(o3sim: O3sim) -> None:
    streams, stays = (
        o3sim.json("o3bnn-64pe", "tiny.yaml", *STREAMS),
        o3sim.json("o3bnn-64pe", "tiny.yaml", *STAYS),
    )
    bits = 6 * 9 + 10 * 96 + 3 * 10
    assert streams["resident"] is None
    assert streams["events"]["dram_bits"] == bits * streams["images"]
    assert stays["events"]["dram_bits"] == 0 == stays["energy_pj"]["dram"]
    loaded = stays["resident"]
    assert loaded["layers"] == ["conv1", "dense2", "scores"]
    assert (loaded["load_bits"], loaded["load_cycles"]) == (bits, 1 + 2 + 1 + 40)
    assert stays["cycles"] <= streams["cycles"] - 40 * streams["images"]
    assert stays["cycles"] == sum(image["cycles"] for image in stays["per_image"])
    assert (
        stays["per_image"][0]["cycles"]
        == o3sim.json("o3bnn-64pe", "tiny.yaml", *STAYS, "--images", "1")["cycles"]
    )


def test_some_layers_stay_and_the_others_stream(o3sim: O3sim) -> None:
    some = o3sim.json("o3bnn-64pe", "tiny.yaml", "--set", "weight_buffer.resident_kbit=1")
    assert some["resident"]["layers"] == ["dense2"]
    dram_bits = [layer["events"]["dram_bits"] // some["images"] for layer in some["layers"]]
    assert dram_bits == [6 * 9, 0, 3 * 10]


def test_reports_name_what_stays(o3sim: O3sim) -> None:
    note = (
        "o3bnn-64pe: weights of conv1, dense2, scores stay on the chip; loaded once: 1,044 bits in 44 cycles"
    )
    for command in ("run", "explain"):
        assert note in " ".join(o3sim(command, "o3bnn-64pe", "tiny.yaml", *STAYS).split())
    dry = " ".join(o3sim("run", "o3bnn-64pe", "tiny.yaml", *STAYS, "--dry-run").split())
    assert "44 cycles to load weights that stay" in dry
    for words in (["run"], ["explain"], ["run", "--dry-run"]):
        assert "stay" not in o3sim(words[0], "o3bnn-64pe", "tiny.yaml", *STREAMS, *words[1:])


def test_no_transfer_is_traced(o3sim: O3sim) -> None:
    words = "trace", "o3bnn-64pe", "tiny.yaml", "--layer", "conv1", "--format", "canonical", "-o"
    o3sim(*words, "streams.txt", *STREAMS)
    o3sim(*words, "stays.txt", *STAYS)
    assert " weights " in Path("streams.txt").read_text()
    assert " weights " not in Path("stays.txt").read_text()


def test_sweeps_have_columns_of_it_where_weights_stay(o3sim: O3sim) -> None:
    axes = "axes: {weight_buffer.resident_kbit: [0, 1, 2]}"
    Path("sweep.yaml").write_text(f"name: s\narchitectures: [o3bnn-64pe]\nworkloads: [tiny.yaml]\n{axes}\n")
    o3sim("sweep", "sweep.yaml", "-o", "out")
    with open("out/results.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["resident.load_bits"] for row in rows] == ["", "960", "1044"]
    assert [row["resident.load_cycles"] for row in rows] == ["", "42", "44"]
    cycles = [int(row["cycles"]) for row in rows]
    assert cycles == sorted(cycles, reverse=True)


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ({"resident_kbit": 15_000}, "weight_buffer.resident_kbit: 15000 kbit are more than"),
        ({"size_kbit": 1, "resident_kbit": 1}, "weight_buffer.size_kbit: half of 0 kbit, besides 1 of"),
        ({"resident_kbit": -1}, "weight_buffer.resident_kbit: expected a number >= 0"),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(sizes: dict[str, int], says: str, o3sim: O3sim) -> None:
    text = ", ".join(f"{key}: {value}" for key, value in sizes.items())
    Path("mine.yaml").write_text(f"extends: o3bnn-64pe\nweight_buffer: {{{text}}}\n")
    refusal = o3sim.refusal("run", "mine.yaml", "tiny.yaml")
    assert says in refusal
    assert "mine" in refusal


def test_a_search_takes_figures_of_loading_where_weights_may_stay(o3sim: O3sim) -> None:
    text = "name: e\narchitecture: o3bnn-64pe\nworkload: tiny.yaml\nparameters: {KEY: [1, 2]}\ntrials: 2\n"
    text += "objectives: {resident.load_cycles: minimise}\n"
    Path("stays.yaml").write_text(text.replace("KEY", "weight_buffer.resident_kbit"))
    Path("mine.yaml").write_text("extends: o3bnn-64pe\nweight_buffer: {resident_kbit: 0}\n")
    text = text.replace("architecture: o3bnn-64pe", "architecture: mine.yaml")
    Path("streams.yaml").write_text(text.replace("KEY", "pe.contexts"))
    o3sim("validate", "stays.yaml")
    assert "no column of numbers `resident.load_cycles`" in o3sim.refusal("validate", "streams.yaml")
