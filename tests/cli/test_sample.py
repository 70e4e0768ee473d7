"""`o3sim run --sample`: marked in all that is written, the same for a seed, refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from o3sim.api import simulate
from o3sim.cli import app as cli
from o3sim.errors import InputError
from tests.cli.commands import Done, call

LARGE = """\
name: large
classes: 3
input: {height: 64, width: 64, channels: 1, encoding: {type: binary, threshold: 128}}
layers:
  - {name: conv1, type: conv, channels: 16, kernel: 3, padding_pixels: 1, padding: -1,
     pool: {size: 2, stride: 2}}
  - {name: scores, type: dense, features: 3, scores: true}
parameters: {synthetic: {seed: 1, ones: 0.5}}
images: {synthetic: {seed: 2, count: 2}}
"""

MACHINE = """\
extends: small
name: pair
pe: {count: 2, width_edges: 1}
issue_queue: {depth_ops: 64}
activation_buffer: {banks: 2}
weight_buffer: {banks: 2}
"""

RUN = "run", "pair.yaml", "large.yaml", "--sample"


class O3sim:
    """Calls o3sim in a folder with a machine and a workload."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.call = lambda *words: call(monkeypatch, capsys, *words)

    def __call__(self, *words: str) -> str:
        done: Done = self.call(*words)
        assert not done.status, done.err
        return done.out

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json", "-"))

    def refusal(self, *words: str) -> str:
        done = self.call(*words)
        assert done.status == cli.EXIT_INPUT
        (line,) = (line for line in done.err.splitlines() if line.startswith("error:"))
        return line


@pytest.fixture
def o3sim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> O3sim:
    (tmp_path / "large.yaml").write_text(LARGE)
    (tmp_path / "pair.yaml").write_text(MACHINE)
    monkeypatch.chdir(tmp_path)
    return O3sim(monkeypatch, capsys)


def test_a_sampled_run_is_near_the_exact_one_and_says_so(o3sim: O3sim) -> None:
    exact, sampled = o3sim.json("run", "pair.yaml", "large.yaml"), o3sim.json(*RUN)
    assert exact["sampled"] is None
    figures = sampled["sampled"]
    assert (figures["seed"], [layer["name"] for layer in figures["layers"]]) == (0, ["conv1"])
    assert 0 < figures["simulated_ops_share"] < 0.5
    assert figures["layers"][0]["half_widths"] == figures["half_widths"]
    off = {
        "cycles": sampled["cycles"] - exact["cycles"],
        "energy_pj": sampled["energy_pj"]["total"] - exact["energy_pj"]["total"],
        **{
            f"{name}_reads": sampled["events"][f"{name}_reads"] - exact["events"][f"{name}_reads"]
            for name in ("activation", "weight")
        },
    }
    assert off["cycles"] != 0
    assert all(abs(error) <= figures["half_widths"][name] for name, error in off.items())
    assert sampled["layers"][1] == exact["layers"][1]
    assert sampled["outputs_exact"] is True
    assert "pair: SAMPLED" in o3sim(*RUN)


def test_a_seed_gives_the_same_bytes_for_any_processes(o3sim: O3sim) -> None:
    words = *RUN, "--images", "2", "--json", "-"
    one = o3sim(*words, "--sample-seed", "3")
    assert o3sim(*words, "--sample-seed", "3", "--jobs", "2") == one
    assert o3sim(*words, "--sample-seed", "4") != one
    alone, both = o3sim.json(*RUN, "--sample-seed", "3"), json.loads(one)
    assert both["per_image"][0]["cycles"] == alone["cycles"]
    assert both["sampled"]["layers"][0]["stretches"] == 2 * alone["sampled"]["layers"][0]["stretches"]


def test_python_samples_likewise(o3sim: O3sim) -> None:
    run = simulate("pair.yaml", "large.yaml", sample_seed=0)
    assert run.sampled is not None
    assert run.cycles == o3sim.json(*RUN)["cycles"]
    with pytest.raises(InputError, match="sample_seed: -1: seeds count from 0"):
        simulate("pair.yaml", "large.yaml", sample_seed=-1)
    with pytest.raises(InputError, match="sample_seed"):
        simulate("pair.yaml", "large.yaml", sample_seed=True)


def test_a_dry_run_says_what_would_be_sampled(o3sim: O3sim) -> None:
    text = " ".join(o3sim(*RUN, "--dry-run").split())
    assert "stretches of conv1, all of scores (ops)" in text
    assert "--sample" not in o3sim("run", "pair.yaml", "large.yaml", "--dry-run")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--engine", "simpy"), "pair: only the compiled engine runs stretches of layers"),
        (("--set", "pe.count=64"), "no layer is large enough to gain on pair: the largest"),
        (("--set", "scheduler.window_in_flight_ops=2"), "pair cannot be sampled (scheduler.window_in_flight"),
        (("--controls", "dense", "--compare", "window"), "window cannot be sampled (scheduler.dispatch)"),
        (("--controls", "dense", "--compare", "banked"), "banked cannot be sampled (scheduler.dispatch)"),
        (("--sample-seed", "-1"), "--sample-seed -1: seeds count from 0"),
    ],
)
def test_what_cannot_be_sampled_is_refused_by_name(words: tuple[str, ...], says: str, o3sim: O3sim) -> None:
    assert says in o3sim.refusal(*RUN, *words)


def test_a_sampled_result_is_not_explained(o3sim: O3sim) -> None:
    o3sim(*RUN, "--json", "result.json")
    assert "result.json: layers were sampled" in o3sim.refusal("explain", "result.json")
