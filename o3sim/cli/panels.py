"""What is drawn beside each other: machines that run a layer for it, and traces of one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from o3sim.cli.machines import changed, load_machine
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.report.plot.traced import TraceFile
    from o3sim.report.plot.watched import Watched, WatchedMachine


def span(cycles: str) -> tuple[int, int]:
    """Read which cycles to show; what has no end ends with its layer."""
    from o3sim.config.ranges import NO_END, parse_range
    from o3sim.report.plot.watched import MOST_TIMELINE_CYCLES

    first, end = parse_range("--cycles", cycles)
    if end != NO_END and end - first > MOST_TIMELINE_CYCLES:
        raise InputError(f"--cycles {cycles}: at most {MOST_TIMELINE_CYCLES:,} can be seen in a figure")
    return first, end


def panels(
    names: str,
    settings: Sequence[str] | None,
    layer: str | None,
    workload: str,
    images: tuple[Path | None, int],
    profiles: Path | None,
) -> tuple[list[WatchedMachine | TraceFile], Watched | None]:
    """Find what is to be drawn: traces, and machines with what they run; figures tell them apart by name."""
    from o3sim.config.consent import check_consent
    from o3sim.report.plot.traced import TraceFile, is_trace
    from o3sim.report.plot.watched import WatchedMachine

    found: dict[str, Architecture | TraceFile] = {}
    for name in filter(None, (part.strip() for part in names.split(","))):
        panel = TraceFile(Path(name), layer) if is_trace(name) else load_machine(name, settings)
        if panel.name in found:
            what = "trace" if isinstance(panel, TraceFile) else "architecture"
            raise InputError(f"{name}: {what} `{panel.name}` is in this figure already")
        found[panel.name] = panel
    if not found:
        raise InputError("name at least one architecture")
    machines = [panel for panel in found.values() if not isinstance(panel, TraceFile)]
    if not machines:
        _refuse_what_runs(settings, images, profiles)
        return [panel for panel in found.values() if isinstance(panel, TraceFile)], None
    if settings and len(machines) < len(found):
        raise InputError(f"--set {settings[0]}: changes no trace; draw traces and changed machines apart")
    check_consent(*machines)
    watched = _watched(machines, layer, workload, images, profiles)
    panels = found.values()
    return [
        each if isinstance(each, TraceFile) else WatchedMachine(each, watched) for each in panels
    ], watched


def _refuse_what_runs(
    settings: Sequence[str] | None, images: tuple[Path | None, int], profiles: Path | None
) -> None:
    """Refuse options that say how machines run, where only traces are drawn."""
    image_file, image = images
    stated = {
        "--set": settings and settings[0],
        "--image": image,
        "--image-file": image_file,
        "--profiles": profiles,
    }
    for option, value in stated.items():
        if value:
            raise InputError(f"{option} {value}: a trace is of its own run; name an architecture instead")


def _watched(
    machines: Sequence[Architecture],
    layer: str | None,
    workload: str,
    images: tuple[Path | None, int],
    profiles: Path | None,
) -> Watched:
    """Load what machines run, and which layer of it to watch."""
    from o3sim.network.layer_names import layer_number
    from o3sim.report.plot.watched import Watched
    from o3sim.runs.case import load_case, with_saved_profiles

    if layer is None:
        raise InputError("which layer? --layer LAYER")
    image_file, image = images
    loaded = load_case(workload, image_file, image + 1, machines)
    number = layer_number(layer, [each.name for each in loaded.network.layers])
    return Watched(with_saved_profiles(loaded.one(image), profiles, machines), number)


def layers_of(panels: Sequence[WatchedMachine | TraceFile]) -> str:
    """Name the layers that traces are of."""
    from o3sim.report.plot.traced import TraceFile

    names = dict.fromkeys(panel.layer for panel in panels if isinstance(panel, TraceFile) and panel.layer)
    return f"layer {', '.join(names)}" if names else "the layer"


def title_of(
    found: Sequence[WatchedMachine | TraceFile], watched: Watched | None, settings: Sequence[str] | None
) -> str:
    """Say which layer panels are of, and what was changed."""
    title = layers_of(found) if watched is None else f"layer {watched.name} of {watched.case.title}"
    return title + changed(settings)
