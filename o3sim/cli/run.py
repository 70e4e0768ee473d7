"""`o3sim run`: a network through one machine, or several, cycle by cycle."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.results.result import Comparison, RunResult

STANDARD_OUTPUT = "-"


def run(
    architecture: Annotated[
        str, typer.Argument(metavar="ARCH", help="Architecture: shipped name or YAML file.")
    ] = "o3bnn",
    workload: Annotated[
        str, typer.Argument(metavar="WORKLOAD", help="Workload: shipped name or YAML file.")
    ] = "fashion-vgg",
    images: Annotated[
        int, typer.Option("--images", metavar="N", help="Images to run, from the first on.")
    ] = 1,
    image_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npz", help="Images (x) and labels (y) in place of the workload's own."),
    ] = None,
    compare: Annotated[
        str, typer.Option(metavar="ARCH,...", help="Architectures to run beside it, on the same images.")
    ] = "",
    json: Annotated[
        str, typer.Option("--json", metavar="FILE", help="Write the results as JSON; - for standard output.")
    ] = "",
) -> None:
    """Simulate ARCH on WORKLOAD and report cycles, pruning, stalls and energy.

    Outputs are compared bit by bit with functional inference. docs/results.md explains every figure.
    """
    _check_target(json)
    architectures = _load_architectures([architecture, *_names(compare)])
    main, others = _simulate(architectures, workload, images, image_file)
    if json:
        _write_json(json, main, others)
    if json != STANDARD_OUTPUT:
        from o3sim.report.console import make_console
        from o3sim.report.run import print_run

        print_run(make_console(), main, others)


def _names(compare: str) -> list[str]:
    return [name.strip() for name in compare.split(",") if name.strip()]


def _load_architectures(names: Sequence[str]) -> list[Architecture]:
    """Load all architectures; results are told apart by name, so no two may share one."""
    from o3sim.config.load import load_architecture

    loaded: dict[str, Architecture] = {}
    for name in names:
        architecture = load_architecture(name)
        if architecture.name in loaded:
            raise InputError(f"--compare {name}: architecture `{architecture.name}` is in this run already")
        loaded[architecture.name] = architecture
    return list(loaded.values())


def _simulate(
    architectures: Sequence[Architecture], workload: str, count: int, image_file: Path | None
) -> tuple[RunResult, list[Comparison]]:
    """Run all architectures; set the others beside the first."""
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.network.load import load_network, load_workload, workload_images
    from o3sim.results.result import compare
    from o3sim.simulation import simulate_all

    files = load_workload(workload)
    network = load_network(files)
    images = workload_images(files, network, image_file, count)
    labels = None if images.y is None else images.y.tolist()
    with progress_on_stderr() as progress:
        main, *others = simulate_all(architectures, network, images.x, labels, progress)
    return main, [compare(main, other) for other in others]


def _check_target(json: str) -> None:
    """Refuse a file that cannot be written before the time for a run is spent."""
    if json in ("", STANDARD_OUTPUT):
        return
    path = Path(json)
    if path.is_dir():
        raise InputError(f"--json {json}: is a folder")
    if not path.parent.is_dir():
        raise InputError(f"--json {json}: no folder {path.parent}")


def _write_json(target: str, main: RunResult, others: Sequence[Comparison]) -> None:
    from o3sim.files import write_atomic
    from o3sim.results.document import to_json

    text = to_json(main, others)
    if target == STANDARD_OUTPUT:
        sys.stdout.write(text)
    else:
        write_atomic(Path(target), text)
