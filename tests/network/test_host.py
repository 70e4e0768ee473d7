"""Float ends on the host: the network's own classes, the binary middle simulated, said in all reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from o3sim.cli import app as cli
from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from o3sim.network.bits.packing import pack_bits
from o3sim.network.infer import infer
from o3sim.network.load import load_network, load_workload
from o3sim.network.network import Network
from o3sim.runs.engines import ENGINES
from o3sim.runs.simulation import simulate

Array = NDArray[Any]

ENDS = """\
name: ends
classes: 10
input: {height: 8, width: 8, channels: 3, encoding: {type: real, range: [-1, 1]}}
first:
  host:
    - {type: conv, name: stem, channels: 6, kernel: 3, stride: 1, padding_pixels: 1}
    - {type: affine, name: norm}
    - {type: hardtanh}
layers:
  - {name: conv1, type: conv, channels: 8, kernel: 3, pool: {size: 2, stride: 2}}
  - {name: conv2, type: conv, channels: 8, kernel: 2}
last:
  host:
    - {type: affine, name: norm2}
    - {type: tanh}
    - {type: average}
    - {type: dense, name: head, features: 10}
parameters: ends.npz
images: {file: images.npz}
"""


def arrays() -> dict[str, Array]:
    random = np.random.default_rng(1)
    return {
        "stem_host_weights": random.normal(size=(6, 3, 3, 3)).astype("f4"),
        "stem_host_bias": random.normal(size=6),
        "norm_host_scale": random.normal(size=6),
        "norm_host_shift": random.normal(size=6),
        "conv1_weights": pack_bits(random.integers(0, 2, (8, 54))),
        "conv1_theta": random.integers(-4, 5, 8),
        "conv2_weights": pack_bits(random.integers(0, 2, (8, 32))),
        "conv2_theta": random.integers(-4, 5, 8),
        "norm2_host_scale": random.normal(size=8),
        "norm2_host_shift": random.normal(size=8),
        "head_host_weights": random.normal(size=(10, 8)),
        "head_host_bias": random.normal(size=10),
    }


def written(folder: Path, text: str = ENDS, floats: bool = False, **changed: Array | None) -> Path:
    held = {**arrays(), **changed}
    np.savez(folder / "ends.npz", **{key: value for key, value in held.items() if value is not None})
    random = np.random.default_rng(2)
    x = (
        random.normal(size=(4, 8, 8, 3)).astype("f4")
        if floats
        else random.integers(0, 256, (4, 8, 8, 3), np.uint8)
    )
    np.savez(folder / "images.npz", x=x, y=np.arange(4))
    (folder / "ends.yaml").write_text(text)
    return folder / "ends.yaml"


def network_of(path: Path) -> Network:
    return load_network(load_workload(path))


def bits_of(weights: Array, edges: int) -> Array:
    octets = np.unpackbits(weights.view(np.uint8), axis=1, bitorder="little")[:, :edges]
    return octets.astype("f8") * 2 - 1


def convolved(x: Array, weights: Array, pad: int = 0) -> Array:
    """By loops over taps: weights [out, ky, kx, in]."""
    x = np.pad(x, ((pad, pad), (pad, pad), (0, 0)))
    size = weights.shape[1]
    rows, columns = x.shape[0] - size + 1, x.shape[1] - size + 1
    found = np.zeros((rows, columns, len(weights)))
    for ky in range(size):
        for kx in range(size):
            found += x[ky : ky + rows, kx : kx + columns] @ weights[:, ky, kx].T
    return found


def wanted(values: Array) -> tuple[Array, Array]:
    """Bits that the first binary layer takes, and scores, on real pixels; shares no code with the package."""
    a = arrays()
    stem = convolved(values, a["stem_host_weights"].astype("f8"), 1) + a["stem_host_bias"]
    first = np.clip(stem * a["norm_host_scale"] + a["norm_host_shift"], -1, 1) >= 0
    dots = convolved(2.0 * first - 1, bits_of(a["conv1_weights"], 54).reshape(8, 3, 3, 6))
    bits = (dots >= a["conv1_theta"]).reshape(3, 2, 3, 2, 8).any(axis=(1, 3))
    dots = convolved(2.0 * bits - 1, bits_of(a["conv2_weights"], 32).reshape(8, 2, 2, 8))
    last = np.where(dots >= a["conv2_theta"], 1.0, -1.0)
    hidden = np.tanh(last * a["norm2_host_scale"] + a["norm2_host_shift"]).mean(axis=(0, 1))
    return first, a["head_host_weights"] @ hidden + a["head_host_bias"]


@pytest.mark.parametrize("floats", [False, True])
def test_both_ends_are_the_networks_own(tmp_path: Path, floats: bool) -> None:
    network = network_of(written(tmp_path, floats=floats))
    assert network.host_parts == ("first", "last")
    for image in np.load(tmp_path / "images.npz")["x"]:
        first, scores = wanted(image.astype("f8") if floats else image / 255 * 2 - 1)
        np.testing.assert_array_equal(network.encode(image), first)
        np.testing.assert_allclose(infer(network, image).scores, scores, rtol=1e-12)


@pytest.mark.parametrize("machine", ["small", "dense", "window"])
def test_the_middle_is_simulated_whole_and_both_engines_agree(tmp_path: Path, machine: str) -> None:
    network = network_of(written(tmp_path))
    images = np.load(tmp_path / "images.npz")["x"][:2]
    results = [simulate(load_architecture(machine), network, images, engine=name) for name in ENGINES]
    assert results[0] == results[1]
    assert results[0].outputs_exact
    assert results[0].float_ends == ("first", "last")
    assert results[0].classes == tuple(infer(network, image).predicted for image in images)
    assert [layer.name for layer in results[0].layers] == ["conv1", "conv2"]


@pytest.mark.parametrize("end", ["first", "last"])
def test_either_end_alone(tmp_path: Path, end: str) -> None:
    keys = yaml.safe_load(ENDS)
    held: dict[str, Array | None] = {}
    if end == "first":
        del keys["last"]
        keys["layers"].append({"name": "scores", "type": "dense", "features": 10, "scores": True})
        held = {name: None for name in arrays() if name.startswith(("head", "norm2"))}
        held["scores_weights"] = pack_bits(np.random.default_rng(3).integers(0, 2, (10, 32)))
    else:
        del keys["first"]
        keys["input"] = {
            "height": 8,
            "width": 8,
            "channels": 6,
            "encoding": {"type": "binary", "threshold": 128},
        }
        held = {name: None for name in arrays() if name.startswith(("stem", "norm_"))}
    path = written(tmp_path, yaml.safe_dump(keys), **held)
    network = network_of(path)
    assert network.host_parts == (end,)
    image = np.random.default_rng(4).integers(0, 256, network.input_shape, np.uint8)
    result = simulate(load_architecture("small"), network, image[None])
    assert result.outputs_exact
    assert result.classes == (infer(network, image).predicted,)


def test_digests_tell_host_weights_apart(tmp_path: Path) -> None:
    first = network_of(written(tmp_path)).digest()
    assert first == network_of(written(tmp_path)).digest()
    for name in ("stem_host_weights", "head_host_bias"):
        changed = arrays()[name]
        changed.reshape(-1)[0] += 1
        assert network_of(written(tmp_path, **{name: changed})).digest() != first


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{type: real, range: [-1, 1]}", "{type: binary, threshold: 3}", "`first: host` takes `type: real`"),
        ("classes: 10", "classes: 9", "9 classes for the 10 scores of the host"),
        (
            "kernel: 3, stride: 1",
            "kernel: 20, stride: 1",
            "first.host[0]: its window does not fit the map of 8x8",
        ),
        ("name: norm2", "name: norm", "two operations are called `norm`"),
        ("type: tanh", "type: tahn", "tahn"),
        (
            "parameters: ends.npz",
            "parameters: {synthetic: {seed: 1, ones: 0.5}}",
            "synthetic parameters are for",
        ),
        (
            "- {name: conv2, type: conv, channels: 8, kernel: 2}",
            "- {name: conv2, type: dense, features: 8, scores: true}",
            "with `last: host` the host gives the scores",
        ),
    ],
)
def test_keys_that_do_not_fit(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in ENDS
    with pytest.raises(InputError) as caught:
        network_of(written(tmp_path, ENDS.replace(old, new)))
    assert message in str(caught.value)
    assert "ends.yaml:" in str(caught.value)


def test_real_pixels_need_the_host(tmp_path: Path) -> None:
    keys = yaml.safe_load(ENDS)
    del keys["first"]
    with pytest.raises(InputError, match="real numbers need `first: host`, which makes bits"):
        network_of(written(tmp_path, yaml.safe_dump(keys)))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stem_host_weights": None}, "no array `stem_host_weights`"),
        (
            {"stem_host_weights": np.zeros((6, 3, 3, 3), int)},
            "expected finite floats [6, 3, 3, 3], found int64",
        ),
        ({"norm_host_shift": np.full(6, np.nan)}, "norm_host_shift: expected finite floats [6]"),
        ({"head_host_weights": np.zeros((10, 7))}, "expected finite floats [10, 8], found float64 [10, 7]"),
        ({"conv2_theta": None}, "no array `conv2_theta`"),
        ({"haed_host_bias": np.zeros(10)}, "`haed_host_bias` belongs to no layer"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, changed: dict[str, Array | None], message: str) -> None:
    with pytest.raises(InputError) as caught:
        network_of(written(tmp_path, **changed))
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'ends.npz'}: ")


Run = Callable[..., int | str | None]


@pytest.fixture
def o3sim(monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*arguments: str | Path) -> int | str | None:
        monkeypatch.setattr("sys.argv", ["o3sim", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return caught.value.code

    return call


def test_every_report_says_so(o3sim: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path)
    note = "first and last layers on the host, in floats: not timed, not counted"
    for command in (("run", "small", path, "--images", "1"), ("profile", path), ("explain", "small", path)):
        assert o3sim(*command) == 0
        assert note in capsys.readouterr().out.replace("\n", " "), command
    assert o3sim("run", "small", path, "--images", "1", "--json", tmp_path / "run.json") == 0
    assert '"float_ends": [' in (tmp_path / "run.json").read_text()
    assert o3sim("profile", path, "--save", tmp_path / "profiles") == 0
    capsys.readouterr()
    assert o3sim("run", "small", path, "--profiles", tmp_path / "profiles") == 0
    assert note in capsys.readouterr().out.replace("\n", " ")


def test_float_ends_are_not_exported(o3sim: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx", reason="needs the extra onnx")
    assert o3sim("export", written(tmp_path), "-o", tmp_path / "m.onnx") == 2
    assert "are float layers of the host, which are not exported" in capsys.readouterr().err


def test_images_of_floats_are_for_the_host_alone(tmp_path: Path) -> None:
    network = network_of(written(tmp_path))
    from o3sim.network.images import load_images

    bad = np.random.default_rng(1).normal(size=(2, 8, 8, 3))
    bad[1, 0, 0, 0] = np.inf
    np.savez(tmp_path / "bad.npz", x=bad)
    with pytest.raises(InputError, match="holds values that are infinite or no numbers"):
        load_images(tmp_path / "bad.npz", network)
