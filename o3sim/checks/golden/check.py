"""Run a golden's case again and say which architecture, layer and cycle moved, and by how much."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from o3sim.checks.diff.changes import Change, lines_of
from o3sim.checks.diff.results import LAYER, ResultDifference, compare_results
from o3sim.checks.diff.traces import compare_traces
from o3sim.checks.golden.case import MANIFEST, RESULT, Case, case_of, read_manifest, trace_name
from o3sim.checks.golden.record import Inputs, load_inputs, record
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.runs.simulation import Progress

MOST_CHANGES = 12
"""Figures of a layer to show; the rest are counted."""


def golden_folders(folder: Path) -> list[Path]:
    """List the goldens in a folder: itself, or the folders in it.

    Raises
    ------
    InputError
        If there is none.
    """
    found = [folder] if (folder / MANIFEST).is_file() else []
    found += sorted(path.parent for path in folder.glob(f"*/{MANIFEST}"))
    if not found:
        raise InputError(f"{folder}: no golden in it; make one with `o3sim golden record`")
    return found


def check(folder: Path, case: Case | None = None, progress: Progress | None = None) -> list[str]:
    """Run a golden's case again and compare.

    Parameters
    ----------
    folder : Path
        Of one golden.
    case : Case, optional
        What to run in place of what the golden's manifest names.
    progress : callable, optional
        Told of every layer that begins.

    Returns
    -------
    list of str
        What moved, in lines; none if nothing did.

    Raises
    ------
    InputError
        If the golden is unreadable, or its case cannot be run.
    """
    manifest = read_manifest(folder)
    return check_inputs(folder, load_inputs(case or case_of(manifest, folder)), progress)


def check_inputs(folder: Path, inputs: Inputs, progress: Progress | None = None) -> list[str]:
    """Run a case that is loaded already and compare it with a golden; as :func:`check`."""
    manifest = read_manifest(folder)
    with TemporaryDirectory(prefix="o3sim-golden-") as scratch:
        made = Path(scratch)
        record(inputs, made, folder, progress)
        changed = list(_changed_inputs(manifest, read_manifest(made)))
        result = compare_results(folder / RESULT, made / RESULT)
        traces = [line for part in _traces(folder, made, inputs) for line in part]
    if not changed and result is None and not traces:
        return []
    title = f"{inputs.architecture.name} on {inputs.network.name}: not as recorded"
    return [title, *changed, *_moved(result), *traces]


def _changed_inputs(recorded: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """Name the inputs that are not those of the record: the cause lies there, not in the simulator."""
    for part in ("architecture", "energy_table", "workload", "images", "traces"):
        old, new = recorded.get(part), now[part]
        if old == new:
            continue
        keys = [key for key in new if not isinstance(old, dict) or old.get(key) != new[key]]
        yield f"  input changed: {part} ({', '.join(keys)})"


def _moved(difference: ResultDifference | None) -> Iterator[str]:
    """Say what moved in the results: cycles first, layer by layer, then the other figures."""
    if difference is None:
        return
    for part, changes in difference.changes.items():
        cycles = [change for change in changes if change.name == "cycles"]
        others = [change for change in changes if change.name != "cycles"]
        if part.startswith(LAYER) and not cycles:
            yield f"  {part}: same cycles, other figures"
        else:
            yield f"  {part}:"
        yield from lines_of(_largest(cycles, others), "    ")
        left = len(changes) - MOST_CHANGES
        if left > 0:
            yield f"    and {left} more figures"


def _largest(cycles: list[Change], others: list[Change]) -> list[Change]:
    return [*cycles, *others][:MOST_CHANGES]


def _traces(folder: Path, made: Path, inputs: Inputs) -> Iterator[list[str]]:
    """Say in which cycle each layer's trace parts from the golden one."""
    for number in inputs.layers:
        layer = inputs.network.layers[number].name
        name = trace_name(number, layer)
        if not (folder / name).is_file():
            yield [f"  layer {layer}: no trace was recorded"]
            continue
        difference = compare_traces(folder / name, made / name)
        if difference is not None:
            where = f"  layer {layer}, cycle {difference.cycle}: trace differs (A: recorded, B: now)"
            yield [where, *(f"    {line}" for line in difference.report)]
