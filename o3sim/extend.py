"""What policies, PEs and trace writers of your own may rely on (``docs/extending.md``).

Names here stay, or change with a word in the changelog; where they come from inside o3sim may change.
"""

from __future__ import annotations

from o3sim.contract.events import Event, EventKind, EventWindow
from o3sim.contract.program import LayerProgram
from o3sim.errors import InputError
from o3sim.machine.op import Op
from o3sim.machine.pe import PE
from o3sim.machine.policies import Policy, QueueView
from o3sim.trace.writer import TracedLayer, Writer, text_on

__all__ = [
    "PE",
    "Event",
    "EventKind",
    "EventWindow",
    "InputError",
    "LayerProgram",
    "Op",
    "Policy",
    "QueueView",
    "TracedLayer",
    "Writer",
    "text_on",
]
