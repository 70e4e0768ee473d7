"""Orders change when neurons are decided, and nothing that they compute."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from o3sim.cli.app import app
from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from o3sim.files import load_npz, save_npz
from o3sim.network.edge_order import EdgeOrder, problems_of
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.network.network import Network
from o3sim.profile.ordering.choose import Ordering
from o3sim.profile.ordering.members import choose_members, members_evaluated
from o3sim.profile.ordering.sharing import alike
from o3sim.profile.ordering.workload import LayerOrders, choose_orders, reordered
from o3sim.profile.survey import survey
from o3sim.runs.simulation import simulate
from tests.network.samples import write_tiny

CALIBRATION, TEST = slice(0, 40), slice(40, 60)


@pytest.fixture(scope="module")
def fashion() -> tuple[Network, np.ndarray]:
    files = load_workload("fashion-vgg")
    network = load_network(files)
    return network, workload_images(files, network, count=60).x


def orders_of(fashion: tuple[Network, np.ndarray], how: Ordering) -> list[LayerOrders]:
    network, images = fashion
    return list(choose_orders(network, list(images[CALIBRATION]), how, members=True))


def threshold_percent(network: Network, images: np.ndarray) -> float:
    from o3sim.network.images import Images

    total = survey(network, Images(images, None), (32,)).total
    return total.percent_pruned(total.threshold[32])


def test_an_order_of_edges_prunes_more_on_images_it_has_not_seen(
    fashion: tuple[Network, np.ndarray],
) -> None:
    network, images = fashion
    ordered = reordered(network, orders_of(fashion, Ordering()))
    assert threshold_percent(ordered, images[TEST]) > 1.5 * threshold_percent(network, images[TEST])


def test_the_order_built_from_its_end_prunes_more_on_images_it_has_not_seen(
    fashion: tuple[Network, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    network, images = fashion
    with_it = threshold_percent(reordered(network, orders_of(fashion, Ordering())), images[TEST])
    monkeypatch.setattr("o3sim.profile.ordering.choose.MOST_EDGES", 0)
    assert with_it > threshold_percent(reordered(network, orders_of(fashion, Ordering())), images[TEST])


@pytest.mark.parametrize("how", [Ordering(), Ordering(32), Ordering(1, 8)], ids=["edge", "word", "shared"])
def test_outputs_are_those_of_the_network_on_both_engines(
    fashion: tuple[Network, np.ndarray], how: Ordering
) -> None:
    network, images = fashion
    ordered = reordered(network, orders_of(fashion, how))
    machine = load_architecture("o3bnn").with_({"weight_buffer.resident_kbit": 0})  # tables stream too
    plain = simulate(machine, network, images[TEST][:2])
    compiled = simulate(machine, ordered, images[TEST][:2])
    assert compiled.outputs_exact
    assert compiled.classes == plain.classes
    assert compiled.network_digest != plain.network_digest
    assert compiled.events["order_bits"] > 0
    assert compiled.events["dram_bits"] > plain.events["dram_bits"]
    assert compiled.energy_pj["activation_gather"] > 0


def test_engines_agree_on_an_order_of_edges(fashion: tuple[Network, np.ndarray]) -> None:
    network, images = fashion
    ordered = reordered(network, orders_of(fashion, Ordering()))
    small = replace(ordered, layers=ordered.layers)
    machine = load_architecture("o3bnn")
    assert simulate(machine, small, images[:1], engine="simpy") == simulate(machine, small, images[:1])


def test_sharing_keeps_tables_small(fashion: tuple[Network, np.ndarray]) -> None:
    for each in orders_of(fashion, Ordering(1, 8)):
        assert each.edges is not None
        channels = len(each.edges.order.order_of)
        assert len(each.edges.order.granules) == -(-channels // 8)


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_channels_are_cut_into_groups_of_at_most_so_many(channels: int, most: int, seed: int) -> None:
    keys = np.random.default_rng(seed).random((channels, 7))
    groups = alike(keys, most)
    assert np.bincount(groups).max() <= most
    assert set(groups) == set(range(-(-channels // most)))


@given(st.lists(st.integers(0, 20), min_size=16, max_size=16))
def test_chosen_members_are_no_worse_than_raster_order_of_two(counts: list[int]) -> None:
    patterns = np.array(counts)
    order = choose_members(patterns)
    assert sorted(order) == [0, 1, 2, 3]
    first = [int(patterns[np.arange(16) >> place & 1 == 1].sum()) for place in range(4)]
    assert first[order[0]] == max(first)
    assert 0.25 <= members_evaluated(patterns, order) <= 1 or not patterns.sum()


def order(granules: list[list[int]], rows: list[int], granule_edges: int = 4, fan_in: int = 10) -> EdgeOrder:
    return EdgeOrder(np.array(granules, np.int32), np.array(rows, np.int32), granule_edges, fan_in)


def test_the_last_granule_may_be_short() -> None:
    assert order([[2, 0, 1]], [0]).edges(0).tolist() == [8, 9, 0, 1, 2, 3, 4, 5, 6, 7]
    assert order([[2, 0, 1]], [0]).table_bits == 3 * 2
    assert order([[2, 0, 1]], [0]).word_bits(8) == 2 * 2


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (order([[2, 0, 0]], [0]), "not every row has each of 0..2 once"),
        (order([[0, 1]], [0]), "expected rows of 3 granules"),
        (order([[2, 0, 1]], [1]), "one for each channel"),
        (order([[2, 0, 1]], [0], granule_edges=0), "expected at least 1"),
        (order([[0]], [0], granule_edges=2**40), "at most 4096"),
    ],
)
def test_an_order_that_is_none_is_refused(wrong: EdgeOrder, says: str) -> None:
    assert says in problems_of(wrong, 1)[0]


def test_a_damaged_order_in_a_file_is_an_error(tmp_path: Path) -> None:
    network = load_network(load_workload(write_tiny(tmp_path)))
    name = next(layer.name for layer in network.layers if not layer.fixed_point)
    path = next(tmp_path.glob("*.npz"))
    for file in tmp_path.glob("*.npz"):
        if f"{name}_weights" in load_npz(file):
            path = file
    arrays = load_npz(path)
    save_npz(path, {**arrays, f"{name}_edge_order": np.zeros((1, 3), np.int32)})
    with pytest.raises(InputError, match="come together or not at all"):
        load_network(load_workload(next(tmp_path.glob("*.yaml"))))
    save_npz(path, {**arrays, f"{name}_member_order": np.array([0, 0])})
    with pytest.raises(InputError, match="member_order"):
        load_network(load_workload(next(tmp_path.glob("*.yaml"))))


def test_the_command_writes_a_workload_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = load_workload("fashion-vgg")
    assert isinstance(files.images, Path)
    command = ["order", "fashion-vgg", "--image-file", str(files.images), "--images", "10", "-o", "mine"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "conv2" in done.stdout
    network = load_network(load_workload("mine.yaml"))
    assert network.layers[1].geometry.edge_order is not None
    assert sorted(network.layers[1].geometry.member_order) == [0, 1, 2, 3]
    done = CliRunner().invoke(app, ["run", "o3bnn", "mine.yaml", "--images", "1"])
    assert done.exit_code == 0, done.output


def test_an_order_can_be_of_some_layers_alone(
    fashion: tuple[Network, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, images = fashion
    some = {each.name: each for each in choose_orders(network, list(images[:5]), Ordering(), True, ["2"])}
    every = {each.name: each for each in choose_orders(network, list(images[:5]), Ordering(), True)}
    assert [name for name, each in some.items() if each.edges] == ["conv3"]
    assert some["conv3"].edges is not None
    assert every["conv3"].edges is not None
    assert some["conv3"].edges.order == every["conv3"].edges.order
    assert [each.members for each in some.values()] == [each.members for each in every.values()]
    monkeypatch.chdir(tmp_path)
    file = str(load_workload("fashion-vgg").images)
    command = ["order", "fashion-vgg", "--image-file", file, "--images", "2", "-o", "mine", "--layer"]
    for more, says in (
        (["conv9"], "no layer `conv9`"),
        (["conv1"], "layer `conv1` has no edges to order"),
        (["conv2", "--granularity", "none"], "says whose edges are ordered"),
    ):
        done = CliRunner().invoke(app, command + more)
        assert says in str(done.exception)
    assert not list(tmp_path.iterdir())
    done = CliRunner().invoke(app, [*command, "conv2", "--layer", "dense1"])
    assert done.exit_code == 0, done.output
    orders = [layer.geometry.edge_order for layer in load_network(load_workload("mine.yaml")).layers]
    names = [layer.name for layer, each in zip(network.layers, orders, strict=True) if each is not None]
    assert names == ["conv2", "dense1"]


def test_made_up_parameters_are_refused(tmp_path: Path) -> None:
    files = load_workload("fashion-vgg")
    command = ["order", "lfc", "--image-file", str(files.images), "--images", "2", "-o", str(tmp_path / "x")]
    done = CliRunner().invoke(app, command)
    assert "synthetic parameters" in str(done.exception)
