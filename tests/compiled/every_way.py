"""Cases of every way to dispatch, each drawn as often, stages of pipelines among them."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.machine.carousel.samples import carousel_cases
from tests.machine.strategies import Case, StageCase, counter_cases, queue_cases
from tests.runs.pipeline.graphs import PipelineCase, pipeline_cases
from tests.runs.pipeline.samples import stage_cases

AnyStrategy = st.SearchStrategy[Case] | st.SearchStrategy[StageCase] | st.SearchStrategy[PipelineCase]


def ways(most_layers: int = 3) -> dict[str, AnyStrategy]:
    """Return what draws cases of each way to dispatch, of a stage, and of a pipeline with joins."""
    return {
        "central": queue_cases("central", most_layers),
        "banked": queue_cases("banked", most_layers),
        "window": counter_cases("window", most_layers),
        "group": counter_cases("group", most_layers),
        "carousel": carousel_cases(most_layers),
        "stage": stage_cases(),
        "pipeline": pipeline_cases(),
    }


def every_way(most_layers: int = 3) -> st.SearchStrategy[Case | StageCase | PipelineCase]:
    """Draw a case of any way to dispatch, a stage, or a pipeline with joins."""
    return st.one_of(*ways(most_layers).values())
