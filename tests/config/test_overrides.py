"""Stages state some keys of a machine: the rest is the machine's, and only what was stated is kept."""

from __future__ import annotations

import pickle

from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from tests.runs.pipeline.samples import pipelined

STAGES = ({"pe": {"count": 3}}, {}, {"issue_queue": {"depth_ops": 9}, "scheduler": {"policy": "in_order"}})


def test_plain_values_hold_what_was_stated_and_nothing_else() -> None:
    assert pipelined(STAGES).model_dump()["stages"] == STAGES


def test_plain_values_and_pickles_come_back_as_they_were() -> None:
    arch = pipelined(STAGES)
    assert Architecture.model_validate(arch.model_dump()) == arch
    assert pickle.loads(pickle.dumps(arch)) == arch


def test_an_architecture_without_stages_has_no_such_key() -> None:
    assert not {"stages", "note"} & load_architecture("o3bnn").model_dump().keys()
