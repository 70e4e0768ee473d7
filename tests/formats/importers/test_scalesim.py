"""SCALE-Sim topologies: what is inferred, that the result runs, and what is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from o3sim.formats.importers.scalesim.chain import import_scalesim
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.runs.simulation import simulate

HEADER = (
    "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
)

ALEXNET = """\
Conv1, 224, 224, 11, 11, 3, 96, 4,
Conv2, 31, 31, 5, 5, 96, 256, 1,
Conv3, 15, 15, 3, 3, 256, 384, 1,
Conv4, 15, 15, 3, 3, 384, 384, 1,
Conv5, 15, 15, 3, 3, 384, 256, 1,
FC6, 6, 6, 6, 6, 256, 4096, 1,
FC7, 1, 1, 1, 1, 4096, 4096, 1,
FC8, 1, 1, 1, 1, 4096, 1000, 1,
"""

SMALL = """\
conv 1/a, 10, 12, 3, 3, 2, 8, 1,

conv 1/a, 6, 7, 3, 3, 8, 6, 1,
fc, 1, 1, 1, 1, 120, 16, 1
scores, 1, 1, 1, 1, 16, 5, 1,
"""


def written(tmp_path: Path, rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "topology.csv"
    path.write_text(header + rows)
    return path


def test_alexnet(tmp_path: Path) -> None:
    imported = import_scalesim(written(tmp_path, ALEXNET), "mine")
    assert imported.keys["input"]["height"] == 227
    conv1, conv2, conv3, _, conv5, fc6, _, fc8 = imported.keys["layers"]
    assert conv1 == {
        "name": "Conv1",
        "type": "conv",
        "channels": 96,
        "kernel": 11,
        "stride": 4,
        "pool": {"size": 3, "stride": 2},
    }
    assert (conv2["padding_pixels"], conv2["padding"], conv2["pool"]) == (2, -1, {"size": 3, "stride": 2})
    assert conv3["padding_pixels"] == 1
    assert "pool" not in conv3
    assert conv5["pool"] == {"size": 3, "stride": 2}
    assert fc6 == {"name": "FC6", "type": "dense", "features": 4096}
    assert fc8["scores"] is True
    assert imported.notes[:3] == (
        "Conv1: input 227x227, since SCALE-Sim rounds its outputs up",
        "Conv1: pool 3x3/2, inferred from the IFMAP of Conv2",
        "Conv2: padding of 2 on each side, inferred from its IFMAP",
    )


def test_the_workload_has_as_many_edges_as_the_topology_has_macs(tmp_path: Path) -> None:
    """On a binary input every MAC is one edge; 8 bits of input make 8 of the first layer's."""
    imported = import_scalesim(written(tmp_path, SMALL), "small-one")
    path = imported.write(tmp_path / "small-one")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["small-one.yaml", "topology.csv"]
    keys = yaml.safe_load(path.read_text())
    assert [layer["name"] for layer in keys["layers"]] == ["conv_1_a", "conv_1_a_2", "fc", "scores"]
    assert str(tmp_path) not in path.read_text()
    files = load_workload(str(path))
    network = load_network(files)
    images = workload_images(files, network, None, 1)
    result = simulate(load_architecture("small"), network, images.x)
    assert result.outputs_exact
    macs = [8 * 10 * 18 * 8, 4 * 5 * 72 * 6, 120 * 16, 16 * 5]
    assert [layer.edges.total for layer in result.layers] == [8 * macs[0], *macs[1:]]


def test_no_pool_goes_before_one_and_whole_windows_before_others(tmp_path: Path) -> None:
    rows = (
        "a, 8, 8, 3, 3, 1, 4, 1,\nb, 8, 8, 3, 3, 4, 4, 1,\nc, 5, 5, 3, 3, 4, 4, 1,\nd, 3, 3, 3, 3, 4, 9, 1,\n"
    )
    a, b, c, _ = import_scalesim(written(tmp_path, rows), "n").keys["layers"]
    assert "pool" not in a
    assert (b["padding_pixels"], b["pool"]) == (1, {"size": 2, "stride": 2})
    assert c["padding_pixels"] == 1
    assert "pool" not in c


