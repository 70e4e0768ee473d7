"""Both engines of the carousel are one machine: every event, count and output bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from tests.compiled.engines import disagreement, run_simpy
from tests.machine.carousel.samples import carousel_cases, pooled_or
from tests.machine.strategies import Case


@given(carousel_cases())
@settings(max_examples=150, deadline=None)
def test_engines_agree_on_carousels(case: Case) -> None:
    difference = disagreement(case)
    assert difference is None, difference


@given(carousel_cases(most_layers=2))
@settings(max_examples=60, deadline=None)
def test_outputs_are_those_of_the_layers_whatever_the_machine(case: Case) -> None:
    made = run_simpy(case)
    for number, layer in enumerate(case.profiles):
        assert np.array_equal(made.outputs[number], pooled_or(layer))
