"""Random small machines, and layers with random weights, that RTL is written of."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np

from o3sim.config.architecture import Architecture
from o3sim.contract.carousel.tiles import Tiles, tiles_of
from o3sim.contract.patch import least_patch_bits
from o3sim.network.bits.packing import pack_bits
from o3sim.network.layer import Geometry, Layer, Pool
from o3sim.network.network import Network
from o3sim.network.preprocess import BinaryInput, FixedInput, InputSpec
from o3sim.rtl.emit import Subject
from tests.machine.carousel.samples import carousel
from tests.machine.harness import architecture, queueless

WAYS = ("central", "window", "banked", "group", "carousel")
"""Ways to dispatch, in turns."""

CENTRAL = ("out_of_order", "in_order", "dense", "member_major")
"""What a central queue may do, in turns."""


MOST_LAYERS = 3
"""In a row."""


def draw(seed: int, layers: int = 1) -> Subject:
    """Draw a machine and a layer: of every kind, biased to sizes at which units get in each other's way.

    With more layers others follow it, which take what the one before gives, and the input may be fixed-point.
    """
    made = _draw(seed)
    if layers == 1:
        return made
    chance = Random(seed)
    geometries = [_on_codes(chance, made.architecture, made.layer.geometry)]
    while len(geometries) < layers:
        geometries.append(_following(chance, geometries[-1]))
    return subject(_with_room(made.architecture, geometries), geometries[0], seed, *geometries[1:])


def _draw(seed: int) -> Subject:
    chance = Random(seed)
    width = chance.choice([1, 3, 4, 8, 16])
    geometry = _geometry(chance, width)
    way = WAYS[seed % len(WAYS)]
    if way == "central":
        way = CENTRAL[seed // len(WAYS) % len(CENTRAL)]
    if way == "carousel":
        return _gone_round(chance, width, geometry, seed)
    if way in ("window", "group"):
        made = queueless(way, **_counted(chance, way, width))
        if chance.random() < 0.4:
            made, geometry = _patched(chance, made, geometry)
        return subject(made, geometry, seed)
    machine = architecture(**_queued(chance, way, width))
    return subject(machine, geometry, seed)


def subject(machine: Any, geometry: Geometry, seed: int, *following: Geometry) -> Subject:
    """Give a machine layers of random weights and thresholds, and an image of noise."""
    random = np.random.default_rng(seed)
    geometries = [geometry, *following]
    if machine.scheduler.assignment == "channel_balanced":
        geometries = [replace(each, channel_work=_work(random, each)) for each in geometries]
    hidden = [_hidden(random, number, each) for number, each in enumerate(geometries)]
    scores = Geometry("dense", 1, 1, _outputs(geometries[-1]), 2, channel_work=(1, 1))
    layers = *hidden, Layer("scores", scores, _weights(random, scores), None, scores=True)
    shape = geometry.in_height, geometry.in_width, geometry.in_channels
    network = Network("drawn", _input(geometry), shape, layers, ("a", "b"))
    return Subject(machine, network, 0, random.integers(0, 256, shape, np.uint8), len(hidden))


def _hidden(random: np.random.Generator, number: int, geometry: Geometry) -> Layer:
    value = 2 ** (geometry.planes - 1)  # the greatest of a tap
    most = geometry.fan_in * value
    theta = np.rint(random.normal(0.3, 1, geometry.out_channels) * geometry.fan_in**0.5 * value).astype(
        np.int64
    )
    constant = random.random(geometry.out_channels) < random.choice([0, 0, 0.3])
    theta[constant] = random.choice([-most - 1, most + 2], constant.sum())
    name = f"hidden{number + 1}" if number else "hidden"
    offset = _input(geometry).offset
    return Layer(name, geometry, _weights(random, geometry), theta, input_offset=offset)


def _input(geometry: Geometry) -> InputSpec:
    """Return what makes codes of pixels: of several bit planes two's complement."""
    if geometry.planes == 1:
        return BinaryInput(128)
    most = 2.0 ** (geometry.planes - 1)
    return FixedInput(geometry.planes, True, 0, -most, most - 1)


