"""`o3sim golden`: record what machines do today, and find out when they do something else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from o3sim.cli import options
from o3sim.cli.machines import changes_of, settings_named
from o3sim.cli.old_spellings import FirstCycles
from o3sim.errors import InputError

EXIT_DIFFERENT = 1
DEFAULT_CYCLES = ":128"

golden_app = typer.Typer(
    help="Record results and traces, and check later runs against them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@golden_app.command("record", cls=FirstCycles)
def record_golden(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of goldens; made if need be.")],
    architecture: options.Architecture,
    workload: options.Workload = options.DEFAULT_WORKLOAD,
    settings: options.Set = None,
    layer: options.Layers = None,
    layers: Annotated[
        str, typer.Option(metavar="LAYER,...", help="Several layers, in place of several --layer.")
    ] = "",
    images: options.Images = 1,
    image_file: options.ImageFile = None,
    cycles: options.Cycles = DEFAULT_CYCLES,
    _allow_code: options.AllowCode = False,
) -> None:
    """Run ARCH on WORKLOAD and keep its results and the beginning of each layer's trace in DIR.

    Traces are of the first image; --cycles N is short for :N, and --layer can be repeated. A folder in DIR
    for each case, that is architecture, workload, images and traces; recording it again replaces it.
    docs/golden.md has an example.
    """
    from o3sim.checks.golden.case import Case
    from o3sim.checks.golden.filing import record_in
    from o3sim.checks.golden.record import load_inputs
    from o3sim.cli.progress import progress_on_stderr

    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is no folder")
    names = (*(layer or ()), *(name.strip() for name in layers.split(",") if name.strip()))
    file = None if image_file is None else str(image_file)
    changes = changes_of(settings)
    case = Case(architecture, workload, names or None, images, file, _cycles(cycles), changes=changes)
    with settings_named(settings or ()):
        inputs = load_inputs(case)
    with progress_on_stderr() as progress:
        target = record_in(folder, inputs, progress)
    size = sum(path.stat().st_size for path in target.iterdir())
    print(f"recorded {target} ({-(-size // 1024)} kB)")


def _cycles(text: str) -> int:
    """Read how many cycles to keep, from the first on."""
    from o3sim.config.ranges import parse_range

    first, end = parse_range("--cycles", text)
    if first:
        raise InputError(f"--cycles {text}: goldens keep traces from the first cycle on; expected :B")
    return end


@golden_app.command("check")
def check_golden(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of goldens, or of one.")],
    tolerance: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="Compare figures alone, which may be off by this share: 0.02 for 2 %."
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="PART", help="Do not compare energy, or traces; repeat for both."),
    ] = None,
    _allow_code: options.AllowCode = False,
) -> None:
    """Run everything recorded in DIR again and say what moved.

    Exit status 0: nothing did; 1: something did; 2: a golden or its inputs cannot be read.
    """
    from o3sim.checks.golden.check import check, golden_folders
    from o3sim.checks.golden.strictness import strictness
    from o3sim.cli.progress import progress_on_stderr

    try:
        how = strictness(tolerance, without or ())
    except InputError as error:  # names the fixture's argument, which the option is called after
        raise InputError(f"--{error}") from None
    moved = 0
    for golden in golden_folders(folder):
        with progress_on_stderr() as progress:
            report = check(golden, how, progress)
        print(*report or [f"{golden.name}: as recorded"], sep="\n")
        moved += bool(report)
    if moved:
        print(f"{moved} not as recorded. If this was meant, record again.")
        raise typer.Exit(EXIT_DIFFERENT)
