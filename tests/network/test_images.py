"""Image files: what is read, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.files import save_npz
from o3sim.network.images import Images, load_images
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.network.network import Network
from tests.network.samples import TINY, tiny_images, write_tiny


@pytest.fixture
def tiny(tmp_path: Path) -> Network:
    return load_network(load_workload(write_tiny(tmp_path)))


def refused(path: Path, network: Network, **arrays: NDArray[Any]) -> str:
    save_npz(path / "given.npz", arrays)
    with pytest.raises(InputError) as caught:
        load_images(path / "given.npz", network)
    return str(caught.value)


def test_images_and_labels(tmp_path: Path, tiny: Network) -> None:
    images = load_images(tmp_path / "images.npz", tiny)
    np.testing.assert_array_equal(images.x, tiny_images()["x"])
    assert images.y is not None
    assert images.y.tolist() == tiny_images()["y"].tolist()
    assert len(images.first(2)) == 2


def test_labels_are_optional(tmp_path: Path, tiny: Network) -> None:
    save_npz(tmp_path / "bare.npz", {"x": tiny_images()["x"]})
    assert load_images(tmp_path / "bare.npz", tiny).y is None


def test_one_channel_needs_no_axis(tmp_path: Path) -> None:
    files = load_workload("fashion-vgg")
    network = load_network(files)
    save_npz(tmp_path / "grey.npz", {"x": np.zeros((2, 28, 28), np.uint8)})
    assert load_images(tmp_path / "grey.npz", network).x.shape == (2, 28, 28, 1)


def test_wrong_arrays_are_named(tmp_path: Path, tiny: Network) -> None:
    x = tiny_images()["x"]
    shape = "expected uint8 images [N, 6, 6, 2]"
    assert f"{shape}, found float64 [4, 6, 6, 2]" in refused(tmp_path, tiny, x=x.astype(float))
    assert f"{shape}, found uint8 [4, 6, 2]" in refused(tmp_path, tiny, x=x[:, 0])
    assert "there are no images" in refused(tmp_path, tiny, x=x[:0])
    assert "no array `x`" in refused(tmp_path, tiny, images=x)
    assert "expected integers [4]" in refused(tmp_path, tiny, x=x, y=np.zeros(3, int))
    assert "expected integers [4]" in refused(tmp_path, tiny, x=x, y=np.zeros(4))
    assert "classes are 0 to 2" in refused(tmp_path, tiny, x=x, y=np.array([0, 1, 2, 3]))


def test_counts_are_checked(tmp_path: Path, tiny: Network) -> None:
    files = load_workload(tmp_path / "tiny.yaml")
    assert len(workload_images(files, tiny, count=3)) == 3
    for count in (0, 5):
        with pytest.raises(InputError, match=rf"images.npz: {count} images asked for, 1 to 4 available"):
            workload_images(files, tiny, count=count)


def test_a_workload_may_limit_its_images(tmp_path: Path) -> None:
    files = load_workload(write_tiny(tmp_path, TINY.replace("images.npz}", "images.npz, count: 2}")))
    assert len(workload_images(files, load_network(files))) == 2


def test_a_workload_may_come_without_images(tmp_path: Path, tiny: Network) -> None:
    files = load_workload(write_tiny(tmp_path, TINY[: TINY.index("images:")]))
    with pytest.raises(InputError, match="--image-file"):
        workload_images(files, tiny)
    assert len(workload_images(files, tiny, tmp_path / "images.npz")) == 4


def test_the_digest_tells_images_apart() -> None:
    x = tiny_images()["x"]
    assert Images(x, None).digest() == Images(x.copy(), np.zeros(4, np.int64)).digest()
    assert Images(x, None).digest() != Images(x[::-1], None).digest()
    assert Images(x, None).digest() != Images(x.reshape(4, 2, 6, 6), None).digest()
