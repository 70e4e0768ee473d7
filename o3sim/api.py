"""What scripts and notebooks call: :func:`o3sim.simulate` and :func:`o3sim.sweep`. ``docs/api.md``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.results.result import RunResult
    from o3sim.studies.sweep.expand import SweepFile
    from o3sim.studies.sweep.run import Progress, SweepOutcome


def simulate(
    architecture: str | Path | Architecture,
    workload: str | Path,
    images: int = 1,
    *,
    image_file: str | Path | None = None,
    engine: str | None = None,
    jobs: int = 1,
) -> RunResult:
    """Run a network through a machine, cycle by cycle.

    Parameters
    ----------
    architecture : str, Path or Architecture
        Shipped name, YAML file, or one from :func:`o3sim.config.load.load_architecture`.
    workload : str or Path
        Shipped name or YAML file.
    images : int
        The first so many.
    image_file : str or Path, optional
        NPZ file in place of the workload's own images.
    engine : {"compiled", "simpy"}, optional
        By default the fastest that can; the result does not depend on it.
    jobs : int
        Processes; the result does not depend on it. A script that asks for more than one needs
        ``if __name__ == "__main__":``.

    Returns
    -------
    RunResult
        Totals and layers; ``to_frame()`` makes a DataFrame with a row for each layer.

    Raises
    ------
    InputError
        With all that is wrong, before anything runs.
    """
    from o3sim.config.load import load_architecture
    from o3sim.runs.case import load_case
    from o3sim.runs.simulation import simulate_case

    if images < 1:
        raise InputError(f"{images} images asked for, at least 1 is needed")
    machine = load_architecture(architecture) if isinstance(architecture, str | Path) else architecture
    case = load_case(workload, None if image_file is None else Path(image_file), images)
    return simulate_case([machine], case, engine=engine, jobs=jobs)[0]


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

    plan = plan_sweep(_sweep_file(what))
    if output is not None:
        return run_sweep(plan, Path(output), jobs, resume=resume, progress=progress)
    with TemporaryDirectory(prefix="o3sim-sweep-") as folder:
        return run_sweep(plan, Path(folder), jobs, progress=progress)


def _sweep_file(what: str | Path | Mapping[str, Any]) -> SweepFile:
    """Read a sweep file; write a mapping to one first, so that errors name its keys the same way."""
    from o3sim.studies.sweep.expand import load_sweep

    if isinstance(what, str | Path):
        return load_sweep(Path(what))
    import yaml

    with TemporaryDirectory(prefix="o3sim-sweep-") as folder:
        written = Path(folder) / "sweep.yaml"
        written.write_text(yaml.safe_dump(dict(what), sort_keys=False))
        return replace(load_sweep(written), path=Path("sweep.yaml"))
