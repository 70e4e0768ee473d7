"""Operand supply where each PE reads activations from a patch memory of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from o3sim.machine.bank_reads import Banks
from o3sim.machine.operand_supply import OperandSupply, Request


class PatchSupply(OperandSupply):
    """Grant weight words; the activation word is always at hand, and no read of the activation buffer.

    That is read for what is broadcast into the patches only.
    """

    def __init__(self, weight_banks: Banks) -> None:
        super().__init__("ideal", weight_banks)

    def grant(self, requests: Sequence[Request], writing: Collection[int] = ()) -> list[int]:  # noqa: ARG002 - no bank
        """Arbitrate one cycle."""
        reads, granted = self.activation_reads, self.granted
        taken = super().grant(requests)
        self.reads_unused -= self.activation_reads - reads - (self.granted - granted)
        self.activation_reads = reads
        return taken
