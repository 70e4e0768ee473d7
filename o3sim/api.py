"""What scripts and notebooks call: sweeps, machines and their controls, simulations.

``docs/api.md`` shows them at work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from o3sim.config.given import named, whole, whole_jobs
from o3sim.errors import ConfigError, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from o3sim.config.architecture import Architecture
    from o3sim.network.images import Images
    from o3sim.network.network import Network
    from o3sim.results.result import RunResult
    from o3sim.studies.sweep.expand import SweepFile
    from o3sim.studies.sweep.run import Progress, SweepOutcome

_WRITTEN = re.compile(r"^\S*sweep\.yaml(:\d+)*: ")


def architecture(name_or_path: str | Path, changes: Mapping[str, Any] | None = None) -> Architecture:
    """Read a machine, and change some of its keys.

    Parameters
    ----------
    name_or_path : str or Path
        Shipped name or YAML file.
    changes : mapping of str to value, optional
        By dotted key, or nested as in a file (``docs/architecture.md``).

    Returns
    -------
    Architecture
        Checked as a file is, and immutable; ``.with_({...})`` returns another.

    Raises
    ------
    InputError
        With all that is wrong.

    Examples
    --------
    >>> architecture("o3bnn", {"pe.count": 32}).pe.count
    32
    """
    from o3sim.config.load import load_architecture

    made = load_architecture(named("architecture", name_or_path))
    return made if changes is None else made.with_(changes)


def control(architecture: str | Path | Architecture, name: str) -> Architecture:
    """Derive a control from a machine: the same PEs, memories and clock under another policy.

    Parameters
    ----------
    architecture : str, Path or Architecture
        As for :func:`simulate`.
    name : str
        Its name in `o3sim list`: ``dense``, ``lockstep-pruned``, ``in-order``, ...

    Returns
    -------
    Architecture
        Called ``ARCHITECTURE-CONTROL``.

    Raises
    ------
    InputError
        If there is no such control, or the machine cannot have it.

    Examples
    --------
    >>> dense = control("o3bnn-r", "dense")
    >>> dense.name, dense.pe.count, dense.pruning.pooling
    ('o3bnn-r-dense', 256, False)
    """
    from o3sim.config.controls import control_of

    if not isinstance(name, str):
        raise InputError(f"control: expected its name, found {name!r}")
    return control_of(_machine(architecture), name)


def simulate(
    architecture: str | Path | Architecture,
    workload: str | Path | Network,
    images: int | NDArray[Any] = 1,
    *,
    labels: Sequence[int] | None = None,
    image_file: str | Path | None = None,
    engine: str | None = None,
    jobs: int = 1,
    sample_seed: int | None = None,
) -> RunResult:
    """Run a network through a machine, cycle by cycle.

    Parameters
    ----------
    architecture : str, Path or Architecture
        Shipped name, YAML file, or one from :func:`o3sim.architecture`.
    workload : str, Path or Network
        Shipped name or YAML file, or a network from :func:`o3sim.network.load.load_network`.
    images : int or ndarray of uint8, shape (images, height, width, channels)
        The first so many of the workload's or of ``image_file``, or the images themselves; without
        ``channels`` if there is one only.
    labels : sequence of int, optional
        The right class of each image of an array.
    image_file : str or Path, optional
        NPZ file in place of the workload's own images.
    engine : {"compiled", "simpy"}, optional
        By default the fastest that can; the result does not depend on it.
    jobs : int
        Processes; the result does not depend on it. A script that asks for more than one needs
        ``if __name__ == "__main__":``.
    sample_seed : int, optional
        Run stretches of large layers only, drawn by this seed, and estimate what all take: ``result.sampled``
        says how far figures may be off (``docs/sampling.md``).

    Returns
    -------
    RunResult
        Totals, layers and images; ``to_frame()`` makes a DataFrame with a row for each layer.

    Raises
    ------
    InputError
        With all that is wrong, before anything runs.
    """
    from o3sim.runs.case import Case
    from o3sim.runs.simulation import simulate_case

    jobs = whole_jobs(jobs)
    if not isinstance(engine, str | None):
        raise InputError(f"engine: expected its name, found {engine!r}")
    if sample_seed is not None and whole("sample_seed", sample_seed) < 0:
        raise InputError(f"sample_seed: {sample_seed}: seeds count from 0")
    machine = _machine(architecture)
    network, chosen = _subject(workload, images, labels, image_file)
    case = Case(network, chosen)
    return simulate_case([machine], case, engine=engine, jobs=jobs, sample_seed=sample_seed)[0]


def sweep(
    what: str | Path | Mapping[str, Any],
    output: str | Path | None = None,
    *,
    jobs: int = 1,
    resume: bool = False,
    progress: Progress | None = None,
) -> SweepOutcome:
    """Run every combination of some parameters.

    Parameters
    ----------
    what : str, Path or mapping
        A sweep file, or what would be in one (``docs/sweeps.md``). Files that a mapping names are
        relative to the working directory.
    output : str or Path, optional
        Folder for tables, journal and profiles; without it nothing is left on disk.
    jobs : int
        Processes, as for :func:`simulate`.
    resume : bool
        Go on with what is in ``output``.
    progress : callable, optional
        Told ``(what is being done, points done, points in all)``.

    Returns
    -------
    SweepOutcome
        ``rows`` and ``layers`` as the tables have them; ``to_frame()`` and ``layers_frame()``.

    Raises
    ------
    InputError
        With all that is wrong, before anything runs.
    """
    from o3sim.studies.sweep.run import plan_sweep, run_sweep

    jobs = whole_jobs(jobs)
    if resume and output is None:
        raise InputError("resume: there is nothing to go on with without an output folder")
    with _named_as_keys(what):
        plan = plan_sweep(_sweep_file(what))
    if output is not None:
        return run_sweep(plan, Path(named("output", output)), jobs, resume=resume, progress=progress)
    with TemporaryDirectory(prefix="o3sim-sweep-") as folder:
        return run_sweep(plan, Path(folder), jobs, progress=progress)


@contextmanager
def _named_as_keys(what: object) -> Iterator[None]:
    """Say of a mapping's problems which keys they are of, and not where it was written meanwhile."""
    try:
        yield
    except ConfigError as error:
        if not isinstance(what, Mapping):
            raise
        raise ConfigError([_WRITTEN.sub("sweep: ", problem) for problem in error.problems]) from None


