"""`o3sim sweep`: every combination of some parameters, into one table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.sweeps.run import Plan, SweepOutcome

EXIT_FAILED_POINTS = 3


def sweep(
    file: Annotated[Path, typer.Argument(metavar="SWEEP.yaml", help="What to vary, over what.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Folder for tables, journal, profiles."),
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", help="Processes to spread the points over.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what is in DIR.")] = False,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write the tables as Parquet too.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check all points and say how many there are.")
    ] = False,
) -> None:
    """Run every point of SWEEP.yaml and write DIR/results.csv and DIR/layers.csv.

    All points are checked before the first runs. A run that was interrupted anyhow goes on with
    --resume; the tables are then the same bytes as if it had not been. docs/sweeps.md.
    """
    if jobs < 1:
        raise InputError(f"--jobs {jobs}: expected at least 1")
    if output is None and not dry_run:
        raise InputError("where to? --output DIR")
    from o3sim.sweeps.expand import load_sweep
    from o3sim.sweeps.run import plan_sweep
    from o3sim.workers import prepare

    if not dry_run:
        prepare(jobs)
    plan = plan_sweep(load_sweep(file))
    if dry_run or output is None:
        print(_described(plan))
        return
    outcome = _run(plan, output, jobs, resume, parquet)
    print(f"wrote {output / 'results.csv'}: {len(outcome.rows):,} points, {outcome.failed:,} failed")
    if outcome.failed:
        failed = next(row for row in outcome.rows if row["error"])
        print(f"point {failed['point']} failed: {failed['error']}", file=sys.stderr)
        raise typer.Exit(EXIT_FAILED_POINTS)


def _run(plan: Plan, output: Path, jobs: int, resume: bool, parquet: bool) -> SweepOutcome:
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.sweeps.run import run_sweep
    from o3sim.sweeps.stop import StopRequests

    with StopRequests(at_once=jobs == 1) as stop, progress_on_stderr() as progress:
        return run_sweep(
            plan, output, jobs, resume=resume, parquet=parquet, progress=progress, check_stop=stop.check
        )


def _described(plan: Plan) -> str:
    expansion = plan.expansion
    sweep = plan.file.sweep
    lines = [
        f"{sweep.name}: {len(plan.points):,} points, {sweep.images.count} image(s) each",
        f"  left out by conditions: {expansion.left_out:,}; equal to an earlier one: {expansion.repeated:,}",
        f"  first: {plan.points[0].label}",
        f"  last:  {plan.points[-1].label}",
    ]
    return "\n".join(lines)
