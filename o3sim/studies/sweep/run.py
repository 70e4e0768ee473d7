"""Run a sweep into a folder, from its file to its tables; go on where an earlier run was cut off."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from o3sim.config.consent import check_consent
from o3sim.config.flat import flattened
from o3sim.config.identity import Identities, digest
from o3sim.config.marks import placed
from o3sim.errors import InputError
from o3sim.files import write_atomic
from o3sim.network.load import WorkloadFiles, layer_sizes, load_workload
from o3sim.results.frames import frame_of
from o3sim.results.table import csv_text, last_columns_apart, write_parquet
from o3sim.runs.case import Case, StoredCase, found_case, stored_case, with_words
from o3sim.runs.dispatch import run_tasks
from o3sim.runs.executors import OpenExecutor, local_executor
from o3sim.runs.stop import CheckStop, never
from o3sim.runs.tasks import PointOutcome, PointTask
from o3sim.studies.journal import Journal, refuse_other
from o3sim.studies.names import figures_of
from o3sim.studies.subject import subject_of
from o3sim.studies.sweep.expand import Expansion, Point, SweepFile, expand

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]  # ships no types

    from o3sim.network.layer import Sized

SWEEP, JOURNAL, PROFILES, LOCK = "sweep.yaml", "journal.jsonl", "profiles", ".lock"
RESULTS, LAYERS = "results", "layers"

MOST_BATCH_POINTS = 16
"""Points sent to a process at once: enough that sending costs nothing beside running them."""

Progress = Callable[[str, int, int], None]
"""Told ``(what is being done, points done, points in all)``."""


@dataclass(frozen=True)
class Plan:
    """A sweep, read and checked: what it will run.

    Attributes
    ----------
    file : SweepFile
    subjects : dict of str to Case
        By workload.
    expansion : Expansion
    code : frozenset of str
        SHA-256 of the users' code that may run.
    """

    file: SweepFile
    subjects: dict[str, Case]
    expansion: Expansion
    code: frozenset[str] = frozenset()

    @property
    def points(self) -> list[Point]:
        """All points, in order."""
        return self.expansion.points


@dataclass(frozen=True)
class SweepOutcome:
    """What a sweep left behind.

    Attributes
    ----------
    folder : Path
    rows, layers : list of dict
        The tables, as they were written.
    """

    folder: Path
    rows: list[dict[str, Any]]
    layers: list[dict[str, Any]]

    def to_frame(self) -> pd.DataFrame:
        """Return the points as a DataFrame (extra ``frames``)."""
        return frame_of(self.rows)

    def layers_frame(self) -> pd.DataFrame:
        """Return the layers of all points as a DataFrame (extra ``frames``)."""
        return frame_of(self.layers)

    @property
    def failed(self) -> int:
        """Count the points that have an error in place of figures."""
        return sum(row["status"] == "failed" for row in self.rows)


def plan_sweep(file: SweepFile) -> Plan:
    """Expand and check all points by the sizes of layers, then load networks and images.

    Raises
    ------
    InputError
        With everything that is wrong, or with all code that is not allowed to run.
    """
    workloads = _workloads(file)
    expansion = expand(file, {name: layer_sizes(files) for name, files in workloads.items()})
    code = check_consent(*(point.architecture for point in expansion.points))
    subjects = {name: _subject(file, files) for name, files in workloads.items()}
    networks = {name: subject.network.layers for name, subject in subjects.items()}
    ordered = any(layer.geometry.edge_order is not None for layers in networks.values() for layer in layers)
    if ordered or any(point.architecture.pruning.speculative for point in expansion.points):
        expansion = expand(file, networks)  # orders take room too, and bounds have to be there
    return Plan(file, subjects, expansion, code)


def check_sweep(file: SweepFile) -> None:
    """Check what :func:`plan_sweep` does, without making what is synthetic.

    Raises
    ------
    InputError
        With everything that is wrong.
    """
    workloads = _workloads(file)
    expand(file, {name: layer_sizes(files) for name, files in workloads.items()})
    for files in workloads.values():
        if isinstance(files.parameters, Path):
            _subject(file, files)


def _workloads(file: SweepFile) -> dict[str, WorkloadFiles]:
    workloads: dict[str, WorkloadFiles] = {}
    for number, files in enumerate(file.each("workloads", load_workload)):
        name = files.workload.name
        with placed(file.document, ("workloads", number)):
            if name in workloads:
                raise InputError(f"a second workload called `{name}`")
        workloads[name] = files
    return workloads


def _subject(file: SweepFile, files: WorkloadFiles) -> Case:
    return subject_of(file.document, file.path, file.sweep.images, files)


def run_sweep(  # noqa: PLR0913 - what the command's options say
    plan: Plan,
    folder: Path,
    jobs: int = 1,
    *,
    resume: bool = False,
    parquet: bool = False,
    profiles: Path | None = None,
    reuses_layers: bool = True,
    progress: Progress | None = None,
    open_executor: OpenExecutor = local_executor,
    check_stop: CheckStop = never,
) -> SweepOutcome:
    """Run all points that have not run yet, and write the tables.

    Parameters
    ----------
    folder : Path
        Made if it is not there. Tables, journal and profiles go into it.
    jobs : int
        Processes; the tables do not depend on it.
    resume : bool
        Go on with what is in the folder; points that failed run again. Without it the folder must
        be new or empty.
    parquet : bool
        Write the tables as Parquet too (extra ``parquet``).
    profiles : Path, optional
        Take profiles that were saved there, in place of computing them.
    reuses_layers : bool
        Let a process simulate a layer once for all its points whose keys that reach it are the same
        (:mod:`o3sim.contract.reach`). The tables do not depend on it.
    open_executor : callable
        Where points run.
    check_stop : callable
        Called between points and several times a second; what it raises ends the run.

    Raises
    ------
    InputError
        If the folder is in use or of another sweep, a file cannot be written, or profiles are not
        there or damaged.
    """
    identity, machines = identity_of(plan), plan.expansion.identities
    found = None if profiles is None else _stored(plan, profiles, found_case)
    prepare_folder(folder, resume, identity, machines)
    with locked(folder):
        with closing(Journal(folder / JOURNAL, identity, machines)) as journal:
            stored = found or _stored(plan, folder / PROFILES, partial(stored_case, progress=progress))
            write_atomic(folder / SWEEP, plan.file.raw)
            finished = {number for number, outcome in journal.outcomes.items() if not outcome.error}
            tasks = [task for task in tasks_of(plan, stored, reuses_layers) if task.number not in finished]
            told = PointProgress(progress, len(plan.points), len(finished))
            run_journalled(tasks, journal, jobs, open_executor, told, check_stop)
            outcomes = journal.outcomes
        outcome = SweepOutcome(folder, *tables_of(plan, outcomes))
        write_tables(folder, outcome.rows, outcome.layers, parquet)
    return outcome


class PointProgress:
    """Turns outcomes into progress: points done, and how many of them failed."""

    def __init__(self, progress: Progress | None, total: int, done: int) -> None:
        self._progress, self._total, self._done, self._failed = progress, total, done, 0

    def tell(self, outcomes: list[PointOutcome]) -> None:
        """Take note of finished points."""
        self._done += len(outcomes)
        self._failed += sum(bool(outcome.error) for outcome in outcomes)
        if self._progress is not None:
            failed = f", {self._failed:,} failed" if self._failed else ""
            self._progress(f"{self._done:,} of {self._total:,} points{failed}", self._done, self._total)


def run_journalled(
    tasks: list[PointTask],
    journal: Journal,
    jobs: int,
    open_executor: OpenExecutor,
    told: PointProgress,
    check_stop: CheckStop = never,
) -> None:
    """Run points, each in the journal before it counts as done."""
    batch = max(1, min(MOST_BATCH_POINTS, len(tasks) // (8 * jobs)))
    with closing(run_tasks(tasks, open_executor, jobs, batch, check_stop)) as batches:
        told.tell([])
        for outcomes in batches:
            journal.add(outcomes)
            told.tell(outcomes)


def identity_of(plan: Plan) -> dict[str, str]:
    """Say what a sweep's results depend on, part by part."""
    numbers = {name: number for number, name in enumerate(plan.subjects)}
    points = [[numbers[point.workload], point.architecture_sha256] for point in plan.points]
    parts = [identity_of_subject(subject) for subject in plan.subjects.values()]
    return {
        "o3sim": version("o3sim"),
        "points": digest(points),
        **{name: digest([part[name] for part in parts]) for name in parts[0]},
    }