def _on_codes(chance: Random, machine: Architecture, geometry: Geometry) -> Geometry:
    """Give a layer a fixed-point input, half of the time, of words that take one of weights each."""
    if chance.random() < 0.5:
        return geometry
    coded = replace(geometry, planes=chance.randint(2, 4))
    width, taps = machine.pe.width_edges, geometry.kernel_height * geometry.kernel_width
    if machine.scheduler.dispatch == "carousel":
        return coded
    return replace(coded, in_channels=width if taps > width else chance.randint(1, width // taps))


def _outputs(geometry: Geometry) -> int:
    return geometry.pooled_height * geometry.pooled_width * geometry.out_channels


def _following(chance: Random, before: Geometry) -> Geometry:
    """Draw a layer that takes what another gives."""
    height, width = before.pooled_height, before.pooled_width
    if chance.random() < 0.2:
        return Geometry("dense", 1, 1, _outputs(before), chance.randint(1, 12))
    padding = chance.randint(0, 2)
    kernel_height, kernel_width = (chance.randint(1, min(3, size + 2 * padding)) for size in (height, width))
    shape = height, width, before.out_channels, chance.randint(1, 6), kernel_height, kernel_width
    outside: Any = chance.choice(["-1", "+1"])
    plain = Geometry("conv", *shape, chance.choice([1, 1, 2]), padding, outside)
    pools = min(plain.out_height, plain.out_width) > 1 and chance.random() < 0.5
    return replace(plain, pool=Pool(2, 2)) if pools else plain


def _with_room(machine: Architecture, geometries: list[Geometry]) -> Architecture:
    """Give the memories of PEs, where they have some, as much as the layer takes that takes most."""
    if machine.activation_buffer.patch_kbit is None:
        return machine
    least = [_least_bits(machine, geometry) for geometry in geometries]
    size = max(machine.activation_buffer.patch_kbit, -(-max(least) // 1024))
    return machine.with_({"activation_buffer.patch_kbit": size})


def _least_bits(machine: Architecture, geometry: Geometry) -> int:
    if machine.scheduler.dispatch != "carousel":
        return least_patch_bits(geometry, machine)
    cut = tiles_of(geometry, machine.pe.width_edges, 0)
    return 1 if isinstance(cut, Tiles) else cut


def _geometry(chance: Random, width: int) -> Geometry:
    if chance.random() < 0.2:
        return Geometry("dense", 1, 1, chance.randint(1, 60), chance.randint(1, 20))
    kernel_height, kernel_width = chance.randint(1, 3), chance.randint(1, 3)
    padding = chance.randint(0, 1)
    pool = chance.choice([None, 2, 2, 2, 3])
    stride = chance.choice([1, 1, 2])
    least = (pool or 1) * stride + 3
    return Geometry(
        "conv",
        chance.randint(least, least + 3),
        chance.randint(least, least + 3),
        chance.choice([width, 2 * width, chance.randint(1, 9), chance.randint(1, 9)]),
        chance.randint(1, 6),
        kernel_height,
        kernel_width,
        stride,
        padding,
        chance.choice(["-1", "+1"]),
        pool=None if pool is None else Pool(pool, pool),
    )


def _patched(chance: Random, machine: Architecture, geometry: Geometry) -> tuple[Architecture, Geometry]:
    """Give PEs patches, and the layer about as many channels as they hold a window of."""
    if geometry.kind == "conv" and machine.pe.width_edges > 1:
        bits_a_channel = least_patch_bits(replace(geometry, in_channels=1), machine)
        channels = max(1, int(1024 / bits_a_channel * chance.uniform(0.4, 1)))
        geometry = replace(geometry, in_channels=min(channels, 40))
    size = -(-least_patch_bits(geometry, machine) // 1024)
    keys = {
        "activation_buffer.patch_kbit": size,
        "activation_buffer.line_buffer": False,
        "sequencer.outermost": "position",
    }
    return machine.with_(keys), geometry


def _gone_round(chance: Random, width: int, geometry: Geometry, seed: int) -> Subject:
    """Draw a machine whose weight words go round, with memories that just hold a window, or larger ones."""
    if geometry.kind == "conv" and chance.random() < 0.6:  # channels fill words, half a kbit holds a window
        size = 1 if geometry.pool is None else geometry.pool.size
        rows, columns = (
            (size - 1) * geometry.stride + kernel
            for kernel in (geometry.kernel_height, geometry.kernel_width)
        )
        geometry = replace(geometry, in_channels=max(1, min(512 // (rows * columns), 40) // width) * width)
    common = _common(chance, width)
    groups = chance.choice([n for n in range(1, 4) if not common["pe__count"] % n])
    opened = chance.choice([1, 2, 3])
    keys = {
        "pe__contexts": chance.choice([1, 2, 3, 4, 5]),
        "pe__speculate": True,
        "scheduler__groups": groups,
        "scheduler__open_channels": opened,
        "scheduler__windows_per_cycle": chance.choice([1, 2, 8]),
        "activation_buffer__broadcast_words": chance.choice([1, 2, "ideal"]),
        "weight_buffer__banks": chance.choice(["ideal", groups * (opened + chance.choice([0, 1, 3]))]),
    }
    made = subject(carousel(**common | keys), geometry, seed)
    least = max(_least_bits(made.architecture, layer.geometry) for layer in made.network.layers)
    size = -(-least // 1024) + chance.choice([0, 0, 1])
    return replace(made, architecture=made.architecture.with_({"activation_buffer.patch_kbit": size}))


def _queued(chance: Random, way: str, width: int) -> dict[str, Any]:
    """Draw a machine with an issue queue."""
    common = _common(chance, width)
    least = common["pe__count"] * common["pe__contexts"] if way == "dense" else 1
    evaluates_all = way == "dense" and chance.random() < 0.5
    either = chance.choice(["out_of_order", "in_order"])
    policy = {"dense": "lockstep", "member_major": either, "banked": either}.get(way, way)
    goes_by_member = way == "member_major" or (way == "banked" and chance.random() < 0.5)
    if evaluates_all:
        common |= {"pruning__threshold": False, "pruning__pooling": False}
        common["output_buffer__release"] = chance.choice(["when_final", "worst_case"])
    depth, banks = chance.randint(least, least + 8), 1
    in_banks: dict[str, Any] = {}
    if way == "banked":
        banks = chance.choice([n for n in range(2, 7) if not common["pe__count"] % n] or [1])
        in_banks = {
            "scheduler__dispatch": "banked",
            "scheduler__banks": banks,
            "scheduler__issue_width_ops": None,
        }
    drawn = {
        "sequencer__width_ops": chance.choice([1, 2, 3, 6]),
        "sequencer__order": "member_major" if goes_by_member else "window_major",
        "sequencer__group_windows": chance.randint(1, 8),
        "issue_queue__depth_ops": -(-depth // banks) * banks,
        "scheduler__policy": policy,
        "scheduler__issue_width_ops": chance.choice([1, 2, 3, 8]),
        "scheduler__select_cycles": chance.choice([0, 0, 1, 2]),
        "scheduler__window_in_flight_ops": chance.choice([1, 1, 2, "unlimited"]),
        "pruning__squash_latency_cycles": chance.choice([1, 1, 2, 4]),
        "activation_buffer__line_buffer": chance.random() < 0.4,
    }
    return common | drawn | in_banks


def _counted(chance: Random, way: str, width: int) -> dict[str, Any]:
    """Draw a machine whose counters hand out windows."""
    common = _common(chance, width)
    least = 2 if way == "group" and common["pe__count"] > 1 else 1
    counters = chance.choice([n for n in range(least, 7) if not common["pe__count"] % n])
    binding: dict[str, Any] = {"scheduler__counters": counters}
    if way == "group":
        binding = {
            "scheduler__groups": counters,
            "scheduler__assignment": chance.choice(["channel", "channel_balanced", "position", "skewed"]),
        }
        if common["weight_buffer__banks"] != "ideal":
            binding["weight_buffer__banks"] = counters * chance.choice([1, 2])
    return (
        common
        | binding
        | {
            "pe__pick": chance.choice(["oldest", "barrel"]),
            "scheduler__windows_per_cycle": chance.choice([1, 1, 2, 3]),
            "scheduler__bundle_positions": chance.choice([1, 2, 3]),
            "activation_buffer__line_buffer": chance.random() < 0.4,
        }
    )


def _common(chance: Random, width: int) -> dict[str, Any]:
    """Draw what all machines have."""
    ideal = chance.random() < 0.3
    banks = [1, 2, 3, 4, 8]
    return {
        "pe__count": chance.choice([1, 2, 3, 4, 4, 5, 6]),
        "pe__contexts": chance.choice([1, 2, 2, 3]),
        "pe__width_edges": width,
        "pe__latency_cycles": chance.choice([2, 2, 3, 4]),
        "pe__speculate": chance.random() < 0.5,
        "sequencer__outermost": chance.choice(["channel", "position"]),
        "scheduler__issue_latency_cycles": chance.choice([0, 0, 1, 3]),
        "activation_buffer__banks": "ideal" if ideal else chance.choice(banks),
        "weight_buffer__banks": "ideal" if ideal else chance.choice(banks),
        "dram__bits_per_cycle": "ideal",
        "output_buffer__write_width_ops": chance.choice([1, 2, 3]),
        "pruning__threshold": chance.random() < 0.8,
        "pruning__pooling": chance.random() < 0.8,
    }


def _work(random: np.random.Generator, geometry: Geometry) -> tuple[int, ...]:
    """Draw what would have been measured of each channel."""
    return tuple(random.integers(1, 99, geometry.out_channels).tolist())


def _weights(random: np.random.Generator, geometry: Geometry) -> Any:
    return pack_bits(random.integers(0, 2, (geometry.out_channels, geometry.fan_in)))
