"""Termination profiles in NPZ files: written image by image, read back only for the same work.

A file holds ``key`` (JSON: what it was made from) and, for image ``i`` and layer ``l``, the arrays
``i<i>_l<l>_decision`` (the smallest unsigned dtype that fits), ``..._outcome`` (packed bits, the
first in the least significant place) and ``..._sums`` (margin sum, margin count, oracle edges).
The scores layer, which decides nothing, has ``..._rank`` and ``..._beaten_after`` of its classes
instead (:class:`o3sim.profile.classes.ClassRace`), or nothing where its input is fixed-point.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.files import add_npz_entry, open_atomic
from o3sim.network.images import Images
from o3sim.network.layer import Layer
from o3sim.network.network import EDGE_ORDER, Network
from o3sim.profile.classes import ClassRace
from o3sim.profile.profile import LayerProfile, undecided

_FORMAT = 2


def profile_key(network: Network, images: Images) -> dict[str, str | int]:
    """Return what a stored profile must have been made from to be valid."""
    return {
        "format": _FORMAT,
        "network": network.digest(),
        "images": images.digest(),
        "edge_order": EDGE_ORDER,
    }


class ProfileWriter:
    """Adds profiles to an open file; see :func:`writing_profiles`."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def add(self, image: int, layer: int, profile: LayerProfile) -> None:
        """Store the profile of one layer on one image, both counted from 0."""
        arrays = _race_arrays(profile.race) if profile.scores else _decision_arrays(profile)
        for name, array in arrays.items():
            add_npz_entry(self._archive, f"{_prefix(image, layer)}_{name}", array)


def _decision_arrays(profile: LayerProfile) -> dict[str, NDArray[Any]]:
    greatest = int(profile.n_edges.max(initial=0))
    sums = [profile.margin_sum, profile.margin_count, profile.oracle_edges]
    return {
        "decision": profile.decision.astype(np.min_scalar_type(greatest)),
        "outcome": np.packbits(profile.outcome, bitorder="little"),
        "sums": np.array(sums, np.float64),
    }


def _race_arrays(race: ClassRace | None) -> dict[str, NDArray[Any]]:
    return {} if race is None else {"rank": race.rank, "beaten_after": race.beaten_after}


@contextmanager
def writing_profiles(path: Path, network: Network, images: Images) -> Iterator[ProfileWriter]:
    """Write a profile file that appears when the block ends, complete, or not at all.

    Parameters
    ----------
    path : Path
        NPZ file, overwritten if it exists.

    Yields
    ------
    ProfileWriter

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with open_atomic(path) as stream, zipfile.ZipFile(stream, "w") as archive:
        add_npz_entry(archive, "key", np.array(json.dumps(profile_key(network, images))))
        yield ProfileWriter(archive)


@contextmanager
def reading_profiles(path: Path, network: Network, images: Images) -> Iterator[StoredProfiles]:
    """Open a profile file that was made from just this network and these images.

    Parameters
    ----------
    path : Path
        NPZ file by :func:`writing_profiles`.

    Yields
    ------
    StoredProfiles
        To be read inside the block.

    Raises
    ------
    InputError
        If the file is unusable, or was made from another network, other images or another order.
    """
    with _opened(path) as archive:
        stored = StoredProfiles(path, network, archive)
        stored.refuse_stale(profile_key(network, images))
        yield stored


class StoredProfiles:
    """Profiles in an open file, read layer by layer; see :func:`reading_profiles`."""

    def __init__(self, path: Path, network: Network, archive: NpzFile) -> None:
        self._path = path
        self._network = network
        self._archive = archive

    def layers(self, image: int) -> Iterator[LayerProfile]:
        """Read the profiles of all layers on one image, counted from 0, in order."""
        for number, layer in enumerate(self._network.layers):
            if layer.scores:
                yield undecided(layer.name, layer.geometry, self._race(_prefix(image, number), layer))
            else:
                yield self._layer(_prefix(image, number), layer)

    def refuse_stale(self, wanted: dict[str, str | int]) -> None:
        """Raise InputError unless the file was made from what is wanted."""
        try:
            found = json.loads(str(self._read("key")))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise InputError(f"{self._path}: key: is not a termination profile")
        other = [name for name, value in wanted.items() if found.get(name) != value]
        if other:
            words = " and ".join(name.replace("_", " ") for name in other)
            raise InputError(f"{self._path}: stale: made with a different {words}; make it again with --save")

    def _race(self, prefix: str, layer: Layer) -> ClassRace | None:
        if layer.fixed_point:
            return None
        classes = layer.geometry.out_channels
        rank, beaten_after = (self._read(f"{prefix}_{what}") for what in ("rank", "beaten_after"))
        if (
            rank.dtype != np.int32
            or not np.array_equal(np.sort(rank), np.arange(classes))
            or beaten_after.dtype != np.int32
            or beaten_after.shape != (classes, classes)
            or (beaten_after < 1).any()
        ):
            raise InputError(f"{self._path}: {prefix}: is not the class race of layer `{layer.name}`")
        return ClassRace(rank, beaten_after)

    def _layer(self, prefix: str, layer: Layer) -> LayerProfile:
        g = layer.geometry
        shape = (g.out_height, g.out_width, g.out_channels)
        size = g.out_height * g.out_width * g.out_channels
        decision = self._read(f"{prefix}_decision")
        packed = self._read(f"{prefix}_outcome")
        sums = self._read(f"{prefix}_sums")
        n_edges = g.n_edges_map()
        if (
            decision.shape != shape
            or decision.dtype.kind != "u"
            or packed.shape != (-(-size // 8),)
            or packed.dtype != np.uint8
            or sums.shape != (3,)
            or sums.dtype != np.float64
            or (decision > n_edges[:, :, None]).any()
        ):
            raise InputError(f"{self._path}: {prefix}: is not the profile of layer `{layer.name}`")
        outcome = np.unpackbits(packed, count=size, bitorder="little").reshape(shape)
        return LayerProfile(
            layer.name,
            g,
            decision.astype(np.int32),
            outcome,
            n_edges,
            margin_sum=float(sums[0]),
            margin_count=int(sums[1]),
            oracle_edges=int(sums[2]),
        )

    def _read(self, name: str) -> NDArray[Any]:
        try:
            array: NDArray[Any] = self._archive[name]
        except KeyError:
            raise InputError(f"{self._path}: no array `{name}`; is it a termination profile?") from None
        except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
            raise InputError(f"{self._path}: {name}: cannot be read: {error}") from None
        return array


@contextmanager
def _opened(path: Path) -> Iterator[NpzFile]:
    try:
        stream = path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    with stream:
        if not zipfile.is_zipfile(stream):
            raise InputError(f"{path}: not an NPZ file, or the end of it is missing")
        stream.seek(0)
        try:
            archive = np.load(stream, allow_pickle=False)
        except (ValueError, zipfile.BadZipFile) as error:
            raise InputError(f"{path}: not a usable NPZ file: {error}") from None
        with archive:
            yield archive


def _prefix(image: int, layer: int) -> str:
    return f"i{image:06d}_l{layer:03d}"
