"""Run a search into a folder: batches of proposals through the sweep's machinery, then the front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from o3sim.config.architecture import Architecture
from o3sim.config.identity import digest
from o3sim.errors import InputError
from o3sim.files import write_atomic
from o3sim.results.table import csv_text
from o3sim.runs.case import StoredCase, found_case, stored_case, with_words
from o3sim.runs.executors import OpenExecutor, local_executor
from o3sim.runs.stop import CheckStop, never
from o3sim.runs.tasks import PointTask
from o3sim.studies.journal import Journal
from o3sim.studies.search.importance import Importances, importances
from o3sim.studies.search.kept import KeptOpen
from o3sim.studies.search.objectives import Objectives
from o3sim.studies.search.plan import SearchPlan
from o3sim.studies.search.proposals import Proposals
from o3sim.studies.search.proposer import Proposer
from o3sim.studies.search.quiet import quiet_optuna
from o3sim.studies.search.space import Candidate
from o3sim.studies.search.study_file import StudyFile
from o3sim.studies.sweep.expand import Point
from o3sim.studies.sweep.run import (
    JOURNAL,
    PROFILES,
    PointProgress,
    Progress,
    hashes_of,
    identity_of_subject,
    locked,
    prepare_folder,
    row_of,
    run_journalled,
    write_tables,
)

EXPLORE, PROPOSALS, STUDY = "explore.yaml", "proposals.jsonl", "study.journal"
FRONT, IMPORTANCES = "front.csv", "importances.csv"


@dataclass(frozen=True)
class SearchOutcome:
    """What a search found.

    Attributes
    ----------
    rows, layers : list of dict
        The tables of a sweep, as they were written.
    front : list of dict
        Rows of the points on the front, with ``knee`` and the objectives before them.
    importances : Importances
    exhausted : str
        Empty, or why fewer points ran than were asked for.
    """

    rows: list[dict[str, Any]]
    layers: list[dict[str, Any]]
    front: list[dict[str, Any]]
    importances: Importances
    exhausted: str


def run_search(  # noqa: PLR0913 - what the command's options say
    plan: SearchPlan,
    folder: Path,
    jobs: int = 1,
    *,
    resume: bool = False,
    parquet: bool = False,
    profiles: Path | None = None,
    progress: Progress | None = None,
    open_executor: OpenExecutor = local_executor,
    check_stop: CheckStop = never,
) -> SearchOutcome:
    """Propose and run points until there are as many as asked for, and write what was found.

    Parameters
    ----------
    plan : SearchPlan
    folder : Path
        Made if it is not there. ``results.csv`` and ``layers.csv`` are those of a sweep.
    jobs : int
        Processes; nothing written depends on it.
    resume : bool
        Go on with what is in the folder, also to more trials than it was begun with; points that
        failed run again.
    parquet : bool
        Write the tables as Parquet too (extra ``parquet``).
    profiles : Path, optional
        Take profiles that were saved there, in place of computing them.
    open_executor : callable
        Where points run.
    check_stop : callable
        Called before each batch and several times a second; what it raises ends the run.

    Raises
    ------
    InputError
        If the extra ``search`` is missing, no point is allowed, the folder is in use or of another
        search, or a file cannot be written.
    """
    proposer = Proposer(plan.explore, plan.space)
    identity, machines = identity_of(plan), plan.space.identities
    if profiles is not None:
        found_case(plan.subject, profiles, [plan.base.pruning.speculative])  # refuses what is not there
    prepare_folder(folder, resume, identity, machines)
    with locked(folder):
        search = _Search(plan, folder, proposer, profiles, progress)
        with (
            closing(search),
            closing(Journal(folder / JOURNAL, identity, machines)) as journal,
            KeptOpen(open_executor) as kept,
        ):
            search.run(journal, jobs, kept.open, check_stop)
        outcome = search.outcome()
        write_tables(folder, outcome.rows, outcome.layers, parquet)
        write_atomic(folder / FRONT, csv_text(outcome.front))
        write_atomic(folder / IMPORTANCES, csv_text(outcome.importances.rows))
    return outcome


class _Search:
    """A search under way."""

    def __init__(
        self,
        plan: SearchPlan,
        folder: Path,
        proposer: Proposer,
        saved: Path | None,
        progress: Progress | None,
    ) -> None:
        self._plan, self._proposer = plan, proposer
        self._progress = progress
        self._objectives = Objectives(plan.explore.objectives, plan.space.limits)
        self._folder, self._saved = folder, saved
        self._stored: dict[bool, StoredCase] = {}
        self._hashes = hashes_of(plan.subject)
        self._proposals = Proposals(folder / PROPOSALS)
        self._study: StudyFile | None = None
        self.rows: list[dict[str, Any]] = []
        self.layers: list[dict[str, Any]] = []
        self._exhausted = ""

    def run(self, journal: Journal, jobs: int, open_executor: OpenExecutor, check_stop: CheckStop) -> None:
        """Propose, run and tell, a batch at a time."""
        explore = self._plan.explore
        while len(self.rows) < explore.trials:
            check_stop()
            # Whole batches are asked for, so that what is proposed does not depend on `trials`.
            candidates = self._proposer.batch(explore.batch)
            wanted = candidates[: explore.trials - len(self.rows)]
            if not wanted:
                self._exhausted = self._proposer.refusal or "every combination has been run"
                break
            points = self._points(wanted)
            journal.refuse_moved()
            self._proposals.add(points)
            if self._proposals.added:
                self._begin_writing()
            self._run_batch(points, journal, jobs, open_executor, check_stop)
            self._add_rows(points, journal)
            if len(wanted) == len(candidates):
                self._tell(self.rows[-len(points) :])
        if not self.rows:
            raise InputError(
                f"{self._plan.path}: no combination can be run; the last one refused: {self._exhausted}"
            )
        self._begin_writing()

    def _begin_writing(self) -> None:
        """Write search and study: not while an earlier run's proposals are repeated, and may yet differ."""
        if self._study is None:
            write_atomic(self._folder / EXPLORE, self._plan.path.read_bytes())
            self._study = StudyFile(self._folder / STUDY, self._proposer.study)

    def close(self) -> None:
        """Close what was written to."""
        self._proposals.close()

    def outcome(self) -> SearchOutcome:
        """Sum up."""
        front = self._objectives.front(self.rows)
        found = importances(self.rows, self._plan.space.parameters, self._objectives)
        return SearchOutcome(self.rows, self.layers, front, found, self._exhausted)

    def _tell(self, rows: Sequence[Mapping[str, Any]]) -> None:
        values = [self._objectives.values(row) for row in rows]
        self._proposer.tell(values, [self._objectives.broken_limits(row) for row in rows])
        if self._study is not None:
            self._study.update()

    def _points(self, candidates: Sequence[Candidate]) -> list[Point]:
        workload = self._plan.subject.network.name
        return [
            Point(number, candidate.architecture, workload, candidate.axes, candidate.architecture_sha256)
            for number, candidate in enumerate(candidates, start=len(self.rows))
        ]

    def _run_batch(
        self,
        points: Sequence[Point],
        journal: Journal,
        jobs: int,
        open_executor: OpenExecutor,
        check_stop: CheckStop,
    ) -> None:
        """Run those points of a batch that the journal does not have."""
        finished = {number for number, outcome in journal.outcomes.items() if not outcome.error}
        tasks = [
            PointTask(point.number, point.architecture, self._case(point.architecture), self._plan.code)
            for point in points
            if point.number not in finished
        ]
        done = len(self.rows) + len(points) - len(tasks)
        told = PointProgress(self._progress, self._plan.explore.trials, done)
        run_journalled(tasks, journal, jobs, open_executor, told, check_stop)

    def _case(self, architecture: Architecture) -> StoredCase:
        """Return the case with the profiles that a machine asks for; they are computed when they are."""
        kind = architecture.pruning.speculative
        if kind not in self._stored:
            case, profiles = self._plan.subject, self._folder / PROFILES
            self._stored[kind] = (
                stored_case(case, profiles, [kind], self._progress)
                if self._saved is None
                else found_case(case, self._saved, [kind])
            )
        return with_words(self._stored[kind], self._plan.subject, [architecture])

    def _add_rows(self, points: Sequence[Point], journal: Journal) -> None:
        for point in points:
            outcome = journal.outcomes[point.number]
            layers = self._plan.subject.network.layers
            self.rows.append(row_of(point, outcome, self._hashes, layers))
            here = {
                "point": point.number,
                "architecture": point.architecture.name,
                "workload": point.workload,
            }
            self.layers += [{**here, **point.axes, **layer} for layer in outcome.layers]


def identity_of(plan: SearchPlan) -> dict[str, str]:
    """Say what a search's proposals and results depend on, part by part; ``trials`` is no such thing."""
    named = {"name", "description", "trials", "architecture", "workload", "images"}
    asked = plan.explore.model_dump(mode="json", exclude=named)
    machines = plan.space.identities
    values = [
        [machines.content_of(each.key, value) for value in each.values] for each in plan.space.parameters
    ]
    with quiet_optuna() as optuna:
        optuna_version = str(optuna.__version__)
    return {
        "o3sim": version("o3sim"),
        "Optuna": optuna_version,
        "search": digest([asked, values]),
        "architecture": machines.of(plan.base),
        **{name: digest(part) for name, part in identity_of_subject(plan.subject).items()},
    }
