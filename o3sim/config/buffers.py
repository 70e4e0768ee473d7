"""The two on-chip buffers: banks, sizes, and what lies between the activation buffer and the PEs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from o3sim.config.streaming import Count
from o3sim.config.unit_model import UnitModel, of_some

# Upper bounds are far beyond anything buildable; they catch slipped digits before memory does.
Kilobits = Annotated[int, Field(ge=1, le=100_000_000)]
CountOrIdeal = Count | Literal["ideal"]


class Buffer(UnitModel):
    """On-chip memory in single-ported banks of `pe.width_edges`-bit words."""

    banks: CountOrIdeal = Field(
        description="Single-ported banks, word address modulo banks, or `ideal`: every read granted at once."
    )
    size_kbit: Kilobits = Field(description="Capacity in kbit (1024 bits).")


class ActivationBuffer(Buffer):
    """The memory of a layer's input and output, and what lies between it and the PEs."""

    line_buffer: bool = Field(
        default=False,
        description="Whether PEs read a line buffer, which makes each of their words one access, or the banks"
        " themselves: then a word takes a read for each buffer word that it lies in.",
    )
    patch_kbit: Kilobits = of_some(
        "Memory of each PE in kbit, that holds the part of the map which its windows need; the buffer"
        " broadcasts words into all of them."
    )
    broadcast_words: CountOrIdeal = of_some(
        "Words of the buffer that are broadcast per cycle at most, each of a bank of its own; `ideal`: a word"
        " of each bank."
    )

    share_patch_reads: Literal["none", "chance", "aligned"] = of_some(
        "Whether contexts of a PE at the same position share reads of its memory: each reads for itself"
        " (none); the PE keeps the word that it read last, for contexts that chance to be there (chance); or"
        " besides they take the window that the PE took last, of another channel (aligned)."
    )

    @property
    def one_access_a_word(self) -> bool:
        """Whether a PE word is one access to a line buffer or a memory of the PE's own.

        Else it takes a read of each buffer word that it lies in.
        """
        return self.line_buffer or self.patch_kbit is not None


class WeightBuffer(Buffer):
    """The two halves that weights stream into, and a part for weights that stay between images."""

    size_kbit: Kilobits = Field(
        description="Capacity in kbit (1024 bits) of both halves together, of which one is read and one is"
        " filled, and of the part for weights that stay."
    )
    resident_kbit: Annotated[int, Field(ge=0, le=100_000_000)] = Field(
        default=0,
        description="The part of size_kbit for layers whose weights stay on the chip between images, in kbit;"
        " 0: all weights stream.",
    )
