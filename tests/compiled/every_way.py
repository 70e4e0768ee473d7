"""Cases of every way to dispatch, each drawn as often, stages of pipelines among them."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.machine.carousel.samples import carousel_cases
from tests.machine.strategies import Case, StageCase, cases
from tests.runs.pipeline.graphs import PipelineCase, pipeline_cases
from tests.runs.pipeline.samples import stage_cases


def every_way(most_layers: int = 3) -> st.SearchStrategy[Case | StageCase | PipelineCase]:
    """Draw a case of any way to dispatch, a stage, or a pipeline with joins."""
    return cases(most_layers) | stage_cases() | pipeline_cases() | carousel_cases(most_layers)
