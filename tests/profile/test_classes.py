"""Classes that race: by the definition, edge by edge; and what the machine makes of it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim import simulate, sweep
from o3sim.config.load import load_architecture
from o3sim.network.bits.packing import pack_bits
from o3sim.network.infer import class_scores
from o3sim.network.layer import Geometry, Layer
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.profile.classes import race
from o3sim.runs.simulation import simulate as simulate_network


@st.composite
def layers(draw: st.DrawFn) -> tuple[Layer, np.ndarray]:
    """Draw a scores layer, plain or scaled by either sign, with equal scores now and then."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, classes = draw(st.integers(1, 30)), draw(st.integers(1, 6))
    weights = chance.integers(0, 2, (classes, n))
    scaled = draw(st.booleans())
    scale = chance.choice([-1.5, 0.25, 1.0], classes).astype(np.float32) if scaled else None
    bias = chance.choice([-2.0, 0.0, 0.5], classes).astype(np.float32) if scaled else None
    geometry = Geometry("dense", 1, 1, n, classes)
    layer = Layer("scores", geometry, pack_bits(weights), None, True, scale, bias)
    return layer, chance.integers(0, 2, (1, 1, n))


def best_left(layer: Layer, matches: int, left: int, c: int) -> float:
    """Score a class if the remaining edges all matched, or none did, whichever is more."""
    n = layer.geometry.fan_in
    scale = 1.0 if layer.score_scale is None else float(layer.score_scale[c])
    bias = 0.0 if layer.score_bias is None else float(layer.score_bias[c])
    return max((2 * matches - n) * scale + bias, (2 * (matches + left) - n) * scale + bias)


@settings(deadline=None, max_examples=150)
@given(layers())
def test_a_class_is_beaten_when_its_best_is_not_enough(case: tuple[Layer, np.ndarray]) -> None:
    layer, codes = case
    found = race(layer, codes)
    assert found is not None
    scores = class_scores(layer, codes)
    order = sorted(range(len(scores)), key=lambda c: (-scores[c], c))
    assert [int(found.rank[c]) for c in order] == list(range(len(scores)))
    weights = np.unpackbits(layer.weights.view(np.uint8), axis=1, bitorder="little")[:, : codes.size]
    match = weights == codes.reshape(-1)
    n = codes.size
    for leader in range(len(scores)):
        for c in range(len(scores)):
            expected = n + 1
            for k in range(n + 1):
                best = best_left(layer, int(match[c, :k].sum()), n - k, c)
                if c != leader and (best < scores[leader] or (best == scores[leader] and leader < c)):
                    expected = max(1, k)
                    break
            assert found.beaten_after[leader, c] == expected


def test_the_class_of_an_image_is_never_dropped_and_engines_agree() -> None:
    base = load_architecture("o3bnn")
    # one PE: classes come one after another, so that there is a leader to lose against
    machine = base.with_({"pruning.argmax": True, "pe.count": 2, "pe.width_edges": 16})
    files = load_workload("fashion-vgg")
    network = load_network(files)
    images = workload_images(files, network, count=2).x
    found = simulate_network(machine, network, images)
    scores = found.layers[-1]
    assert scores.edges.pruned.argmax > 0
    assert scores.events["squashed_pe"] > 0
    assert found.outputs_exact
    assert found.classes == simulate_network(base, network, images).classes
    assert simulate_network(machine, network, images[:1], engine="simpy") == simulate_network(
        machine, network, images[:1]
    )


def test_a_sweep_drops_the_same_classes() -> None:
    axes = {"pruning.argmax": [False, True], "pe.count": [2], "pe.width_edges": [16]}
    what = {
        "name": "x",
        "architectures": ["o3bnn"],
        "workloads": ["fashion-vgg"],
        "images": {"count": 2},  # no class of the first image alone is dropped on this machine
        "axes": axes,
    }
    plain, racing = sweep(what).rows
    assert plain["edges.pruned.argmax"] == 0
    base = load_architecture("o3bnn")
    machine = base.with_({"pruning.argmax": True, "pe.count": 2, "pe.width_edges": 16})
    assert racing["edges.pruned.argmax"] == simulate(machine, "fashion-vgg", images=2).edges.pruned.argmax > 0
    assert racing["cycles"] < plain["cycles"]


def test_fixed_point_scores_are_left_alone() -> None:
    geometry = Geometry("dense", 1, 1, 4, 2, planes=2)
    layer = Layer("scores", geometry, pack_bits(np.ones((2, 4), np.uint8)), None, True)
    assert race(layer, np.zeros((1, 1, 4), np.int64)) is None
