"""`o3sim explore`: search the best machines for a network, with Optuna."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from o3sim.cli import options
from o3sim.cli.execution_target import ExecutionTarget

if TYPE_CHECKING:
    from o3sim.studies.search.plan import SearchPlan
    from o3sim.studies.search.run import SearchOutcome


def explore(
    file: Annotated[Path, typer.Argument(metavar="EXPLORE.yaml", help="What may be set, what is wanted.")],
    output: options.OutputFolder,
    jobs: options.Jobs = 1,
    scheduler: options.Scheduler = None,
    tls_ca_file: options.TlsCaFile = None,
    tls_cert: options.TlsCert = None,
    tls_key: options.TlsKey = None,
    cluster: options.Cluster = None,
    resume: options.Resume = False,
    parquet: options.Parquet = False,
    profiles: options.Profiles = None,
    wide: options.Wide = False,
    _allow_code: options.AllowCode = False,
) -> None:
    """Search the best machines for a network: the front of several objectives under constraints.

    Prints the front with its knee and what each parameter weighs; writes DIR/front.csv,
    importances.csv, front.png and .svg, and the tables of a sweep. For a seed the search is the same
    whatever --jobs is; --resume also goes on to more trials. Needs the extra `search`. docs/explore.md.
    """
    target = ExecutionTarget(jobs, scheduler, cluster, tls_ca_file, tls_cert, tls_key)
    from o3sim.report.console import make_console
    from o3sim.report.explore import print_search
    from o3sim.report.search_figures import write_figures
    from o3sim.studies.search.plan import plan_search

    target.prepare()
    plan = plan_search(file)
    outcome = _run(plan, output, target, resume, parquet, profiles)
    write_figures(plan, outcome, output)
    print_search(make_console(wide=wide), plan, outcome, wide)
    print(f"wrote {output / 'front.csv'}, {output / 'front.svg'}, {output / 'results.csv'}")


def _run(
    plan: SearchPlan,
    output: Path,
    target: ExecutionTarget,
    resume: bool,
    parquet: bool,
    profiles: Path | None,
) -> SearchOutcome:
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.runs.stop import StopRequests
    from o3sim.studies.search.run import identity_of, run_search
    from o3sim.studies.sweep.run import prepare_folder

    # Before anybody waits for a cluster:
    prepare_folder(output, resume, identity_of(plan), plan.space.identities)
    with (
        StopRequests(at_once=target.in_this_process) as stop,
        target.open(stop.check) as (open_executor, jobs),
        progress_on_stderr() as progress,
    ):
        return run_search(
            plan,
            output,
            jobs,
            resume=resume,
            parquet=parquet,
            profiles=profiles,
            progress=progress,
            open_executor=open_executor,
            check_stop=stop.check,
        )
