"""`o3sim reproduce`: published claims beside what is measured here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.checks.reproduce.evidence import Evidence
    from o3sim.checks.reproduce.finding import Finding

STANDARD_OUTPUT = "-"


def reproduce(
    images: Annotated[int, typer.Option("--images", metavar="N", help="Images of each network.")] = 64,
    image_file: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE.npz",
            help="Images for the networks that come without and that they fit; repeat for several.",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", help="Processes to spread the images over.")] = 1,
    json: Annotated[
        str, typer.Option("--json", metavar="FILE", help="Write the findings as JSON; - for standard output.")
    ] = "",
    output_dir: Annotated[
        Path | None, typer.Option("--output-dir", "-o", metavar="DIR", help="Draw the figures into DIR.")
    ] = None,
) -> None:
    """Set published claims beside what this simulator measures, with a verdict each.

    Everything is computed from shipped workloads or read from the logs of their training. Images of
    CIFAR-10 are not shipped: `o3sim data` makes a file of them for --image-file. docs/reproduce.md.
    """
    _check(images, jobs, json)
    evidence, findings = _found(images, image_file or [], jobs)
    if output_dir is not None:
        from o3sim.checks.reproduce.figures import draw_figures

        draw_figures(evidence, output_dir)
    if json:
        _write_json(json, findings)
    if json != STANDARD_OUTPUT:
        from o3sim.checks.reproduce.report import print_findings
        from o3sim.report.console import make_console

        print_findings(make_console(), findings)


def _check(images: int, jobs: int, json: str) -> None:
    """Refuse what cannot work before the time for the runs is spent."""
    if images < 1:
        raise InputError(f"--images {images}: expected at least 1")
    if jobs < 1:
        raise InputError(f"--jobs {jobs}: expected at least 1")
    if json not in ("", STANDARD_OUTPUT) and not Path(json).parent.is_dir():
        raise InputError(f"--json {json}: no folder {Path(json).parent}")


def _found(images: int, image_files: list[Path], jobs: int) -> tuple[Evidence, list[Finding]]:
    from o3sim.checks.reproduce.evidence import Evidence
    from o3sim.checks.reproduce.table import find_out
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.workers.pool import prepare

    prepare(jobs)
    with progress_on_stderr() as progress:
        evidence = Evidence(images, image_files, jobs, progress)
        evidence.check_image_files()
        return evidence, find_out(evidence)


def _write_json(target: str, findings: list[Finding]) -> None:
    from o3sim.checks.reproduce.table import to_json
    from o3sim.files import write_atomic

    text = to_json(findings)
    if target == STANDARD_OUTPUT:
        sys.stdout.write(text)
    else:
        write_atomic(Path(target), text)
