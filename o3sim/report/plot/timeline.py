"""Timelines: what each PE does in each cycle, by what becomes of the op whose word it evaluates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.events import Event, EventKind
from o3sim.errors import InputError
from o3sim.report.plot.colours import CAUSES, PURPLE, SKY
from o3sim.report.plot.legend import add_legend
from o3sim.report.plot.style import new_figure, plain_numbers, width_inches, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from o3sim.contract.program import LayerProgram
    from o3sim.studies.whatif.window import LayerWindow


MOST_PE_CYCLES = 2**25
"""Of a machine in a figure: some thousand for each point that a page has beside each other."""


class Doing(IntEnum):
    """What a PE does in a cycle."""

    IDLE = 0
    REFUSED = 1
    RETIRED_0 = 2
    RETIRED_1 = 3
    WASTED = 4
    SQUASHED = 5
    OPEN = 6


# A cause has the colour that it has in cycle stacks; told apart in shades of grey too.
LOOKS: dict[Doing, tuple[str, str]] = {
    Doing.RETIRED_1: (CAUSES["useful"][0], "useful, neuron is 1"),
    Doing.RETIRED_0: (SKY, "useful, neuron is 0"),
    Doing.WASTED: (CAUSES["wasted"][0], "wasted"),
    Doing.SQUASHED: (CAUSES["squashed"][0], "squashed later"),
    Doing.OPEN: (PURPLE, "undecided where the trace ends"),
    Doing.REFUSED: (CAUSES["operand_stall"][0], "operand refused"),
    Doing.IDLE: ("#FFFFFF", "idle or waiting"),
}


@dataclass(frozen=True, eq=False)
class TimelineData:
    """One machine over a window of cycles.

    Attributes
    ----------
    name : str
    first_cycle : int
        First cycle of the window, counted from the start of the layer.
    cells : uint8 array, shape (PEs, cycles)
        :class:`Doing`.
    retired, squashed : int
        Ops that ended in the window, by how.
    """

    name: str
    first_cycle: int
    cells: NDArray[np.uint8]
    retired: int
    squashed: int

    @property
    def useful(self) -> float:
        """Share of PE-cycles that went into words that were needed, 0..1."""
        return float(np.isin(self.cells, (Doing.RETIRED_0, Doing.RETIRED_1)).mean())


class Judge(Protocol):
    """Knows what becomes of the ops that are not squashed."""

    def __call__(self, op: int, word: int, cycle: int) -> Doing:
        """Judge a word of an op, which went in in a cycle."""


class ProgramJudge:
    """Judges by the profile of the layer, which knows every op's outcome and its deciding word."""

    def __init__(self, program: LayerProgram) -> None:
        self._program = program

    def __call__(self, op: int, word: int, cycle: int) -> Doing:  # noqa: ARG002 - others judge by it
        """Judge a word of an op, which went in in a cycle."""
        if word >= self._program.decided_words[op]:
            return Doing.WASTED
        return Doing.RETIRED_1 if self._program.outcome[op] else Doing.RETIRED_0


class TimelineObserver:
    """Keep the words and refusals of a window, and which ops are squashed, also after it.

    Memory grows with PEs times cycles of the window.

    Parameters
    ----------
    first_cycle, end_cycle : int
        ``first_cycle <= cycle < end_cycle`` of the layer are kept.
    """

    def __init__(self, first_cycle: int, end_cycle: int) -> None:
        self._first_cycle, self._end_cycle = first_cycle, end_cycle
        self._words: list[tuple[int, int, int, int]] = []
        self._refused: list[tuple[int, int]] = []
        self._squashed: set[int] = set()
        self._retired = 0
        self._squashed_inside = 0

    def see(self, event: Event) -> None:
        """Take one event."""
        inside = self._first_cycle <= event.cycle < self._end_cycle
        if event.kind is EventKind.WORD and inside:
            self._words.append((event.cycle, pe_number(event.unit), event.op, event.value))
        elif event.kind is EventKind.STALL and inside:
            self._refused.append((event.cycle, pe_number(event.unit)))
        elif event.kind is EventKind.RETIRE:
            self._retired += inside
        elif event.kind is EventKind.SQUASH:
            self._squashed_inside += inside
            self._squashed.add(event.op)

    def result(self, name: str, pes: int, window: LayerWindow, judge: Judge) -> TimelineData:
        """Judge every word by what became of its op.

        Parameters
        ----------
        window : LayerWindow
            The cycles that the layer has of those kept.

        Raises
        ------
        InputError
            If they are more than a figure shows.
        """
        if pes * window.cycles > MOST_PE_CYCLES:
            raise InputError(
                f"{name}: {window.cycles:,} cycles of {pes:,} PEs are {pes * window.cycles:,} PE-cycles;"
                f" {MOST_PE_CYCLES:,} at most are drawn: give --cycles A:B"
            )
        first = window.first_cycle
        cells = np.zeros((pes, window.cycles), np.uint8)
        for cycle, pe in self._refused:
            cells[pe, cycle - first] = Doing.REFUSED
        for cycle, pe, op, word in self._words:
            squashed = op in self._squashed
            cells[pe, cycle - first] = Doing.SQUASHED if squashed else judge(op, word, cycle)
        return TimelineData(name, first, cells, self._retired, self._squashed_inside)


def pe_number(unit: str) -> int:
    """Return the number in ``pe3`` or ``pe3.1``.

    >>> pe_number("pe3.1")
    3
    """
    return int(unit.removeprefix("pe").partition(".")[0])


def _caption(machine: TimelineData) -> str:
    """Say in numbers what a panel shows."""
    done = f"{machine.retired + machine.squashed:,} neurons done"
    squashed = f", {machine.squashed:,} of them squashed" if machine.squashed else ""
    return f"{machine.name}: {machine.useful:.0%} of PE-cycles useful; {done}{squashed}"


def draw_timeline(machines: Sequence[TimelineData], title: str) -> Figure:
    """Draw the machines below one another on one time axis, PE 0 at the top."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch
    from matplotlib.ticker import MaxNLocator

    colours = ListedColormap([LOOKS[doing][0] for doing in Doing])
    shown = set(np.unique(np.concatenate([machine.cells.reshape(-1) for machine in machines])).tolist())
    figure = new_figure(0.4 + 1.5 * len(machines))
    panels = figure.subplots(len(machines), 1, sharex=True, squeeze=False)[:, 0]
    for axes, machine in zip(panels, machines, strict=True):
        pes, cycles = machine.cells.shape
        first = machine.first_cycle
        extent = (first, first + cycles, pes, 0)
        axes.imshow(
            machine.cells, colours, aspect="auto", interpolation="nearest", vmin=0, vmax=len(Doing) - 1,
            extent=extent,
        )  # fmt: skip
        axes.set_ylabel("PE")
        axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axes.set_title(wrapped(_caption(machine), 0.9 * width_inches()))
        axes.spines[["top", "right"]].set_visible(True)
        plain_numbers(axes.xaxis)
    panels[-1].set_xlabel(wrapped(f"cycle of {title}", 0.85 * width_inches()))
    edge: dict[str, Any] = {
        "edgecolor": "#666666",
        "linewidth": 0.3,
    }  # of a patch in the legend alone: white is one of them
    handles = {
        label: Patch(facecolor=colour, **edge) for doing, (colour, label) in LOOKS.items() if doing in shown
    }
    add_legend(figure, handles)
    return figure
