"""The canonical trace: one line per event, the text that golden files and engines are compared by.

::

    # o3sim canonical trace 1
    0 layer_start 0 conv1
    0 dispatch 0 queue
    1 issue 0 pe0.0
    1 word 0 pe0 0
    2 decide 0 pe0 1
    2 retire 0 output 1
    2 layer_end 0 conv1

A line is ``cycle kind op unit`` and, for some kinds, a value: the outcome of ``decide`` and
``retire``, the word of ``word``, the cycle of arrival of ``weights``. ``op`` is the op's place in the
layer's program order; the layer's number for layer events, the weight group's for ``weights``.
Nothing in it depends on the date, the host or a path.
"""

from __future__ import annotations

from typing import TextIO

from o3sim.contract.events import Event, EventKind

FORMAT_VERSION = 1
HEADER = f"# o3sim canonical trace {FORMAT_VERSION}"
WINDOW = "# window: "
END = "# end: "
"""Begin the second and the last line of a file that `o3sim trace` wrote."""

WITH_VALUE = frozenset(
    {EventKind.WEIGHTS, EventKind.DECIDE, EventKind.WORD, EventKind.RETIRE, EventKind.ROWS}
)
OPERANDS = frozenset({EventKind.WORD, EventKind.STALL})
"""Events of single words, by far the most."""


class CanonicalTrace:
    """An observer that writes the canonical trace, event by event.

    Parameters
    ----------
    file : text file
        Open for writing; is neither flushed nor closed.
    operands : bool
        Whether to write ``word`` and ``stall`` events too.

    Attributes
    ----------
    written : int
        Events written.

    Examples
    --------
    >>> import sys
    >>> trace = CanonicalTrace(sys.stdout)
    # o3sim canonical trace 1
    >>> trace.see(Event(7, EventKind.DECIDE, 12, "pe3", 1))
    7 decide 12 pe3 1
    """

    def __init__(self, file: TextIO, operands: bool = True) -> None:
        self._file = file
        self._operands = operands
        self.written = 0
        file.write(f"{HEADER}\n")

    def see(self, event: Event) -> None:
        """Write one event."""
        if self._operands or event.kind not in OPERANDS:
            self._file.write(f"{canonical_line(event)}\n")
            self.written += 1


def canonical_line(event: Event) -> str:
    """Format one event, without the newline."""
    unit = "_".join(event.unit.split())  # a layer's name may hold spaces; fields may not
    line = f"{event.cycle} {event.kind.name.lower()} {event.op} {unit}"
    return f"{line} {event.value}" if event.kind in WITH_VALUE else line
