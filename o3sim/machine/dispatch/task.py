"""What a counter hands to a context: the members of a window, or neighbouring neurons, one after another."""

from __future__ import annotations

from dataclasses import dataclass, field

from o3sim.machine.op import Op


@dataclass(slots=True, eq=False)
class Task:
    """A window, or a bundle of neurons that are windows of their own; its state lies in its context.

    Attributes
    ----------
    number : int
        Its place in the layer's list of tasks.
    is_window : bool
        Whether its members are of one window: then one begins when the verdict on the one before is known,
        and one outcome is written for all.
    prunes : bool
        Whether a 1 ends it.
    members : list of Member
    next_member : int
        The first that has not begun.
    """

    number: int
    is_window: bool
    prunes: bool
    members: list[Member] = field(default_factory=list)
    next_member: int = 0

    def begin(self) -> Member:
        """Return the next member, which begins."""
        self.next_member += 1
        return self.members[self.next_member - 1]

    @property
    def has_more(self) -> bool:
        """Whether members are left that have not begun."""
        return self.next_member < len(self.members)

    def drop(self) -> list[Member]:
        """Drop the members that have not begun; return them."""
        dropped = self.members[self.next_member :]
        self.next_member = len(self.members)
        return dropped


@dataclass(slots=True, eq=False, repr=False, kw_only=True)
class Member(Op):
    """An op of a task."""

    task: Task
