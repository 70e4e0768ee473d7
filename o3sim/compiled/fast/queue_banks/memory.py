"""The banks of a queue, before a layer runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from o3sim.compiled.allocation import Allocation, located, records
from o3sim.compiled.bit_set import bit_set_of
from o3sim.compiled.fast.queue_banks.places import find_places
from o3sim.compiled.fast.queue_banks.records import Bank, Op
from o3sim.compiled.records.settings import shift_of

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry


def queue_banks_of(
    architecture: Architecture, geometry: Geometry, program: Allocation, banks: int
) -> dict[str, Any]:
    """Begin with empty banks."""
    places = find_places(geometry, program.table("neuron_of").view(np.uint32), banks)
    parts = places.table("parts")
    bank_of_word = np.repeat(np.arange(banks, dtype=np.uint32), -(-parts["ops"] // 64))
    first_word = parts["first"] >> 6
    return {
        "held": bit_set_of(len(bank_of_word)),
        "ready": bit_set_of(len(bank_of_word)),
        "banks": records(
            Bank,
            banks,
            head=parts["first"],
            seen=parts["first"],
            held_low=first_word,
            ready_low=first_word,
            top=first_word - 1,
        ),
        "op_at": records(Op, 64 * len(bank_of_word)),
        "place_of": located(places.table("place_of").view(np.uint32), np.uint32),
        "bank_of_word": located(bank_of_word, np.uint32),
        "pes_shift": shift_of(architecture.pe.count // banks),
        "asking": bit_set_of(-(-architecture.pe.count // 64)),
    }
