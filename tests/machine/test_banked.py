"""A queue in banks: who is in which, what each selects, and for which PEs; on both engines."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from o3sim.config.architecture import Architecture
from o3sim.config.consent import allow_code
from o3sim.contract.events import EventKind
from o3sim.contract.plan import cut_layers
from o3sim.contract.program import build_program
from o3sim.errors import ConfigError, InputError
from o3sim.network.layer import Geometry, Pool
from o3sim.profile.profile import LayerProfile
from tests.machine.harness import architecture, conv, cycles_of, dense, profile, run
from tests.machine.test_accounting import causes
from tests.machine.test_select import seen

BANKED = {"scheduler__dispatch": "banked", "scheduler__issue_width_ops": None}


def banked(banks: int, **changes: object) -> Architecture:
    return architecture(**{**BANKED, "scheduler__banks": banks, **changes})


def pes_of(arch: Architecture, layer: LayerProfile) -> dict[int, str]:
    """Tell which context each op is issued to."""
    events, _ = seen(arch, layer)
    return {event.op: event.unit for event in events if event.kind == EventKind.ISSUE}


def test_each_bank_selects_one_op_a_cycle_for_pes_of_its_own() -> None:
    """Of two ops in a row one is in either bank."""
    arch = banked(2, pe__contexts=2)
    events, _ = seen(arch, profile(dense(80, 8)))
    assert cycles_of(events, EventKind.ISSUE) == {op: 1 + op // 2 for op in range(8)}
    assert pes_of(arch, profile(dense(80, 8))) == {
        0: "pe0.0", 3: "pe1.0", 4: "pe0.1", 7: "pe1.1", 1: "pe2.0", 2: "pe3.0", 5: "pe2.1", 6: "pe3.1",
    }  # fmt: skip


def test_ops_of_a_window_share_a_bank_and_windows_take_turns() -> None:
    layer = profile(conv(2, 2, 8, 3, kernel=1, pool=Pool(2, 2)))
    pes = pes_of(banked(4, scheduler__window_in_flight_ops="unlimited"), layer)
    assert {op: unit[:3] for op, unit in pes.items()} == {op: f"pe{op // 4}" for op in range(12)}


def test_windows_of_a_channel_go_to_all_banks() -> None:
    """Three channels and three banks of a PE: in plain turns all windows of a channel would go to one."""
    geometry = Geometry("conv", 3, 1, 80, 3, 1, 1)
    arch = banked(3, pe__count=3, issue_queue__depth_ops=30, pe__contexts=3, sequencer__outermost="position")
    pes = pes_of(arch, profile(geometry))
    for channel in range(3):
        assert {pes[op][:3] for op in range(channel, 9, 3)} == {"pe0", "pe1", "pe2"}


def test_the_sequencer_stops_at_an_op_whose_bank_is_full() -> None:
    """Four ops of window 0 for a bank of two: window 1 waits for their room, though its bank is empty."""
    layer = profile(conv(2, 2, 80, 2, kernel=1, pool=Pool(2, 2)))
    events, _ = seen(banked(2, issue_queue__depth_ops=4, pe__count=2), layer)
    dispatches = cycles_of(events, EventKind.DISPATCH)
    assert [dispatches[op] for op in range(3)] == [0, 0, 2]  # room made by the issue in 1
    assert dispatches[4] >= dispatches[3] > 11


def test_in_order_holds_within_a_bank() -> None:
    """The second op of window 0 waits for the first; window 1, behind it in the queue, is another bank's."""
    layer = profile(conv(2, 2, 80, 2, kernel=1, pool=Pool(2, 2)))
    events, _ = seen(banked(2, scheduler__policy="in_order"), layer)
    issues = cycles_of(events, EventKind.ISSUE)
    assert issues[0] == issues[4] == 1
    assert issues[1] == issues[5] > 10


