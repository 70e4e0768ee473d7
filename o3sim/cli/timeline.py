"""`o3sim timeline`: a page on which machines are looked at cycle by cycle."""

from __future__ import annotations

from o3sim.cli import options
from o3sim.cli.panels import panels, span, title_of


def timeline(
    architectures: options.Architectures,
    output: options.PageFile,
    layer: options.OptionalLayer = None,
    workload: options.Workload = options.DEFAULT_WORKLOAD,
    settings: options.Set = None,
    cycles: options.Cycles = "0:1000",
    image: options.Image = 0,
    image_file: options.ImageFile = None,
    profiles: options.Profiles = None,
    _allow_code: options.AllowCode = False,
) -> None:
    """Write a page that pans and zooms through what every PE does in every cycle of a layer.

    Machines stand above one another on one time axis, with what the queue holds beneath; ops are found by
    number, described, and linked to the other members of their windows. It is one file and opens offline.
    `o3sim plot timeline` draws the same as a figure. --set changes every ARCH.
    """
    from o3sim.files import write_atomic
    from o3sim.report.timeline_page.page import timeline_page

    first, end = span(cycles)
    found, watched = panels(architectures, settings, layer, workload, (image_file, image), profiles)
    machines = [panel.ops(first, end) for panel in found]
    write_atomic(output, timeline_page(machines, title_of(found, watched, settings)))
    print(output)
