"""Sums of the host's first layers: integers that binary layers add, written beside the bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from o3sim.config.load import load_architecture
from o3sim.contract.live_maps import live_bits
from o3sim.errors import InputError
from o3sim.network.bits.packing import pack_bits
from o3sim.network.host import HostInput
from o3sim.network.host_ranges import ends_after
from o3sim.network.infer import infer
from o3sim.network.load import load_network, load_workload
from o3sim.network.network import Network
from o3sim.runs.engines import ENGINES
from o3sim.runs.simulation import simulate
from tests.network.test_host import bits_of, convolved

Array = NDArray[Any]

SUMS = """\
name: sums
classes: 3
input: {height: 4, width: 4, channels: 2, encoding: {type: real, range: [-1, 1]}}
first:
  host:
    - {type: conv, name: stem, channels: 4, kernel: 3, padding_pixels: 1}
    - {type: affine, name: norm}
  sum_bits: 16
  fraction_bits: 6
layers:
  - {name: a, type: conv, channels: 4, kernel: 3, padding_pixels: 1, padding: -1, add: first, sum_bits: 32}
  - {name: b, type: conv, channels: 8, kernel: 3, padding_pixels: 1, padding: -1, add: a, sum_bits: 32}
last:
  host:
    - {type: average}
    - {type: dense, name: head, features: 3}
