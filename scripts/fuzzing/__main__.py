"""Runs many cases and counts how they ended: ``sh scripts/fuzz``."""

from __future__ import annotations

import argparse
import gc
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from scripts.fuzzing.cases import Case, prepare
from scripts.fuzzing.counts import Counts
from scripts.fuzzing.kinds import KINDS, OPTIONS
from scripts.fuzzing.runner import run_case
from scripts.fuzzing.seeds import call, write_seeds
from scripts.fuzzing.verdicts import Ending, faults

LIMIT_S = 20.0
TRIES = 2
"""Of a case that takes too long: a busy machine may be why."""


def main() -> int:
    """Run the cases that were asked for; return 1 if any ended as none may."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="a kind alone", choices=[*(each.name for each in KINDS), OPTIONS])
    parser.add_argument("--limit-s", type=float, default=LIMIT_S, help="longest time of a case")
    parser.add_argument("--verbose", action="store_true", help="a line for each case")
    parser.add_argument("-o", "--output", type=Path, default=Path("fuzz-found"), help="folder for faults")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        return _run(asked, Path(scratch))


def _run(asked: argparse.Namespace, scratch: Path) -> int:
    os.environ["MPLCONFIGDIR"] = str(scratch / "matplotlib")
    seeds, folder = scratch / "seeds", scratch / "case"
    seeds.mkdir()
    write_seeds(seeds)
    _warm(seeds)
    counts = Counts()
    for number in range(asked.first, asked.first + asked.cases):
        case, ending = _tried(number, asked, seeds, folder)
        wrong = faults(case.words, ending)
        counts.add(number, case, ending, wrong)
        if wrong or asked.verbose:
            _tell(number, case, ending, wrong)
        if wrong:
            _keep(asked.output / f"case-{number}", case, wrong, folder)
    counts.show()
    return int(counts.faults.total() > 0)


def _tried(number: int, asked: argparse.Namespace, seeds: Path, folder: Path) -> tuple[Case, Ending]:
    """Run the case with a number, again if it took too long."""
    for _ in range(TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        case = prepare(f"{asked.seed}:{number}", asked.only, seeds, folder / "files")
        ending = run_case(case.run, folder, asked.limit_s)
        if ending.status is not None:
            break
    return case, ending


def _warm(seeds: Path) -> None:
    """Load what commands load, so that each case has it already."""
    import matplotlib.pyplot  # noqa: F401
    import onnx  # noqa: F401
    import optuna  # noqa: F401
    import pandas  # type: ignore[import-untyped]  # has no types  # noqa: F401
    import pyarrow.parquet  # type: ignore[import-untyped]  # has no types  # noqa: F401

    from o3sim.runs.kernels import load_usual_kernels

    load_usual_kernels()
    before = Path.cwd()
    os.chdir(seeds)
    call(["trace", "small", "tiny.yaml", "--layer", "0", "--cycles", ":9", "-o", "-"])
    os.chdir(before)
    gc.freeze()  # collecting would copy in every child what it shares with this process


def _tell(number: int, case: Case, ending: Ending, wrong: list[str]) -> None:
    last = ending.err.rstrip().rpartition("\n")[2][:160]
    what = ", ".join(wrong) or f"exit {ending.status}"
    print(f"case {number}: {case.kind}: {what}: o3sim {_line(case)[:160]}: {last!r}", flush=True)


def _line(case: Case) -> str:
    """Write a call for a shell, and for any terminal."""
    return ascii(shlex.join(case.words))[1:-1]


def _keep(place: Path, case: Case, wrong: list[str], folder: Path) -> None:
    """Move a case to where it can be looked at, with the line that calls it."""
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(folder, place)
    (place / "case.txt").write_text(f"{case.kind}: {', '.join(wrong)}\no3sim {_line(case)}\n")


if __name__ == "__main__":
    sys.exit(main())
