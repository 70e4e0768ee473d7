"""`o3sim run`: a network through one machine, or several, cycle by cycle."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.images import Images
    from o3sim.network.network import Network
    from o3sim.results.result import Comparison, RunResult

STANDARD_OUTPUT = "-"


def run(  # noqa: PLR0913, PLR0917 - the command's options
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
    engine: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="compiled, or simpy: the same machine in units of plain Python."),
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", help="Processes to spread the images over.")] = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only estimate cycles, time and memory; write nothing.")
    ] = False,
) -> None:
    """Simulate ARCH on WORKLOAD and report cycles, pruning, stalls and energy.

    Outputs are compared bit by bit with functional inference. docs/results.md explains every figure.
    """
    _check_target(json)
    architectures = _load_architectures([architecture, *_names(compare)])
    _tell_custom(architectures, engine)
    asked = _Asked(workload, images, image_file, engine, jobs)
    if dry_run:
        _estimate(architectures, asked)
        return
    main, others = _simulate(architectures, asked)
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


def _tell_custom(architectures: Sequence[Architecture], engine: str | None) -> None:
    """Say which architectures have units of the user's own, and so run on SimPy; refuse another engine."""
    from o3sim.runs.engines import JIT_SWITCH, SIMPY, custom_note, engine_name, kernels_compile

    if not kernels_compile() and engine is None:
        print(f"{JIT_SWITCH} is set: run by the {SIMPY} engine, slowly", file=sys.stderr)
    for architecture in architectures:
        engine_name(architecture, engine)
    for note in filter(None, map(custom_note, architectures)):
        print(note, file=sys.stderr)


class _Asked(NamedTuple):
    """What a run was asked to do, besides the architectures."""

    workload: str
    images: int
    image_file: Path | None
    engine: str | None
    jobs: int


def _load(asked: _Asked, architectures: Sequence[Architecture]) -> tuple[Network, Images]:
    """Load the network, if its sizes fit, and the images to run it on."""
    from o3sim.network.load import load_network, load_workload, workload_images
    from o3sim.runs.sizes import check_sizes

    files = load_workload(asked.workload)
    check_sizes(architectures, files)
    network = load_network(files)
    return network, workload_images(files, network, asked.image_file, asked.images)


def _estimate(architectures: Sequence[Architecture], asked: _Asked) -> None:
    """Print what a run will take; it will load its network as long as this one does."""
    from o3sim.report.console import make_console
    from o3sim.report.estimate import print_estimate
    from o3sim.runs.estimate.estimate import estimate_run

    start = perf_counter()
    network, images = _load(asked, architectures)
    loading_s = perf_counter() - start
    estimate = estimate_run(architectures, network, images.x, asked.engine, asked.jobs)
    print_estimate(make_console(), replace(estimate, wall_s=estimate.wall_s + loading_s))


def _simulate(architectures: Sequence[Architecture], asked: _Asked) -> tuple[RunResult, list[Comparison]]:
    """Run all architectures; set the others beside the first."""
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.results.result import compare
    from o3sim.runs.simulation import simulate_all
    from o3sim.workers.pool import prepare

    prepare(asked.jobs)
    network, images = _load(asked, architectures)
    labels = None if images.y is None else images.y.tolist()
    with progress_on_stderr() as progress:
        main, *others = simulate_all(
            architectures, network, images.x, labels, progress, asked.engine, asked.jobs, images.synthetic
        )
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
