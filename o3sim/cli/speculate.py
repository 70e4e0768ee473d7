"""`o3sim speculate`: bounds by which machines may call outcomes that are only likely."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from o3sim.errors import InputError

MOST_CHECK_EDGES = 2**20


def speculate(
    workload: Annotated[str, typer.Argument(metavar="WORKLOAD", help="Workload: shipped name or YAML file.")],
    images: Annotated[
        Path, typer.Option("--images", metavar="FILE.npz", help="Calibration images: of the training set.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="NAME", help="Write NAME.yaml and NAME.npz.")
    ],
    wrong: Annotated[
        float, typer.Option(metavar="SHARE", help="Neurons of a layer that may be called wrongly, 0 to 1.")
    ] = 0.01,
    count: Annotated[int, typer.Option(metavar="N", help="Images to take, from the first on.")] = 100,
    check: Annotated[int, typer.Option(metavar="W", help="Check after every W edges.")] = 32,
) -> None:
    """Set bounds for `pruning.speculative: true`, layer by layer, on calibration images.

    Machines with that key then call outcomes that are only likely: NOT EXACT. `o3sim run` measures what
    it does to the classes. docs/speculative.md.
    """
    if not 0 <= wrong <= 1:
        raise InputError(f"--wrong {wrong}: expected a share, 0 to 1")
    if count < 1 or check < 1:
        raise InputError("--count and --check: expected at least 1")
    if check > MOST_CHECK_EDGES:
        raise InputError(f"--check {check}: expected at most {MOST_CHECK_EDGES}")
    target = output.with_suffix("") if output.suffix in (".yaml", ".npz") else output
    from o3sim.network.load import load_network, load_workload, workload_images
    from o3sim.profile.ordering.calls import choose_bound
    from o3sim.profile.ordering.samples import sample_layers
    from o3sim.profile.ordering.workload import with_calls

    files = load_workload(workload)
    network = load_network(files)
    chosen = workload_images(files, network, images, count)
    with_calls(files, {}, target)  # refuses what cannot be written, before the work
    calls = {
        samples.layer.name: choose_bound(samples, check, wrong)
        for samples in sample_layers(network, list(chosen.x))
    }
    written = with_calls(files, calls, target).write(target)
    print(f"on {count} calibration images: bound, neurons called wrongly, edges dropped")
    for name, each in calls.items():
        print(f"  {name:12}{each.how.bound:6.2f}{100 * each.wrong:8.2f} %{100 * each.pruned:8.1f} %")
    for path in written:
        print(f"wrote {path}")
