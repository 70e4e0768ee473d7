"""Write a folder of profiles: on disk before it has its name, and nothing left of writers that died."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.network.images import Images
from o3sim.network.network import Network
from o3sim.network.own_input import own_input
from o3sim.profile.image import ComputedImage
from o3sim.profile.profile import LayerProfile
from o3sim.profile.store.index import INDEX, Index, image_digests
from o3sim.profile.store.layout import INPUT, SCORES, SUMS, ArrayKind, array_name, arrays_of
from o3sim.profile.store.read import StoredProfiles, open_profiles

Progress = Callable[[str, int, int], None]
"""Told ``(what is being done, images done, images in all)``."""


def store_profiles(
    root: Path,
    network: Network,
    images: Images,
    speculative: bool = False,
    progress: Progress | None = None,
) -> StoredProfiles:
    """Compute profiles and outputs of all images into a folder, or take those that are there.

    Parameters
    ----------
    root : Path
        Folder of all profiles; those of each network and images get a folder there, named by what they were
        made from. It appears whole or not at all.
    speculative : bool
        Call outcomes by the network's bounds.

    Raises
    ------
    InputError
        If it cannot be written, or what is there is damaged.
    """
    called = "-called" if speculative else ""
    target = root / f"{network.digest()[:16]}-{images.digest()[:16]}{called}"
    try:
        _clear_leftovers(root)
        if not (target / INDEX).is_file():
            with _appearing(target) as part:
                _fill(part, network, images, speculative, progress)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from None
    return open_profiles(target, network, images)


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    """Yield a folder that takes its name, on disk as a whole, when the block ends; or never, if it fails."""
    made = [path for path in target.parents if not path.exists()]
    part = target.parent / f".{target.name}.{os.getpid()}"
    try:
        part.mkdir(parents=True)
        yield part
        _sync_folder(part)
        _publish(part, target)
        _sync_folder(target.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        for path in made:
            with suppress(OSError):  # not empty any more
                path.rmdir()
        raise


def _publish(part: Path, target: Path) -> None:
    """Give a folder its name; where another writer was faster, leave what it made."""
    if not (target / INDEX).is_file():
        shutil.rmtree(target, ignore_errors=True)
    try:
        part.rename(target)
    except OSError:
        if not (target / INDEX).is_file():
            raise
        shutil.rmtree(part, ignore_errors=True)


def _clear_leftovers(root: Path) -> None:
    """Remove what writers left behind that were killed."""
    for part in root.glob(".*.*"):
        process = part.name.rpartition(".")[2]
        if process.isdecimal() and not _runs(int(process)):
            shutil.rmtree(part, ignore_errors=True)


def _runs(process: int) -> bool:
    """Return whether there is such a process."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fill(
    folder: Path, network: Network, images: Images, speculative: bool, progress: Progress | None
) -> None:
    """Write all arrays, image by image and layer by layer, then the index that says they are complete."""
    classes = []
    with ExitStack() as stack:
        files = {
            name: stack.enter_context(_ArrayFile(folder / f"{name}.npy", kind, len(images)))
            for name, kind in arrays_of(network).items()
        }
        for number, pixels in enumerate(images.x):
            if progress is not None:
                progress(f"profiles of {network.name}", number, len(images))
            image = ComputedImage(network, pixels, speculative)
            sums = []
            for layer, profile in enumerate(image.profiles()):
                sums.append((profile.margin_sum, profile.margin_count, profile.oracle_edges))
                for what, array in _arrays(profile, image.exact_bits(layer)).items():
                    files[array_name(layer, what)].add(array)
            for layer, each in enumerate(network.layers):
                if each.geometry.own_input:
                    files[array_name(layer, INPUT)].add(own_input(each.name, each.geometry, pixels))
            files[INPUT].add(network.encode(pixels))
            files[SUMS].add(np.array(sums, np.float64))
            files[SCORES].add(image.scores)
            classes.append(image.exact_class)
    hashes = {name: tuple(file.hashes) for name, file in files.items()}
    digests = tuple(image_digests(images))
    index = Index(network.digest(), digests, speculative, tuple(classes), hashes)
    with (folder / INDEX).open("wb") as stream:
        stream.write(index.to_json().encode())
        stream.flush()
        os.fsync(stream.fileno())


def _arrays(profile: LayerProfile, bits: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    if profile.scores:
        race = profile.race
        return {} if race is None else {"rank": race.rank, "beaten_after": race.beaten_after}
    return {"decision": profile.decision, "outcome": profile.outcome, "bits": bits}


class _ArrayFile:
    """A ``.npy`` file that is written part by part, and hashed on the way; on disk when the block ends."""

    def __init__(self, path: Path, kind: ArrayKind, parts: int) -> None:
        self._path, self._kind, self._parts = path, kind, parts
        self.hashes: list[str] = []
        self._stream: BinaryIO

    def __enter__(self) -> _ArrayFile:
        self._stream = self._path.open("wb")
        shape: Sequence[int] = (self._parts, *self._kind.shape)
        header = {
            "descr": np.lib.format.dtype_to_descr(self._kind.dtype),
            "fortran_order": False,
            "shape": tuple(shape),
        }
        np.lib.format.write_array_header_1_0(self._stream, header)
        return self

    def add(self, array: NDArray[Any]) -> None:
        """Write the next part."""
        part = np.ascontiguousarray(array, self._kind.dtype).reshape(self._kind.shape)
        self.hashes.append(hashlib.sha256(part.data).hexdigest())
        self._stream.write(part.data)

    def __exit__(self, *_: object) -> None:
        with self._stream:
            self._stream.flush()
            os.fsync(self._stream.fileno())
