"""`o3sim profile`: what pruning can leave out of a network, whatever the machine."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from o3sim.cli import options, outputs

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
        Path | None, typer.Option(metavar="FILE.npz", help="Keep every neuron's decision and outcome.")
    ] = None,
    json: options.Json = "",
) -> None:
    """Count the edges that threshold and pooling pruning can leave out of WORKLOAD.

    Exact and independent of any machine. docs/profile.md has the formula of every figure.
    """
    widths = _checked(width or list(DEFAULT_WIDTHS))
    if save is not None:
        outputs.check_file("--save", save)
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
    from o3sim.network.load import load_network, load_workload, workload_images
    from o3sim.profile.store import writing_profiles
    from o3sim.profile.survey import survey

    files = load_workload(workload)
    network = load_network(files)
    images = workload_images(files, network, image_file, count)
    storing = nullcontext() if save is None else writing_profiles(save, network, images)
    with progress_on_stderr() as progress, storing as writer:
        return survey(network, images, widths, writer, progress)


def _checked(widths: list[int]) -> list[int]:
    return list(dict.fromkeys(options.at_least_one("--width", width) for width in widths))
