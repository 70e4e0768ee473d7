"""Forms of the regularisers, and trainings that begin from others or learn from them."""

from __future__ import annotations

import json
from math import ceil, pi, sin
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from o3sim.errors import InputError  # noqa: E402
from o3sim.files import load_npz, save_npz  # noqa: E402
from o3sim.train.data_set import encoded  # noqa: E402
from o3sim.train.loop import Trainer  # noqa: E402
from o3sim.train.network import BinaryNetwork  # noqa: E402
from o3sim.train.regularisers.pooling import ShuffledTerm, pooling_term  # noqa: E402
from o3sim.train.regularisers.threshold import decided_shares  # noqa: E402
from o3sim.train.regularisers.words import WORD_EDGES, words_term  # noqa: E402
from o3sim.train.run import run_training  # noqa: E402
from o3sim.train.task import Task, load_task  # noqa: E402
from tests.train.samples import write_training  # noqa: E402

TERMS = {"pooling": 2.0, "threshold": 2.0}


def gradients(task: Task) -> dict[str, Any]:
    """Gradients of the terms alone after a forward pass over the first images."""
    torch.manual_seed(1)
    network = BinaryNetwork(task.topology.shapes, task.topology.spec, task.training.order)
    trainer = Trainer(task.training, network)
    codes = encoded(task.train, task.topology.spec, "cpu").codes[:16].float()
    _, terms = trainer.network(codes)
    (terms.pooling + terms.threshold).backward()
    return {name: values.grad for name, values in network.named_parameters()}


@pytest.mark.parametrize("order", ["bn_pool", "pool_bn"])
def test_terms_that_reach_shifts_move_nothing_else_and_move_them_as_before(
    tmp_path: Path, order: str
) -> None:
    found = gradients(
        load_task(write_training(tmp_path, order=order, regularisers={**TERMS, "reach": "shift"}))
    )
    moved = {name for name, gradient in found.items() if gradient is not None and gradient.any()}
    assert moved
    assert all(name.endswith(".beta") for name in moved)
    last = max(moved)  # no layer with terms follows, through whose inputs they would reach it
    whole = gradients(load_task(write_training(tmp_path, order=order, regularisers=TERMS)))
    torch.testing.assert_close(found[last], whole[last])


def test_words_count_stairs_that_are_exact_half_way() -> None:
    n = 4 * WORD_EDGES
    dot = (2 * torch.arange(n + 1) - n).float().view(1, 1, -1, 1).requires_grad_()
    one, theta = torch.ones(1), torch.zeros(1)
    words = 4 * decided_shares(dot, one, theta, n).detach()
    stairs = [word + 0.5 - sin(2 * pi * word) / (2 * pi) for word in words.flatten().tolist()]
    term = words_term(dot, one, theta, n)
    assert term.item() == pytest.approx(np.mean(stairs) / 4, rel=1e-5)
    for word, stair in zip(words.flatten().tolist(), stairs, strict=True):
        assert abs(stair - ceil(word)) < 0.51
        assert stair == pytest.approx(ceil(word)) or abs(word % 1 - 0.5) > 1e-6
    term.backward()
    assert dot.grad is not None
    assert torch.isfinite(dot.grad).all()


def test_a_word_costs_nothing_more_at_its_end() -> None:
    """At a share of exactly two of four words the slope is nought; the share of edges has one there."""
    n = 4 * WORD_EDGES
    for term, slope in ((words_term, False), (lambda *of: decided_shares(*of).mean(), True)):
        dot = torch.full((1, 1, 1, 1), float(n) * 0.5, requires_grad=True)  # 96 matches
        term(
            dot, torch.ones(1), torch.full((1,), -float(n) * 0.25), n
        ).backward()  # threshold 48: half of them
        assert dot.grad is not None
        assert (abs(dot.grad.item()) > 1e-4) is slope


def test_shuffled_members_are_orders_of_the_same_windows_and_epochs_repeat() -> None:
    z = torch.randn(4, 3, 6, 6, generator=torch.Generator().manual_seed(5))
    term = ShuffledTerm(seed=1)
    term.begin_epoch(3)
    found = [term(z, 2, 2).item() for _ in range(8)]
    assert len(set(found)) > 3
    turned = [z.flip(2), z.flip(3), z.transpose(2, 3), z]
    whole = torch.stack([pooling_term(other, 2, 2) for other in turned]).mean().item()
    assert np.mean(found) == pytest.approx(whole, rel=0.1)
    term.begin_epoch(3)
    assert [term(z, 2, 2).item() for _ in range(8)] == found
    term.begin_epoch(4)
    assert [term(z, 2, 2).item() for _ in range(8)] != found