def identity_of_subject(subject: Case) -> dict[str, Any]:
    """Say what of a network and its images enters results, part by part."""
    return {
        "workload": [subject.network_sha256, subject.network.synthetic],
        "images": [subject.images_sha256, subject.images.synthetic],
        "labels": subject.labels,
    }


def tasks_of(plan: Plan, stored: Mapping[str, StoredCase], reuses_layers: bool = True) -> list[PointTask]:
    """Return the work of every point."""
    cases = {(name, kind): case.only(kind) for name, case in stored.items() for kind in case.profiles}
    return [
        PointTask(
            point.number,
            point.architecture,
            cases[point.workload, point.architecture.pruning.speculative],
            plan.code,
            reuses_layers,
        )
        for point in plan.points
    ]


def tables_of(
    plan: Plan, outcomes: Mapping[int, PointOutcome]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows of both tables, by point number."""
    hashes = {name: hashes_of(subject) for name, subject in plan.subjects.items()}
    rows, layers = [], []
    for point in plan.points:
        outcome = outcomes[point.number]
        shapes = plan.subjects[point.workload].network.layers
        rows.append(row_of(point, outcome, hashes[point.workload], shapes))
        here = {"point": point.number, "architecture": point.architecture.name, "workload": point.workload}
        layers += [{**here, **point.axes, **layer} for layer in outcome.layers]
    return rows, layers


def row_of(
    point: Point, outcome: PointOutcome, hashes: Mapping[str, str], layers: Sequence[Sized]
) -> dict[str, Any]:
    """Return a point's row: what it is, what came out, and what it was made from."""
    columns, some = last_columns_apart(outcome.columns)
    configuration = flattened(point.architecture.model_dump(mode="json"), "arch.")
    return {
        "point": point.number,
        "architecture": point.architecture.name,
        "workload": point.workload,
        **point.axes,
        "status": "failed" if outcome.error else "ok",
        "error": outcome.error,
        **columns,
        **figures_of(point.architecture, layers),
        **configuration,
        "architecture_sha256": point.architecture_sha256,
        **hashes,
        "o3sim_version": version("o3sim"),
        **some,
    }


def hashes_of(case: Case) -> dict[str, str]:
    """Return what a row says its network and images are."""
    return {"workload_sha256": case.network_sha256, "images_sha256": case.images_sha256}


def write_tables(
    folder: Path, rows: list[dict[str, Any]], layers: list[dict[str, Any]], parquet: bool
) -> None:
    """Write both tables, each whole or not at all."""
    for name, table in ((RESULTS, rows), (LAYERS, layers)):
        write_atomic(folder / f"{name}.csv", csv_text(table))
        if parquet:
            write_parquet(folder / f"{name}.parquet", table)


def _stored(
    plan: Plan, root: Path, take: Callable[[Case, Path, set[bool]], StoredCase]
) -> dict[str, StoredCase]:
    """Return, by workload, the profiles that its points ask for, taken from a folder."""
    kinds: dict[str, set[bool]] = {}
    for point in plan.points:
        kinds.setdefault(point.workload, set()).add(point.architecture.pruning.speculative)
    machines = [point.architecture for point in plan.points]
    subjects = plan.subjects
    return {
        name: with_words(take(subjects[name], root, asked), subjects[name], machines)
        for name, asked in kinds.items()
    }


def prepare_folder(folder: Path, resume: bool, identity: dict[str, str], machines: Identities) -> None:
    """Make the folder of a new run, or check that of one that goes on.

    Parameters
    ----------
    identity, machines
        As a journal in the folder has to have them (:class:`o3sim.studies.journal.Journal`).

    Raises
    ------
    InputError
        If it holds something else, or cannot be made; it is then as it was.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--output {folder}: is a file")
    if not resume and (folder / JOURNAL).exists():
        raise InputError(f"--output {folder}: has a sweep in it; go on with it by --resume, or name another")
    if not resume and folder.is_dir() and any(file.name != LOCK for file in folder.iterdir()):
        raise InputError(f"--output {folder}: is not empty; name another folder")
    if resume:
        refuse_other(folder / JOURNAL, identity, machines)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--output {folder}: cannot be made: {error.strerror or error}") from None
    for path in folder.iterdir():
        if path.is_fifo() or path.is_char_device() or path.is_socket():  # to open it may take for ever
            raise InputError(f"{path}: is a pipe or a device; name another --output")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep every other run out of the folder; the lock ends with the process, however that ends."""
    try:
        stream = (folder / LOCK).open("a")
    except OSError as error:
        raise InputError(f"{folder / LOCK}: cannot be made: {error.strerror or error}") from None
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"{folder}: another run is at work in it") from None
        yield
