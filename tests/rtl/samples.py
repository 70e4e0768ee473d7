"""Machines and layers that the tests of RTL share."""

from __future__ import annotations

from typing import Any

from o3sim.network.layer import Geometry, Pool
from o3sim.rtl.emit import Subject
from tests.machine.carousel.samples import carousel
from tests.machine.harness import architecture, conv, queueless
from tests.rtl.draws import subject

POOLED = conv(6, 6, 8, 5, pool=Pool(2, 2), padding_pixels=1, padding="-1")
GATHERED = conv(6, 6, 5, 5, pool=Pool(2, 2), padding_pixels=1, padding="+1")
"""Its channels do not fill words of 8 edges, so that each lies in several buffer words."""

FULL = conv(6, 6, 7, 7, pool=Pool(2, 2), padding_pixels=1, padding="+1")
"""The same, of sizes at which numbers of windows, ops, words and places use all of their bits."""

CODES = conv(6, 6, 1, 5, pool=Pool(2, 2), padding_pixels=1, padding="+1", planes=3)
"""Three bit planes of nine taps: its words of 8 edges end within one, so words of 16 are needed."""

BEHIND = conv(3, 3, 5, 6, padding_pixels=1, padding="-1")
"""Takes what the layers with five channels give, each word of it shifted by the padding."""

NARROW: dict[str, Any] = {
    "pe__latency_cycles": 3,
    "pe__contexts": 2,
    "sequencer__width_ops": 3,
    "sequencer__outermost": "position",
    "issue_queue__depth_ops": 7,
    "scheduler__issue_width_ops": 2,
    "activation_buffer__banks": 3,
    "weight_buffer__banks": 2,
    "output_buffer__write_width_ops": 2,
}
"""Every unit is narrow enough to hold others up."""

QUEUE = architecture(**NARROW)

MANY = architecture(
    **NARROW
    | {
        "sequencer__width_ops": 4,
        "sequencer__order": "member_major",
        "sequencer__group_windows": 2,
        "issue_queue__depth_ops": 7,
        "scheduler__issue_width_ops": 4,
        "scheduler__window_in_flight_ops": 2,
        "activation_buffer__banks": 2,
        "pruning__squash_latency_cycles": 2,
    }
)
"""Several of a window are in flight, several ops are selected and seen in a cycle, bits meet in a bank, and
members of a window are dispatched long after the first of them are seen."""


PATCHED = conv(6, 6, 20, 5, pool=Pool(2, 2), padding_pixels=1, padding="-1")
"""A patch of 1 kbit holds 12 of its 24 columns."""

TILED = conv(6, 6, 32, 3, pool=Pool(2, 2), padding_pixels=1, padding="+1")
"""Half a kbit holds the 16 pixels under a window, of 4 words each, and no more."""


def queue(**changes: Any) -> Subject:
    """The pooled layer on the machine with a queue, with some keys changed by dotted names."""
    return subject(QUEUE.with_({key.replace("__", "."): value for key, value in changes.items()}), POOLED, 1)


def queue_in_banks(**changes: Any) -> Subject:
    """The layer of gathered words on such a machine whose queue is in two banks."""
    banks = {"scheduler__dispatch": "banked", "scheduler__banks": 2, "scheduler__issue_width_ops": None}
    return subject(architecture(**{**NARROW, "issue_queue__depth_ops": 8, **banks, **changes}), GATHERED, 1)


def in_a_row(first: Subject, *following: Geometry) -> Subject:
    """A machine and its layer, and layers that take what the one before gives."""
    return subject(first.architecture, first.layer.geometry, 1, *following)


def windows(dispatch: str, geometry: Geometry = GATHERED, **changes: Any) -> Subject:
    """A layer, that of gathered words if no other, on a machine whose counters hand out windows."""
    sizes = {
        "pe__latency_cycles": 3,
        "pe__contexts": 2,
        "activation_buffer__banks": 3,
        "weight_buffer__banks": 2,
        "output_buffer__write_width_ops": 1,
    }
    return subject(queueless(dispatch, **{**sizes, **changes}), geometry, 1)


def gone_round(geometry: Geometry = TILED, **changes: Any) -> Subject:
    """A layer, that in tiles if no other, on a carousel whose units are narrow enough to hold others up."""
    sizes = {
        "pe__latency_cycles": 3,
        "pe__contexts": 2,
        "scheduler__groups": 2,
        "scheduler__open_channels": 2,
        "scheduler__windows_per_cycle": 1,
        "activation_buffer__banks": 3,
        "activation_buffer__broadcast_words": 2,
        "activation_buffer__patch_kbit": 1,
        "weight_buffer__banks": 4,
        "output_buffer__write_width_ops": 1,
    }
    return subject(carousel(**{**sizes, **changes}), geometry, 1)