def _sweep_file(what: str | Path | Mapping[str, Any]) -> SweepFile:
    """Read a sweep file; write a mapping to one first, so that errors name its keys the same way."""
    from o3sim.studies.sweep.expand import load_sweep

    if not isinstance(what, Mapping):
        return load_sweep(Path(named("sweep", what, "a mapping")))
    import yaml

    from o3sim.config.changes import plain

    with TemporaryDirectory(prefix="o3sim-sweep-") as folder:
        written = Path(folder) / "sweep.yaml"
        written.write_text(yaml.safe_dump(plain(dict(what)), sort_keys=False))
        return replace(load_sweep(written), path=Path("sweep.yaml"))


def _machine(given: str | Path | Architecture) -> Architecture:
    from o3sim.config.architecture import Architecture
    from o3sim.config.changes import checked
    from o3sim.config.load import load_architecture

    if isinstance(given, Architecture):
        return checked(given)
    return load_architecture(named("architecture", given, "one of `o3sim.architecture`"))


def _subject(
    workload: str | Path | Network,
    images: int | NDArray[Any],
    labels: Sequence[int] | None,
    image_file: str | Path | None,
) -> tuple[Network, Images]:
    """Return a network, and the images to run on it."""
    import numpy as np

    from o3sim.network.images import load_images
    from o3sim.network.load import load_network, load_workload, workload_images
    from o3sim.network.network import Network

    file = None if image_file is None else Path(named("image_file", image_file))
    if isinstance(workload, Network):
        files, network = None, workload
    else:
        files = load_workload(named("workload", workload, "a Network"))
        network = load_network(files)
    if isinstance(images, np.ndarray):
        if file is not None:
            raise InputError("image_file: images are given as an array already")
        return network, _given_images(images, labels, network)
    count = whole("images", images, " or an array of images")
    if labels is not None:
        raise InputError("labels: of images in an array only; those of a file come with it")
    if files is not None:
        return network, workload_images(files, network, file, count)
    if file is None:
        raise InputError("images: a Network comes without; give an array of them, or an image_file")
    return network, load_images(file, network).first(count)


def _given_images(images: NDArray[Any], labels: Sequence[int] | None, network: Network) -> Images:
    import numpy as np

    from o3sim.network.images import checked_images

    try:
        arrays = {"x": images} if labels is None else {"x": images, "y": np.asarray(labels)}
    except ValueError as error:
        raise InputError(f"labels: {error}") from None
    return checked_images(Path("images"), arrays, network)
