"""A machine that cannot move says so, and shows every unit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from o3sim.contract.errors import MachineStuckError
from o3sim.machine.op import Op
from o3sim.machine.policies import POLICIES, Policy, QueueView
from tests.machine.harness import architecture, dense, profile, run_one


class Never(Policy):
    """Issue nothing, ever."""

    def pick(self, view: QueueView) -> Iterator[Op]:
        return iter(())


class OnlyOne(Policy):
    """Issue op 0 and nothing more."""

    def pick(self, view: QueueView) -> Iterator[Op]:
        return (op for op in view.entries if op.index == 0)


def test_a_policy_that_never_picks_gets_the_machine_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POLICIES, "out_of_order", Never)
    with pytest.raises(MachineStuckError) as caught:
        run_one(architecture(issue_queue__depth_ops=6), profile(dense(8, 20)))
    lines = str(caught.value).splitlines()
    assert lines[0] == "cycle 1: no unit can move and ops are left"
    starts = [line.split(":")[0] for line in lines[1:]]
    assert starts == [
        "weight stream", "clock", "issue queue", "operand supply", "output buffer", "output bits", "PEs",
        "scheduler", "sequencer", "scoreboard",
    ]  # fmt: skip
    assert "issue queue: 6 of 6 ops: op 0 (0/1 words)" in str(caught.value)
    assert "scheduler: Never, 4 free contexts" in str(caught.value)
    assert "sequencer: op 6 of 20 is next" in str(caught.value)


def test_ops_that_are_under_way_end_before_the_machine_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POLICIES, "out_of_order", OnlyOne)
    with pytest.raises(MachineStuckError, match=r"cycle 12: "):
        run_one(architecture(), profile(dense(80, 2)))
