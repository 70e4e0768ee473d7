"""Run a sweep into a folder, from its file to its tables; go on where an earlier run was cut off."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from o3sim.config.flat import flattened
from o3sim.errors import InputError
from o3sim.files import write_atomic
from o3sim.network.images import Images
from o3sim.network.load import WorkloadFiles, layer_sizes, load_network, load_workload, workload_images
from o3sim.network.network import Network
from o3sim.profile.mapped_store import StoredWorkload, shapes_of, store_workload
from o3sim.results.frames import frame_of
from o3sim.results.table import csv_text, write_parquet
from o3sim.runs.dispatch import run_tasks
from o3sim.runs.executors import OpenExecutor, local_executor
from o3sim.runs.point import PointOutcome, PointTask
from o3sim.runs.stop import CheckStop, never
from o3sim.studies.journal import Journal
from o3sim.studies.names import figures_of
from o3sim.studies.sweep.expand import Expansion, Point, SweepFile, expand

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]  # ships no types

SWEEP, JOURNAL, PROFILES, LOCK = "sweep.yaml", "journal.jsonl", "profiles", ".lock"
RESULTS, LAYERS = "results", "layers"

MOST_BATCH_POINTS = 16
"""Points sent to a process at once: enough that sending costs nothing beside running them."""

Progress = Callable[[str, int, int], None]
"""Told ``(what is being done, points done, points in all)``."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A network with the images that a sweep runs on it."""

    network: Network
    images: Images


@dataclass(frozen=True)
class Plan:
    """A sweep, read and checked: what it will run."""

    file: SweepFile
    subjects: dict[str, Subject]
    expansion: Expansion

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
        With everything that is wrong.
    """
    workloads = _workloads(file)
    expansion = expand(file, {name: layer_sizes(files) for name, files in workloads.items()})
    subjects = {name: _subject(file, files) for name, files in workloads.items()}
    networks = {name: subject.network.layers for name, subject in subjects.items()}
    if any(layer.geometry.edge_order is not None for layers in networks.values() for layer in layers):
        expansion = expand(file, networks)  # orders take room too
    return Plan(file, subjects, expansion)


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
    for each in file.sweep.workloads:
        files = load_workload(file.beside(each))
        name = files.workload.name
        if name in workloads:
            raise InputError(f"{file.path}: two workloads are called `{name}`")
        workloads[name] = files
    return workloads


def _subject(file: SweepFile, files: WorkloadFiles) -> Subject:
    wanted = file.sweep.images
    image_file = None if wanted.file is None else file.path.parent / wanted.file
    network = load_network(files)
    return Subject(network, workload_images(files, network, image_file, wanted.count))


def run_sweep(
    plan: Plan,
    folder: Path,
    jobs: int = 1,
    *,
    resume: bool = False,
    parquet: bool = False,
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
    open_executor : callable
        Where points run.
    check_stop : callable
        Called between points and several times a second; what it raises ends the run.

    Raises
    ------
    InputError
        If the folder is in use or of another sweep, or a file cannot be written.
    """
    prepare_folder(folder, resume)
    with locked(folder):
        write_atomic(folder / SWEEP, plan.file.raw)
        stored = _stored(plan, folder, progress)
        with closing(Journal(folder / JOURNAL, identity_of(plan))) as journal:
            finished = {number for number, outcome in journal.outcomes.items() if not outcome.error}
            tasks = [task for task in tasks_of(plan, stored) if task.number not in finished]
            follower = Follower(progress, len(plan.points), len(finished))
            run_journalled(tasks, journal, jobs, open_executor, follower, check_stop)
            outcomes = journal.outcomes
        outcome = SweepOutcome(folder, *tables_of(plan, outcomes))
        write_tables(folder, outcome.rows, outcome.layers, parquet)
    return outcome


class Follower:
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
    follower: Follower,
    check_stop: CheckStop = never,
) -> None:
    """Run points, each in the journal before it counts as done."""
    batch = max(1, min(MOST_BATCH_POINTS, len(tasks) // (8 * jobs)))
    with closing(run_tasks(tasks, open_executor, jobs, batch, check_stop)) as batches:
        follower.tell([])
        for outcomes in batches:
            journal.add(outcomes)
            follower.tell(outcomes)


def identity_of(plan: Plan) -> dict[str, str]:
    """Say what a sweep's results depend on, part by part."""
    points = hashlib.sha256()
    for point in plan.points:
        points.update(f"{point.workload} {point.architecture.model_dump_json()}\n".encode())
    subjects = hashlib.sha256()
    for subject in plan.subjects.values():
        subjects.update(f"{subject.network.digest()} {subject.images.digest()}\n".encode())
    return {
        "o3sim": version("o3sim"),
        "points": points.hexdigest(),
        "workloads or images": subjects.hexdigest(),
    }


def tasks_of(plan: Plan, stored: Mapping[str, StoredWorkload]) -> list[PointTask]:
    """Return the work of every point."""
    shapes = {name: shapes_of(subject.network) for name, subject in plan.subjects.items()}
    return [
        PointTask(point.number, point.architecture, shapes[point.workload], stored[point.workload])
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
        rows.append(row_of(point, outcome, hashes[point.workload]))
        here = {"point": point.number, "architecture": point.architecture.name, "workload": point.workload}
        layers += [{**here, **point.axes, **layer} for layer in outcome.layers]
    return rows, layers


def row_of(point: Point, outcome: PointOutcome, hashes: Mapping[str, str]) -> dict[str, Any]:
    """Return a point's row: what it is, what came out, and what it was made from."""
    configuration = flattened(point.architecture.model_dump(mode="json"), "arch.")
    return {
        "point": point.number,
        "architecture": point.architecture.name,
        "workload": point.workload,
        **point.axes,
        "status": "failed" if outcome.error else "ok",
        "error": outcome.error,
        **outcome.columns,
        **figures_of(point.architecture),
        **configuration,
        "architecture_sha256": hashlib.sha256(point.architecture.model_dump_json().encode()).hexdigest(),
        **hashes,
        "o3sim_version": version("o3sim"),
    }


def hashes_of(subject: Subject) -> dict[str, str]:
    """Return what a row says its network and images are."""
    return {"workload_sha256": subject.network.digest(), "images_sha256": subject.images.digest()}


def write_tables(
    folder: Path, rows: list[dict[str, Any]], layers: list[dict[str, Any]], parquet: bool
) -> None:
    """Write both tables, each whole or not at all."""
    for name, table in ((RESULTS, rows), (LAYERS, layers)):
        write_atomic(folder / f"{name}.csv", csv_text(table))
        if parquet:
            write_parquet(folder / f"{name}.parquet", table)


def _stored(plan: Plan, folder: Path, progress: Progress | None) -> dict[str, StoredWorkload]:
    return {
        name: store_workload(folder / PROFILES, subject.network, subject.images, progress)
        for name, subject in plan.subjects.items()
    }


def prepare_folder(folder: Path, resume: bool) -> None:
    """Make the folder of a new run, or check that of one that goes on.

    Raises
    ------
    InputError
        If it holds something else, or cannot be made.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--output {folder}: is a file")
    if not resume and (folder / JOURNAL).exists():
        raise InputError(f"--output {folder}: has a sweep in it; go on with it by --resume, or name another")
    if not resume and folder.is_dir() and any(file.name != LOCK for file in folder.iterdir()):
        raise InputError(f"--output {folder}: is not empty; name another folder")
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
