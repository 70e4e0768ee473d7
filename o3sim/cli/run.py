"""`o3sim run`: a network through one machine, or several, cycle by cycle."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from o3sim.cli import candidates, options, outputs
from o3sim.cli.machines import load_machine, said
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.results.comparison import Comparison
    from o3sim.results.result import RunResult
    from o3sim.runs.case import LoadedCase


def run(
    architecture: options.Architecture = options.DEFAULT_ARCHITECTURE,
    workload: options.Workload = options.DEFAULT_WORKLOAD,
    settings: options.Set = None,
    images: options.Images = 1,
    image_file: options.ImageFile = None,
    compare: Annotated[
        str,
        typer.Option(
            metavar="ARCH,...",
            help="Architectures to run beside it, on the same images.",
            autocompletion=candidates.several_architectures,
        ),
    ] = "",
    controls: Annotated[
        str,
        typer.Option(
            metavar="CONTROL,...",
            help="Controls to run beside it, derived from it: the same PEs and clock. `o3sim list`.",
            autocompletion=candidates.several_controls,
        ),
    ] = "",
    wide: options.Wide = False,
    json: options.Json = "",
    engine: options.Engine = None,
    jobs: options.Jobs = 1,
    profiles: options.Profiles = None,
    sample: options.Sample = False,
    sample_seed: options.SampleSeed = 0,
    dry_run: options.DryRun = False,
    _allow_code: options.AllowCode = False,
) -> None:
    """Simulate ARCH on WORKLOAD and report cycles, pruning, stalls and energy.

    Outputs are compared bit by bit with functional inference. docs/results.md explains every figure.
    """
    architectures = _load_architectures(architecture, settings, _names(controls), _names(compare))
    _tell_custom(architectures, engine)
    seed = sample_seed if sample else None
    asked = _RunOptions(workload, images, image_file, engine, jobs, profiles, seed)
    _check_sampling(architectures, asked)
    if dry_run:
        print(said(settings), end="")
        _estimate(architectures, asked)
        return
    main, others = _simulate(architectures, asked)
    if json:
        from o3sim.results.document import to_json

        outputs.write_json(json, to_json(main, others))
    if json != outputs.STANDARD_OUTPUT:
        from o3sim.report.console import make_console
        from o3sim.report.run import print_run

        print(said(settings), end="")
        print_run(make_console(wide=wide), main, others, wide)


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


def _load_architectures(
    first: str, settings: Sequence[str] | None, controls: Sequence[str], others: Sequence[str]
) -> list[Architecture]:
    """Load all architectures; results are told apart by name, so no two may share one."""
    from o3sim.config.controls import control_of

    main = load_machine(first, settings)
    loaded = {main.name: main}
    for name in controls:
        _add(loaded, control_of(main, name), f"--controls {name}")
    for name in others:
        architecture = load_machine(name, None)
        changed = settings and architecture.name == main.name
        hint = "; name the changed one: --set name=NAME" if changed else ""
        _add(loaded, architecture, f"--compare {name}", hint)
    return list(loaded.values())


def _add(loaded: dict[str, Architecture], architecture: Architecture, asked: str, hint: str = "") -> None:
    if architecture.name in loaded:
        raise InputError(f"{asked}: architecture `{architecture.name}` is in this run already{hint}")
    loaded[architecture.name] = architecture


def _tell_custom(architectures: Sequence[Architecture], engine: str | None) -> None:
    """Say which architectures have custom units, and so run on SimPy, if all of that may be."""
    from o3sim.config.consent import check_consent
    from o3sim.runs.engines import JIT_SWITCH, SIMPY, custom_note, engine_name, kernels_compile

    if not kernels_compile() and engine is None:
        print(f"{JIT_SWITCH} is set: run by the {SIMPY} engine, slowly", file=sys.stderr)
    for architecture in architectures:
        engine_name(architecture, engine)
    check_consent(*architectures)
    for note in filter(None, map(custom_note, architectures)):
        print(note, file=sys.stderr)


class _RunOptions(NamedTuple):
    """What a run was asked to do, besides the architectures."""

    workload: str
    images: int
    image_file: Path | None
    engine: str | None
    jobs: int
    profiles: Path | None
    sample_seed: int | None


def _load(asked: _RunOptions, architectures: Sequence[Architecture]) -> LoadedCase:
    from o3sim.runs.case import load_case

    return load_case(asked.workload, asked.image_file, asked.images, architectures)


def _check_sampling(architectures: Sequence[Architecture], asked: _RunOptions) -> None:
    """Refuse to sample where no layer gains, before parameters are read or made."""
    if asked.sample_seed is None:
        return
    from o3sim.network.load import layer_sizes, load_workload
    from o3sim.runs.sampling.choice import choose_layers
    from o3sim.runs.sizes import check_sizes

    files = load_workload(asked.workload)
    check_sizes(architectures, files)
    layers = layer_sizes(files)
    for architecture in architectures:
        choose_layers(architecture, layers, asked.engine)


def _estimate(architectures: Sequence[Architecture], asked: _RunOptions) -> None:
    """Print what a run will take; it will load its network as long as this one does."""
    from o3sim.report.console import make_console, print_note
    from o3sim.report.estimate import print_estimate
    from o3sim.report.sampled import choice_note
    from o3sim.runs.estimate.estimate import estimate_run
    from o3sim.runs.sampling.choice import choose_layers

    start = perf_counter()
    case = _load(asked, architectures)
    loading_s = perf_counter() - start
    estimate = estimate_run(architectures, case.network, case.images.x, asked.engine, asked.jobs)
    console = make_console()
    print_estimate(console, replace(estimate, wall_s=estimate.wall_s + loading_s))
    if asked.sample_seed is None:
        return
    for architecture in architectures:
        choice = choose_layers(architecture, case.network.layers, asked.engine)
        names = [case.network.layers[number].name for number in sorted(choice.layers)]
        print_note(console, choice_note(architecture.name, names, choice.ops_share, choice.others))


def _simulate(
    architectures: Sequence[Architecture], asked: _RunOptions
) -> tuple[RunResult, list[Comparison]]:
    """Run all architectures; set the others beside the first."""
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.results.comparison import compare
    from o3sim.runs.case import with_saved_profiles
    from o3sim.runs.kernels import prepare
    from o3sim.runs.simulation import simulate_case

    prepare(asked.jobs)
    case = with_saved_profiles(_load(asked, architectures), asked.profiles, architectures)
    with progress_on_stderr() as progress:
        main, *others = simulate_case(
            architectures, case, progress, asked.engine, asked.jobs, sample_seed=asked.sample_seed
        )
    return main, [compare(main, other) for other in others]
