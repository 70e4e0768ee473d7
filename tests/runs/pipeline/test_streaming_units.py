"""Units around stages: sliding windows, pooling units and the ends of a pipeline, by their closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.config.load import load_architecture
from o3sim.contract.gates import NOT_YET
from o3sim.errors import ConfigError
from o3sim.network.finn.pooling import pool_cycles
from o3sim.network.finn.sliding_window import sliding_window_cycles
from o3sim.network.finn.stream_end import stream_cycles
from o3sim.network.layer import Pool
from o3sim.runs.pipeline.pooling_unit import PoolingUnit
from o3sim.runs.pipeline.sliding_window import SlidingWindow
from o3sim.runs.pipeline.stream import Pipeline
from tests.machine.harness import conv
from tests.runs.pipeline.samples import images, pipelined
from tests.runs.pipeline.test_stream import NETWORK, profiles_of

FAST: dict[str, Any] = {"pe__count": 64, "pe__width_edges": 512, "sequencer__width_ops": 64}


def exits(count: int = 6, **changes: Any) -> list[int]:
    pipeline = Pipeline(pipelined(**{**FAST, **changes}), NETWORK)
    profiles = profiles_of(images(1)[0])
    for _ in range(count):
        pipeline.run_image(profiles)
    return np.diff(pipeline.exits).tolist()


@given(st.integers(1, 8), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_windows_come_at_the_rate_of_the_closed_form(channels_per_cycle: int, stride: int) -> None:
    shape = conv(9, 7, 6, 4, stride=stride)
    unit = SlidingWindow(shape, channels_per_cycle)
    last = []
    for _ in range(3):
        last.append(int(unit.ready(np.zeros(shape.out_height, np.int64))[-1]))
        unit.end_image()
    assert np.diff(last).tolist() == [sliding_window_cycles(shape, channels_per_cycle)] * 2


def test_a_window_comes_when_its_rows_are_there_and_the_one_before_is_out() -> None:
    unit = SlidingWindow(conv(4, 4, 2, 1), 1)  # 18 cycles a window, two in each of two rows
    assert unit.ready(np.array([5, 100])).tolist() == [23, 41, 118, 136]
    assert unit.ready(np.array([5, NOT_YET])).tolist() == [23, 41, NOT_YET, NOT_YET]


@given(st.integers(1, 8))
def test_rows_are_pooled_at_the_rate_of_the_closed_form(channels_per_cycle: int) -> None:
    shape = conv(10, 10, 1, 6, pool=Pool(2, 2))
    unit = PoolingUnit(shape, channels_per_cycle)
    first = unit.hand_on(np.zeros(4, np.int64))
    assert first[-1] == pool_cycles(shape, channels_per_cycle)
    assert unit.hand_on(np.array([7, NOT_YET, 3, 3]))[0] == 7 + first[0]


def test_the_slowest_unit_sets_the_rate() -> None:
    first, second = NETWORK.layers[0].geometry, NETWORK.layers[1].geometry
    window = exits(sliding_window={"channels_per_cycle": 1})
    assert window[-1] == max(sliding_window_cycles(each, 1) for each in (first, second))
    pooled = exits(pooling_unit={"channels_per_cycle": 1})
    assert pooled[-1] == max(pool_cycles(each, 1) for each in (first, second))


@pytest.mark.parametrize("depth", ["unbounded", 5])
def test_images_come_at_the_width_and_clock_of_the_input_end(depth: int | str) -> None:
    end = {"bits_per_cycle": 2, "clock_mhz": 50.0}
    found = exits(input_end=end, input_fifo={"depth_rows": depth})
    assert found[-1] == stream_cycles(11 * 10 * 8, 2, 50, 200) == 1760


def test_scores_leave_at_the_width_and_clock_of_the_output_end() -> None:
    end = {"bits_per_cycle": 1, "clock_mhz": 10.0, "value_bits": 16}
    assert exits(output_end=end)[-1] == 3 * 16 * 20


def test_units_are_of_a_pipeline_only() -> None:
    for unit in ("sliding_window", "pooling_unit"):
        with pytest.raises(ConfigError, match=f"{unit}: is of organization layer_pipelined only"):
            load_architecture("o3bnn").with_({unit: {"channels_per_cycle": 1}})
