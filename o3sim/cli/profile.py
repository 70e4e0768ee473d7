"""`o3sim profile`: what pruning can leave out of a network, whatever the machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.profile.survey import Survey

DEFAULT_WIDTHS = (1, 32, 64, 128)
STANDARD_OUTPUT = "-"


def profile(
    workload: Annotated[
        str, typer.Argument(metavar="WORKLOAD", help="Workload: shipped name or YAML file.")
    ] = "fashion-vgg",
    images: Annotated[
        int | None,
        typer.Option("--images", metavar="N", help="Images to profile, from the first on; all if not given."),
    ] = None,
    image_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npz", help="Images (x) and labels (y) in place of the workload's own."),
    ] = None,
    width: Annotated[
        list[int] | None,
        typer.Option(metavar="W", help="Check the bounds every W edges; repeat for several (1 32 64 128)."),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep all profiles there, for --profiles DIR."),
    ] = None,
    json: Annotated[
        str, typer.Option("--json", metavar="FILE", help="Write the figures as JSON; - for standard output.")
    ] = "",
) -> None:
    """Count the edges that threshold and pooling pruning can leave out of WORKLOAD.

    Exact and independent of any machine. docs/profile.md has the formula of every figure.
    """
    widths = _checked(width or list(DEFAULT_WIDTHS))
    _check_save(save)
    _check_folder("--json", None if json in ("", STANDARD_OUTPUT) else Path(json))
    found = _survey(workload, images, image_file, widths, save)
    if json:
        _write_json(json, found)
    if json != STANDARD_OUTPUT:
        from o3sim.report.console import make_console
        from o3sim.report.profile import print_survey

        print_survey(make_console(), found)


def _survey(
    workload: str, count: int | None, image_file: Path | None, widths: list[int], save: Path | None
) -> Survey:
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.profile.survey import survey
    from o3sim.runs.case import load_case, stored_case

    case = load_case(workload, image_file, count)
    with progress_on_stderr() as progress:
        if save is None:
            return survey(case.network, case.images, widths, progress)
        # A network with bounds has a second kind of profiles: those of machines that call outcomes by them.
        kinds = {False, any(layer.speculation is not None for layer in case.network.layers)}
        stored = stored_case(case, save, kinds, progress).profiles[False]
        return survey(case.network, case.images, widths, progress, stored)


def _checked(widths: list[int]) -> list[int]:
    for width in widths:
        if width < 1:
            raise InputError(f"--width {width}: expected at least 1 edge")
    return list(dict.fromkeys(widths))


def _check_save(folder: Path | None) -> None:
    """Refuse a folder that cannot be made."""
    if folder is None:
        return
    if folder.suffix == ".npz":
        raise InputError(f"--save {folder}: profiles are kept in a folder: name one, not an NPZ file")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--save {folder}: is a file")
    if not folder.parent.is_dir():
        raise InputError(f"--save {folder}: no folder {folder.parent}")


def _check_folder(option: str, path: Path | None) -> None:
    """Refuse a file that cannot be written before the time for profiling is spent."""
    if path is not None and path.is_dir():
        raise InputError(f"{option} {path}: is a folder")
    if path is not None and not path.parent.is_dir():
        raise InputError(f"{option} {path}: no folder {path.parent}")


def _write_json(target: str, found: Survey) -> None:
    from o3sim.files import write_atomic
    from o3sim.profile.survey import to_json

    text = to_json(found)
    if target == STANDARD_OUTPUT:
        sys.stdout.write(text)
    else:
        write_atomic(Path(target), text)