def test_layers_count_as_they_are_weighed(tmp_path: Path) -> None:
    weights = {"conv2": 1.0, "dense1": 3.0}
    task = load_task(write_training(tmp_path, regularisers={**TERMS, "layer_weights": weights}))
    network = BinaryNetwork(task.topology.shapes, task.topology.spec, "bn_pool")
    Trainer(task.training, network)
    assert network.shares == [0, 0.25, 0, 0.75, 0]


def test_a_training_begins_from_another_and_learns_from_it(tmp_path: Path) -> None:
    run_training(load_task(write_training(tmp_path, keep_latent=True)), tmp_path / "plain", resume=False)
    still = {"epochs": 1, "learning_rate": 1e-12, "start": "plain-latent.npz", "keep_latent": True}
    run_training(load_task(write_training(tmp_path, **still)), tmp_path / "again", resume=False)
    before, after = (load_npz(tmp_path / f"{name}-latent.npz") for name in ("plain", "again"))
    assert before.keys() == after.keys()
    for key in before:
        if key.endswith(("latent", "gamma", "beta")):
            np.testing.assert_allclose(after[key], before[key], atol=1e-6)

    def loss(**changes: Any) -> float:
        task = load_task(write_training(tmp_path, **still, **changes))
        run_training(task, tmp_path / "net", resume=False)
        return float(json.loads((tmp_path / "net.jsonl").read_text().splitlines()[1])["loss"])

    taught = {"teacher": "plain-latent.npz", "weight": 1.0, "temperature": 1.0}
    # It learns from itself: what is left is that batches are normed by their own moments.
    assert loss(distillation=taught) < loss(distillation={**taught, "weight": 0.5}) < loss()


def test_forms_together_are_resumed_to_the_same_bytes(tmp_path: Path) -> None:
    run_training(load_task(write_training(tmp_path, keep_latent=True)), tmp_path / "plain", resume=False)
    changes = {
        "regularisers": {**TERMS, "pooling_form": "shuffled", "threshold_form": "words"},
        "distillation": {"teacher": "plain-latent.npz"},
        "start": "plain-latent.npz",
        "keep_latent": True,
        "measure_every": 2,
        "data": {"train": "train.npz", "test": "test.npz", "validation": 16},
    }
    task = load_task(write_training(tmp_path, **changes))

    class StoppedError(Exception):
        pass

    def stop(what: str, done: int, _: int) -> None:
        if "epoch 2" in what and done == 6:
            raise StoppedError

    run_training(task, tmp_path / "whole", resume=False)
    with pytest.raises(StoppedError):
        run_training(task, tmp_path / "cut", resume=False, progress=stop)
    run_training(load_task(tmp_path / "training.yaml"), tmp_path / "cut", resume=True)
    for suffix in (".npz", ".jsonl", "-latent.npz"):
        whole, cut = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("whole", "cut"))
        assert whole == cut, suffix


def refused(folder: Path, **changes: Any) -> str:
    path = write_training(folder, **changes)
    with pytest.raises(InputError) as refusal:
        load_task(path)
    return str(refusal.value).replace(f"{folder}/", "")


def test_what_is_refused_with_its_place(tmp_path: Path) -> None:
    run_training(
        load_task(write_training(tmp_path, epochs=1, keep_latent=True)), tmp_path / "one", resume=False
    )
    arrays = load_npz(tmp_path / "one-latent.npz")
    save_npz(tmp_path / "cut.npz", {key: values for key, values in arrays.items() if key != "layers.0.beta"})
    save_npz(tmp_path / "nan.npz", {**arrays, "layers.0.beta": np.full(4, np.nan, np.float32)})
    for changes, place, what in [
        ({"start": "none.npz"}, "start: ", "none.npz"),
        ({"start": "train.npz"}, "start: ", "not what `keep_latent` writes"),
        ({"start": "one-latent.npz", "width_factor": 2.0}, "start: ", "of another topology or width"),
        ({"start": "one-latent.npz", "order": "pool_bn"}, "start: ", "order bn_pool, this one has pool_bn"),
        ({"start": "cut.npz"}, "start: ", "layers.0.beta is not there"),
        ({"distillation": {"teacher": "nan.npz"}}, "distillation.teacher: ", "no finite float32"),
        (
            {"regularisers": {**TERMS, "layer_weights": {"conv1": 1.0}}},
            "regularisers.layer_weights.conv1: ",
            "there are conv2, conv3, dense1",
        ),
        ({"regularisers": {**TERMS, "layer_weights": {"conv2": 0.0}}}, "layer_weights: ", "all layers are 0"),
        (
            {"data": {"train": "train.npz", "test": "test.npz", "validation": 79}},
            "data.validation: ",
            "79 of 80 training images leave too few",
        ),
    ]:
        said = refused(tmp_path, **changes)
        assert said.startswith("training.yaml:"), said
        assert place in said
        assert what in said
