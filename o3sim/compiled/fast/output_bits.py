"""Output bits: which outcomes make bits of the output final, that then go to their banks."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.fast.banked.records import neuron_of
from o3sim.compiled.fast.op_records import is_one
from o3sim.compiled.fast.records import FastMemory, op_record, written_at
from o3sim.compiled.kernel import inlined, noinline, quotient
from o3sim.compiled.output_bits import take_bit, take_sum
from o3sim.compiled.records.layer import pooled_position

_FINAL = -1
"""Of a window whose bit is final; of others, how many of their ops were written."""


@noinline
def take_bits(x: FastMemory, op: int) -> None:
    """Take the bits that an op's outcome makes final, and the sums that go with them."""
    layer, supply = x.layer, x.supply
    neuron = neuron_of(supply, op)
    if layer.has_pool == 0:
        _take(x, neuron)
        return
    position = quotient(neuron, supply.out_channels, supply.channels_shift)
    channel = neuron - position * supply.out_channels
    for k in range(layer.overlap):
        pooled = pooled_position(layer, position * layer.overlap + k)
        if pooled < 0:
            continue
        window = pooled * supply.out_channels + channel
        if _is_final(x, window, is_one(op_record(layer, op))):
            _take(x, window)


@inlined
def _take(x: FastMemory, window: int) -> None:
    """Take the final bit of a window, and its sum."""
    take_bit(x, window)
    take_sum(x, window)


@inlined
def _is_final(x: FastMemory, window: int, outcome: int) -> bool:
    """Note an outcome of a window; return whether that is its first 1, or the last of its ops with none."""
    if x.layer.pool_members == 1:
        return True
    written = written_at(x.layer, window)
    if written.number == _FINAL:
        return False
    written.number += np.int32(1)
    if outcome or written.number == x.layer.pool_members:
        written.number = np.int32(_FINAL)
        return True
    return False