def test_banks_in_order_run_ops_of_overlapping_windows_before_older_ones() -> None:
    """Some of the first nine ops are in both windows, and in bank 0; those from op 9 on in window 1 alone."""
    layer = profile(conv(3, 5, 8, 1, kernel=1, pool=Pool(3, 2)))
    changes = {"scheduler__policy": "in_order"}
    in_banks, in_one = (
        cycles_of(seen(arch, layer)[0], EventKind.ISSUE)
        for arch in (banked(2, **changes), architecture(**changes))
    )
    assert in_banks[9] < in_banks[6] < in_banks[8]
    assert in_one[6] < in_one[8] < in_one[9]


def test_the_limit_of_a_window_holds_across_banks() -> None:
    """The middle column is in both windows, and in bank 0; the last two are in window 1 and bank 1 alone."""
    layer, arch = profile(conv(3, 5, 8, 1, kernel=1, pool=Pool(3, 2))), banked(2)
    rows = build_program(layer, cut_layers(arch, [layer])[0], 0, arch).windows.tolist()
    windows = [tuple(window for window in row if window >= 0) for row in rows]
    events, _ = seen(arch, layer)
    flying, most = Counter[int](), Counter[int]()
    for event in sorted(events, key=lambda event: (event.cycle, event.kind != EventKind.RETIRE)):
        if event.kind in (EventKind.ISSUE, EventKind.RETIRE):
            change = 1 if event.kind == EventKind.ISSUE else -1
            flying.update(dict.fromkeys(windows[event.op], change))
            most |= flying
    assert most == {0: 1, 1: 1}
    assert sorted(windows) == [(0,)] * 6 + [(0, 1)] * 3 + [(1,)] * 6


def test_a_pe_whose_bank_is_empty_is_in_no_ready_op_while_others_hold_ops() -> None:
    """Four ops of a word, all in bank 0, one in flight at a time: the other bank's PE waits for nothing."""
    layer = profile(conv(2, 2, 8, 1, kernel=1, pool=Pool(2, 2)))
    events, counters = seen(banked(2, pe__count=2), layer)
    assert cycles_of(events, EventKind.ISSUE) == {0: 1, 1: 3, 2: 5, 3: 7}
    # In each of six cycles from the first issue to that before the last, three with a word in the other PE.
    assert causes(counters) == {"queue_empty": 2, "useful": 4, "no_ready_op": 3 + 6, "drain": 1 + 2}


def test_a_policy_that_starts_whole_groups_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from o3sim.extend import Policy\n\n\nclass Groups(Policy):\n    whole_group = True\n\n"
        "    def pick(self, view):\n        yield from view.entries\n"
    )
    place = f"{tmp_path / 'own.py'}:Groups"
    with (
        allow_code(),
        pytest.raises(InputError, match="its ops start as a whole group, and banks select for themselves"),
    ):
        run(banked(2, scheduler__policy=place), profile(dense(8, 4)))


def test_one_bank_is_a_central_queue_of_width_1() -> None:
    layer = profile(conv(5, 5, 8, 3, pool=Pool(3, 2)), outcome=np.arange(27).reshape(3, 3, 3) % 3 == 0)
    one, other = seen(banked(1), layer), seen(architecture(scheduler__issue_width_ops=1), layer)
    assert one == other


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scheduler.banks": 3}, "scheduler.banks: 3 do not divide pe.count, 4"),
        ({"scheduler.banks": 8}, "scheduler.banks: 8 are more than pe.count, 4: give at most 4"),
        ({"issue_queue.depth_ops": 33}, "scheduler.banks: 2 do not divide issue_queue.depth_ops, 33"),
        ({"scheduler.policy": "lockstep"}, "scheduler.policy: banks select for themselves"),
        (
            {"scheduler.issue_width_ops": 3},
            "scheduler.issue_width_ops: scheduler.dispatch `banked` has no such",
        ),
        ({"organization": "layer_pipelined"}, "`banked` is of organization layer_sequential"),
    ],
)
def test_what_banks_cannot_be_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        banked(2).with_(changes)
