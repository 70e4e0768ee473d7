"""The patch memories: which columns of the map all PEs hold, and what is broadcast next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from o3sim.contract.patch import patch_columns

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.program import LayerProgram
    from o3sim.contract.tasks import LayerTasks


class PatchMemory:
    """Broadcast the columns of the map one after another, each over the oldest that no window needs.

    A word of each bank of the activation buffer goes out in a cycle. A column is there from the cycle
    after its last word; one is begun when the oldest place whose windows have not all left their contexts,
    as of the end of the last cycle, needs none that it takes the room of.

    Parameters
    ----------
    architecture : Architecture

    Attributes
    ----------
    words : int
        Words broadcast so far, in all layers.
    turns : int
        Cycles so far in which there was a column to fill, and room for it.
    write_conflicts : int
        Words so far that did not go out, since their banks wrote.
    """

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture
        banks = architecture.activation_buffer.banks
        self._words_a_cycle = None if banks == "ideal" else banks
        self._is_there = architecture.activation_buffer.patch_kbit is not None
        self.words = self.turns = self.write_conflicts = 0

    def begin_layer(self, program: LayerProgram, tasks: LayerTasks) -> None:
        """Start on a layer with empty memories."""
        if not self._is_there:
            return
        self._columns = columns = patch_columns(program.geometry, self._architecture)
        places = len(columns.first)
        passes = 1 if columns.stays else int(tasks.weight_group[-1]) + 1
        which = tasks.place if columns.stays else tasks.place + places * tasks.weight_group
        offsets = np.repeat(np.arange(passes) * columns.per_pass, places)
        self._place_of: list[int] = which.tolist()
        self._left = np.bincount(which, minlength=places * passes).tolist()
        self._first: list[int] = (np.tile(columns.first, passes) + offsets).tolist()
        self._end: list[int] = (np.tile(columns.end, passes) + offsets).tolist()
        self._open = 0
        self._filled = self._there = 0
        self._column_words = 0

    def step(self, writing: int) -> None:
        """Broadcast this cycle's words; so many banks write output bits and read none."""
        if not self._is_there:
            return
        self._there = self._filled
        if self._filled == self._end[-1] or not self._has_room():
            return
        self.turns += 1
        left = self._columns.column_words - self._column_words
        words = left
        if self._words_a_cycle is not None:
            words = min(left, self._words_a_cycle - writing)
            self.write_conflicts += min(left, self._words_a_cycle) - words
        self.words += words
        self._column_words += words
        if words == left:
            self._filled += 1
            self._column_words = 0

    def _has_room(self) -> bool:
        """Whether no window needs what the next column takes the room of."""
        while self._open < len(self._left) and not self._left[self._open]:
            self._open += 1
        oldest = self._first[self._open] if self._open < len(self._left) else self._end[-1]
        return self._filled < oldest + self._columns.capacity

    def holds(self, task: int) -> bool:
        """Return whether a task's columns are there."""
        return not self._is_there or self._end[self._place_of[task]] <= self._there

    def leave(self, task: int) -> None:
        """Take note that a task has left its context."""
        if self._is_there:
            self._left[self._place_of[task]] -= 1

    def __repr__(self) -> str:
        return f"patch: {self._there} columns were filled" if self._is_there else "patch: none"
