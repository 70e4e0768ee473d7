"""Plain arrays: PyTorch and Keras layouts, outputs bit for bit, and every way a file is wrong."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from o3sim.errors import InputError
from o3sim.formats.importers.plain.network import import_npz
from o3sim.network.infer import infer
from o3sim.network.load import load_network, load_workload
from o3sim.network.network import Network

Arrays = dict[str, Any]


def imported(folder: Path, arrays: Arrays) -> Network:
    np.savez(folder / "arrays.npz", **arrays)
    topology, _ = import_npz(folder / "arrays.npz", "net").write(folder / "net")
    return load_network(load_workload(topology))


def small() -> Arrays:
    """A convolution, pooled, and scores."""
    random = np.random.default_rng(4)
    return {
        "layout": "pytorch",
        "layers": ["conv", "scores"],
        "input_shape": [6, 6, 1],
        "input_threshold": 100,
        "conv_kernel": random.choice([-1.0, 1.0], (3, 1, 3, 3)),
        "conv_gamma": random.normal(size=3),
        "conv_beta": random.normal(size=3),
        "conv_mean": random.normal(size=3),
        "conv_variance": random.uniform(1, 2, 3),
        "conv_epsilon": 1e-5,
        "conv_pool": [2, 2],
        "scores_kernel": random.choice([-1.0, 1.0], (4, 12)),
    }


def pytorch_net(pool_first: bool) -> tuple[Any, Arrays]:
    """A binarized PyTorch model as its users write it, and the arrays that the page says to save."""
    torch = pytest.importorskip("torch", reason="needs the extra train")
    nn = torch.nn

    class Sign(nn.Module):
        def forward(self, x: Any) -> Any:
            return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)

    torch.manual_seed(3)
    norms = [nn.BatchNorm2d(8), nn.BatchNorm2d(8), nn.BatchNorm1d(16), nn.BatchNorm1d(5)]
    for norm in norms:
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
        norm.running_mean.normal_(0, 2)
        norm.running_var.uniform_(1, 20)
    layers = [
        nn.Conv2d(3, 8, 3, padding=1, bias=False),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.Linear(8 * 16, 16),
        nn.Linear(16, 5, bias=False),
    ]
    for layer in layers:
        layer.weight.data = torch.where(layer.weight >= 0, 1.0, -1.0)
    pool = [nn.MaxPool2d(2), norms[1], Sign()] if pool_first else [norms[1], Sign(), nn.MaxPool2d(2)]
    model = nn.Sequential(
        layers[0],
        norms[0],
        Sign(),
        layers[1],
        *pool,
        nn.Flatten(),
        layers[2],
        norms[2],
        Sign(),
        layers[3],
        norms[3],
    )
    arrays: Arrays = {
        "layout": "pytorch",
        "layers": ["conv1", "conv2", "dense1", "scores"],
        "input_shape": [8, 8, 3],
        "input_range": [0.0, 1.0],
    }
    for name, layer, norm in zip(arrays["layers"], layers, norms, strict=True):
        arrays[f"{name}_kernel"] = layer.weight.detach().numpy()
        if layer.bias is not None:
            arrays[f"{name}_bias"] = layer.bias.detach().numpy()
        arrays[f"{name}_gamma"] = norm.weight.detach().numpy()
        arrays[f"{name}_beta"] = norm.bias.detach().numpy()
        arrays[f"{name}_mean"] = norm.running_mean.numpy()
        arrays[f"{name}_variance"] = norm.running_var.numpy()
        arrays[f"{name}_epsilon"] = norm.eps
    arrays |= {"conv1_padding": 1, "conv2_padding": 1, "conv2_pool": [2, 2], "conv2_pool_first": pool_first}
    return model.eval(), arrays


@pytest.mark.parametrize("pool_first", [False, True])
def test_a_pytorch_model_bit_for_bit(tmp_path: Path, pool_first: bool) -> None:
    model, arrays = pytorch_net(pool_first)
    torch = pytest.importorskip("torch")
    network = imported(tmp_path, arrays)
    images = np.random.default_rng(5).integers(0, 256, (100, 8, 8, 3), np.uint8)
    x = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).double() / 255
    at = next(index for index, layer in enumerate(model) if isinstance(layer, torch.nn.Flatten))
    with torch.no_grad():
        maps, hidden, wanted = (part.double()(x).numpy() for part in (model[:at], model[:-2], model))
    for image, signs, dense, scores in zip(images, maps, hidden, wanted, strict=True):
        found = infer(network, image)
        np.testing.assert_array_equal(found.bits[2].reshape(-1), dense > 0)
        np.testing.assert_allclose(found.scores, scores, rtol=1e-6, atol=1e-5)
        assert found.predicted == scores.argmax()
        if not pool_first:  # behind a pool, channels with a negative scale are kept inverted
            np.testing.assert_array_equal(found.bits[1], (signs > 0).transpose(1, 2, 0))


def test_keras_layout_is_the_same_network(tmp_path: Path) -> None:
    arrays = small()
    network = imported(tmp_path, arrays)
    keras = {**arrays, "layout": "keras"}
    keras["conv_kernel"] = arrays["conv_kernel"].transpose(2, 3, 1, 0)
    keras["scores_kernel"] = arrays["scores_kernel"].reshape(4, 3, 2, 2).transpose(2, 3, 1, 0).reshape(12, 4)
    assert imported(tmp_path, keras).digest() == network.digest()


def test_thresholds_and_encodings(tmp_path: Path) -> None:
    arrays = {
        key: value for key, value in small().items() if not key.startswith("conv_") or key == "conv_kernel"
    }
    del arrays["input_threshold"]
    arrays |= {
        "conv_threshold": [0.5, -3.0, 1.0],
        "conv_stride": 2,
        "conv_padding": 1,
        "conv_padding_value": -1.0,
    }
    arrays |= {"input_bits": 8, "input_signed": 1, "input_fraction_bits": 7, "input_range": [-1.0, 1.0]}
    arrays["scores_kernel"] = np.ones((4, 27))
    layer = imported(tmp_path, arrays).layers[0]
    # Thresholds are on values; the machine's sums are of integers, 128 to the unit.
    assert layer.theta is not None
    assert layer.theta.tolist() == [64, -384, 128]
    assert (layer.geometry.padding, layer.geometry.padding_pixels, layer.geometry.stride) == ("-1", 1, 2)


def test_magnitudes_per_output_count(tmp_path: Path) -> None:
    arrays = small()
    scale = np.array([2.0, 0.25, 4.0])
    scaled = {**arrays, "conv_kernel": arrays["conv_kernel"] * scale[:, None, None, None]}
    scaled["conv_mean"] = arrays["conv_mean"] * scale
    scaled["conv_gamma"] = arrays["conv_gamma"] / scale
    one, other = imported(tmp_path, arrays), imported(tmp_path, scaled)
    np.testing.assert_array_equal(one.layers[0].theta, other.layers[0].theta)


WRONG: list[tuple[Arrays, str]] = [
    ({"layout": None}, "no array `layout`"),
    ({"layout": "torch"}, "expected `pytorch` or `keras`"),
    ({"layers": ["conv", "conv"]}, "`conv` stands there twice"),
    ({"layers": [1, 2]}, "`layers`: expected text"),
    ({"input_shape": [6, 6]}, "`input_shape`: expected 3 whole numbers"),
    ({"input_shape": [60000, 60000, 60000]}, "60000 rows"),
    ({"input_shape": [-6, 6, 1]}, "-6 rows"),
    ({"input_range": [1.0, 0.0]}, "an input range from 1 to 0 is none"),
    ({"conv_kernel": None}, "no array `conv_kernel`"),
    ({"conv_kernel": np.zeros((3, 1, 3, 3))}, "layer conv: has weights that are not binary: output 0 has 0"),
    ({"conv_kernel": np.full((3, 1, 3, 3), np.nan)}, "`conv_kernel`: expected finite numbers"),
    ({"conv_kernel": np.ones((3, 2, 3, 3))}, "layer conv: has weights of shape [3, 2, 3, 3]"),
    ({"conv_kernel": np.ones((3, 1, 9, 9))}, "larger than the padded map"),
    ({"conv_kernel": np.ones(3)}, "expected 4 axes"),
    ({"conv_gamma": np.ones(4)}, "`conv_gamma`: expected [3] numbers, one a channel, found float64 [4]"),
    ({"conv_variance": -np.ones(3)}, "has a variance of -1 in channel 0"),
    ({"conv_epsilon": None}, "batch norm needs `conv_mean`, `conv_variance` and `conv_epsilon`"),
    ({"conv_pool": [1, 1]}, "`conv_pool`: expected [size, stride]"),
    ({"conv_pool": [5, 5]}, "has a window of 5 larger than the map of 4x4"),
    ({"conv_gama": np.ones(3)}, "`conv_gama` is not an array that a network can have"),
    (
        {"scores_kernel": np.ones((4, 13))},
        "layer scores: takes [13] inputs, the map before it has 12 elements",
    ),
    ({"classes": ["a", "b"]}, "2 names for the 4 outputs"),
]


@pytest.mark.parametrize(("changes", "message"), WRONG, ids=[message for _, message in WRONG])
def test_refusals(tmp_path: Path, changes: Arrays, message: str) -> None:
    arrays = {key: value for key, value in {**small(), **changes}.items() if value is not None}
    with pytest.raises(InputError) as caught:
        imported(tmp_path, arrays)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "arrays.npz"))


def test_an_archive_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("layout.npy", b"")
    raw = bytearray(path.read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 24 : at + 28] = (2**32 - 2).to_bytes(4, "little")  # size it claims in the directory
    path.write_bytes(raw)
    with pytest.raises(InputError, match="unpacks to 4,294,967,294 bytes"):
        import_npz(path, "x")


def test_no_file_and_no_archive(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        import_npz(tmp_path / "absent.npz", "x")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(InputError, match="not a usable NPZ file"):
        import_npz(tmp_path / "text.npz", "x")


def test_thresholds_are_in_the_units_of_what_is_compared(tmp_path: Path) -> None:
    """With `input_bits` that is the real value, q / 2**f: here 8 bits with 6 fraction bits of -1 to 1."""
    arrays = {
        "layout": "pytorch",
        "layers": ["fc", "scores"],
        "input_shape": [1, 4, 1],
        "input_range": [-1.0, 1.0],
        "input_bits": 8,
        "input_fraction_bits": 6,
        "fc_kernel": np.array([[1.0, 1, 1, 1], [1.0, -1, 1, -1]]),
        "fc_threshold": [0.5, -0.25],
        "scores_kernel": np.array([[1.0, 1], [1.0, -1]]),
    }
    np.savez(tmp_path / "arrays.npz", **arrays)
    network = load_network(load_workload(import_npz(tmp_path / "arrays.npz", "n").write(tmp_path / "n")[0]))
    assert network.layers[0].theta is not None
    assert network.layers[0].theta.tolist() == [32, -16]
    for image in np.random.default_rng(1).integers(0, 256, (30, 1, 4, 1), np.uint8):
        values = np.floor((image.reshape(-1) / 255 * 2 - 1) * 64 + 0.5) / 64
        wanted = arrays["fc_kernel"] @ values >= arrays["fc_threshold"]
        np.testing.assert_array_equal(infer(network, image).bits[0].reshape(-1), wanted)
