"""`o3sim sweep`: every combination of some parameters, into one table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from o3sim.cli import options
from o3sim.cli.execution_target import ExecutionTarget
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.studies.sweep.run import Plan, SweepOutcome

EXIT_FAILED_POINTS = 3


def sweep(
    file: Annotated[Path, typer.Argument(metavar="SWEEP.yaml", help="What to vary, over what.")],
    output: options.OptionalFolder = None,
    jobs: options.Jobs = 1,
    scheduler: options.Scheduler = None,
    tls_ca_file: options.TlsCaFile = None,
    tls_cert: options.TlsCert = None,
    tls_key: options.TlsKey = None,
    cluster: options.Cluster = None,
    resume: options.Resume = False,
    parquet: options.Parquet = False,
    profiles: options.Profiles = None,
    no_reuse: options.NoReuse = False,
    dry_run: options.DryRun = False,
    _allow_code: options.AllowCode = False,
) -> None:
    """Run every point of SWEEP.yaml and write DIR/results.csv and DIR/layers.csv.

    All points are checked before the first runs. A run that was interrupted anyhow goes on with
    --resume; the tables are then the same bytes as if it had not been. docs/sweeps.md.
    """
    target = ExecutionTarget(jobs, scheduler, cluster, tls_ca_file, tls_cert, tls_key)
    if output is None and not dry_run:
        raise InputError("where to? --output DIR")
    from o3sim.studies.sweep.expand import load_sweep
    from o3sim.studies.sweep.run import plan_sweep

    if not dry_run:
        target.prepare()
    plan = plan_sweep(load_sweep(file))
    if dry_run or output is None:
        print(_described(plan))
        _print_job_script(cluster)
        return
    how = SweepOptions(resume, parquet, profiles, not no_reuse)
    outcome = _run(plan, output, target, how)
    print(f"wrote {output / 'results.csv'}: {len(outcome.rows):,} points, {outcome.failed:,} failed")
    if outcome.failed:
        failed = next(row for row in outcome.rows if row["error"])
        print(f"point {failed['point']} failed: {failed['error']}", file=sys.stderr)
        raise typer.Exit(EXIT_FAILED_POINTS)


def _print_job_script(cluster: Path | None) -> None:
    if cluster is not None:
        from o3sim.runs.cluster.slurm import job_script, load_slurm

        config = load_slurm(cluster)
        print(f"\nEach of {config.workers} jobs of SLURM:\n\n{job_script(config)}", end="")


class SweepOptions(NamedTuple):
    """How to run a sweep; its tables depend on none of it."""

    resume: bool
    parquet: bool
    profiles: Path | None
    reuses_layers: bool


def _run(plan: Plan, output: Path, target: ExecutionTarget, how: SweepOptions) -> SweepOutcome:
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.runs.stop import StopRequests
    from o3sim.studies.sweep.run import identity_of, prepare_folder, run_sweep

    # Before anybody waits for a cluster:
    prepare_folder(output, how.resume, identity_of(plan), plan.expansion.identities)
    with (
        StopRequests(at_once=target.in_this_process) as stop,
        target.open(stop.check) as (open_executor, jobs),
        progress_on_stderr() as progress,
    ):
        return run_sweep(
            plan,
            output,
            jobs,
            **how._asdict(),
            progress=progress,
            open_executor=open_executor,
            check_stop=stop.check,
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
