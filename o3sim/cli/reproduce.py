"""`o3sim reproduce`: published claims beside what is measured here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from o3sim.cli import options, outputs
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.checks.reproduce.evidence import Evidence
    from o3sim.checks.reproduce.finding import Finding


def reproduce(
    images: options.Images = 64,
    image_file: options.ImageFiles = None,
    jobs: options.Jobs = 1,
    json: options.Json = "",
    output: options.OptionalFolder = None,
    boards: Annotated[
        bool, typer.Option("--boards", help="Set figures of boards beside predictions instead.")
    ] = False,
    claim: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Only the rows of this claim; may be repeated.")
    ] = None,
) -> None:
    """Set published claims beside what this simulator measures, with a verdict each.

    Everything is computed from shipped workloads or read from the logs of their training; figures are
    drawn into DIR, if it is given. Images of
    CIFAR-10 are not shipped: `o3sim data` makes a file of them for --image-file. docs/reproduce.md.
    With --boards: what is predicted for foldings of FINN's beside what was measured on boards.
    """
    if boards:
        if claim:
            raise InputError(f"--claim {claim[0]}: --boards has no claims: leave it out")
        _boards(json, output)
        return
    evidence, findings = _found(images, image_file or [], jobs, claim or [])
    if output is not None:
        from o3sim.checks.reproduce.figures import draw_figures

        draw_figures(evidence, output)
    if json:
        from o3sim.checks.reproduce.table import to_json

        outputs.write_json(json, to_json(findings))
    if json != outputs.STANDARD_OUTPUT:
        from o3sim.checks.reproduce.report import print_findings
        from o3sim.report.console import make_console

        print_findings(make_console(), findings)


def _boards(json: str, output: Path | None) -> None:
    """Predict what boards measured."""
    if output is not None:
        raise InputError(f"--output {output}: --boards draws no figures: leave it out")
    from o3sim.checks.boards.predict import predictions
    from o3sim.checks.boards.report import print_boards, to_json
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.report.console import make_console

    with progress_on_stderr() as progress:
        found = predictions(progress)
    if json:
        outputs.write_json(json, to_json(found))
    if json != outputs.STANDARD_OUTPUT:
        print_boards(make_console(), found)


def _found(
    images: int, image_files: list[Path], jobs: int, wanted: list[str]
) -> tuple[Evidence, list[Finding]]:
    from o3sim.checks.reproduce.evidence import Evidence
    from o3sim.checks.reproduce.table import check_wanted, find_out
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.runs.kernels import prepare

    check_wanted(wanted)
    prepare(jobs)
    with progress_on_stderr() as progress:
        evidence = Evidence(images, image_files, jobs, progress)
        evidence.check_image_files()
        return evidence, find_out(evidence, wanted)
