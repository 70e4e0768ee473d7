"""What a fast layer remembers whose windows lie in contexts."""

from __future__ import annotations

from o3sim.compiled.fast.records import FastMemory, Now
from o3sim.compiled.records.windows import Windows
from o3sim.compiled.ring import Ring


class Members:
    """Members of tasks on their way, in rings as :mod:`o3sim.compiled.fast.dispatch.members` packs them.

    Attributes
    ----------
    decided, constants : ring
        Those whose outcome will be known: by a word, and those that began a task and need none. Others that
        need none are in ``windows.constants``.
    freed : int
        Whether a context was freed since it was last found out which PEs can be given a task.
    folded : int
        Outcomes that went into the state of their window, and are written nowhere.
    """

    decided: Ring
    constants: Ring
    freed: int
    folded: int


class Waiting(Now):
    """What PEs do that put no word in: of those that hold nothing how many wait for what.

    ``holding``: PEs that hold a task, of which those that ask for a word are yet to be taken off.
    """

    drain: int
    weight_wait: int
    input_wait: int
    no_ready_op: int
    holding: int


class WindowMemory(FastMemory):
    """All that such a layer needs while it runs."""

    now: Waiting
    windows: Windows
    members: Members
