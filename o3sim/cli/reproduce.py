"""`o3sim reproduce`: published claims beside what is measured here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from o3sim.cli import options, outputs

if TYPE_CHECKING:
    from o3sim.checks.reproduce.evidence import Evidence
    from o3sim.checks.reproduce.finding import Finding


def reproduce(
    images: options.Images = 64,
    image_file: options.ImageFiles = None,
    jobs: options.Jobs = 1,
    json: options.Json = "",
    output: options.OptionalFolder = None,
) -> None:
    """Set published claims beside what this simulator measures, with a verdict each.

    Everything is computed from shipped workloads or read from the logs of their training; figures are
    drawn into DIR, if it is given. Images of
    CIFAR-10 are not shipped: `o3sim data` makes a file of them for --image-file. docs/reproduce.md.
    """
    evidence, findings = _found(images, image_file or [], jobs)
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
