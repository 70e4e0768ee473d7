"""The weight stream: a SimPy process that fills the two halves of the weight buffer from DRAM."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import simpy

from o3sim.contract.weight_groups import WeightGroup

if TYPE_CHECKING:
    from o3sim.config.architecture import Dram

HALVES = 2


class WeightStream:
    """Stream the weight groups of all layers, in order, each into the half that is free.

    Groups that stay on the chip are there from cycle 0 on, take no half and are not streamed.

    A transfer takes ``ceil(bits / bits_per_cycle)`` cycles of the DRAM channel; the group can be
    used ``latency_cycles`` after its end, while the channel already carries the next. The half of
    a group whose last op ends in cycle ``c`` can be written again from ``c + 1``.

    Parameters
    ----------
    env : simpy.Environment
    dram : Dram
    groups : list of WeightGroup
    on_request : callable
        Told ``(group, cycle, arrival_cycle)`` when a transfer begins.
    """

    def __init__(
        self,
        env: simpy.Environment,
        dram: Dram,
        groups: list[WeightGroup],
        on_request: Callable[[int, int, int], None],
    ) -> None:
        self.env = env
        self.latency_cycles = dram.latency_cycles
        self.groups = groups
        self._on_request = on_request
        self._channel_free_cycle = 0
        self._free_halves = simpy.Container(env, init=HALVES)
        self._streams = dram.bits_per_cycle != "ideal"
        self.arrival_cycles = {n: 0 for n, group in enumerate(groups) if group.stays or not self._streams}
        if dram.bits_per_cycle != "ideal":
            env.process(self._stream(dram.bits_per_cycle))

    def _stream(self, bits_per_cycle: int) -> Generator[simpy.Event, None, None]:
        for number, group in enumerate(self.groups):
            if group.stays:
                continue
            yield self._free_halves.get(1)
            cycle = int(self.env.now)
            self._channel_free_cycle = cycle + -(-group.bits // bits_per_cycle)
            self.arrival_cycles[number] = self._channel_free_cycle + self.latency_cycles
            self._on_request(number, cycle, self.arrival_cycles[number])
            yield self.env.timeout(self._channel_free_cycle - cycle)

    def arrived(self, group: int, cycle: int) -> bool:
        """Return whether a group's weights can be used in a cycle."""
        return group in self.arrival_cycles and self.arrival_cycles[group] <= cycle

    def next_change(self, group: int) -> int:
        """Cycle in which a group will be there or, if it is not yet asked for, the channel free."""
        return self.arrival_cycles.get(group, self._channel_free_cycle)

    def release_half(self, group: int) -> None:
        """Free the half of a group whose last op ends in this cycle, from the next cycle on."""
        if self._streams and not self.groups[group].stays:
            self.env.process(self._release())

    def _release(self) -> Generator[simpy.Event, None, None]:
        yield self.env.timeout(1)
        yield self._free_halves.put(1)

    def __repr__(self) -> str:
        return (
            f"weight stream: {len(self.arrival_cycles)} of {len(self.groups)} groups are there or requested"
        )
