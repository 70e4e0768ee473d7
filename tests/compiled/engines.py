"""Run one case on both engines and say where they part."""

from __future__ import annotations

from dataclasses import fields
from io import StringIO
from typing import Any

import numpy as np

from o3sim.compiled.carousel.run import run_layers as compiled_carousel
from o3sim.compiled.run import run_layers
from o3sim.compiled.stage import simulate_stage as compiled_stage
from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.counters import LayerCounters
from o3sim.contract.events import EVERY_EVENT, EventWindow, Observer
from o3sim.contract.plan import ImageRun, cut_layers
from o3sim.machine.carousel.run import run_layers as simpy_carousel
from o3sim.machine.stage import simulate_stage as simpy_stage
from o3sim.trace.canonical import CanonicalTrace
from tests.golden.divergence import divergence
from tests.machine import harness
from tests.machine.strategies import Case, StageCase
from tests.runs.pipeline.graphs import IMAGES, PipelineCase, profiles_of

AnyCase = Case | StageCase | PipelineCase


def run_simpy(
    case: AnyCase, observers: tuple[Observer, ...] = (), window: EventWindow = EVERY_EVENT
) -> ImageRun:
    """Run a case on the SimPy machine."""
    if isinstance(case, StageCase):
        return _of_stage(simpy_stage, case, observers, window)
    if isinstance(case, PipelineCase):
        return _of_pipeline("simpy", case, observers, window)
    arch = case.architecture
    if arch.scheduler.dispatch == CAROUSEL:
        return simpy_carousel(arch, cut_layers(arch, case.profiles), case.profiles, observers, window)
    return harness.run(case.architecture, *case.profiles, observers=observers, window=window)


def run_compiled(
    case: AnyCase, observers: tuple[Observer, ...] = (), window: EventWindow = EVERY_EVENT
) -> ImageRun:
    """Run a case on the compiled engine."""
    if isinstance(case, StageCase):
        return _of_stage(compiled_stage, case, observers, window)
    if isinstance(case, PipelineCase):
        return _of_pipeline("compiled", case, observers, window)
    arch = case.architecture
    run = compiled_carousel if arch.scheduler.dispatch == CAROUSEL else run_layers
    return run(arch, cut_layers(arch, case.profiles), case.profiles, observers, window)


def _of_stage(
    simulate_stage: Any, case: StageCase, observers: tuple[Observer, ...], window: EventWindow
) -> ImageRun:
    """Run a stage; what it says about time goes with its output bits."""
    done = simulate_stage(case.architecture, case.profiles[0], case.gates, observers, window)
    times = [*done.rows_written, done.last_active_cycle]
    return ImageRun([done.counters], [np.append(done.output.ravel(), times)])


def _of_pipeline(
    engine: str, case: PipelineCase, observers: tuple[Observer, ...], window: EventWindow
) -> ImageRun:
    """Run images through a pipeline; when they came and went goes with the output bits of the first layer."""
    pipeline, both = case.pipeline(engine), ImageRun([], [])
    for image in range(IMAGES):
        run = pipeline.run_image(profiles_of(case, image), observers, window)
        both.layers.extend(run.layers)
        both.outputs.extend(run.outputs)
    both.outputs[0] = np.append(both.outputs[0].ravel(), [*pipeline.entries, *pipeline.exits])
    return both


def disagreement(case: AnyCase) -> str | None:
    """Compare the engines on a case: events first, then outputs and counts, with and without a trace.

    Returns
    -------
    str or None
        The first event that differs with its context, or what else does; None if nothing does.
    """
    expected_text, made_text = StringIO(), StringIO()
    expected = run_simpy(case, (CanonicalTrace(expected_text),))
    traced = run_compiled(case, (CanonicalTrace(made_text),))
    plain = run_compiled(case)
    return (
        divergence("events", expected_text.getvalue().splitlines(), made_text.getvalue().splitlines())
        or _other_results("traced", expected, traced)
        or _other_results("not traced", expected, plain)
    )


def _other_results(name: str, expected: ImageRun, made: ImageRun) -> str | None:
    """Compare outputs and counts."""
    if len(expected.layers) != len(made.layers):
        return f"{name}: {len(expected.layers)} layers expected, {len(made.layers)} made"
    for number, (wanted, got) in enumerate(zip(expected.layers, made.layers, strict=True)):
        if wanted != got:
            return f"{name}: layer {number}: {_unequal_counts(wanted, got)}"
        if not np.array_equal(expected.outputs[number], made.outputs[number]):
            return f"{name}: layer {number}: outputs differ"
    return None


def _unequal_counts(expected: LayerCounters, made: LayerCounters) -> str:
    """List the counts that differ."""
    pairs = [(item.name, getattr(expected, item.name), getattr(made, item.name)) for item in fields(expected)]
    return "; ".join(f"{name} is {wanted}, made {got}" for name, wanted, got in pairs if wanted != got)
