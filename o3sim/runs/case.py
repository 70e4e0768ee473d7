"""What machines run: a network with images, its profiles computed on the way or read from a folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from o3sim.config.dispatch import CAROUSEL
from o3sim.network.images import Images
from o3sim.network.layer import Layer
from o3sim.network.load import WorkloadFiles, load_network, load_workload, workload_images
from o3sim.network.network import Network
from o3sim.profile.image import ComputedImage, ProfiledImage
from o3sim.runs.sizes import check_sizes

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.profile.store.read import StoredProfiles
    from o3sim.profile.store.write import Progress


@dataclass(frozen=True, eq=False)
class Case:
    """A network with images; profiles are computed when a machine asks for them.

    Attributes
    ----------
    network : Network
    images : Images
    """

    network: Network
    images: Images

    def __len__(self) -> int:
        """Count the images."""
        return len(self.images)

    @property
    def labels(self) -> tuple[int, ...] | None:
        """The right class of each image; None if they are not known."""
        return None if self.images.y is None else tuple(int(label) for label in self.images.y)

    @property
    def synthetic(self) -> tuple[str, ...]:
        """What was made up: ``parameters``, ``images``, both or nothing."""
        return self.network.synthetic_parts(self.images.synthetic)

    @property
    def title(self) -> str:
        """The network's name, and that something is made up if anything is."""
        return _title(self)

    @cached_property
    def network_sha256(self) -> str:
        """SHA-256 of the network's function."""
        return self.network.digest()

    @cached_property
    def images_sha256(self) -> str:
        """SHA-256 of the pixels of all images."""
        return self.images.digest()

    def items(self) -> Iterable[Any]:
        """Return what :meth:`image` takes, for each image."""
        return self.images.x

    def image(self, item: Any, speculative: bool = False, keep: bool = False) -> ProfiledImage:
        """Return an image; with ``keep`` its profiles are computed once for several machines.

        Parameters
        ----------
        item
            One of :meth:`items`.
        speculative : bool
            Call outcomes by the network's bounds.
        keep : bool
        """
        return ComputedImage(self.network, item, speculative, keep)

    def at(self, place: int, speculative: bool = False, keep: bool = False) -> ProfiledImage:
        """Return an image by its place from 0, as :meth:`image` does."""
        return self.image(self.images.x[place], speculative, keep)

    def one(self, place: int) -> Case:
        """Return the case of a single image."""
        labels = None if self.images.y is None else self.images.y[place : place + 1]
        return replace(self, images=replace(self.images, x=self.images.x[place : place + 1], y=labels))

    def without_images(self) -> Case:
        """Return what the images have in common: sent to a worker once, with each of :meth:`items` later."""
        return Case(self.network, replace(self.images, x=self.images.x[:0], y=None))


@dataclass(frozen=True, eq=False)
class LoadedCase(Case):
    """A case that was read from a workload.

    Attributes
    ----------
    files : WorkloadFiles
        The workload.
    """

    files: WorkloadFiles


@dataclass(frozen=True)
class StoredCase:
    """A network's shapes and its profiles in folders: what is sent to workers with every point.

    Attributes
    ----------
    network : Network
        Without parameters: what timing needs.
    network_sha256, images_sha256 : str
        SHA-256 of the network with its parameters, and of all images.
    labels : tuple of int or None
    synthetic : tuple of str
    profiles : mapping of bool to StoredProfiles
        By whether outcomes are called by the network's bounds.
    parameters : Network or None
        The network with its parameters, for machines that take the matches of every word.
    """

    network: Network
    network_sha256: str
    images_sha256: str
    labels: tuple[int, ...] | None
    synthetic: tuple[str, ...]
    profiles: Mapping[bool, StoredProfiles]
    parameters: Network | None = None

    def __len__(self) -> int:
        """Count the images."""
        return len(next(iter(self.profiles.values())))

    def items(self) -> Iterable[int]:
        """Return what :meth:`image` takes, for each image."""
        return range(len(self))

    def image(self, item: int, speculative: bool = False, keep: bool = False) -> ProfiledImage:  # noqa: ARG002 - mapped, they are kept anyhow
        """Return an image, as :meth:`Case.image` does."""
        return self.profiles[speculative].image(item, (self.parameters or self.network).layers)

    def at(self, place: int, speculative: bool = False, keep: bool = False) -> ProfiledImage:
        """Return an image by its place from 0, as :meth:`image` does."""
        return self.image(place, speculative, keep)

    def without_images(self) -> StoredCase:
        """Return itself: images are in the folders."""
        return self

    @property
    def title(self) -> str:
        """The network's name, and that something is made up if anything is."""
        return _title(self)

    @property
    def folders(self) -> list[str]:
        """Folders that the profiles lie in."""
        return [each.folder for each in self.profiles.values()]

    def only(self, speculative: bool) -> StoredCase:
        """Return the case with the one kind of profiles that a machine asks for."""
        return replace(self, profiles={speculative: self.profiles[speculative]})

    def moved(self, folders: Mapping[str, str]) -> StoredCase:
        """Return the case with copies of its folders, by the folder that each is a copy of."""
        profiles = {key: replace(each, folder=folders[each.folder]) for key, each in self.profiles.items()}
        return replace(self, profiles=profiles)


