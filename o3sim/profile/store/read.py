"""Open profiles that were stored, checking them once, and read them image by image."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.files.inputs import first_line, open_input
from o3sim.network.bits.layers import pooled
from o3sim.network.flow import source_numbers
from o3sim.network.images import Images
from o3sim.network.layer import Layer
from o3sim.network.network import Network
from o3sim.profile.classes import ClassRace
from o3sim.profile.profile import LayerProfile, undecided
from o3sim.profile.store.index import INDEX, Index, image_digests, read_index, way_out
from o3sim.profile.store.layout import INPUT, SCORES, SUMS, ArrayKind, array_name, arrays_of
from o3sim.profile.word_matches import WordMatches, word_matches


@dataclass(frozen=True)
class StoredProfiles:
    """Profiles of some images in a folder, as small as a name: what is handed to workers.

    Attributes
    ----------
    folder : str
    checksum : str
        SHA-256 of the index, and with it of all that the folder holds.
    speculative : bool
        Whether outcomes are called by the network's bounds.
    numbers : tuple of int
        Place of each image in the folder's arrays.
    exact_classes : tuple of (int or None)
        Class of each image by functional inference; None of a network without classes.
    """

    folder: str
    checksum: str
    speculative: bool
    numbers: tuple[int, ...]
    exact_classes: tuple[int | None, ...]

    def __len__(self) -> int:
        """Count the images."""
        return len(self.numbers)

    def image(self, place: int, layers: Sequence[Layer]) -> StoredImage:
        """Return an image, counted from 0, of a network with these layers.

        Their shapes suffice, unless a machine asks for the matches of every word.
        """
        return StoredImage(self, place, layers)

    def part(self, name: str, place: int) -> NDArray[Any]:
        """Return an image's part of an array, mapped.

        It may be written to without a trace on disk: kernels then see the same type as of arrays in
        memory, and are compiled once for both.
        """
        part: NDArray[Any] = _mapped(self.folder, name, self.checksum)[self.numbers[place]]
        return part


class StoredImage:
    """An image whose profiles are read; a :class:`o3sim.profile.image.ProfiledImage`."""

    def __init__(self, stored: StoredProfiles, place: int, layers: Sequence[Layer]) -> None:
        self._stored, self._place, self._layers = stored, place, layers

    def profiles(self) -> Iterator[LayerProfile]:
        """Yield the profile of each layer, in order, mapped."""
        sums = self._part(SUMS)
        for number, layer in enumerate(self._layers):
            if layer.scores:
                yield undecided(layer.name, layer.geometry, self._race(number, layer))
                continue
            yield LayerProfile(
                layer.name,
                layer.geometry,
                self._part(array_name(number, "decision")),
                self._part(array_name(number, "outcome")),
                layer.geometry.n_edges_map(),
                margin_sum=float(sums[number, 0]),
                margin_count=int(sums[number, 1]),
                oracle_edges=int(sums[number, 2]),
                matches_of=self._matches_of(number, layer),
            )

    def _matches_of(self, number: int, layer: Layer) -> Callable[[int], WordMatches] | None:
        """Count a layer's matches from its input, if its weights are there."""
        geometry = layer.geometry
        if geometry.edge_order is not None or geometry.makes_sums:
            return None
        if not layer.weights.size or self._stored.speculative:
            return None
        if layer.geometry.own_input:
            codes = self._part(array_name(number, INPUT))
        else:
            source = source_numbers(self._layers)[number]
            codes = self._part(INPUT) if source is None else self.exact_bits(source)
        return partial(word_matches, layer, codes)

    def exact_bits(self, layer: int) -> NDArray[np.uint8]:
        """Return the output of a layer by functional inference; all 0 for the scores layer."""
        if self._layers[layer].scores:
            return np.zeros((1, 1, self._layers[layer].geometry.out_channels), np.uint8)
        return self._part(array_name(layer, "bits"))

    def profiled_bits(self, layer: int) -> NDArray[np.uint8]:
        """Return the output of a layer that follows from its profile."""
        if self._layers[layer].scores:
            return self.exact_bits(layer)
        return pooled(self._layers[layer].geometry, self._part(array_name(layer, "outcome")))

    @property
    def exact_class(self) -> int | None:
        """The class by functional inference; None of a network without classes."""
        return self._stored.exact_classes[self._place]

    @property
    def scores(self) -> NDArray[np.float64]:
        """Score of each class that follows from the profiles."""
        return self._part(SCORES)

    def _race(self, number: int, layer: Layer) -> ClassRace | None:
        if layer.fixed_point:
            return None
        rank, beaten = (self._part(array_name(number, what)) for what in ("rank", "beaten_after"))
        return ClassRace(rank, beaten)

    def _part(self, name: str) -> NDArray[Any]:
        return self._stored.part(name, self._place)


