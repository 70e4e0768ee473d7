"""`output_buffer.release: worst_case`: nothing that happens, and no cycle of it, depends on the image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.contract.events import EventKind
from o3sim.machine.scoreboard import Scoreboard
from o3sim.network.layer import Pool
from o3sim.profile.profile import LayerProfile
from tests.compiled.engines import run_compiled
from tests.machine.carousel import samples as carousel
from tests.machine.harness import Log, architecture, conv, cycles_of, op_of, profile, run_one, trace
from tests.machine.strategies import Case, StageCase, cases
from tests.runs.pipeline.samples import stage_cases

CONSTANT = {
    "pruning.threshold": False,
    "pruning.pooling": False,
    "pruning.argmax": False,
    "output_buffer.release": "worst_case",
}


def other_image(layer: LayerProfile, seed: int) -> LayerProfile:
    """Give a layer the outcomes of another image: channels that are constant are so for every image."""
    chance = np.random.default_rng(seed)
    decision = np.where(
        layer.decision > 0,
        chance.integers(1, np.maximum(layer.n_edges, 1)[:, :, None] + 1, layer.decision.shape),
        0,
    )
    constant = (layer.decision == 0).all(axis=(0, 1))
    outcome = np.where(constant, layer.outcome, chance.random(layer.outcome.shape) < chance.random())
    return replace(layer, decision=decision.astype(np.int32), outcome=outcome.astype(np.uint8))


def told(case: Case) -> tuple[list[Any], list[Any]]:
    """What an observer sees of a run but the outcomes themselves, and all counts."""
    log = Log()
    run = run_compiled(case, (log,))
    return [(event.cycle, event.kind, event.op, event.unit) for event in log.events], run.layers


@given(cases(), st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_all_images_take_the_same_cycles(case: Case, seed: int) -> None:
    machine = case.architecture.with_(CONSTANT)
    others = tuple(other_image(layer, seed + number) for number, layer in enumerate(case.profiles))
    assert told(Case(machine, case.profiles)) == told(Case(machine, others))


@given(carousel.carousel_cases(), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_all_images_take_a_carousel_the_same_cycles(case: Case, seed: int) -> None:
    machine = case.architecture.with_(CONSTANT)
    chance = np.random.default_rng(seed)

    width = machine.pe.width_edges

    def other(layer: LayerProfile) -> LayerProfile:
        if layer.matches_of is None:
            return layer
        matches, most = layer.matches_of(width)
        return carousel.layer(layer.geometry, width, chance.permuted(matches, axis=0), most)

    assert told(Case(machine, case.profiles)) == told(Case(machine, tuple(map(other, case.profiles))))


@given(stage_cases(), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_all_images_take_a_stage_the_same_cycles(case: StageCase, seed: int) -> None:
    machine = case.architecture.with_(CONSTANT)
    layer = case.profiles[0]
    runs = [
        run_compiled(case._replace(architecture=machine, profiles=(image,)))
        for image in (layer, other_image(layer, seed))
    ]
    assert runs[0].layers == runs[1].layers
    rows = layer.geometry.pooled_height + 1  # when they were written, behind the bits, and the last cycle
    assert runs[0].outputs[0][-rows:].tolist() == runs[1].outputs[0][-rows:].tolist()


def test_a_bit_is_final_with_the_last_op_of_its_window_whatever_comes_out() -> None:
    board = Scoreboard(2, False, 1, window_ops=3, waits_for_all=True)
    outcomes = [(0, 0), (0, 1), (0, 1), (1, 0), (1, 0), (1, 0)]  # window, outcome
    final = [
        board.retire(op_of(n, windows=(window,), outcome=outcome), n)
        for n, (window, outcome) in enumerate(outcomes)
    ]
    assert final == [[], [], [0], [], [], [1]]
    assert board.output.tolist() == [1, 0]


def test_a_first_1_takes_no_port_before_the_last_op_of_its_window() -> None:
    """One PE, one bank: with the first op a 1 its bit would be written while the second reads."""
    shape = conv(4, 4, 8, 1, pool=Pool(2, 2))
    base = {
        "activation_buffer__banks": 1,
        "pe__count": 1,
        "pruning__threshold": False,
        "pruning__pooling": False,
    }
    early, late = (
        architecture(**base, output_buffer={"write_width_ops": 1, "release": release})
        for release in ("when_final", "worst_case")
    )
    ones, zeros = profile(shape, outcome=1), profile(shape, outcome=0)
    assert run_one(early, ones).write_conflicts == 1
    assert run_one(early, zeros).write_conflicts == run_one(late, zeros).write_conflicts == 0
    assert run_one(late, ones).write_conflicts == 0
    retired = [cycles_of(trace(late, layer), EventKind.RETIRE) for layer in (ones, zeros)]
    assert retired[0] == retired[1]