AnyCase: TypeAlias = Case | StoredCase


def _title(case: AnyCase) -> str:
    return f"{case.network.name} (synthetic)" if case.synthetic else case.network.name


def load_case(
    workload: str | Path,
    image_file: Path | None = None,
    count: int | None = None,
    machines: Iterable[Architecture] = (),
) -> LoadedCase:
    """Load a network and the images to run on it.

    Parameters
    ----------
    workload : str or Path
        Shipped name or YAML file.
    image_file : Path, optional
        NPZ file in place of the workload's own images.
    count : int, optional
        The first so many; all if not given.
    machines : iterable of Architecture
        Those that the network has to fit, which is told before its parameters are read or made.

    Raises
    ------
    InputError
        If there is no such workload, something in it is wrong, there are no such images, or it does
        not fit a machine.
    """
    files = load_workload(workload)
    check_sizes(machines, files)
    return case_of(files, image_file, count)


def case_of(files: WorkloadFiles, image_file: Path | None = None, count: int | None = None) -> LoadedCase:
    """Load the network and the images of a workload that is read already, as :func:`load_case` does."""
    network = load_network(files)
    return LoadedCase(network, workload_images(files, network, image_file, count), files)


def stored_case(
    case: Case, root: Path, speculative: Iterable[bool] = (False,), progress: Progress | None = None
) -> StoredCase:
    """Compute a case's profiles into a folder, or take those that are there.

    Parameters
    ----------
    root : Path
        As for :func:`o3sim.profile.store.write.store_profiles`.
    speculative : iterable of bool
        Which kinds of profiles are needed.

    Raises
    ------
    InputError
        If they cannot be written, or are damaged.
    """
    from o3sim.profile.store.write import store_profiles

    kinds = sorted(set(speculative))
    return _with(
        case, {kind: store_profiles(root, case.network, case.images, kind, progress) for kind in kinds}
    )


def found_case(case: Case, root: Path, speculative: Iterable[bool] = (False,)) -> StoredCase:
    """Read a case's profiles from where they were saved.

    Parameters are those of :func:`stored_case`.

    Raises
    ------
    InputError
        If there are none of this network on these images, or they are damaged.
    """
    from o3sim.profile.store.read import find_profiles

    kinds = sorted(set(speculative))
    return _with(case, {kind: find_profiles(root, case.network, case.images, kind) for kind in kinds})


def with_saved_profiles(case: Case, root: Path | None, architectures: Iterable[Architecture] = ()) -> AnyCase:
    """Return a case with the saved profiles that these machines ask for; itself if no folder is named.

    Errors are those of :func:`found_case`.
    """
    if root is None:
        return case
    architectures = list(architectures)
    kinds = {architecture.pruning.speculative for architecture in architectures}
    return with_words(found_case(case, root, kinds or {False}), case, architectures)


def with_words(stored: StoredCase, case: Case, architectures: Iterable[Architecture]) -> StoredCase:
    """Return a stored case with its parameters, if one of these machines takes the matches of every word."""
    go_round = any(architecture.scheduler.dispatch == CAROUSEL for architecture in architectures)
    return replace(stored, parameters=case.network) if go_round else stored


def _with(case: Case, profiles: Mapping[bool, StoredProfiles]) -> StoredCase:
    shapes = _without_parameters(case.network)
    return StoredCase(shapes, case.network_sha256, case.images_sha256, case.labels, case.synthetic, profiles)


def _without_parameters(network: Network) -> Network:
    """Return a network without its parameters: what timing needs, small enough to send to workers."""
    nothing = np.zeros((0, 0), np.uint64)
    layers = (
        Layer(layer.name, layer.geometry, nothing, None, layer.scores, speculation=layer.speculation)
        for layer in network.layers
    )
    return replace(network, layers=tuple(layers))
