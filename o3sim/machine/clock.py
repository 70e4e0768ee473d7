"""The clock: one SimPy process that ticks the machine and sleeps while nothing can change."""

from __future__ import annotations

from collections.abc import Callable, Generator

import simpy

CLOCK_PRIORITY = 2
"""Clock edges come after all other SimPy events of a cycle (SimPy's own are 0 and 1), so that what
a process such as the weight stream settled in this cycle is settled whatever was created first."""


class Clock:
    """Tick every cycle in which something can happen.

    Parameters
    ----------
    env : simpy.Environment
        Its time is the cycle.
    tick : callable
        Called with the cycle; returns the next cycle in which the machine can move (the very
        next one if it moved in this), or None when the work is done.
    """

    def __init__(self, env: simpy.Environment, tick: Callable[[int], int | None]) -> None:
        self.env = env
        self.tick = tick
        self.process = env.process(self._run())

    def __repr__(self) -> str:
        return f"clock: cycle {int(self.env.now)}"

    def _run(self) -> Generator[simpy.Event, None, None]:
        yield self._edge(0)
        while (wake := self.tick(int(self.env.now))) is not None:
            yield self._edge(wake - int(self.env.now))

    def _edge(self, delay_cycles: int) -> simpy.Event:
        edge = simpy.Event(self.env)  # set like simpy.Timeout, which takes no priority
        edge._ok = True
        edge._value = None
        self.env.schedule(edge, priority=CLOCK_PRIORITY, delay=delay_cycles)  # type: ignore[arg-type]  # SimPy's type names only its own two
        return edge
