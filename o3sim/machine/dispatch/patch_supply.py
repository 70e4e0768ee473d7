"""Operand supply where each PE reads activations from a patch memory of its own."""

from __future__ import annotations

from collections.abc import Sequence

from o3sim.machine.operand_supply import Banks, OperandSupply


class PatchSupply(OperandSupply):
    """Grant weight words; the activation word is always at hand, and no read of the activation buffer.

    That is read for what is broadcast into the patches only.
    """

    def __init__(self, weight_banks: Banks) -> None:
        super().__init__("ideal", weight_banks)

    def grant(self, requests: Sequence[tuple[Sequence[int], int]]) -> list[int]:
        """Arbitrate one cycle."""
        before = self.activation_reads
        taken = super().grant(requests)
        self.activation_reads = before
        return taken