def forget_mapped() -> None:
    """Map arrays anew when they are read next: a mapping outlives a file that is replaced."""
    _mapped.cache_clear()


@lru_cache(maxsize=1024)
def _mapped(folder: str, name: str, _checksum: str) -> NDArray[Any]:
    """Map an array; mappings are kept, since every point reads the same."""
    return _map(Path(folder) / f"{name}.npy", "c").view(np.ndarray)


def _map(path: Path, mode: Literal["r", "c"]) -> np.memmap[Any, Any]:
    """Map the array of a file, whatever the file is."""
    try:
        with open_input(path):  # NumPy would wait for somebody to write into a pipe
            array = np.load(path, mmap_mode=mode, allow_pickle=False)
    except InputError as error:
        raise InputError(f"{error}; {way_out(path.parent)}") from None
    except Exception as error:  # damaged headers raise nearly anything
        raise InputError(f"{path}: cannot be read: {first_line(error)}; {way_out(path.parent)}") from None
    if not isinstance(array, np.memmap):
        raise InputError(f"{path}: is no array; {way_out(path.parent)}")
    return array


def find_profiles(root: Path, network: Network, images: Images, speculative: bool = False) -> StoredProfiles:
    """Open profiles of a network on these images, perhaps among others, in a folder of such folders.

    Parameters
    ----------
    root : Path
        What :func:`o3sim.profile.store.write.store_profiles` was given.
    speculative : bool
        Whether outcomes are to be called by the network's bounds.

    Raises
    ------
    InputError
        If there are none, or they are damaged.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder of profiles; make it: o3sim profile WORKLOAD --save {root}")
    found = [path.parent for path in sorted(root.glob(f"{network.digest()[:16]}-*/{INDEX}"))]
    digests = image_digests(images)
    for folder in found:
        index = read_index(folder)
        if index.speculative == speculative and set(digests) <= set(index.images):
            return open_profiles(folder, network, images, index)
    what = "no profiles with called outcomes" if speculative else "no profiles"
    lacks = f"of {network.name} on all these images" if found else f"of {network.name} (as it is now)"
    raise InputError(f"{root}: has {what} {lacks}; make them: o3sim profile WORKLOAD --save {root}")


def open_profiles(
    folder: Path, network: Network, images: Images, index: Index | None = None
) -> StoredProfiles:
    """Open a folder, and check everything in it that these images need: names, dtypes, shapes, bytes.

    Raises
    ------
    InputError
        Naming the file that is not as it was written.
    """
    index = read_index(folder) if index is None else index
    if index.network != network.digest():
        raise InputError(f"{folder}: is of another network than {network.name}; {way_out(folder)}")
    place_of = {digest: place for place, digest in enumerate(index.images)}
    try:
        numbers = tuple(place_of[digest] for digest in image_digests(images))
    except KeyError:
        raise InputError(f"{folder}: is of other images; {way_out(folder)}") from None
    kinds = arrays_of(network)
    _check_names(folder, kinds)
    for name, kind in kinds.items():
        _check_array(folder / f"{name}.npy", kind, index, sorted(set(numbers)))
    classes = tuple(index.exact_classes[number] for number in numbers)
    return StoredProfiles(str(folder), index.checksum, index.speculative, numbers, classes)


def _check_names(folder: Path, kinds: dict[str, ArrayKind]) -> None:
    """Refuse a folder that lacks a file, or has one too many."""
    wanted = {INDEX, *(f"{name}.npy" for name in kinds)}
    there = set(os.listdir(folder))
    for what, names in (("is missing", wanted - there), ("does not belong there", there - wanted)):
        if names:
            raise InputError(f"{folder / min(names)}: {what}; {way_out(folder)}")


def _check_array(path: Path, kind: ArrayKind, index: Index, numbers: Sequence[int]) -> None:
    """Refuse an array that is not the one that was written."""
    shape = (len(index.images), *kind.shape)
    array, size = _map(path, "r"), path.stat().st_size
    if array.dtype != kind.dtype or array.shape != shape or not array.flags.c_contiguous:
        raise InputError(
            f"{path}: is {array.dtype} {list(array.shape)}, not {kind.dtype} {list(shape)};"
            f" {way_out(path.parent)}"
        )
    if size - array.offset != prod(shape) * kind.dtype.itemsize:
        raise InputError(f"{path}: has another size than its array; {way_out(path.parent)}")
    for number in numbers:
        if hashlib.sha256(array[number]).hexdigest() != index.arrays[path.stem][number]:
            raise InputError(f"{path}: is damaged: other bytes than were written; {way_out(path.parent)}")
