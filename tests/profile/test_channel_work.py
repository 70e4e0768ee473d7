"""The work of channels: edges up to decisions, members up to the first 1; kept among the parameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from o3sim.cli.app import main
from o3sim.errors import InputError
from o3sim.network.layer import Pool
from o3sim.network.load import load_network, load_workload
from o3sim.network.parameters import load_layers
from o3sim.profile.channel_work import edges_by_channel, measure_channel_work
from tests.machine.harness import conv, dense, profile, queueless, run_one

POOLED = conv(4, 4, 8, 2, kernel=3, pool=Pool(2, 2))


def test_members_after_the_first_1_are_no_work() -> None:
    outcome = np.array([[[0, 1], [1, 0]], [[0, 0], [1, 0]]])
    assert edges_by_channel(profile(POOLED, 24, outcome)).tolist() == [48, 24]


def test_work_is_what_a_machine_of_words_of_one_edge_executes() -> None:
    rng = np.random.default_rng(4)
    geometry = conv(6, 6, 3, 1, pool=Pool(2, 2))
    layer = profile(geometry, rng.integers(1, 27, (4, 4, 1)), rng.random((4, 4, 1)) < 0.4)
    counters = run_one(queueless("window", pe__width_edges=1), layer)
    assert edges_by_channel(layer).sum() == counters.edges_executed


def test_scores_are_evaluated_whole() -> None:
    assert edges_by_channel(profile(dense(40, 3), 5, scores=True)).tolist() == [40, 40, 40]


def test_a_measured_workload_is_written_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    images = np.random.default_rng(1).integers(0, 256, (3, 28, 28), np.uint8)
    np.savez("train.npz", x=images)
    words = ["balance", "fashion-vgg", "--image-file", "train.npz", "-o", "b", "--images", "3"]
    monkeypatch.setattr("sys.argv", ["o3sim", *words])
    with pytest.raises(SystemExit) as done:
        main()
    assert not done.value.code
    network = load_network(load_workload(tmp_path / "b.yaml"))
    measured = measure_channel_work(network, list(images))
    assert {layer.name: list(layer.geometry.channel_work) for layer in network.layers} == {
        name: work.tolist() for name, work in measured.items()
    }


def test_work_of_a_wrong_shape_is_refused(tmp_path: Path) -> None:
    arrays = {
        "d_weights": np.zeros((2, 1), np.uint64),
        "d_theta": np.zeros(2, np.int64),
        "d_channel_work": np.zeros(3, np.int64),
    }
    np.savez(tmp_path / "p.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"d_channel_work: expected 2 whole numbers, found int64 \[3\]"):
        load_layers(tmp_path / "p.npz", [("d", dense(8, 2), False)], 0)
