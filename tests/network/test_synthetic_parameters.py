"""Synthetic parameters: deterministic, with the shares of ones and the margins asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from o3sim.config.load import load_model
from o3sim.config.workload import ParameterRecipe, Workload
from o3sim.errors import ConfigError, InputError
from o3sim.network import load, synthetic_parameters
from o3sim.network.bits.layers import pooled, thresholded
from o3sim.network.bits.packing import unused_bits_are_zero
from o3sim.network.layer import Layer
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.network.network import Network
from o3sim.network.synthetic_images import CALIBRATION_IMAGES, synthetic_images
from o3sim.network.synthetic_parameters import share_threshold
from o3sim.profile.survey import Survey, survey

WORKLOAD = """\
name: made
classes: 3
input: {{height: 14, width: 14, channels: 3, encoding: {encoding}}}
layers:
  - {{name: conv1, type: conv, channels: 16, kernel: 3, padding_pixels: 1, padding: {padding}}}
  - {{name: conv2, type: conv, channels: 24, kernel: 3, pool: {{size: 2, stride: 2}}}}
  - {{name: dense, type: dense, features: 40}}
  - {{name: scores, type: dense, features: 3, scores: true}}
parameters: {{synthetic: {recipe}}}
images: {{synthetic: {{seed: 4, count: 12}}}}
"""
FIXED = "{type: fixed, bits: 8, signed: false, fraction_bits: 0, range: [0, 255]}"
BINARY = "{type: binary, threshold: 128}"


def written(
    folder: Path,
    recipe: str = "{seed: 1, ones: 0.4, ones_of: {conv2: 0.2}}",
    encoding: str = FIXED,
    padding: str = "-1",
) -> Path:
    path = folder / "made.yaml"
    path.write_text(WORKLOAD.format(recipe=recipe, encoding=encoding, padding=padding))
    return path


def surveyed(path: Path) -> Survey:
    files = load_workload(path)
    network = load_network(files)
    return survey(network, workload_images(files, network), (1,))


def calibration_shares(network: Network, recipe: ParameterRecipe) -> list[np.ndarray[Any, Any]]:
    """Shares of ones by channel on the calibration images, layer by layer."""
    images = synthetic_images(recipe.seed, recipe.calibration_images, network.input_shape, CALIBRATION_IMAGES)
    codes: Sequence[Any] = [network.encode(image) for image in images]
    shares = []
    for layer in network.layers[:-1]:
        bits = [thresholded(layer, code) for code in codes]
        shares.append(np.mean(bits, axis=(0, 1, 2)))
        codes = [pooled(layer.geometry, one) for one in bits]
    return shares


@pytest.mark.parametrize(("encoding", "padding"), [(FIXED, "-1"), (FIXED, "exclude"), (BINARY, "+1")])
def test_each_channel_meets_its_share_of_ones(tmp_path: Path, encoding: str, padding: str) -> None:
    recipe = ParameterRecipe(seed=1, ones=0.4, ones_of={"conv2": 0.2})
    network = load_network(load_workload(written(tmp_path, encoding=encoding, padding=padding)))
    conv1, conv2, dense = calibration_shares(network, recipe)
    assert conv1 == pytest.approx(np.full(16, 0.4), abs=0.06 if encoding == BINARY else 0.02)
    assert conv2 == pytest.approx(np.full(24, 0.2), abs=0.02)
    assert dense == pytest.approx(np.full(40, 0.4), abs=1 / 16)


def test_shares_hold_roughly_on_other_images(tmp_path: Path) -> None:
    conv1, conv2, *_ = surveyed(written(tmp_path)).layers
    assert conv1.p1 == pytest.approx(0.4, abs=0.05)
    assert conv2.p1 == pytest.approx(0.2, abs=0.05)


def test_margins_are_those_asked_for_and_larger_than_of_coin_flips(tmp_path: Path) -> None:
    path = written(tmp_path, "{seed: 1, ones: 0.5, calibration_images: 32}")
    wanted, coins = (
        surveyed(path).layers[1],
        surveyed(written(tmp_path, "{seed: 1, ones: 0.5, margin: 0}")).layers[1],
    )
    assert wanted.mean_margin * 12 == pytest.approx(1.0, abs=0.25)  # sqrt(9 * 16 edges)
    assert coins.mean_margin < wanted.mean_margin
    assert wanted.threshold[1] < coins.threshold[1]


def test_same_seed_same_network(tmp_path: Path) -> None:
    path = written(tmp_path)
    digest = load_network(load_workload(path)).digest()
    assert digest == load_network(load_workload(path)).digest()
    assert digest != load_network(load_workload(written(tmp_path, "{seed: 2, ones: 0.4}"))).digest()


@pytest.mark.parametrize(("name", "digest"), [("lfc", "5e4d9ccab8623676"), ("cnv", "b2eaeafec3dae083")])
def test_shipped_parameters_never_change(name: str, digest: str) -> None:
    """Other bits on another platform or NumPy, or after an edit, would be another network."""
    found = hashlib.sha256()
    for layer in load_network(load_workload(name)).layers:
        found.update(layer.weights.astype("<u8").tobytes())
        found.update(b"" if layer.theta is None else layer.theta.astype("<i8").tobytes())
    assert found.hexdigest()[:16] == digest


def test_what_is_made_is_a_proper_network(tmp_path: Path) -> None:
    network = load_network(load_workload(written(tmp_path)))
    assert network.synthetic
    assert network.classes == ("0", "1", "2")
    for layer in network.layers:
        assert isinstance(layer, Layer)
        assert unused_bits_are_zero(layer.weights, layer.geometry.fan_in)
        assert (layer.theta is None) == layer.scores


def test_one_calibration_image_is_enough(tmp_path: Path) -> None:
    path = written(tmp_path, "{seed: 1, ones: 0.4, calibration_images: 1}")
    assert surveyed(path).layers[1].p1 == pytest.approx(0.4, abs=0.2)


def test_images_are_made_as_asked(tmp_path: Path) -> None:
    files = load_workload(written(tmp_path))
    network = load_network(files)
    images = workload_images(files, network, count=3)
    assert images.synthetic
    assert images.y is None
    assert np.array_equal(images.x, workload_images(files, network).x[:3])
    with pytest.raises(InputError, match="13 images asked for, 1 to 12 available"):
        workload_images(files, network, count=13)


def test_images_of_ones_own_are_not_synthetic(tmp_path: Path) -> None:
    files = load_workload(written(tmp_path))
    network = load_network(files)
    np.savez(tmp_path / "own.npz", x=np.zeros((2, 14, 14, 3), np.uint8))
    images = workload_images(files, network, tmp_path / "own.npz")
    assert not images.synthetic
    assert survey(network, images, (1,)).synthetic == ("parameters",)


@pytest.mark.parametrize(
    ("recipe", "problem"),
    [
        ("{seed: 1}", "parameters.synthetic.ones: required, but absent"),
        ("{seed: 1, ones: 1}", "parameters.synthetic.ones: expected a number < 1"),
        ("{seed: -1, ones: 0.5}", "parameters.synthetic.seed: expected a number >= 0"),
        ("{seed: 1, ones: 0.5, ones_of: {conv9: 0.1}}", "there is no layer `conv9`"),
        ("{seed: 1, ones: 0.5, ones_of: {scores: 0.1}}", "the scores layer has no thresholds"),
        ("{seed: 1, ones: 0.5, margn: 1}", "unknown key (did you mean `margin`?)"),
        ("5", "parameters.synthetic: expected a mapping of keys"),
    ],
)
def test_a_wrong_recipe_is_one_problem(tmp_path: Path, recipe: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_model(written(tmp_path, recipe), Workload)
    assert len(caught.value.problems) == 1
    assert problem in caught.value.problems[0]


@given(
    dots=arrays(np.int64, st.tuples(st.integers(1, 40), st.integers(1, 4)), elements=st.integers(-9, 9)),
    share=st.floats(0.01, 0.99),
)
def test_no_threshold_comes_nearer_to_the_share(dots: np.ndarray[Any, Any], share: float) -> None:
    theta = share_threshold(dots, share)
    off = np.abs((dots >= theta).mean(axis=0) - share)
    for other in range(-10, 12):
        nearer = np.abs((dots >= other).mean(axis=0) - share)
        assert (off <= nearer + 1e-9).all() or len(dots) * share < 1


@pytest.mark.parametrize(
    ("size", "bytes_taken"),
    [
        ("height: 2300, width: 2300, channels: 1", 2298 * 2298 * 24 * 17),  # of the second layer
        ("height: 1500, width: 1500, channels: 8", 8 * 1500 * 1500 * 8 * 17),  # of the encoded images
    ],
)
def test_maps_that_would_fill_the_memory_are_refused_before_any_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str, bytes_taken: int
) -> None:
    path = written(tmp_path, "{seed: 1, ones: 0.4, calibration_images: 17}")
    path.write_text(path.read_text().replace("height: 14, width: 14, channels: 3", size))
    monkeypatch.setattr(synthetic_parameters, "synthetic_images", lambda *_: pytest.fail("images were made"))
    says = rf"calibration_images: 17 maps of the largest layer take {bytes_taken:,} bytes; 2,147,483,648 at"
    with pytest.raises(InputError, match=says):
        load_network(load_workload(path))


def test_images_that_would_fill_the_memory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path)
    files = load_workload(path)
    network = load_network(files)
    monkeypatch.setattr(load, "MOST_MADE_BYTES", 3 * 14 * 14 * 3)
    assert len(workload_images(files, network, None, 3)) == 3
    with pytest.raises(InputError, match=r"made\.yaml: 4 images of \(14, 14, 3\) values take 2,352 bytes"):
        workload_images(files, network, None, 4)
