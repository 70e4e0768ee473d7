"""Run a study of the design space: its sweep, the table of what was counted, and its figure."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from o3sim.report.plot.axis_names import axis_name
from o3sim.results.result_table import Cell, ResultTable, load_results

ROOT = Path(__file__).parents[2]
SWEEPS = ROOT / "scripts" / "studies"
FIGURES = Path("docs") / "studies"
O3SIM = [sys.executable, "-c", "from o3sim.cli.app import main; main()"]

SHARE = "100 * pe_cycles.{} / (pe.count * cycles)"
"""PE-cycles of a cause, in percent of all."""

CYCLES = "cycles_per_image"
EXECUTED = "executed (%): 100 * edges.executed / edges.total"
THRESHOLD = "threshold pruned (%): 100 * edges.pruned.threshold / edges.total"
POOLING = "pooling pruned (%): 100 * edges.pruned.pooling / edges.total"
USEFUL = f"useful (%): {SHARE.format('useful')}"
WASTED = f"wasted (%): {SHARE.format('wasted')}"
NO_READY_OP = f"no ready op (%): {SHARE.format('no_ready_op')}"
WRITE_STALL = f"write stall (%): {SHARE.format('write_stall')}"
OPERAND_STALL = f"operand stall (%): {SHARE.format('operand_stall')}"
WEIGHT_WAIT = f"weight wait (%): {SHARE.format('weight_wait')}"
NO_WORK = (
    "no work (%): 100 * (pe_cycles.no_ready_op + pe_cycles.queue_empty + pe_cycles.drain)"
    " / (pe.count * cycles)"
)
FILLED = "word filled (%): 100 * edges.executed / (events.words_executed * pe.width_edges)"
ON_CHIP = "nJ without DRAM: (energy_pj.total - energy_pj.dram) / images / 1000"


@dataclass(frozen=True)
class Study:
    """What is shown of a sweep.

    Attributes
    ----------
    keys : tuple of str
        Columns that tell rows of the table apart.
    columns : tuple of str
        Figures of a row: columns, or expressions over columns with their names.
    plot : tuple of str
        Words after ``o3sim plot``; ``DIR`` stands for the sweep's folder.
    """

    keys: tuple[str, ...]
    columns: tuple[str, ...]
    plot: tuple[str, ...]


def _lines(x: str, *y: str, by: tuple[str, ...] = (), log_y: bool = False) -> tuple[str, ...]:
    """Return the words for lines over ``x``, a panel for each of ``y``."""
    panels = [word for key in y for word in ("--y", key)]
    groups = [word for key in by for word in ("--by", key)]
    return ("DIR", "--x", x, *panels, *groups, *(["--log-y"] if log_y else []))


DEPTH, IN_FLIGHT, WIDTH = "issue_queue.depth_ops", "scheduler.window_in_flight_ops", "pe.width_edges"
BANKS, SQUASH = "activation_buffer.banks", "pruning.squash_latency_cycles"
LATENCY, CONTEXTS, BANDWIDTH = "pe.latency_cycles", "pe.contexts", "dram.bits_per_cycle"
TABLE = "energy.table"

STUDIES = {
    "window-members": Study(
        (IN_FLIGHT, DEPTH),
        (CYCLES, POOLING, USEFUL, NO_READY_OP, OPERAND_STALL),
        _lines(DEPTH, CYCLES, POOLING, by=(IN_FLIGHT,)),
    ),
    "pe-width": Study(
        (WIDTH, "pe.count"),
        (CYCLES, THRESHOLD, POOLING, FILLED, USEFUL, WASTED, NO_WORK, ON_CHIP),
        _lines(WIDTH, THRESHOLD, FILLED, CYCLES),
    ),
    "banks": Study(
        ("architecture", BANKS),
        (
            CYCLES,
            OPERAND_STALL,
            "activation reads: events.activation_reads / images",
            "weight reads: events.weight_reads / images",
            "words a read: 2 * events.words_executed / (events.activation_reads + events.weight_reads)",
            "operand nJ: (energy_pj.activation_buffer + energy_pj.weight_buffer) / images / 1000",
            ON_CHIP,
        ),
        _lines(
            BANKS,
            CYCLES,
            OPERAND_STALL,
            "words that share a read: 2 * events.words_executed"
            " / (events.activation_reads + events.weight_reads)",
        ),
    ),
    "decision-latency": Study(
        (LATENCY, CONTEXTS),
        (CYCLES, THRESHOLD, USEFUL, WASTED, WRITE_STALL, OPERAND_STALL),
        _lines(LATENCY, CYCLES, THRESHOLD, WASTED, by=(CONTEXTS,)),
    ),
    "squash-latency": Study(
        (IN_FLIGHT, DEPTH, SQUASH),
        (CYCLES, POOLING, USEFUL, NO_READY_OP),
        _lines(SQUASH, CYCLES, NO_READY_OP, by=(IN_FLIGHT, DEPTH)),
    ),
    "dram-bandwidth": Study(
        ("workload", "architecture", BANDWIDTH),
        (CYCLES, "cycles of DRAM: events.dram_bits / images / dram.bits_per_cycle", USEFUL, WEIGHT_WAIT),
        _lines(BANDWIDTH, CYCLES, log_y=True),
    ),
    "comparators": Study(
        (TABLE, WIDTH, "pruning.threshold"),
        (
            CYCLES,
            EXECUTED,
            "words: events.words_executed / images",
            "comparators, nJ: energy_pj.threshold_compare / images / 1000",
            "PEs, nJ: energy_pj.pe / images / 1000",
            "operands, nJ: (energy_pj.activation_buffer + energy_pj.weight_buffer) / images / 1000",
            ON_CHIP,
        ),
        (
            *("speedup", "DIR", "--over", "pruning.threshold=false", "--x", WIDTH, "--by", TABLE),
            *("--y", "energy without DRAM: energy_pj.total - energy_pj.dram"),
        ),
    ),
}


def main() -> None:
    """Run `NAME [DIR]`."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    usage = f"usage: sh scripts/study NAME [DIR]; NAME is one of: {' '.join(STUDIES)}"
    if {"-h", "--help"} & set(sys.argv):
        print(usage)
        return
    if name not in STUDIES or len(sys.argv) > 3 or sys.argv[-1].startswith("-"):
        print(usage, file=sys.stderr)
        sys.exit(2)
    if len(sys.argv) > 2:
        _run(name, Path(sys.argv[2]) / name)
        return
    with TemporaryDirectory(prefix="o3sim-study-") as folder:
        _run(name, Path(folder) / name)


