"""What is to be explained: an architecture and images, given by name or by a result they made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from o3sim.config.catalog import suggest
from o3sim.errors import InputError
from o3sim.results.saved import SavedRun, load_runs
from o3sim.runs.case import AnyCase, load_case, with_saved_profiles

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture


@dataclass(frozen=True, eq=False)
class Source:
    """A machine, what it runs, and the saved run that this has to repeat, if there is one."""

    architecture: Architecture
    case: AnyCase
    saved: SavedRun | None = None


def source_of(
    target: str,
    workload: str | None,
    image_file: Path | None,
    count: int | None,
    run: str | None,
    profiles: Path | None = None,
) -> Source:
    """Find what to explain.

    Parameters
    ----------
    target : str
        A result (``*.json``), or an architecture by shipped name or path.
    workload : str or None
        By shipped name or path; that of the result, or the shipped one, if not given.
    image_file : Path or None
        Images in place of the workload's own.
    count : int or None
        How many of them; as many as the result has, or one, if not given.
    run : str or None
        Architecture of the result to explain, of those compared in it; the main one if not given.
    profiles : Path, optional
        Take profiles that were saved there, in place of computing them.

    Raises
    ------
    InputError
        If something is not there or does not go together.
    """
    if not target.endswith(".json"):
        if run is not None:
            raise InputError(f"--run {run}: chooses among the runs of a result (a .json file)")
        from o3sim.config.load import load_architecture

        machine = load_architecture(target)
        case = load_case(workload or "fashion-vgg", image_file, count or 1, [machine])
        return Source(machine, with_saved_profiles(case, profiles, [machine]))
    saved = _chosen(target, load_runs(Path(target)), run)
    if saved.sampled:
        raise InputError(
            f"{target}: layers were sampled; what-ifs are held against exact counts: run it without --sample"
        )
    architecture = _architecture(target, saved)
    case = load_case(workload or saved.workload, image_file, count or saved.images)
    if case.network_sha256 != saved.network_digest:
        raise InputError(
            f"{target}: is of another network than {workload or saved.workload} is now (weights or topology "
            "differ); name its workload: o3sim explain RESULT.json WORKLOAD"
        )
    repeats = count is None or count == saved.images
    runs = with_saved_profiles(case, profiles, [architecture])
    return Source(architecture, runs, saved if repeats else None)


def _chosen(target: str, runs: list[SavedRun], name: str | None) -> SavedRun:
    names = [run.architecture for run in runs]
    if name is not None and name not in names:
        raise InputError(f"{target}: no run of `{name}`{suggest(name, names)}; there are: {', '.join(names)}")
    return runs[0 if name is None else names.index(name)]


def _architecture(target: str, saved: SavedRun) -> Architecture:
    """Make the architecture anew from the result's own copy."""
    from o3sim.config.architecture import Architecture
    from o3sim.config.changes import ChangeError
    from o3sim.config.custom_code import custom_units

    try:
        architecture = Architecture.of(saved.configuration)
    except ChangeError as error:
        what = error.refusals[0]
        raise InputError(f"{target}: configuration of {saved.architecture}: {what}") from None
    if custom_units(architecture.model_dump()):
        raise InputError(
            f"{target}: {saved.architecture} has custom units, whose code is not in the result: "
            "o3sim explain ARCH.yaml WORKLOAD"
        )
    return architecture
