"""Ways to dispatch: keys that a machine has not, keys that it needs, and sizes that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from o3sim.config.architecture import Architecture
from o3sim.config.flat import flattened, nested
from o3sim.config.load import load_architecture
from o3sim.errors import ConfigError, InputError

WINDOW = "{dispatch: window, counters: 16, windows_per_cycle: 1, bundle_positions: 1}"
GROUP = "{dispatch: group, groups: 8, assignment: channel, windows_per_cycle: 1, bundle_positions: 1}"

OF_WINDOWS, OF_GROUPS = "window-64pe", "group-64pe"


def load(folder: Path, text: str, base: str = "o3bnn-64pe") -> None:
    file = folder / "mine.yaml"
    file.write_text(f"extends: {base}\n{text}\n")
    load_architecture(file)


def problems(folder: Path, text: str, base: str = "o3bnn-64pe") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text, base)
    return [problem.removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_keys_of_a_queue_are_dropped_where_they_are_inherited(tmp_path: Path) -> None:
    load(tmp_path, f"pe: {{pick: oldest}}\nscheduler: {WINDOW}")
    made = load_architecture(tmp_path / "mine.yaml").model_dump()
    assert "issue_queue" not in made
    assert list(made["sequencer"]) == ["outermost"]
    assert "policy" not in made["scheduler"]
    assert "squash_latency_cycles" not in made["pruning"]


@pytest.mark.parametrize(
    ("stated", "key"),
    [
        ("issue_queue: {depth_ops: 4}", "issue_queue"),
        ("sequencer: {width_ops: 4}", "sequencer.width_ops"),
        ("sequencer: {order: member_major}", "sequencer.order"),
        ("pruning: {squash_latency_cycles: 2}", "pruning.squash_latency_cycles"),
        ("pruning: {argmax: true}", "pruning.argmax"),
    ],
)
def test_keys_of_a_queue_are_refused_where_the_file_states_them(
    tmp_path: Path, stated: str, key: str
) -> None:
    (found,) = problems(tmp_path, f"pe: {{pick: oldest}}\nscheduler: {WINDOW}\n{stated}")
    assert found.startswith("mine.yaml:4:")
    assert (
        f" {key}: scheduler.dispatch `window` has no such thing: leave it out, or dispatch by `central`"
        in found
    )


def test_keys_that_have_a_default_are_of_the_machines_that_have_such_units(tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    base.write_text(
        "extends: o3bnn-64pe\nscheduler: {select_cycles: 1}\nactivation_buffer: {line_buffer: true}\n"
    )
    load(tmp_path, f"pe: {{pick: oldest}}\nscheduler: {WINDOW}", "base.yaml")
    window = load_architecture(tmp_path / "mine.yaml")
    assert (window.scheduler.select_cycles, window.activation_buffer.line_buffer) == (0, True)
    assert not window.with_({"scheduler.select_cycles": 0}).scheduler.select_cycles  # as good as none
    (found,) = problems(tmp_path, "scheduler: {select_cycles: 1}", "window-64pe")
    assert "scheduler.select_cycles: scheduler.dispatch `window` has no such thing" in found
    (found,) = problems(tmp_path, "activation_buffer: {line_buffer: true}", "carousel")
    assert "activation_buffer.line_buffer: scheduler.dispatch `carousel` has no such thing" in found
    (found,) = problems(tmp_path, "activation_buffer: {line_buffer: true}", "group-64pe")
    assert "PEs read their patches, so nobody reads a line buffer: `false`, or leave the patches out" in found


def test_a_queue_in_banks_keeps_the_keys_of_a_queue_but_its_issue_width(tmp_path: Path) -> None:
    load(tmp_path, "scheduler: {dispatch: banked, banks: 32, policy: in_order}")
    made, base = (load_architecture(which) for which in (tmp_path / "mine.yaml", "o3bnn-64pe"))
    assert (made.issue_queue, made.sequencer) == (base.issue_queue, base.sequencer)
    assert (made.scheduler.policy, made.scheduler.issue_width_ops) == ("in_order", None)
    assert made.scheduler.most_selected == 32


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "{dispatch: banked, banks: 32, issue_width_ops: 4}",
            "scheduler.issue_width_ops: scheduler.dispatch `banked` has no such thing: leave it out, or"
            " dispatch by `central`",
        ),
        ("{banks: 4}", "scheduler.banks: scheduler.dispatch `central` has no such thing"),
        ("{dispatch: banked}", "scheduler.banks: required, but absent: scheduler.dispatch is `banked`"),
    ],
)
def test_an_issue_width_is_of_one_queue_and_banks_of_several(tmp_path: Path, text: str, says: str) -> None:
    (found,) = problems(tmp_path, f"scheduler: {text}")
    assert says in found


def test_a_file_that_extends_a_machine_without_a_queue_can_have_one_again(tmp_path: Path) -> None:
    load(tmp_path, "scheduler: {dispatch: central}\nactivation_buffer: {banks: 128}", "group-64pe")
    made, base = (load_architecture(which) for which in (tmp_path / "mine.yaml", "o3bnn-64pe"))
    slower = {"pe.latency_cycles": 3, "pe.contexts": 3}
    assert made == base.with_({"name": "mine", "description": "", **slower})


def test_keys_that_a_dispatch_needs_are_missed_all_at_once(tmp_path: Path) -> None:
    found = {problem.split(" ", 1)[1] for problem in problems(tmp_path, "scheduler: {dispatch: group}")}
    scheduler = ("groups", "assignment", "windows_per_cycle", "bundle_positions")
    missed = [*(f"scheduler.{key}" for key in scheduler), "pe.pick"]
    assert found == {f"{key}: required, but absent: scheduler.dispatch is `group`" for key in missed}


@pytest.mark.parametrize("key", ["issue_queue", "scheduler.policy", "pruning.squash_latency_cycles"])
def test_a_machine_with_a_queue_needs_its_keys(key: str) -> None:
    values = flattened(load_architecture("o3bnn-64pe").model_dump())
    kept = {name: value for name, value in values.items() if not name.startswith(key)}
    with pytest.raises(ConfigError, match=f"{key}: required, but absent: scheduler.dispatch is `central`"):
        Architecture.of(nested(kept))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "activation_buffer: {patch_kbit: 16}",
            "activation_buffer.patch_kbit: scheduler.dispatch `central` has no such thing: leave it out, or"
            " dispatch by `window`, `group`",
        ),
        ("scheduler: {counters: 4}", "scheduler.counters: scheduler.dispatch `central` has no such thing"),
        ("pe: {pick: barrel}", "pe.pick: scheduler.dispatch `central` has no such thing"),
    ],
)
def test_a_machine_with_a_queue_has_no_keys_of_those_without(tmp_path: Path, text: str, says: str) -> None:
    (found,) = problems(tmp_path, text)
    assert found.startswith("mine.yaml:2:")
    assert says in found


@pytest.mark.parametrize(
    ("base", "text", "says"),
    [
        (OF_WINDOWS, "scheduler: {counters: 65}", "counters: 65 are more than pe.count, 64: give at most 64"),
        (OF_WINDOWS, "scheduler: {counters: 24}", "24 do not divide pe.count, 64, and each of the counters"
         " has as many PEs: 16 would"),
        (OF_GROUPS, "scheduler: {groups: 128}", "groups: 128 are more than pe.count, 64: give at most 64"),
        (OF_GROUPS, "scheduler: {groups: 6}", "scheduler.groups: 6 do not divide pe.count, 64"),
        (OF_GROUPS, "weight_buffer: {banks: 4}", "scheduler.groups: 8 are more than weight_buffer.banks, 4"),
        (OF_GROUPS, "weight_buffer: {banks: 100}", "8 do not divide weight_buffer.banks, 100, and each of the"
         " groups has as many weight banks: 5 would"),
        (OF_GROUPS, "sequencer: {outermost: channel}", "outermost: `channel` would fill the patches anew"),
        (OF_WINDOWS, "organization: layer_pipelined", "`window` is of organization layer_sequential"),
        (OF_WINDOWS, "scheduler: {counters: 0}", "counters: expected a number >= 1, found the number 0"),
        (OF_WINDOWS, "scheduler: {dispatch: windows}", "did you mean `window`?"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path, base: str, text: str, says: str) -> None:
    (found,) = problems(tmp_path, text, base)
    assert found.startswith("mine.yaml:2:")
    assert says in found


def test_a_pe_of_ones_own_takes_ops_from_a_queue(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("class Own: ...\n")
    (found,) = problems(tmp_path, "pe: {unit: 'own.py:Own'}", "window-64pe")
    assert "pe.unit: a PE of your own takes ops from a queue: `standard`" in found


def test_changes_drop_what_a_machine_has_no_more() -> None:
    changes = {"scheduler.counters": 8, "scheduler.windows_per_cycle": 1, "scheduler.bundle_positions": 1}
    made = load_architecture("small").with_({"scheduler.dispatch": "window", **changes, "pe.pick": "oldest"})
    assert made.issue_queue is None
    assert made.with_({"pe.count": 8}).pe.count == 8
    with pytest.raises(InputError, match=r"issue_queue: .*`window` has no such thing"):
        made.with_({"issue_queue.depth_ops": 3})


def test_machines_read_back_the_same() -> None:
    for name in ("banked", "window-64pe", "group-64pe"):
        made = load_architecture(name)
        assert type(made).of(made.model_dump(mode="json")) == made
