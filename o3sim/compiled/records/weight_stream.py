"""The weight stream of an image, and the weight groups of a layer."""

from __future__ import annotations

from typing import Any

from o3sim.compiled.allocation import Allocation, located, records
from o3sim.compiled.record import Table, rows
from o3sim.contract.weight_groups import WeightGroup

HALVES = 2


class Transfer:
    """The transfer of a weight group; -1 while it is not asked for, no bits of one that stays on the chip.

    ``half_free_cycle`` is of the half that is the n-th to become free, both of the first two at 0.
    """

    bits: int
    start_cycle: int
    arrival_cycle: int
    half_free_cycle: int


class WeightStream:
    """The groups of all layers, one after another, into the half of the weight buffer that is free.

    Attributes
    ----------
    groups : int
    passed : int
        Groups that are asked for, or stay on the chip, of those from the first on.
    halves_filled, halves_freed : int
        Groups asked for, and how many there was or is a half for.
    channel_free_cycle : int
    transfers : table
    """

    groups: int
    passed: int
    halves_filled: int
    channel_free_cycle: int
    halves_freed: int
    transfers: Table[Transfer]


class Group:
    """A weight group of the layer: its channels, and its ops that have not ended."""

    first_channel: int
    end_channel: int
    ops_left: int


class WeightGroups:
    """The layer's weight groups, the number of the first among those of all layers, and their stream."""

    groups: Table[Group]
    n_groups: int
    first_group: int
    stream: Table[WeightStream]


transfer_at = rows("transfers", Transfer)
group_at = rows("groups", Group)
stream_at = rows("stream", WeightStream)


def weight_stream_of(groups: list[WeightGroup]) -> Allocation:
    """Begin with nothing asked for, and both halves free from cycle 0."""
    bits = [group.bits for group in groups] + [0] * HALVES
    arrivals = [0 if group.stays else -1 for group in groups] + [-1] * HALVES
    transfers = records(Transfer, len(bits), bits=bits, start_cycle=-1, arrival_cycle=arrivals)
    return Allocation(WeightStream, {"groups": len(groups), "halves_freed": HALVES, "transfers": transfers})


def weight_groups_of(
    groups: list[WeightGroup], first_group: int, positions: int, stream: Allocation
) -> dict[str, Any]:
    """Begin with all ops of each group to come."""
    made = records(
        Group,
        len(groups),
        first_channel=[group.first_channel for group in groups],
        end_channel=[group.last_channel for group in groups],
        ops_left=[positions * (group.last_channel - group.first_channel) for group in groups],
    )
    return {
        "groups": made,
        "n_groups": len(groups),
        "first_group": first_group,
        "stream": located(stream.array, stream.array.dtype),
    }
