"""The machine, as its architecture describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from o3sim.config.constant_time import WORST_CASE

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture

OUT_OF_ORDER, IN_ORDER, LOCKSTEP = 0, 1, 2
POLICIES = {"out_of_order": OUT_OF_ORDER, "in_order": IN_ORDER, "lockstep": LOCKSTEP}
UNLIMITED = 2**30


class Settings:
    """Settings of an architecture.

    Those of a queue are 0 where there is none. 0 banks or bits of DRAM stand for ``ideal``; patches too
    are read like ideal banks, and output bits written to ``written_banks``. Shifts are -1
    where a number is no power of two.
    """

    pes: int
    contexts: int
    width_edges: int
    width_shift: int
    latency_cycles: int
    speculate: int
    sequencer_width_ops: int
    member_major: int
    channel_outermost: int
    group_windows: int
    depth_ops: int
    banks: int
    bank_depth_ops: int
    bank_pes: int
    policy: int
    issue_width_ops: int
    select_cycles: int
    issue_latency_cycles: int
    window_in_flight_ops: int
    line_buffer: int
    written_banks: int
    written_shift: int
    activation_banks: int
    activation_shift: int
    weight_banks: int
    weight_shift: int
    write_width_ops: int
    waits_for_all: int
    squash_latency_cycles: int
    dram_bits_per_cycle: int
    dram_latency_cycles: int


def settings_of(architecture: Architecture) -> dict[str, int]:
    """Turn an architecture into numbers."""
    a = architecture
    has_patch = a.activation_buffer.patch_kbit is not None  # a port for every PE: its own memory
    activation_banks = 0 if has_patch else or_zero(a.activation_buffer.banks)
    weight_banks = or_zero(a.weight_buffer.banks)
    return {
        **(_queue_settings(a) if a.scheduler.has_queue else {}),
        "pes": a.pe.count,
        "contexts": a.pe.contexts,
        "width_edges": a.pe.width_edges,
        "width_shift": shift_of(a.pe.width_edges),
        "latency_cycles": a.pe.latency_cycles,
        "speculate": a.pe.speculate,
        "channel_outermost": a.sequencer.outermost == "channel",
        "issue_latency_cycles": a.scheduler.issue_latency_cycles,
        "line_buffer": a.activation_buffer.line_buffer,
        "written_banks": or_zero(a.activation_buffer.banks),
        "written_shift": shift_of(or_zero(a.activation_buffer.banks)),
        "activation_banks": activation_banks,
        "activation_shift": shift_of(activation_banks),
        "weight_banks": weight_banks,
        "weight_shift": shift_of(weight_banks),
        "write_width_ops": a.output_buffer.write_width_ops,
        "waits_for_all": a.output_buffer.release == WORST_CASE,
        "dram_bits_per_cycle": or_zero(a.dram.bits_per_cycle),
        "dram_latency_cycles": a.dram.latency_cycles,
    }


def _queue_settings(architecture: Architecture) -> dict[str, int]:
    """Turn the keys of the queue, and of what is around it, into numbers."""
    a, limit, banks = (
        architecture,
        architecture.scheduler.window_in_flight_ops,
        architecture.scheduler.banks or 1,
    )
    return {
        "sequencer_width_ops": a.sequencer.width_ops,
        "member_major": a.sequencer.order == "member_major",
        "group_windows": a.sequencer.group_windows,
        "depth_ops": a.issue_queue.depth_ops,
        "banks": banks,
        "bank_depth_ops": a.issue_queue.depth_ops // banks,
        "bank_pes": a.pe.count // banks,
        "policy": POLICIES[a.scheduler.policy],
        "issue_width_ops": a.scheduler.most_selected,
        "select_cycles": a.scheduler.select_cycles,
        "window_in_flight_ops": UNLIMITED if isinstance(limit, str) else limit,
        "squash_latency_cycles": a.pruning.squash_latency_cycles,
    }


def or_zero(value: int | str) -> int:
    """Turn ``ideal`` into 0."""
    return 0 if isinstance(value, str) else value


def shift_of(number: int) -> int:
    """Which power of two a number is; -1 if it is none."""
    return number.bit_length() - 1 if number > 0 and number & (number - 1) == 0 else -1
