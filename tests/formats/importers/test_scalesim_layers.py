"""SCALE-Sim tables as independent layers: as many edges as MACs, inputs of their own, lines left aside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from o3sim.config.changes import changed
from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from o3sim.formats.importers.scalesim.layers import import_layers
from o3sim.formats.importers.scalesim.table import read_table
from o3sim.network.load import layer_shapes, load_network, load_workload, workload_images
from o3sim.network.own_input import own_input
from o3sim.profile.image import ComputedImage
from o3sim.runs.simulation import simulate
from tests.formats.importers.test_scalesim import HEADER, written

LAYERS = """\
conv, 10, 12, 3, 3, 2, 8, 1,
steps, 10, 12, 3, 3, 2, 8, 4,
long, 9, 9, 3, 5, 2, 4, 2,
wide, 9, 12, 3, 12, 2, 4, 2,
high, 9, 12, 9, 5, 2, 4, 3,
product, 7, 12, 1, 12, 1, 5, 1,
rows, 7, 12, 1, 12, 3, 5, 2,
points, 9, 9, 1, 1, 6, 4, 4,
all, 4, 5, 4, 5, 3, 6, 1,
two strides, 2, 9, 2, 3, 4, 2, 5, 2
"""
PRODUCTS = "a, 5, 6, 70,\nb, 1, 3, 4, 1:1\nc, 100000, 3, 4,\nd, 2, 3, 500000,\n"


def test_every_layer_has_as_many_edges_as_scale_sim_counts_macs(tmp_path: Path) -> None:
    path = written(tmp_path, LAYERS)
    files = load_workload(str(import_layers(path, "n").write(tmp_path / "n")))
    macs = [row.macs for row in read_table(path, skip=True).rows]
    assert macs[:4] == [8 * 10 * 18 * 8, 3 * 4 * 18 * 8, 4 * 3 * 30 * 4, 4 * 72 * 4]
    network = load_network(files)
    images = workload_images(files, network, None, 2)
    result = simulate(load_architecture("small"), network, images.x, synthetic_images=True)
    assert result.outputs_exact
    assert [layer.edges.total for layer in result.layers] == [2 * each for each in macs]
    assert result.classes == (None, None)


def test_products(tmp_path: Path) -> None:
    path = written(tmp_path, PRODUCTS, "Layer,M,N,K,Sparsity,\n")
    keys = import_layers(path, "n").keys
    a, b, c, d = keys["layers"]
    assert a == {
        "name": "a",
        "type": "conv",
        "channels": 6,
        "kernel": 1,
        "input": {"height": 5, "width": 1, "channels": 70},
    }
    assert (b["type"], b["features"]) == ("dense", 3)
    assert c["input"] == {"height": 50000, "width": 2, "channels": 4}
    assert (d["kernel"], d["input"]) == ([1, 50], {"height": 2, "width": 50, "channels": 10000})
    workload = load_workload(str(import_layers(path, "n").write(tmp_path / "n"))).workload
    edges = [int(g.n_edges_map().sum()) * g.out_channels for _, g, _ in layer_shapes(workload)]
    assert edges == [5 * 6 * 70, 3 * 4, 100000 * 3 * 4, 2 * 3 * 500000]


def test_machines_of_every_kind_take_them(tmp_path: Path) -> None:
    """Also one that takes the matches of every word; stages of a pipeline hand rows on, and cannot."""
    path = written(tmp_path, "a, 6, 6, 3, 3, 40, 8, 1,\nb, 5, 9, 1, 9, 8, 7, 1,\n")
    files = load_workload(str(import_layers(path, "n").write(tmp_path / "n")))
    network = load_network(files)
    images = workload_images(files, network, None, 2)
    for name in ("dense", "small", "window", "group", "carousel"):
        assert simulate(load_architecture(name), network, images.x, synthetic_images=True).outputs_exact
    pipelined = changed(load_architecture("small"), {"organization": "layer_pipelined"})
    with pytest.raises(InputError, match=r"layer b has an input of its own.*layer_sequential"):
        simulate(pipelined, network, images.x)


def test_inputs_differ_by_layer_and_image_and_stay_the_same(tmp_path: Path) -> None:
    path = written(tmp_path, "a, 6, 6, 3, 3, 40, 8, 1,\nb, 6, 6, 3, 3, 40, 8, 1,\n")
    files = load_workload(str(import_layers(path, "n").write(tmp_path / "n")))
    network = load_network(files)
    first, second = workload_images(files, network, None, 2).x
    pairs = [(layer, image) for layer in network.layers for image in (first, second)]
    inputs = [own_input(layer.name, layer.geometry, image) for layer, image in pairs]
    assert len({each.tobytes() for each in inputs}) == 4
    assert all(0.4 < each.mean() < 0.6 for each in inputs)
    assert np.array_equal(inputs[0], own_input("a", network.layers[0].geometry, first.copy()))
    whole = ComputedImage(network, first)
    bits = [whole.profiled_bits(number) for number, _ in enumerate(whole.profiles())]
    assert all(np.array_equal(bits[number], whole.exact_bits(number)) for number in range(2))


def test_titles_and_lines_that_end_early_are_left_aside(tmp_path: Path) -> None:
    rows = "Some net,\na, 6, 6, 3, 3, 4, 8, 1,#dw\nb, 6, 6,\nc, 6, 6, 3, 3, 4, 8, 1, , 3\n"
    header = HEADER.rstrip(",\n") + ", , Eh\n"
    imported = import_layers(written(tmp_path, rows, header), "n")
    assert [layer["name"] for layer in imported.keys["layers"]] == ["a", "c"]
    columns, title, short = imported.notes
    assert columns == "columns left aside: `Eh`"
    assert title.endswith("topology.csv:2: `Some net` is a title, left aside")
    assert short.endswith("topology.csv:4: b: expected 7 numbers after the name, found 2; left aside")


@pytest.mark.parametrize(
    "header",
    [
        "Layer, IFMAP Width, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n",
        "\ufeffLayer name,Ifmap height,ifmap width,filter height,filter width,channel,num filters,strides,\n",
        HEADER.replace(", ", "\t").replace(",", "\t"),
        HEADER.replace("Strides", "Stride height, Stride width"),
        HEADER.replace("Strides", "Strides, Batch Size"),
    ],
)
def test_headers_as_they_are_found(tmp_path: Path, header: str) -> None:
    (layer,) = import_layers(written(tmp_path, "a, 6, 5, 3, 3, 4, 8, 1, 1,\n", header), "n").keys["layers"]
    assert layer["input"] == {"height": 6, "width": 5, "channels": 4}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a, 9, 9, 3, 3, 4, 8, 1, 2,\n", "topology.csv:2: a: strides of 1 rows and 2 columns"),
        ("a, 9, 9, 3, 3, 4, 8, 1, 1:2,\n", "topology.csv:2: a: Sparsity: `1:2`"),
        ("a, 9, 9, 3, , 4, 8, 1,\n", "topology.csv:2: a: Filter Width: `` is not a number"),
        ("a, 9, 9, 3, 3, 70000, 8, 1,\n", "topology.csv:2:1: layers[0].input.channels: expected a number"),
        ("a, 60000, 60000, 3, 3, 1, 8, 1,\n", "topology.csv:2:1: layers[0]: a map of"),
    ],
)
def test_refusals(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        import_layers(written(tmp_path, rows), "n")
    assert message in str(refused.value)