parameters: sums.npz
"""


def arrays() -> dict[str, Array]:
    chance = np.random.default_rng(1)
    return {
        "stem_host_weights": chance.normal(size=(4, 3, 3, 2)),
        "stem_host_bias": chance.normal(size=4),
        "norm_host_scale": np.array([1.5, -0.75, 0.5, 2.0]),
        "norm_host_shift": chance.normal(size=4),
        "a_weights": pack_bits(chance.integers(0, 2, (4, 36))),
        "a_theta": chance.integers(-40, 40, 4),
        "a_scale": np.array([3, 0, 7, 1]),
        "b_weights": pack_bits(chance.integers(0, 2, (8, 36))),
        "b_theta": np.zeros(8, np.int64),
        "head_host_weights": chance.normal(size=(3, 8)),
    }


def network_of(folder: Path, text: str = SUMS, **changed: Array) -> Network:
    np.savez(folder / "sums.npz", **{**arrays(), **changed})
    (folder / "sums.yaml").write_text(text)
    return load_network(load_workload(folder / "sums.yaml"))


def pixels(count: int = 4) -> Array:
    return np.random.default_rng(2).integers(0, 256, (count, 4, 4, 2), np.uint8)


def wanted(image: Array, a: dict[str, Array]) -> tuple[Array, Array]:
    """What the host gives as integers, and scores; shares no code with the package."""
    stem = convolved(image / 255 * 2 - 1, a["stem_host_weights"], 1) + a["stem_host_bias"]
    first = stem * a["norm_host_scale"] + a["norm_host_shift"]
    stream = np.clip(np.floor(first * 64 + 0.5), -(2**15), 2**15 - 1)

    def dots(bits: Array, name: str) -> Array:
        padded = np.pad(2.0 * bits - 1, ((1, 1), (1, 1), (0, 0)), constant_values=-1.0)
        return convolved(padded, bits_of(a[f"{name}_weights"], 36).reshape(-1, 3, 3, 4))

    made = a["a_scale"] * dots(first >= 0, "a") + stream
    last = dots(made >= a["a_theta"], "b") + np.tile(made, (1, 1, 2))
    return stream, a["head_host_weights"] @ last.mean(axis=(0, 1))


@pytest.mark.parametrize("factor", [1, 500])  # the larger one is beyond 16 bits
def test_layers_add_what_the_host_gives(tmp_path: Path, factor: int) -> None:
    changed = {**arrays(), "norm_host_scale": arrays()["norm_host_scale"] * factor}
    network = network_of(tmp_path, **changed)
    assert isinstance(network.input, HostInput)
    reached = 0
    for image in pixels():
        stream, scores = wanted(image, changed)
        np.testing.assert_array_equal(network.input.encode_with_sums(image)[1], stream)
        np.testing.assert_allclose(infer(network, image).scores, scores, rtol=1e-12)
        reached = max(reached, int(np.abs(stream).max()))
    assert (reached >= 2**15 - 1) == (factor > 1)


def test_both_engines_run_them(tmp_path: Path) -> None:
    network = network_of(tmp_path)
    results = [simulate(load_architecture("small"), network, pixels(1), engine=name) for name in ENGINES]
    assert results[0] == results[1]
    assert results[0].outputs_exact
    assert results[0].layers[0].events.addend_words > 0


def test_the_activation_buffer_holds_them_until_they_are_added(tmp_path: Path) -> None:
    network = network_of(tmp_path)
    own = [4 * 4 * channels * 32 for channels in (4, 8)]
    # The first layer's own sums and the host's; then the second's own, and the first's, which it adds.
    assert [live.others for live in live_bits(network.layers)] == [own[0] + 4 * 4 * 4 * 16, own[1] + own[0]]


def test_no_value_lies_outside_of_what_is_worked_out_for_pixels(tmp_path: Path) -> None:
    network = network_of(tmp_path)
    assert isinstance(network.input, HostInput)
    least, greatest = network.input.sum_ends()
    for image in [*pixels(50), *(np.full((4, 4, 2), p, np.uint8) for p in (0, 255))]:
        found = network.input.encode_with_sums(image)[1]
        assert found is not None
        assert (found >= least).all()
        assert (found <= greatest).all()
    a = arrays()
    signs = np.where(a["stem_host_weights"] > 0, 255, 0)[0].astype(np.uint8)
    image = np.zeros((4, 4, 2), np.uint8)
    image[:3, :3] = signs  # what the first channel is largest on: its scale is positive
    found = network.input.encode_with_sums(image)[1]
    assert found is not None
    assert found[1, 1, 0] == greatest[0]


def test_ends_of_every_operation() -> None:
    weights = {"weights": np.array([[1.0, -2.0]]), "bias": np.array([0.5])}
    steps: dict[str, tuple[dict[str, Any], dict[str, Array]]] = {
        "affine": ({"type": "affine"}, {"scale": np.array([-1.0, 2.0]), "shift": np.array([0.0, 3.0])}),
        "dense": ({"type": "dense"}, weights),
        "padded": (
            {"type": "conv", "padding_pixels": 1},
            {"weights": weights["weights"].reshape(1, 1, 1, 2)},
        ),
        "relu": ({"type": "relu"}, {}),
        "hardtanh": ({"type": "hardtanh"}, {}),
        "max_pool": ({"type": "max_pool"}, {}),
    }
    found = {name: ends_after([step], 2.0, 5.0, 2).tolist() for name, step in steps.items()}
    assert found == {
        "affine": [[-5.0, 7.0], [-2.0, 13.0]],
        "dense": [[2.0 - 10.0 + 0.5], [5.0 - 4.0 + 0.5]],
        "padded": [[-10.0], [5.0]],
        "relu": [[2.0, 2.0], [5.0, 5.0]],
        "hardtanh": [[1.0, 1.0], [1.0, 1.0]],
        "max_pool": [[2.0, 2.0], [5.0, 5.0]],
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  fraction_bits: 6\n", "", "sums of the host need both keys, bits without neither"),
        ("  sum_bits: 16\n", "", "sums of the host need both keys, bits without neither"),
        ("  sum_bits: 16\n  fraction_bits: 6\n", "", "there is no layer `first`"),
        ("add: first, ", "", "no layer adds the sums of `first`"),
        ("{name: a,", "{name: first,", "with sums of the host `first` names these"),
        ("add: first", "input: first, add: first", "there is no layer `first`"),
        (
            "channels: 4, kernel: 3, padding_pixels: 1}",
            "channels: 3, kernel: 3, padding_pixels: 1}",
            "`first` gives",
        ),
        ("fraction_bits: 6", "fraction_bits: 40", "fraction_bits"),
        ("sum_bits: 16\n", "sum_bits: 8\n", "first.sum_bits: expected `16` or `32`, found the number 8"),
    ],
)
def test_keys_that_do_not_fit(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in SUMS
    with pytest.raises(InputError) as caught:
        network_of(tmp_path, SUMS.replace(old, new))
    assert message in str(caught.value)
    assert "sums.yaml:" in str(caught.value)


def test_sums_that_the_hosts_could_make_too_large_are_refused(tmp_path: Path) -> None:
    big = {"norm_host_scale": np.full(4, 1e7)}
    with pytest.raises(InputError, match=r"layer a: sums may reach 2,147,\d+,\d+, beyond 32 bits"):
        network_of(tmp_path, SUMS.replace("sum_bits: 16", "sum_bits: 32"), **big)


def test_digests_tell_them_apart(tmp_path: Path) -> None:
    digests = {
        network_of(tmp_path, SUMS.replace("fraction_bits: 6", f"fraction_bits: {n}")).digest() for n in (5, 6)
    }
    assert len(digests) == 2