def test_filters_may_be_longer_than_wide(tmp_path: Path) -> None:
    rows = "a, 9, 8, 3, 5, 1, 4, 2,\nb, 4, 3, 2, 1, 4, 4, 1,\nc, 3, 3, 3, 3, 4, 9, 1,\n"
    imported = import_scalesim(written(tmp_path, rows), "n")
    a, b, _ = imported.keys["layers"]
    assert (imported.keys["input"]["height"], imported.keys["input"]["width"]) == (9, 9)
    assert (a["kernel"], a["stride"], b["kernel"]) == ([3, 5], 2, [2, 1])
    network = load_network(load_workload(str(imported.write(tmp_path / "n"))))
    shapes = [layer.geometry for layer in network.layers]
    assert [(g.out_height, g.out_width) for g in shapes] == [(4, 3), (3, 3), (1, 1)]


def test_scores_are_added_after_a_convolution_at_the_end(tmp_path: Path) -> None:
    rows = "scores, 9, 9, 3, 3, 1, 4, 1, 1:1\nb, 7, 7, 3, 3, 4, 4, 3,\n"
    imported = import_scalesim(written(tmp_path, rows), "n")
    assert imported.keys["classes"] == 10
    assert imported.keys["layers"][2] == {"name": "scores_2", "type": "dense", "features": 10, "scores": True}
    assert imported.notes == ("scores_2: 10 outputs, added: a network ends in class scores",)
    assert (
        load_network(load_workload(str(imported.write(tmp_path / "n")))).layers[2].geometry.in_channels == 16
    )


def test_partial_steps_of_later_layers_are_told(tmp_path: Path) -> None:
    rows = "a, 8, 8, 3, 3, 1, 4, 1,\nb, 6, 6, 3, 3, 4, 4, 2,\nc, 2, 2, 2, 2, 4, 4, 1,\n"
    notes = import_scalesim(written(tmp_path, rows), "n").notes
    assert notes == ("b: outputs without the last step, not whole, that SCALE-Sim counts",)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "no layers below the header"),
        ("a, 8, 8, 3, 3, 1, 4,\n", "topology.csv:2: a: expected 7 numbers after the name, found 6"),
        (
            "a, 8, 8, 3, 3, 1, 4, 1, 2:4,\n",
            "topology.csv:2: a: Sparsity: `2:4`: binary weights have no",
        ),
        ("a, 8, 8, 3, 3, 1, 4, 1, 2,\n", "topology.csv:2: a: strides of 1 rows and 2 columns"),
        ("a, 8, 8, 3, three, 1, 4, 1,\n", "topology.csv:2: a: Filter Width: `three` is not a number"),
        ("a, 8, 8, 3, 3, 1, 0, 1,\n", "topology.csv:2: a: Num Filter: `0` is not a number"),
        ("a, 8, 8, 9, 9, 1, 4, 1,\n", "topology.csv:2: a: a filter of 9x9 is larger than the IFMAP of 8x8"),
        ("aDP, 8, 8, 3, 3, 3, 4, 1,\n", "topology.csv:2: aDP: `DP` in a name means that each of 3 channels"),
        (
            "\na, 8, 8, 3, 3, 1, 4, 1,\nb, 1, 1, 1, 1, 512, 4, 1,\n",
            "topology.csv:4: b takes 1x1x512 but a above it gives 6x6x4, pooled 3x3, pooled 2x2",
        ),
        (
            "a, 8, 8, 3, 3, 1, 4, 1,\nb, 6, 6, 3, 3, 5, 4, 1,\nc, 1, 1, 1, 1, 64, 4, 1,\n",
            "topology.csv:3: b takes 6x6x5 but a above it gives 6x6x4",
        ),
        (
            "a, 1, 1, 1, 1, 9, 4, 1,\nb, 1, 1, 1, 1, 5, 4, 1,\n",
            "topology.csv:3: b takes 5 values but a above it gives 4",
        ),
        (
            "a, 1, 1, 1, 1, 9, 4, 1,\nb, 2, 2, 1, 1, 1, 4, 1,\nc, 1, 1, 1, 1, 16, 4, 1,\n",
            "topology.csv:3: b is a convolution after a, which is fully connected",
        ),
    ],
)
def test_refusals(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        import_scalesim(written(tmp_path, rows), "n")
    assert message in str(refused.value)


def test_other_tables_and_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"topology\.csv:1: expected the header"):
        import_scalesim(written(tmp_path, "", "Layer, M, N, Q,\n"), "n")
    with pytest.raises(InputError, match=r"topology\.csv:1: matrix products do not follow.*--layers"):
        import_scalesim(written(tmp_path, "a, 1, 2, 3,\n", "Layer, M, N, K,\n"), "n")
    with pytest.raises(InputError, match="empty"):
        import_scalesim(written(tmp_path, "", "\n\n"), "n")
    with pytest.raises(InputError, match=r"absent\.csv: cannot be read: No such file"):
        import_scalesim(tmp_path / "absent.csv", "n")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not a text file"):
        import_scalesim(tmp_path / "binary.csv", "n")
    imported = import_scalesim(written(tmp_path, SMALL), "n")
    with pytest.raises(InputError, match="no such folder"):
        imported.write(tmp_path / "nowhere" / "n")


