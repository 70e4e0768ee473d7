"""`o3sim golden`: record what machines do today, and find out when they do something else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from o3sim.errors import InputError

EXIT_DIFFERENT = 1
DEFAULT_CYCLES = 128

golden_app = typer.Typer(
    help="Record results and traces, and check later runs against them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@golden_app.command("record")
def record_golden(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of goldens; made if need be.")],
    architecture: Annotated[
        str, typer.Argument(metavar="ARCH", help="Architecture: shipped name or YAML file.")
    ],
    workload: Annotated[
        str, typer.Argument(metavar="WORKLOAD", help="Workload: shipped name or YAML file.")
    ] = "fashion-vgg",
    layers: Annotated[
        str, typer.Option(metavar="LAYER,...", help="Layers to keep traces of; all if not given.")
    ] = "",
    images: Annotated[
        int, typer.Option("--images", metavar="N", help="Images to run; traces are of the first.")
    ] = 1,
    image_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npz", help="Images (x) and labels (y) in place of the workload's own."),
    ] = None,
    cycles: Annotated[
        int, typer.Option(metavar="N", help="Cycles of each layer to keep a trace of, from its first.")
    ] = DEFAULT_CYCLES,
) -> None:
    """Run ARCH on WORKLOAD and keep its results and the beginning of each layer's trace in DIR.

    A folder in DIR for each case, that is architecture, workload, images and traces; recording it again
    replaces it. docs/golden.md has an example.
    """
    from o3sim.checks.golden.case import Case
    from o3sim.checks.golden.filing import record_in
    from o3sim.checks.golden.record import load_inputs
    from o3sim.cli.progress import progress_on_stderr

    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is no folder")
    names = tuple(name.strip() for name in layers.split(",") if name.strip())
    file = None if image_file is None else str(image_file)
    inputs = load_inputs(Case(architecture, workload, names or None, images, file, cycles))
    with progress_on_stderr() as progress:
        target = record_in(folder, inputs, progress)
    size = sum(path.stat().st_size for path in target.iterdir())
    print(f"recorded {target} ({-(-size // 1024)} kB)")


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
) -> None:
    """Run everything recorded in DIR again and say what moved.

    Exit status 0: nothing did; 1: something did; 2: a golden or its inputs cannot be read.
    """
    from o3sim.checks.golden.check import check, golden_folders
    from o3sim.checks.golden.strictness import strictness
    from o3sim.cli.progress import progress_on_stderr

    how = strictness(tolerance, without or ())
    moved = 0
    for golden in golden_folders(folder):
        with progress_on_stderr() as progress:
            report = check(golden, how, progress)
        print(*report or [f"{golden.name}: as recorded"], sep="\n")
        moved += bool(report)
    if moved:
        print(f"{moved} not as recorded. If this was meant, record again.")
        raise typer.Exit(EXIT_DIFFERENT)
