"""Workloads from YAML and NPZ: shapes, and every way the parameters can be wrong."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.network.layer import Geometry, Pool
from o3sim.network.load import load_network, load_workload
from o3sim.network.network import Network
from o3sim.network.preprocess import BinaryInput, FixedInput
from tests.network.samples import TINY, tiny_arrays, write_tiny


def load(folder: Path, **changed: NDArray[Any] | None) -> Network:
    return load_network(load_workload(write_tiny(folder, TINY, **changed)))


def refused(folder: Path, **changed: NDArray[Any] | None) -> str:
    with pytest.raises(InputError) as caught:
        load(folder, **changed)
    assert str(folder / "tiny.npz") in str(caught.value)
    return str(caught.value)


def test_geometries_follow_from_the_topology(tmp_path: Path) -> None:
    network = load(tmp_path)
    conv, dense, scores = (layer.geometry for layer in network.layers)
    assert conv == Geometry("conv", 6, 6, 2, 5, 3, 3, 1, 1, "exclude", 1, Pool(2, 2))
    assert dense == Geometry("dense", 1, 1, 3 * 3 * 5, 7)
    assert scores == Geometry("dense", 1, 1, 7, 3)
    assert [layer.scores for layer in network.layers] == [False, False, True]
    assert network.input == BinaryInput(100)
    assert network.classes == ("a", "b", "c")


def test_only_the_first_layer_sees_planes(tmp_path: Path) -> None:
    encoding = "{type: fixed, bits: 4, signed: true, fraction_bits: 0, range: [-8, 7]}"
    text = TINY.replace("{type: binary, threshold: 100}", encoding)
    network = load_network(load_workload(write_tiny(tmp_path, text)))
    assert network.input == FixedInput(4, True, 0, -8.0, 7.0)
    assert [layer.geometry.planes for layer in network.layers] == [4, 1, 1]
    assert [layer.input_offset for layer in network.layers] == [-1, 0, 0]


def test_sums_beyond_32_bits_are_refused(tmp_path: Path) -> None:
    encoding = "{type: fixed, bits: 16, signed: true, fraction_bits: 0, range: [-8, 7]}"
    text = TINY.replace("{type: binary, threshold: 100}", encoding).replace("channels: 2", "channels: 4000")
    with pytest.raises(InputError, match="layer conv: 36000 inputs of 16 bits exceed 32-bit sums"):
        load_network(load_workload(write_tiny(tmp_path, text)))


def test_arrays_missing_misnamed_left_over(tmp_path: Path) -> None:
    theta = tiny_arrays()["conv_theta"]
    message = refused(tmp_path, conv_theta=None, conv_tetha=theta)
    assert "no array `conv_theta` (did you mean `conv_tetha`?)" in message
    assert "`conv_tetha` belongs to no layer (did you mean `conv_theta`?)" in message
    assert "no array `scores_weights`" in refused(tmp_path, scores_weights=None)
    assert "`scores_theta` belongs to no layer" in refused(tmp_path, scores_theta=np.zeros(3, np.int64))


def test_shapes_and_dtypes(tmp_path: Path) -> None:
    arrays = tiny_arrays()
    message = refused(
        tmp_path,
        conv_weights=arrays["conv_weights"].astype(np.int64),
        conv_theta=arrays["conv_theta"].astype(np.float32),
        dense_weights=arrays["dense_weights"][:6],
        dense_theta=arrays["dense_theta"][:, None],
    )
    assert "conv_weights: expected uint64 [5, 1], found int64 [5, 1]" in message
    assert "conv_theta: expected int32 or int64 [5], found float32 [5]" in message
    assert "dense_weights: expected uint64 [7, 1], found uint64 [6, 1]" in message
    assert "dense_theta: expected int32 or int64 [7], found int32 [7, 1]" in message


def test_bits_beyond_the_last_edge(tmp_path: Path) -> None:
    weights = tiny_arrays()["conv_weights"] | np.uint64(1 << 18)
    assert "conv_weights: bits are set beyond the 18 edges" in refused(tmp_path, conv_weights=weights)


def test_score_scale_and_bias(tmp_path: Path) -> None:
    scale, bias = np.ones(3, np.float32), np.zeros(3, np.float32)
    assert "together" in refused(tmp_path, scores_score_scale=scale)
    bad = np.full(3, np.nan, np.float32)
    assert "finite" in refused(tmp_path, scores_score_scale=bad, scores_score_bias=bias)
    layer = load(tmp_path, scores_score_scale=scale, scores_score_bias=bias).layers[-1]
    assert layer.score_scale is not None


def test_no_parameter_file(tmp_path: Path) -> None:
    path = write_tiny(tmp_path)
    (tmp_path / "tiny.npz").unlink()
    with pytest.raises(InputError, match=r"tiny\.npz: cannot be read"):
        load_network(load_workload(path))


def test_files_are_relative_to_the_yaml_that_names_them(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    (tmp_path / "derived").mkdir()
    path = tmp_path / "derived" / "other.yaml"
    path.write_text("extends: ../tiny.yaml\nname: other\n")
    files = load_workload(path)
    assert load_network(files).name == "other"
    assert files.images is not None
    assert files.images.samefile(tmp_path / "images.npz")


def test_the_digest_depends_on_the_function_only(tmp_path: Path) -> None:
    network = load(tmp_path)
    assert network.digest() == load(tmp_path).digest()
    theta = tiny_arrays()["conv_theta"]
    assert load(tmp_path, conv_theta=theta.astype(np.int32)).digest() == network.digest()
    assert load(tmp_path, conv_theta=theta + 1).digest() != network.digest()
    renamed = load_network(load_workload(write_tiny(tmp_path, TINY.replace("name: tiny", "name: other"))))
    assert renamed.digest() == network.digest()


def test_images_of_another_shape_are_refused(tmp_path: Path) -> None:
    network = load(tmp_path)
    with pytest.raises(InputError, match=r"takes images of uint8 \[6, 6, 2\]"):
        network.encode(np.zeros((5, 6, 2), np.uint8))
