"""Which keys a machine has whose weight words go round, and which sizes go together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from o3sim.config.load import load_architecture
from o3sim.errors import InputError


def problems(folder: Path, text: str, base: str = "carousel-64pe") -> str:
    path = folder / "mine.yaml"
    path.write_text(f"extends: {base}\nname: mine\n{text}\n")
    with pytest.raises(InputError) as caught:
        load_architecture(path)
    return str(caught.value)


def test_what_a_machine_has_not_is_dropped_where_it_is_inherited(tmp_path: Path) -> None:
    machine = load_architecture("carousel-64pe")
    assert machine.issue_queue is None
    assert machine.scheduler.policy is None
    assert "issue_queue" not in machine.model_dump()
    (tmp_path / "mine.yaml").write_text("extends: carousel\npe: {count: 32}\n")
    assert load_architecture(tmp_path / "mine.yaml").pe.count == 32


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("issue_queue: {depth_ops: 8}", "mine.yaml:3:14: issue_queue.*no such thing"),
        ("scheduler: {policy: in_order}", "mine.yaml:3:21: scheduler.policy: .*no such thing.*`central`"),
        ("pruning: {argmax: true}", "mine.yaml:3:19: pruning.argmax: .*no such thing"),
        ("scheduler: {groups: 3}", "mine.yaml:3:21: scheduler.groups: 3 do not divide pe.count, 64"),
        ("scheduler: {groups: 128}", "scheduler.groups: 128 are more than pe.count, 64: give at most 64"),
        ("scheduler: {open_channels: 33}", "open_channels: .* a group has 32: give 66 banks"),
        ("scheduler: {open_channels: 0}", "scheduler.open_channels: .*1"),
        ("activation_buffer: {broadcast_words: 0}", "activation_buffer.broadcast_words: .*1"),
        ("activation_buffer: {broadcast_words: all}", "activation_buffer.broadcast_words: .*ideal"),
        (
            "scheduler: {take_from_neighbour: 4}",
            "take_from_neighbour: tiles are `shared`, .*: 0, or `columns`",
        ),
        ("activation_buffer: {share_patch_reads: true}", "share_patch_reads: .*aligned"),
        ("scheduler: {tiles: rows}", "scheduler.tiles: .*columns"),
        ("pe: {speculate: false}", "pe.speculate: words that go round wait for nobody.*`true`"),
        (
            "pruning: {speculative: true}",
            "pruning.speculative: outcomes are called by the words that come first",
        ),
        ("organization: layer_pipelined", "stages of a pipeline take `central`"),
        ("pe: {unit: 'mine.py:PE'}", "pe.unit: a PE of your own takes ops from a queue"),
    ],
)
def test_what_a_carousel_cannot_have_is_refused_with_the_way_out(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "mine.py").write_text("class PE: ...\n")
    found = problems(tmp_path, text)
    assert re.search(message, found), found


@pytest.mark.parametrize("groups", [0, 128])
def test_a_number_of_groups_that_cannot_be_is_one_problem(tmp_path: Path, groups: int) -> None:
    found = problems(tmp_path, f"scheduler: {{groups: {groups}}}")
    assert found.count("mine.yaml") == 1, found


def test_a_carousel_needs_its_keys(tmp_path: Path) -> None:
    found = problems(tmp_path, "scheduler: {dispatch: carousel}", "o3bnn-64pe")
    for key in (
        "scheduler.groups",
        "scheduler.open_channels",
        "scheduler.tiles",
        "scheduler.take_from_neighbour",
        "activation_buffer.patch_kbit",
        "activation_buffer.broadcast_words",
        "activation_buffer.share_patch_reads",
    ):
        assert f"{key}: required, but absent" in found
