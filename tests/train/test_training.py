"""Seeds, schedules, augmentation, the log, and what a training refuses while it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="needs the extra train")

from o3sim.checks.reproduce.training_logs import read_log  # noqa: E402
from o3sim.errors import InputError  # noqa: E402
from o3sim.network.infer import accuracy  # noqa: E402
from o3sim.profile.survey import survey  # noqa: E402
from o3sim.train.config import Augmentation  # noqa: E402
from o3sim.train.data_set import DataSet, augmented, encoded, training_batches  # noqa: E402
from o3sim.train.loop import Trainer  # noqa: E402
from o3sim.train.network import BinaryNetwork  # noqa: E402
from o3sim.train.run import run_training  # noqa: E402
from o3sim.train.task import load_task  # noqa: E402
from tests.train.samples import images, training, write_training  # noqa: E402


def trainer(folder: Path, **changes: Any) -> tuple[Trainer, DataSet]:
    """A training that has not begun, and its data."""
    task = load_task(write_training(folder, **changes))
    torch.set_num_threads(1)
    torch.manual_seed(task.training.seed)
    network = BinaryNetwork(task.topology.shapes, task.topology.spec, task.training.order)
    return Trainer(task.training, network), encoded(task.train, task.topology.spec, "cpu")


def parameters(trained: Trainer) -> dict[str, Any]:
    return {name: values.clone() for name, values in trained.network.state_dict().items()}


def equal(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return all(torch.equal(values, second[name]) for name, values in first.items())


def after(folder: Path, epochs: int, **changes: Any) -> dict[str, Any]:
    """Parameters after some epochs."""
    some, data = trainer(folder, **changes)
    for _ in range(epochs):
        some.train_epoch(data)
    return parameters(some)


def test_it_learns(tmp_path: Path) -> None:
    task = load_task(write_training(tmp_path, epochs=8))
    network = run_training(task, tmp_path / "net", resume=False)
    assert task.test.y is not None
    assert accuracy(network, task.test.x, task.test.y) > 0.8


def test_same_seed_same_bytes_other_seed_others(tmp_path: Path) -> None:
    changes = {"regularisers": {"pooling": 0.1}, "augmentation": {"shift_pixels": 1}}
    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        run_training(load_task(write_training(tmp_path, seed=seed, **changes)), tmp_path / name, resume=False)
    for suffix in (".npz", ".jsonl"):
        one, same, other = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("one", "same", "other"))
        assert one == same
        assert one != other


@pytest.mark.parametrize("order", ["bn_pool", "pool_bn"])
def test_weights_of_nought_leave_the_training_as_it_is(tmp_path: Path, order: str) -> None:
    without = after(tmp_path, 2, order=order)
    zeros = {"pooling": 0.0, "threshold": 0.0, "warm_up_epochs": 2}
    assert equal(without, after(tmp_path, 2, order=order, regularisers=zeros))
    for term in ("pooling", "threshold"):
        assert not equal(without, after(tmp_path, 2, order=order, regularisers={term: 1.0}))


def test_warm_up_rises_from_nought_in_equal_steps(tmp_path: Path) -> None:
    """With steps too small to change anything, the loss exceeds the plain one by the weighted term."""
    still = {"learning_rate": 1e-12, "epochs": 6}
    plain, data = trainer(tmp_path, **still)
    weights = {"threshold": 2.0, "warm_up_epochs": 4}
    warming, _ = trainer(tmp_path, **still, regularisers=weights)
    shares = []
    for _ in range(6):
        base, losses = plain.train_epoch(data), warming.train_epoch(data)
        assert base.threshold_term is None
        assert losses.threshold_term is not None
        shares.append((losses.loss - base.loss) / (2.0 * losses.threshold_term))
    assert shares == pytest.approx([0, 0.25, 0.5, 0.75, 1, 1], abs=1e-4)


def test_the_first_epoch_of_a_warm_up_trains_without_regularisers(tmp_path: Path) -> None:
    weights = {"pooling": 1.0, "threshold": 1.0, "warm_up_epochs": 1}
    assert equal(after(tmp_path, 1), after(tmp_path, 1, regularisers=weights))
    assert not equal(after(tmp_path, 2), after(tmp_path, 2, regularisers=weights))


@pytest.mark.parametrize("term", ["pooling", "threshold"])
def test_a_regulariser_lowers_its_term(tmp_path: Path, term: str) -> None:
    def last(weight: float) -> float:
        some, data = trainer(tmp_path, epochs=8, regularisers={term: weight})
        for _ in range(8):
            losses = some.train_epoch(data)
        found = losses.pooling_term if term == "pooling" else losses.threshold_term
        assert found is not None
        return found

    assert last(3.0) < last(1e-6)


def test_the_learning_rate_follows_a_cosine_to_nought(tmp_path: Path) -> None:
    some, data = trainer(tmp_path, learning_rate=0.02, epochs=2)
    rates: list[float] = []
    for _ in range(2):
        some.train_epoch(data, lambda *_: rates.append(some.optimiser.param_groups[0]["lr"]))
    expected = [0.01 * (1 + np.cos(np.pi * step / 10)) for step in range(10)]
    assert rates == pytest.approx(expected)


def test_latent_weights_and_pooled_scales_keep_their_ranges(tmp_path: Path) -> None:
    some, data = trainer(tmp_path, order="pool_bn", learning_rate=1.0)
    some.train_epoch(data)
    for layer in some.network.binary_layers():
        assert layer.latent.abs().max() <= 1
        if layer.geometry.pool is not None:
            assert layer.gamma.min() > 0


def test_a_loss_that_is_no_number(tmp_path: Path) -> None:
    some, data = trainer(tmp_path)
    some.network.binary_layers()[-1].beta.data.fill_(float("nan"))
    with pytest.raises(
        InputError, match=r"small: the loss is nan in epoch 1, batch 1; a lower learning_rate"
    ):
        some.train_epoch(data)


def codes_of(count: int) -> Any:
    """Maps in which every pixel is different, none of them 0."""
    return torch.arange(1, count * 30 + 1, dtype=torch.int16).view(count, 1, 5, 6)


def shifted(image: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    """Move an image pixel by pixel; zeros come in."""
    moved = np.zeros_like(image)
    for y, x in np.ndindex(image.shape[1:]):
        if 0 <= y + rows < image.shape[1] and 0 <= x + columns < image.shape[2]:
            moved[:, y + rows, x + columns] = image[:, y, x]
    return moved


def test_shifts_are_each_images_own_and_reach_every_way() -> None:
    codes = codes_of(300)
    moved = augmented(codes, Augmentation(shift_pixels=2), torch.Generator().manual_seed(1))
    ways = [(rows, columns) for rows in range(-2, 3) for columns in range(-2, 3)]
    found = set()
    for before, after_ in zip(codes.numpy(), moved.numpy(), strict=True):
        fits = [way for way in ways if np.array_equal(shifted(before, *way), after_)]
        assert len(fits) == 1
        found.add(fits[0])
    assert found == set(ways)


def test_flips_mirror_left_and_right_about_half_of_the_images() -> None:
    codes = codes_of(200)
    flipped = augmented(codes, Augmentation(flip=True), torch.Generator().manual_seed(1))
    mirrored = [bool(torch.equal(one, other.flip(2))) for one, other in zip(flipped, codes, strict=True)]
    same = [bool(torch.equal(one, other)) for one, other in zip(flipped, codes, strict=True)]
    assert all(a != b for a, b in zip(mirrored, same, strict=True))
    assert 70 < sum(mirrored) < 130


def test_without_augmentation_images_stay() -> None:
    codes = codes_of(4)
    assert torch.equal(augmented(codes, Augmentation(), torch.Generator()), codes)


def batches_of(count: int, size: int, seed: int, epoch: int) -> list[tuple[Any, Any]]:
    data = DataSet(codes_of(count), torch.arange(count))
    return list(training_batches(data, size, Augmentation(), seed, epoch))


def test_batches_hold_every_image_once_with_its_label() -> None:
    seen = []
    for codes, labels in batches_of(23, 5, seed=3, epoch=1):
        assert len(labels) == 5
        for image, label in zip(codes, labels, strict=True):
            assert torch.equal(image, codes_of(23)[label])
            seen.append(int(label))
    assert len(seen) == len(set(seen)) == 20  # three are left over


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return [int(label) for _, labels in batches_of(20, 5, seed, epoch) for label in labels]

    assert order(1, 2) == order(1, 2)
    assert len({tuple(order(seed, epoch)) for seed in (1, 2) for epoch in (1, 2)}) == 4


def test_a_batch_larger_than_the_data_is_all_of_it() -> None:
    (batch,) = batches_of(3, 128, seed=0, epoch=1)
    assert sorted(batch[1].tolist()) == [0, 1, 2]


def test_the_log_says_what_was_asked_and_what_came_out(tmp_path: Path) -> None:
    weights = {"pooling": 0.25, "warm_up_epochs": 1}
    task = load_task(write_training(tmp_path, seed=7, order="pool_bn", regularisers=weights))
    network = run_training(task, tmp_path / "net", resume=False)
    first, *epochs, last = (json.loads(line) for line in (tmp_path / "net.jsonl").read_text().splitlines())
    assert first["training"] == task.training.model_dump(mode="json")
    assert {key: first[key] for key in ("family", "order", "seed", "pooling_weight", "threshold_weight")} == {
        "family": "tests",
        "order": "pool_bn",
        "seed": 7,
        "pooling_weight": 0.25,
        "threshold_weight": 0.0,
    }
    assert [line["epoch"] for line in epochs] == [1, 2, 3]
    assert all(0 <= line["pooling_term"] <= 1 and line["threshold_term"] is None for line in epochs)
    assert task.test.y is not None
    assert last["accuracy"] == round(accuracy(network, task.test.x, task.test.y), 6)
    total = survey(network, task.test.first(4), (32,)).total
    assert last["pruned_percent"] == round(total.percent_pruned(total.both[32]), 6)
    assert last["test_images"] == 20
    log = read_log(tmp_path / "net.jsonl")
    assert (log.accuracy, log.pruned_percent) == (last["accuracy"], last["pruned_percent"])
    assert str(tmp_path) not in (tmp_path / "net.jsonl").read_text()


@pytest.mark.parametrize(
    ("factor", "widths"),
    [(1.0, [4, 6, 5, 9, 3]), (2.0, [8, 12, 10, 18, 3]), (0.5, [2, 3, 2, 4, 3]), (0.01, [1, 1, 1, 1, 3])],
)
def test_width_factor_scales_all_layers_but_the_scores(
    tmp_path: Path, factor: float, widths: list[int]
) -> None:
    task = load_task(write_training(tmp_path, width_factor=factor))
    assert [geometry.out_channels for _, geometry, _ in task.topology.shapes] == widths
    network = run_training(task, tmp_path / "net", resume=False)
    assert [layer.geometry.out_channels for layer in network.layers] == widths


def test_images_of_a_data_set_in_its_standard_files(tmp_path: Path) -> None:
    """A folder in place of NPZ files: the same training."""
    path = write_training(tmp_path)
    folder = tmp_path / "set"
    folder.mkdir()
    for split, arrays in (("train", images(80)), ("test", images(20, seed=2))):
        for letter, array in arrays.items():
            np.save(folder / f"{letter}_{split}.npy", array)
    arrays_of = load_task(path)
    changed = training(data={"train": "set", "test": "set"})
    path.write_text(json.dumps(changed))  # JSON is YAML
    files_of = load_task(path)
    for split in ("train", "test"):
        np.testing.assert_array_equal(getattr(files_of, split).x, getattr(arrays_of, split).x)
        np.testing.assert_array_equal(getattr(files_of, split).y, getattr(arrays_of, split).y)
