"""Stored profiles come back as they were, only for the same work, and never damaged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from o3sim.errors import InputError
from o3sim.network.images import Images
from o3sim.network.layer import Speculation
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.network.network import Network
from o3sim.profile.classes import ClassRace
from o3sim.profile.image import ComputedImage
from o3sim.profile.profile import LayerProfile
from o3sim.profile.store import write
from o3sim.profile.store.read import find_profiles
from o3sim.profile.store.write import store_profiles
from tests.network.samples import tiny_arrays, write_tiny

Work = tuple[Path, Network, Images]


@pytest.fixture
def work(tmp_path: Path) -> Work:
    files = load_workload(write_tiny(tmp_path))
    network = load_network(files)
    images = workload_images(files, network)
    store_profiles(tmp_path / "saved", network, images)
    return tmp_path / "saved", network, images


def folder_of(root: Path) -> Path:
    (folder,) = root.iterdir()
    return folder


def called(network: Network) -> Network:
    """The network with bounds by which outcomes are called early."""
    bounds = Speculation(0.5, 2)
    *hidden, scores = network.layers
    return replace(network, layers=(*(replace(layer, speculation=bounds) for layer in hidden), scores))


def everything(holder: LayerProfile | ClassRace) -> dict[str, Any]:
    return {name: plain(value) for name, value in vars(holder).items()}


def plain(value: Any) -> Any:
    if isinstance(value, ClassRace):
        return everything(value)
    if callable(value):  # counts the matches of every word
        return [plain(part) for part in value(8)]
    return value.tolist() if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("speculative", [False, True])
def test_images_come_back_as_they_were(work: Work, speculative: bool) -> None:
    root, network, images = work
    network = called(network) if speculative else network
    stored = store_profiles(root, network, images, speculative)
    found = find_profiles(root, network, images, speculative)
    assert found == stored
    for place, pixels in enumerate(images.x):
        wanted, image = ComputedImage(network, pixels, speculative), found.image(place, network.layers)
        profiles = zip(image.profiles(), wanted.profiles(), strict=True)
        assert all(everything(one) == everything(other) for one, other in profiles)
        assert image.exact_class == wanted.exact_class
        assert image.scores.tolist() == wanted.scores.tolist()
        for layer in range(len(network.layers)):
            assert np.array_equal(image.exact_bits(layer), wanted.exact_bits(layer))
            assert np.array_equal(image.profiled_bits(layer), wanted.profiled_bits(layer))


def test_kernels_see_the_types_of_arrays_in_memory(work: Work) -> None:
    """Else they would be compiled a second time, for arrays that cannot be written to."""
    root, network, images = work
    image = find_profiles(root, network, images).image(1, network.layers)
    wanted = ComputedImage(network, images.x[1])
    for found, made in zip(image.profiles(), wanted.profiles(), strict=True):
        for name in ("decision", "outcome"):
            ours, theirs = (
                getattr(each, name).reshape(-1, made.geometry.out_channels) for each in (found, made)
            )
            assert numba.typeof(ours) == numba.typeof(theirs)


def test_what_a_kernel_writes_does_not_reach_the_disk(work: Work) -> None:
    root, network, images = work
    before = {path.name: path.read_bytes() for path in folder_of(root).iterdir()}
    next(find_profiles(root, network, images).image(0, network.layers).profiles()).decision[:] = 7
    assert {path.name: path.read_bytes() for path in folder_of(root).iterdir()} == before


def test_the_same_profiles_are_the_same_bytes_and_made_once(work: Work, tmp_path: Path) -> None:
    root, network, images = work
    store_profiles(tmp_path / "again", network, images)
    first, again = (
        {path.name: path.read_bytes() for path in folder_of(each).iterdir()}
        for each in (root, tmp_path / "again")
    )
    assert first == again
    before = {path.name: path.stat().st_mtime_ns for path in folder_of(root).iterdir()}
    store_profiles(root, network, images)
    assert {path.name: path.stat().st_mtime_ns for path in folder_of(root).iterdir()} == before


def test_some_of_the_images_in_another_order_are_found(work: Work) -> None:
    root, network, images = work
    some = replace(images, x=images.x[[3, 1]])
    found = find_profiles(root, network, some)
    assert found.numbers == (3, 1)
    wanted = ComputedImage(network, images.x[3])
    assert everything(next(found.image(0, network.layers).profiles())) == everything(next(wanted.profiles()))


def test_what_was_not_saved_is_refused_with_the_command_that_saves_it(work: Work, tmp_path: Path) -> None:
    root, network, images = work
    other = replace(images, x=images.x ^ np.uint8(1))
    with pytest.raises(InputError, match=r"no profiles of tiny on all these images; .* --save"):
        find_profiles(root, network, other)
    theta = tiny_arrays()["conv_theta"] + 2
    changed = load_network(load_workload(write_tiny(tmp_path, conv_theta=theta)))
    with pytest.raises(InputError, match=r"no profiles of tiny \(as it is now\)"):
        find_profiles(root, changed, images)
    with pytest.raises(InputError, match="no profiles with called outcomes of tiny"):
        find_profiles(root, network, images, speculative=True)
    with pytest.raises(InputError, match=r"nowhere: no such folder of profiles; make it: .* --save"):
        find_profiles(tmp_path / "nowhere", network, images)


def test_bounds_are_part_of_the_network(work: Work) -> None:
    root, network, images = work
    with pytest.raises(InputError, match="no profiles"):
        find_profiles(root, called(network), images)


def damaged_files() -> list[str]:
    arrays = [
        "scores",
        "sums",
        "l000_decision",
        "l000_outcome",
        "l001_bits",
        "l002_rank",
        "l002_beaten_after",
    ]
    return [f"{name}.npy" for name in arrays]


@pytest.mark.parametrize("name", damaged_files())
def test_a_changed_byte_is_refused(work: Work, name: str) -> None:
    root, network, images = work
    path = folder_of(root) / name
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(InputError, match=rf"{name}: is damaged: .*; remove \S+ to make it again"):
        find_profiles(root, network, images)
    with pytest.raises(InputError, match="is damaged"):
        store_profiles(root, network, images)


@pytest.mark.parametrize("name", damaged_files())
def test_another_shape_dtype_or_length_is_refused(work: Work, name: str) -> None:
    root, network, images = work
    path = folder_of(root) / name
    array, raw = np.load(path), path.read_bytes()
    for changed in (array.astype(array.dtype.newbyteorder(">")) if array.itemsize > 1 else array.view("i1"),
                    array[:, None], array[:2]):  # fmt: skip
        np.save(path, changed)
        with pytest.raises(InputError, match=rf"{name}: is .*, not {array.dtype} .*; remove"):
            find_profiles(root, network, images)
    for changed_raw in (raw[:-1], raw + b"\0", b"", b"junk"):
        path.write_bytes(changed_raw)
        with pytest.raises(InputError, match=rf"{name}: (cannot be read|has another size).*; remove"):
            find_profiles(root, network, images)


@pytest.mark.parametrize("header", ["{'descr': '<u8'", "(" * 500, "None", "\x00" * 20])
def test_damaged_headers_are_refused(work: Work, header: str) -> None:
    root, network, images = work
    text = header.encode()
    raw = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
    (folder_of(root) / "scores.npy").write_bytes(raw)
    with pytest.raises(InputError, match=r"scores\.npy: cannot be read: .*; remove"):
        find_profiles(root, network, images)


@pytest.mark.parametrize("name", ["index.json", "scores.npy"])
def test_what_is_no_file_is_refused_and_not_waited_for(work: Work, name: str) -> None:
    root, network, images = work
    path = folder_of(root) / name
    for put in (os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)):
        path.unlink() if not path.is_dir() else path.rmdir()
        put(path)
        with pytest.raises(InputError, match=rf"{name}: cannot be read: .*; remove"):
            find_profiles(root, network, images)


def test_an_archive_in_the_place_of_an_array_is_refused(work: Work) -> None:
    root, network, images = work
    with (folder_of(root) / "scores.npy").open("wb") as stream:
        np.savez(stream, x=np.zeros(3))
    with pytest.raises(InputError, match=r"scores\.npy: is no array; remove"):
        find_profiles(root, network, images)


def test_an_index_nested_deeply_is_refused(work: Work) -> None:
    root, network, images = work
    (folder_of(root) / "index.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match=r"index\.json: .*nested.*; remove"):
        find_profiles(root, network, images)


def test_a_missing_file_and_one_too_many_are_refused(work: Work) -> None:
    root, network, images = work
    extra = folder_of(root) / "l009_bits.npy"
    extra.write_bytes(b"")
    with pytest.raises(InputError, match=r"l009_bits\.npy: does not belong there; remove"):
        find_profiles(root, network, images)
    extra.unlink()
    (folder_of(root) / "scores.npy").unlink()
    with pytest.raises(InputError, match=r"scores\.npy: is missing; remove"):
        find_profiles(root, network, images)


def test_a_changed_index_is_refused(work: Work) -> None:
    root, network, images = work
    path = folder_of(root) / "index.json"
    raw = path.read_text()
    index = json.loads(raw)
    for changed, why in (
        ({**index, "exact_classes": [0, 0, 0, 0]}, "is damaged"),
        ({**index, "layout": 2}, "made by another version"),
        ({**index, "more": 1}, "is no index of profiles"),
        ([], "is no index of profiles"),
    ):
        path.write_text(json.dumps(changed))
        with pytest.raises(InputError, match=rf"index\.json: {why}; remove"):
            find_profiles(root, network, images)
    path.write_text(raw[:-30])
    with pytest.raises(InputError, match=r"index\.json: .*; remove"):
        find_profiles(root, network, images)


def test_a_writer_that_fails_leaves_nothing(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, network, images = work

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store_profiles(tmp_path / "new" / "deep", network, images, progress=interrupt)
    assert not (tmp_path / "new").exists()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write.os, "fsync", full)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        store_profiles(tmp_path / "new", network, images)
    assert not (tmp_path / "new").exists()


def test_everything_is_on_disk_before_the_folder_has_its_name(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, network, images = work
    synced: list[str] = []
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        synced.append("named" if path == tmp_path / "new" else path.name)
        fsync(descriptor)

    monkeypatch.setattr(write.os, "fsync", noting)
    store_profiles(tmp_path / "new", network, images)
    folder = folder_of(tmp_path / "new")
    assert synced[-1] == "named"
    assert {path.name for path in folder.iterdir()} <= set(synced[:-1])
    assert f".{folder.name}.{os.getpid()}" == synced[-2]


def test_what_killed_writers_left_is_cleared_and_what_is_being_written_is_not(work: Work) -> None:
    root, network, images = work
    with subprocess.Popen([sys.executable, "-c", "pass"]) as gone:
        gone.wait()
    left, alive = root / f".abc-def.{gone.pid}", root / f".abc-def.{os.getppid()}"
    for folder in (left, alive):
        folder.mkdir()
        (folder / "scores.npy").write_bytes(b"half")
    store_profiles(root, network, images)
    assert not left.exists()
    assert alive.is_dir()
