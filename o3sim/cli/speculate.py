"""`o3sim speculate`: bounds by which machines may call outcomes that are only likely."""

from __future__ import annotations

from typing import Annotated

import typer

from o3sim.cli import options
from o3sim.errors import InputError


def speculate(
    workload: options.Workload,
    image_file: options.NeededImageFile,
    output: options.OutputName,
    wrong: Annotated[
        float, typer.Option(metavar="SHARE", help="Neurons of a layer that may be called wrongly, 0 to 1.")
    ] = 0.01,
    images: options.Images = 100,
    check: Annotated[int, typer.Option(metavar="W", help="Check after every W edges.")] = 32,
) -> None:
    """Set bounds for `pruning.speculative: true`, layer by layer, on calibration images.

    Calibrate on images of the training set. Machines with that key then call outcomes that are only
    likely: NOT EXACT. `o3sim run` measures what it does to the classes. docs/speculative.md.
    """
    if not 0 <= wrong <= 1:
        raise InputError(f"--wrong {wrong}: expected a share, 0 to 1")
    options.at_least_one("--check", check)
    from o3sim.profile.ordering.calls import choose_bound
    from o3sim.profile.ordering.samples import sample_layers
    from o3sim.profile.ordering.workload import with_calls
    from o3sim.runs.case import load_case

    case = load_case(workload, image_file, images)
    with_calls(case.files, {}, output)  # refuses what cannot be written, before the work
    calls = {
        samples.layer.name: choose_bound(samples, check, wrong)
        for samples in sample_layers(case.network, list(case.images.x))
    }
    written = with_calls(case.files, calls, output).write(output)
    print(f"on {images} calibration images: bound, neurons called wrongly, edges dropped")
    for name, each in calls.items():
        print(f"  {name:12}{each.how.bound:6.2f}{100 * each.wrong:8.2f} %{100 * each.pruned:8.1f} %")
    for path in written:
        print(f"wrote {path}")
