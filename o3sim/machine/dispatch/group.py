"""Dispatch by groups: output channels are bound to groups of PEs, with a counter and weight banks each."""

from __future__ import annotations

from o3sim.machine.dispatch.window import WindowMachine


class GroupMachine(WindowMachine):
    """A machine whose counters each have a list of their own: the windows bound to their group of PEs."""

    def lists(self) -> list[int]:
        """Return which of a layer's lists each counter takes from: its own."""
        return list(range(self.architecture.scheduler.groups))
