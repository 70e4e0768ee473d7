"""The ops of one layer of one image in program order: all that timing needs to know of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.output_addresses import first_output_word
from o3sim.contract.program_order import WindowMembers, ops_in_order
from o3sim.contract.sums import AddendAddresses, addend_addresses, first_sum_word
from o3sim.contract.tasks import LayerTasks, layer_tasks, task_members
from o3sim.contract.weight_groups import WeightGroup
from o3sim.contract.word_addresses import WordAddresses, word_addresses

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.gates import StageGates
    from o3sim.network.layer import Geometry
    from o3sim.profile.classes import ClassRace
    from o3sim.profile.profile import LayerProfile


@dataclass(frozen=True, eq=False)
class LayerProgram:
    """One layer's ops; every array is indexed by the op's place in program order.

    Attributes
    ----------
    channel, position : int32 arrays, shape (ops,)
        Output channel and ``y * out_width + x`` of the neuron.
    n_edges : int32 array
        Edges of the neuron.
    words : int32 array
        Words of ``pe.width_edges`` edges, the last may be partial.
    decided_words : int32 array
        Words after which the outcome is known: ``ceil(d / width)`` with threshold pruning,
        ``words`` without.
    outcome : uint8 array
        The neuron's bit.
    windows : int32 array, shape (ops, overlap)
        Windows (``pooled position * out_channels + channel``) the op belongs to, -1 padded.
    group_of : int32 array
        Weight group of the op, counted over the whole network.
    group_ops : dict of int to int
        Ops of each of the layer's groups.
    race : ClassRace or None
        Where classes that can no longer win are dropped.
    first_channel_of : dict of int to int
        First output channel of each of the layer's groups.
    first_output_word : int or None
        Word of the activation buffer in which the layer's output begins; None if its bits go elsewhere:
        scores, and those that a stage of a pipeline hands on.
    first_sum_word : int
        Word in which its sums begin, if it writes any.
    addend : AddendAddresses or None
        Where what its ops add lies.
    tasks : LayerTasks or None
        What counters hand out; None on a machine that dispatches from a queue.
    gates : StageGates or None
        What ops wait for in a stage of a pipeline.
    """

    name: str
    geometry: Geometry
    scores: bool
    channel: NDArray[np.int32]
    position: NDArray[np.int32]
    n_edges: NDArray[np.int32]
    words: NDArray[np.int32]
    decided_words: NDArray[np.int32]
    outcome: NDArray[np.uint8]
    windows: NDArray[np.int32]
    group_of: NDArray[np.int32]
    group_ops: dict[int, int]
    first_channel_of: dict[int, int]
    addresses: WordAddresses
    weight_words: int
    prunes_threshold: bool
    prunes_pooling: bool
    race: ClassRace | None
    first_output_word: int | None
    first_sum_word: int = 0
    addend: AddendAddresses | None = None
    tasks: LayerTasks | None = None
    gates: StageGates | None = None

    @property
    def ops(self) -> int:
        """Number of ops."""
        return len(self.channel)

    @property
    def n_windows(self) -> int:
        """Number of windows: the bits of the layer's output."""
        return self.geometry.pooled_height * self.geometry.pooled_width * self.geometry.out_channels


def build_program(
    profile: LayerProfile,
    groups: list[WeightGroup],
    first_group: int,
    architecture: Architecture,
    gates: StageGates | None = None,
) -> LayerProgram:
    """Lay out a layer's ops for an architecture.

    Parameters
    ----------
    profile : LayerProfile
        Decision index and outcome of every neuron of the layer.
    groups : list of WeightGroup
        The layer's weight groups, in order.
    first_group : int
        Number of the first of them among the groups of the whole network.
    architecture : Architecture
        Its sequencer order, PE width and prunings matter here.
    gates : StageGates, optional
        What ops wait for, in a stage of a pipeline.
    """
    geometry, width = profile.geometry, architecture.pe.width_edges
    members = task_members(geometry, architecture.scheduler)
    pieces = [ops_in_order(members, g.first_channel, g.last_channel, architecture.sequencer) for g in groups]
    position = np.concatenate([piece[0] for piece in pieces])
    channel = np.concatenate([piece[1] for piece in pieces])
    one_access = architecture.activation_buffer.one_access_a_word
    addresses = word_addresses(geometry, width, one_access)
    n_edges = addresses.n_edges[addresses.border_of[position]]
    words = _words(n_edges, width)
    decision = profile.decision.reshape(-1, geometry.out_channels)[position, channel]
    prunes_threshold = architecture.pruning.threshold and profile.has_bounds
    sizes = [len(piece[0]) for piece in pieces]
    has_queue = architecture.scheduler.has_queue
    goes_elsewhere = profile.scores or gates is not None
    return LayerProgram(
        name=profile.name,
        geometry=geometry,
        scores=profile.scores,
        channel=channel,
        position=position,
        n_edges=n_edges,
        words=words,
        decided_words=_words(decision, width) if prunes_threshold else words,
        outcome=profile.outcome.reshape(-1, geometry.out_channels)[position, channel],
        windows=_op_windows(members, position, channel, geometry.out_channels),
        group_of=np.repeat(np.arange(first_group, first_group + len(groups), dtype=np.int32), sizes),
        group_ops={first_group + i: size for i, size in enumerate(sizes)},
        first_channel_of={first_group + i: group.first_channel for i, group in enumerate(groups)},
        addresses=addresses,
        weight_words=_words(np.array([geometry.fan_in]), width).item(),
        prunes_threshold=prunes_threshold,
        prunes_pooling=architecture.pruning.pooling and geometry.pool is not None and not profile.scores,
        race=profile.race if architecture.pruning.argmax else None,
        tasks=None if has_queue else layer_tasks(geometry, groups, architecture),
        first_output_word=None if goes_elsewhere else first_output_word(geometry, width),
        first_sum_word=first_sum_word(geometry, width),
        addend=addend_addresses(geometry, width, one_access),
        gates=gates,
    )


def _words(edges: NDArray[np.integer], width_edges: int) -> NDArray[np.int32]:
    """Words that hold so many edges."""
    return (-(-edges // width_edges)).astype(np.int32)


def _op_windows(
    members: WindowMembers, position: NDArray[np.int32], channel: NDArray[np.int32], out_channels: int
) -> NDArray[np.int32]:
    """Windows of each op."""
    pooled = members.windows_of[position]
    return np.where(pooled < 0, -1, pooled * out_channels + channel[:, None]).astype(np.int32)
