"""Reads without use: those that a bank chose for a PE that was refused its other word, and no other took."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.fast.banked.records import (
    Desk,
    activation_at,
    doubtful_at,
    load_activation,
    load_granted,
    load_weight,
    weight_at,
)
from o3sim.compiled.fast.bits import NONE, lowest
from o3sim.compiled.fast.choice import LANES
from o3sim.compiled.fast.lanes import LANES_SHIFT, all_of, bits_of, same, shifted
from o3sim.compiled.fast.records import FastMemory
from o3sim.compiled.kernel import ONE, as_int, inlined

OF_WEIGHTS = np.uint64(LANES)
"""Where the weight words of 16 PEs begin among the bits that say which reads are doubtful."""


@inlined
def count_unused(x: FastMemory, d: Desk) -> int:
    """Count the reads that no PE took, of those whose own PE was refused; nobody else has its port."""
    activation_banks, weight_banks = x.supply.activation_buffer.banks, x.supply.weight_buffer.banks
    unused = 0
    for block in range(d.used):
        doubtful = doubtful_at(d, block).bits
        while doubtful != NONE:
            lane = lowest(doubtful)
            doubtful &= doubtful - ONE
            pe = (block << LANES_SHIFT) + (lane & LANES - 1)
            if lane < LANES:
                request = as_int(activation_at(d, pe).number)
                unused += 1 if activation_banks == 0 else _is_unused_activation(d, request)
            else:
                request = as_int(weight_at(d, pe).number)
                unused += 1 if weight_banks == 0 else _is_unused_weight(d, request)
    return unused


@inlined
def _is_unused_activation(d: Desk, request: int) -> int:
    """Return 1 if no PE whose word goes in asked for an activation word, 0 if one did."""
    wanted, none = all_of(request), all_of(0)
    found = none
    for block in range(d.used):
        same_word = same(shifted(load_activation(d, block) ^ wanted, d.pe_bits), none)
        found = found | same_word & load_granted(d, block)
    return 1 if bits_of(found) == NONE else 0


@inlined
def _is_unused_weight(d: Desk, request: int) -> int:
    """Return 1 if no PE whose word goes in asked for a weight word, 0 if one did."""
    wanted, none = all_of(request), all_of(0)
    found = none
    for block in range(d.used):
        same_word = same(shifted(load_weight(d, block) ^ wanted, d.pe_bits), none)
        found = found | same_word & load_granted(d, block)
    return 1 if bits_of(found) == NONE else 0