def _run(name: str, folder: Path) -> None:
    study = STUDIES[name]
    _o3sim(["sweep", str(SWEEPS / f"{name}.yaml"), "-o", str(folder), "--jobs", "2"])
    print(table_text(load_results(folder), study))
    target = str(FIGURES / f"{name}.png")
    print(f"\no3sim plot {shlex.join(study.plot)} -o {target}")
    words = [str(folder) if word == "DIR" else word for word in study.plot]
    _o3sim(["plot", *words, "-o", str(ROOT / target)])


def _o3sim(words: list[str]) -> None:
    """Run the command; what it says besides is not part of the study."""
    done = subprocess.run([*O3SIM, *words], check=False, stdout=sys.stderr)  # noqa: S603 - our own command
    if done.returncode:
        sys.exit(done.returncode)


def table_text(table: ResultTable, study: Study) -> str:
    """Return a row a point, in the order of its keys: what it is, and the study's figures."""
    shown = [*study.keys, *study.columns]
    cells = [table.cells(key) if key in study.keys else list(table.numbers(key)) for key in shown]
    points = list(zip(*cells[: len(study.keys)], strict=True))
    order = sorted(range(len(points)), key=lambda number: _place(points[number], points))
    columns = [
        [heading, *(_text(column[number]) for number in order)]
        for heading, column in zip(map(axis_name, shown), cells, strict=True)
    ]
    widths = [max(map(len, column)) for column in columns]
    rows = zip(*columns, strict=True)
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _place(point: Sequence[Cell], points: Sequence[Sequence[Cell]]) -> list[Cell]:
    """Return what to sort by: numbers as they are, words by where they come first."""
    firsts = ([other[key] for other in points] for key in range(len(point)))
    return [
        float(column.index(cell)) if isinstance(cell, str) else cell
        for cell, column in zip(point, firsts, strict=True)
    ]


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    return f"{cell:,.0f}" if abs(cell) >= 1000 or cell == int(cell) else f"{cell:.1f}"


if __name__ == "__main__":
    main()
