"""What reports say of weights that stay on the chip."""

from __future__ import annotations

from o3sim.report.numbers import grouped


def resident_note(architecture: str, layers: tuple[str, ...], load_bits: int, load_cycles: int) -> str:
    """Say which layers' weights stay, and what loading them took.

    >>> print(resident_note("o3bnn", ("dense2", "scores"), 12000, 64))
    o3bnn: weights of dense2, scores stay on the chip; loaded once: 12,000 bits in 64 cycles, of no image
    """
    loaded = f"loaded once: {grouped(load_bits)} bits in {grouped(load_cycles)} cycles"
    return f"{architecture}: weights of {', '.join(layers)} stay on the chip; {loaded}, of no image"
