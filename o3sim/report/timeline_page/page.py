"""The page of the interactive timeline: data and script in one file."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import numpy as np

from o3sim.files.inputs import printable
from o3sim.report.page.policy import policy_of
from o3sim.report.plot.timeline import HELD_LOOKS, LOOKS, Doing
from o3sim.report.timeline_page.ops import TimelineOps


def timeline_page(machines: Sequence[TimelineOps], title: str) -> str:
    """Return the page; it needs nothing beside it, and the same ops make the same page.

    Parameters
    ----------
    machines : sequence of TimelineOps
        Shown above one another on one time axis.
    title : str
        What is shown, such as ``layer conv2 of fashion-vgg``.
    """
    page = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    shown = printable(title)
    data = {
        "title": shown,
        "looks": [
            {"doing": int(doing), "colour": colour, "label": label}
            for doing, (colour, label) in LOOKS.items()
            if doing is Doing.IDLE or any((machine.mark_doing == doing).any() for machine in machines)
        ],
        "held": [colour for colour, _, _ in HELD_LOOKS],
        "machines": [_machine(each) for each in machines],
    }
    return Template(page).substitute(
        policy=escape(policy_of(page)),
        title=escape(f"o3sim: {shown}"),
        heading=escape(shown),
        data=_json(data),
    )


def _json(data: Any) -> str:
    """Write data such that no text in it can end the element it stands in."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _machine(machine: TimelineOps) -> dict[str, Any]:
    return {
        "name": printable(machine.name),
        "pes": machine.pes,
        "first": machine.first_cycle,
        "end": machine.end_cycle,
        "columns": {name: _packed(column) for name, column in machine.columns.items()},
        "firstMark": _packed(machine.first_mark),
        "markCycle": _packed(machine.mark_cycle),
        "markDoing": b64encode(machine.mark_doing.tobytes()).decode(),
        "queued": _packed(machine.held.queued),
        "inFlight": _packed(machine.held.in_flight),
    }


def _packed(numbers: np.ndarray[Any, Any]) -> str:
    """Return numbers as base64 of 32 bits each, lowest byte first."""
    return b64encode(numbers.astype("<i4").tobytes()).decode()
