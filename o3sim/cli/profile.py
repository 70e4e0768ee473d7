"""`o3sim profile`: what pruning can leave out of a network, whatever the machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from o3sim.cli import options, outputs
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.profile.survey import Survey

DEFAULT_WIDTHS = (1, 32, 64, 128)


def profile(
    workload: options.Workload = options.DEFAULT_WORKLOAD,
    images: options.AllImages = None,
    image_file: options.ImageFile = None,
    width: Annotated[
        list[int] | None,
        typer.Option(metavar="W", help="Check the bounds every W edges; repeat for several (1 32 64 128)."),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep all profiles there, for --profiles DIR."),
    ] = None,
    json: options.Json = "",
) -> None:
    """Count the edges that threshold and pooling pruning can leave out of WORKLOAD.

    Exact and independent of any machine. docs/profile.md has the formula of every figure.
    """
    widths = _checked(width or list(DEFAULT_WIDTHS))
    _check_save(save)
    found = _survey(workload, images, image_file, widths, save)
    if json:
        from o3sim.profile.survey import to_json

        outputs.write_json(json, to_json(found))
    if json != outputs.STANDARD_OUTPUT:
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
    return list(dict.fromkeys(options.at_least_one("--width", width) for width in widths))


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
