"""Images spread over processes: same bytes, errors and ends of workers, nothing left behind."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.files import save_npz
from o3sim.network.images import Images
from o3sim.results.document import to_json
from o3sim.runs.case import Case
from o3sim.runs.point import ImageCounts, count_on_all
from o3sim.runs.runner import runner_of
from o3sim.runs.simulation import simulate, simulate_all
from o3sim.runs.spread import spread
from tests.sample_runs import architecture, images, network

RUN = [sys.executable, "-c", "from o3sim.cli.app import main; main()", "run"]


class OnImages:
    """Runs an image on a machine: the work of a run."""

    def __call__(self, pixels: NDArray[np.uint8]) -> ImageCounts:
        case = Case(network(), Images(pixels[None], None))
        (counts,) = count_on_all([runner_of(architecture(), network())], case, pixels)
        return counts


def test_results_do_not_depend_on_engine_or_jobs() -> None:
    machines = [architecture(), architecture("lockstep", scheduler={"policy": "lockstep"})]
    some = images(7)
    texts = {
        tuple(to_json(run) for run in simulate_all(machines, network(), some, engine=engine, jobs=jobs))
        for engine, jobs in ((None, 1), ("compiled", 2), ("simpy", 1), ("simpy", 3), (None, 20))
    }
    assert len(texts) == 1


def test_progress_of_several_jobs_goes_up_to_the_end() -> None:
    told: list[tuple[str, int, int]] = []
    simulate(architecture(), network(), images(5), progress=lambda *step: told.append(step), jobs=2)
    done = [step[1] for step in told]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, told[0][2])
    assert {step[2] for step in told} == {done[-1]}
    assert told[3][0] == "3 images"


def test_no_jobs() -> None:
    with pytest.raises(InputError, match="0 jobs asked for"):
        simulate(architecture(), network(), images(1), jobs=0)


def test_no_such_engine() -> None:
    with pytest.raises(InputError, match="no engine `simpi`: there are compiled, simpy"):
        simulate(architecture(), network(), images(1), engine="simpi")


WRONG = """
import multiprocessing
import numpy as np
from o3sim.errors import InputError
from o3sim.runs.simulation import simulate
from tests.sample_runs import architecture, network

if __name__ == "__main__":
    try:
        simulate(architecture(), network(), np.zeros((3, 9, 8, 1), np.uint8), jobs=2)
    except InputError as error:
        print(error)
    print(multiprocessing.active_children())
"""


def test_an_error_in_a_worker_is_the_same_error(tmp_path: Path) -> None:
    """In a process of its own: one that ends by a signal is then told from an error."""
    script = tmp_path / "wrong.py"
    script.write_text(WRONG)
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, timeout=300, env=environment
    )
    error, left = done.stdout.splitlines()
    assert (done.returncode, done.stderr, left) == (0, "", "[]")
    assert "tiny" in error


def test_a_worker_that_is_killed_is_an_error() -> None:
    counted = spread(OnImages(), images(200), 2)
    next(counted)
    victim = multiprocessing.active_children()[0]
    victim.kill()
    with pytest.raises(InputError, match="one of 2 worker processes died"):
        list(counted)
    assert multiprocessing.active_children() == []


def test_a_caller_that_takes_no_more_leaves_no_worker() -> None:
    counted = spread(OnImages(), images(50), 2)
    next(counted)
    assert multiprocessing.active_children() != []
    counted.close()
    assert multiprocessing.active_children() == []


@pytest.fixture
def many_images(tmp_path: Path) -> Path:
    """So many images that a run takes minutes."""
    path = tmp_path / "many.npz"
    save_npz(path, {"x": np.random.default_rng(3).integers(0, 256, (3000, 28, 28), np.uint8)})
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_ends_its_workers_and_leaves_no_file(many_images: Path, number: int) -> None:
    """Also where it is killed and cannot tell them; like a terminal, ctrl-C goes to all of them."""
    target = many_images.with_name("out.json")
    asked = ["--jobs", "2", "--images", "3000", "--image-file", str(many_images), "--json", str(target)]
    asked += ["--engine", "simpy"]  # slow enough to be at work however late the signal comes
    with subprocess.Popen([*RUN, *asked], stderr=subprocess.PIPE, text=True, start_new_session=True) as run:
        _wait_until(lambda: len(_group(run.pid)) >= 4, "two workers, their server and a resource tracker")
        if number == signal.SIGINT:
            os.killpg(run.pid, number)
        else:
            os.kill(run.pid, number)
        _wait_until(lambda: run.poll() is not None, "the run to end")
        _wait_until(lambda: _group(run.pid) == [], "its workers to end")
        assert run.stderr is not None
        told = run.stderr.read()
    if number == signal.SIGINT:  # where it was killed, Python's resource tracker says what it cleaned up
        assert told == ""
    assert run.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    assert [path.name for path in many_images.parent.iterdir()] == [many_images.name]


def _group(leader: int) -> list[int]:
    """List the live processes of a process group."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == leader and fields[0] != "Z":
            found.append(int(folder.name))
    return found


def _wait_until(holds: object, what: str) -> None:
    assert callable(holds)
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)


def test_jobs_on_the_command_line(tmp_path: Path) -> None:
    texts = []
    for number, more in enumerate((["--jobs", "3"], ["--engine", "simpy"], [])):
        target = tmp_path / f"{number}.json"
        asked = ["small", "--images", "3", "--json", str(target), *more]
        done = subprocess.run([*RUN, *asked], capture_output=True, text=True, check=True, timeout=300)
        assert done.stderr == ""
        texts.append(target.read_text())
    assert texts[0] == texts[1] == texts[2]
    assert "engine" not in json.loads(texts[0])