@pytest.mark.parametrize(
    ("rows", "places"),
    [
        ("a, 100000, 100000, 3, 3, 3, 4, 1,\n", ["2:1: input.height", "2:1: input.width"]),
        ("a, 200, 200, 99, 99, 3, 4, 1,\n", ["2:1: layers[0].kernel"]),
        ("a, 200, 200, 3, 3, 3, 4, 100,\n", ["2:1: layers[0].stride"]),
        ("a, 8, 8, 3, 3, 70000, 4, 1,\n\nfc, 6, 6, 6, 6, 4, 10, 1,\n", ["2:1: input.channels"]),
        ("a, 8, 8, 3, 3, 3, 70000, 1,\nfc, 6, 6, 6, 6, 70000, 10, 1,\n", ["2:1: layers[0].channels"]),
        ("a, 8, 8, 3, 3, 3, 4, 1,\n\nfc, 6, 6, 6, 6, 4, 100000, 1,\n", ["4:1: classes", "4:1: layers[1]"]),
        ("a, 60000, 60000, 3, 3, 30, 4, 1,\n", ["2:1: input: a map of"]),
        ("a, 60, 60, 64, 64, 60000, 4, 1,\n", ["2: a: a filter of 64x64 is larger"]),
        ("a, 64, 65, 64, 64, 60000, 4, 1,\n", ["layer a: 245760000 inputs of 8 bits exceed 32-bit sums"]),
        (f"a, {'9' * 5000}, 8, 3, 3, 3, 4, 1,\n", ["2: a: IFMAP Height: `9999"]),
    ],
)
def test_sizes_that_a_workload_cannot_hold_are_told_at_their_lines(
    tmp_path: Path, rows: str, places: list[str]
) -> None:
    with pytest.raises(InputError) as refused:
        import_scalesim(written(tmp_path, rows), "n")
    for place in places:
        assert place in str(refused.value)
    assert all(line.startswith(str(tmp_path / "topology.csv:")) for line in str(refused.value).splitlines())
    assert len(str(refused.value)) < 1000


def test_thousands_of_layers_of_one_name(tmp_path: Path) -> None:
    imported = import_scalesim(written(tmp_path, "a, 1, 1, 1, 1, 4, 4, 1,\n" * 5000), "n")
    names = [layer["name"] for layer in imported.keys["layers"]]
    assert names == ["a", *(f"a_{number}" for number in range(2, 5001))]
