"""Stored profiles come back as they were, and only for the same work."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from o3sim.errors import InputError
from o3sim.files import load_npz, save_npz
from o3sim.network.images import Images
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.network.network import Network
from o3sim.profile.classes import ClassRace
from o3sim.profile.profile import LayerProfile, profile_layers
from o3sim.profile.store import reading_profiles, writing_profiles
from tests.network.samples import tiny_arrays, write_tiny

Work = tuple[Path, Network, Images]


@pytest.fixture
def work(tmp_path: Path) -> Work:
    files = load_workload(write_tiny(tmp_path))
    network = load_network(files)
    images = workload_images(files, network)
    write(tmp_path / "stored.npz", network, images)
    return tmp_path / "stored.npz", network, images


def write(path: Path, network: Network, images: Images) -> None:
    with writing_profiles(path, network, images) as writer:
        for image, pixels in enumerate(images.x):
            for layer, (profile, _) in enumerate(profile_layers(network, pixels)):
                writer.add(image, layer, profile)


def assert_refused(why: str, path: Path, network: Network, images: Images) -> None:
    with pytest.raises(InputError, match=why), reading_profiles(path, network, images):
        pass


def everything(holder: LayerProfile | ClassRace) -> dict[str, Any]:
    return {name: plain(value) for name, value in vars(holder).items()}


def plain(value: Any) -> Any:
    if isinstance(value, ClassRace):
        return everything(value)
    return value.tolist() if isinstance(value, np.ndarray) else value


def test_profiles_come_back_as_they_were(work: Work) -> None:
    path, network, images = work
    with reading_profiles(path, network, images) as stored:
        for image, pixels in enumerate(images.x):
            fresh = [profile for profile, _ in profile_layers(network, pixels)]
            for found, wanted in zip(stored.layers(image), fresh, strict=True):
                assert everything(found) == everything(wanted)
                assert found.decision.dtype == np.int32


def test_decisions_take_the_smallest_dtype_that_fits(work: Work) -> None:
    arrays = load_npz(work[0])
    assert arrays["i000000_l000_decision"].dtype == np.uint8
    assert "i000000_l002_decision" not in arrays


def test_the_same_profiles_are_the_same_bytes(work: Work) -> None:
    path, network, images = work
    again = path.with_name("again.npz")
    write(again, network, images)
    assert again.read_bytes() == path.read_bytes()


def test_other_images_are_refused(work: Work) -> None:
    path, network, images = work
    assert_refused(r"stored\.npz: stale: made with a different images", path, network, images.first(2))


def test_another_network_is_refused(work: Work, tmp_path: Path) -> None:
    path, _, images = work
    theta = tiny_arrays()["conv_theta"] + 2
    other = load_network(load_workload(write_tiny(tmp_path, conv_theta=theta)))
    assert_refused("stale: made with a different network", path, other, images)


def test_another_edge_order_is_refused(work: Work) -> None:
    path, network, images = work
    arrays = load_npz(path)
    key = json.loads(str(arrays["key"])) | {"edge_order": "c,kx,ky"}
    save_npz(path, {**arrays, "key": np.array(json.dumps(key))})
    assert_refused("stale: made with a different edge order", path, network, images)


def test_files_that_are_no_profiles_are_refused(work: Work, tmp_path: Path) -> None:
    path, network, images = work
    assert_refused("no array `key`", tmp_path / "images.npz", network, images)
    for raw in (b"", b"junk", path.read_bytes()[:3000]):
        (tmp_path / "bad.npz").write_bytes(raw)
        assert_refused(r"bad\.npz", tmp_path / "bad.npz", network, images)
    assert_refused("cannot be read", tmp_path / "absent.npz", network, images)


def test_damaged_layers_are_refused(work: Work) -> None:
    path, network, images = work
    arrays = load_npz(path)
    name = "i000000_l000_decision"
    for damaged in (arrays[name][:1], arrays[name] + np.uint8(200), arrays[name].astype(np.float64)):
        save_npz(path, {**arrays, name: damaged})
        with (
            reading_profiles(path, network, images) as stored,
            pytest.raises(InputError, match="layer `conv`"),
        ):
            list(stored.layers(0))
    del arrays[name]
    save_npz(path, arrays)
    with reading_profiles(path, network, images) as stored, pytest.raises(InputError, match="no array"):
        list(stored.layers(0))


def test_a_failure_leaves_the_old_file(work: Work) -> None:
    path, network, images = work
    before = path.read_bytes()
    with pytest.raises(RuntimeError), writing_profiles(path, network, images):
        raise RuntimeError
    assert path.read_bytes() == before
    assert not [other for other in path.parent.iterdir() if other.name.endswith(".tmp")]
