"""Run a golden's case again and say which architecture, layer and cycle moved, and by how much."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from o3sim.checks.diff.changes import Change, lines_of
from o3sim.checks.diff.results import LAYER, RUN, compare_documents, read_result
from o3sim.checks.diff.traces import compare_traces
from o3sim.checks.golden.case import FORMAT_VERSION, MANIFEST, RESULT, case_of, read_manifest, trace_name
from o3sim.checks.golden.record import Inputs, load_inputs, record
from o3sim.checks.golden.strictness import Strictness
from o3sim.errors import InputError
from o3sim.files.folders import scratch_folder, settle_folder, settle_folders

if TYPE_CHECKING:
    from o3sim.runs.simulation import Progress

MOST_CHANGES = 12
"""Figures of a layer to show; the rest are counted."""

INPUTS = ("architecture", "energy_table", "workload", "images", "traces")
"""Parts of a manifest that say what was run."""

NOT_IN_OLDEST = (("architecture", "sha256"), ("traces", "all_layers"))
"""What manifests of the first version do not have, or not with this meaning."""

EVERYTHING = Strictness()


def golden_folders(folder: Path) -> list[Path]:
    """List the goldens in a folder: itself, or the folders in it.

    Raises
    ------
    InputError
        If there is none.
    """
    settle_folder(folder)
    settle_folders(folder)
    found = [folder] if (folder / MANIFEST).is_file() else []
    found += sorted(path.parent for path in folder.glob(f"[!.]*/{MANIFEST}"))
    if not found:
        raise InputError(f"{folder}: no golden in it; make one with `o3sim golden record`")
    return found


def check(folder: Path, how: Strictness = EVERYTHING, progress: Progress | None = None) -> list[str]:
    """Run a golden's case again and compare.

    Parameters
    ----------
    folder : Path
        Of one golden.
    how : Strictness, optional
        What is compared; everything if not given.
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
    try:
        inputs = load_inputs(case_of(manifest, folder))
    except InputError as error:
        if "test" not in manifest:
            raise
        raise InputError(f"{error}\n{folder}: is of {manifest['test']}; check it with pytest") from None
    return check_inputs(folder, inputs, how, progress)


def check_inputs(
    folder: Path, inputs: Inputs, how: Strictness = EVERYTHING, progress: Progress | None = None
) -> list[str]:
    """Run a case that is loaded already and compare it with a golden; as :func:`check`."""
    manifest = read_manifest(folder)
    with scratch_folder() as scratch:
        made = scratch / folder.name
        record(inputs, made, folder, progress)
        now = read_manifest(made)
        changed = list(_changed_inputs(manifest, now, how))
        moved = _beyond(read_result(folder / RESULT), read_result(made / RESULT), how)
        traces = (
            [line for part in _traces(folder, made, inputs) for line in part] if how.compares_traces else []
        )
    fails = changed or moved or traces if how.compares_inputs else set(moved) - {RUN}
    if not fails:
        return []
    title = f"{inputs.architecture.name} on {inputs.network.name}: not as recorded"
    return [title, *_versions(manifest, now), *changed, *_moved(moved, how), *traces]


def _versions(recorded: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """Say which o3sim recorded if it is not the one that runs: the cause may lie there."""
    old, new = recorded.get("o3sim_version"), now["o3sim_version"]
    if old != new:
        yield f"  recorded by o3sim {old or 'of a version that did not say'}, run by o3sim {new}"


def _changed_inputs(recorded: dict[str, Any], now: dict[str, Any], how: Strictness) -> Iterator[str]:
    """Name the inputs that are not those of the record: the cause lies there, not in the simulator."""
    for part in INPUTS:
        if part == "energy_table" and "energy" in how.without:
            continue
        old, new = recorded.get(part), now[part]
        keys = [key for key in new if not isinstance(old, dict) or old.get(key) != new[key]]
        if recorded["o3sim_golden"] < FORMAT_VERSION:
            keys = [key for key in keys if (part, key) not in NOT_IN_OLDEST]
        if keys:
            yield f"  input changed: {part} ({', '.join(keys)})"


def _beyond(recorded: dict[str, Any], now: dict[str, Any], how: Strictness) -> dict[str, list[Change]]:
    """Return the changes of the results that are not forgiven, by part."""
    difference = compare_documents(recorded, now)
    figures = {RUN: None, **{LAYER + layer["name"]: layer for layer in recorded["layers"]}}
    beyond = {}
    for part, changes in difference.changes.items() if difference is not None else ():
        kept = [change for change in changes if not how.forgives(change, figures.get(part, recorded))]
        if kept:
            beyond[part] = kept
    return beyond


def _moved(parts: dict[str, list[Change]], how: Strictness) -> Iterator[str]:
    """Say what moved in the results: cycles first, layer by layer, then the other figures."""
    for part, changes in parts.items():
        cycles = [change for change in changes if change.name == "cycles"]
        others = [change for change in changes if change.name != "cycles"]
        if part.startswith(LAYER) and not cycles:
            yield f"  {part}: {'cycles within tolerance' if how.tolerance else 'same cycles'}, other figures"
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
