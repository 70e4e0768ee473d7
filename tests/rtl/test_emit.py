"""`o3sim rtl` without Verilator: what is written, and what is refused by name."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from o3sim.cli import app as cli
from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from o3sim.network.layer import Pool
from o3sim.network.own_input import own_input
from o3sim.rtl.emit import UNITS, input_bits, texts
from o3sim.rtl.header import layer_names
from o3sim.rtl.parameters import parameters
from o3sim.rtl.scope import check_machine
from tests.checks.golden.workload import write_workload
from tests.machine.harness import conv
from tests.rtl.draws import subject as subject_of
from tests.rtl.samples import BEHIND, CODES, GATHERED, PATCHED, gone_round, in_a_row, queue, windows

Call = Callable[..., tuple[int | str | None, str, str]]
SETTINGS = ("dram.bits_per_cycle=ideal", "pe.width_edges=32", "pe.count=2")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Call:
    """Call `o3sim rtl` in this process, in a folder with the small workload."""
    write_workload(tmp_path)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, settings: tuple[str, ...] = SETTINGS) -> tuple[int | str | None, str, str]:
        options = [word for setting in settings for word in ("--set", setting)]
        monkeypatch.setattr(sys, "argv", ["o3sim", "rtl", "small", "tiny.yaml", *arguments, *options])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capsys.readouterr()

    return run


def test_a_folder_holds_units_header_memories_testbench_and_makefile(call: Call, tmp_path: Path) -> None:
    status, out, err = call("--layer", "dense2", "-o", "made/here")
    assert (status, out) == (0, "")
    folder = tmp_path / "made" / "here"
    made = {path.name for path in folder.iterdir()}
    places = UNITS, UNITS / "operands", UNITS / "queue"
    units = {path.name for place in places for path in place.iterdir() if path.is_file()}
    assert made == units | {
        "o3_parameters.svh",
        "activations.hex",
        "weights.hex",
        "thresholds.hex",
        "window.txt",
    }
    assert err.endswith(f"wrote {len(made)} files of layer dense2 to made/here\n")
    assert "localparam int EDGES[LAYERS] = '{96};" in (folder / "o3_parameters.svh").read_text()
    assert len((folder / "weights.hex").read_text().split()) == 10 * 3


def test_it_is_written_again_over_its_own_and_nothing_else(call: Call, tmp_path: Path) -> None:
    assert call("--layer", "dense2", "-o", "made")[0] == 0
    (tmp_path / "made" / "trace.txt").write_text("old")
    assert call("--layer", "dense2", "-o", "made")[0] == 0
    assert not (tmp_path / "made" / "trace.txt").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    status, _, err = call("--layer", "dense2", "-o", "mine")
    assert (status, err) == (
        2,
        "error: --output mine: holds files that are not of `o3sim rtl`; name a new folder\n",
    )
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_check_says_what_to_install_before_anything_is_written(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool == "verilator" else tool)
    status, _, err = call("--layer", "dense2", "-o", "made", "--check")
    assert status == 2
    assert err == (
        "error: --check: verilator not found on PATH; on Debian and Ubuntu: apt-get install verilator;"
        " without --check the RTL is written all the same\n"
    )
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["o3bnn", "banked", "window", "group", "carousel", "dense", "small"])
def test_shipped_machines_of_a_zc706_can_be_written(name: str) -> None:
    check_machine(load_architecture(name))


OUTSIDE = {
    "pe.latency_cycles": 1,
    "pruning.argmax": True,
    "pruning.speculative": True,
    "dram.bits_per_cycle": 64,
    "organization": "layer_pipelined",
}


@pytest.mark.parametrize("key", OUTSIDE)
def test_a_machine_that_is_outside_is_refused_by_its_key(key: str) -> None:
    with pytest.raises(InputError, match=rf"^architecture bench: {key}: .*"):
        texts(queue(**{key: OUTSIDE[key]}))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"pe__latency_cycles": 1}, "pe.latency_cycles"),
    ],
)
def test_a_machine_without_a_queue_that_is_outside_is_refused_by_its_key(
    changes: dict[str, object], key: str
) -> None:
    with pytest.raises(InputError, match=f"^architecture bench: {key}: "):
        texts(windows("group", **changes))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"scheduler__tiles": "columns"}, "scheduler.tiles"),
        ({"activation_buffer__share_patch_reads": "aligned"}, "activation_buffer.share_patch_reads"),
    ],
)
def test_a_carousel_that_is_outside_is_refused_by_its_key(changes: dict[str, object], key: str) -> None:
    with pytest.raises(InputError, match=f"^architecture bench: {key}: .* take `"):
        texts(gone_round(**changes))


def test_a_patch_holds_as_many_columns_as_fit_and_one_that_holds_no_window_is_refused() -> None:
    patched = windows("window", PATCHED, activation_buffer__patch_kbit=1)
    assert parameters(patched.architecture, patched.layers, 0)["PATCH_COLUMNS"] == [1024 // (4 * 20)]
    small = windows("window", GATHERED, activation_buffer__patch_kbit=1)
    assert parameters(small.architecture, small.layers, 0)["PATCH_COLUMNS"] == [3 * 8]  # all
    wide = windows("window", conv(6, 6, 80, 5, pool=Pool(2, 2)), activation_buffer__patch_kbit=1)
    with pytest.raises(InputError, match=r"patch_kbit: a window of layer hidden reads 2 kbit"):
        texts(wide)


def test_layers_that_are_outside_are_refused_and_nothing_is_written(call: Call, tmp_path: Path) -> None:
    status, out, err = call("--layer", "scores", "-o", "made")
    assert (status, out) == (2, "")
    assert err.splitlines()[-1].startswith(
        "error: architecture small: pruning.argmax: layer scores gives scores"
    )
    status, out, err = call("--layer", "conv9", "-o", "made")
    assert (status, out) == (2, "")
    assert not (tmp_path / "made").exists()


def test_layers_in_a_row_are_written_together(call: Call, tmp_path: Path) -> None:
    status, _, err = call("--layer", "conv1", "--layer", "dense2", "-o", "made")
    assert status == 0
    assert err.splitlines()[-1].endswith(" files of layer conv1 to dense2 to made")
    text = (tmp_path / "made" / "o3_parameters.svh").read_text()
    assert "localparam int EDGES[LAYERS] = '{9, 96};" in text
    assert '"layer": "conv1 to dense2", "number": 0' in (tmp_path / "made" / "window.txt").read_text()


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        (("conv1", "scores"), "error: --layer scores: does not follow conv1; dense2 does"),
        (("dense2", "conv1"), "error: --layer conv1: does not follow dense2; scores does"),
        (("scores", "scores"), "error: --layer scores: does not follow scores; none does"),
        (("dense2", "scores"), "error: architecture small: pruning.argmax: layer scores gives scores"),
    ],
)
def test_layers_that_are_no_row_are_refused(
    call: Call, tmp_path: Path, layers: tuple[str, str], words: str
) -> None:
    status, out, err = call("--layer", layers[0], "--layer", layers[1], "-o", "made")
    assert (status, out) == (2, "")
    assert err.splitlines()[-1].startswith(words)
    assert not (tmp_path / "made").exists()


def test_a_layer_that_does_not_take_the_output_before_it_is_refused() -> None:
    row = in_a_row(queue(), BEHIND)
    first, second, *others = row.network.layers
    own = replace(second, geometry=replace(second.geometry, own_input=True))
    with pytest.raises(
        InputError, match=r"layer hidden2 does not take the output of layer hidden, .* one --layer"
    ):
        texts(replace(row, network=replace(row.network, layers=(first, own, *others))))


def test_words_that_begin_elsewhere_in_each_bit_plane_are_refused() -> None:
    """But on a carousel, where each plane begins a word."""
    refused = (
        r"pe.width_edges: words of 8 edges begin elsewhere in each bit plane of the 9 taps of layer hidden"
    )
    with pytest.raises(InputError, match=rf"^architecture bench: {refused}.* name a later --layer$"):
        texts(subject_of(queue().architecture, CODES, 1))
    carousel = subject_of(gone_round(activation_buffer__patch_kbit=2).architecture, CODES, 1)
    assert parameters(carousel.architecture, carousel.layers, 0)["WORDS"] == [3 * 2]
    assert len(texts(carousel)["weights.hex"].split()) == 6 * 2


def test_the_core_is_given_no_outcome_and_no_decision() -> None:
    subject = queue()
    values = parameters(subject.architecture, subject.layers, 0)
    assert not {name for name in values if "DECI" in name or "OUTCOME" in name} - {
        "WINDOW_OUTCOMES",
        "CONTEXT_OUTCOMES",
    }
    assert (values["WINDOW_OUTCOMES"], values["CONTEXT_OUTCOMES"]) == (
        [4],
        1,
    )  # counts, of any layer so pooled
    memories = {name for name in texts(subject) if name.endswith(".hex")}
    assert memories == {"activations.hex", "weights.hex", "thresholds.hex"}


def test_where_output_bits_go_lies_what_they_do_not_depend_on() -> None:
    first = queue()
    other = subject_of(first.architecture, first.layer.geometry, 2)
    words, others = (texts(each)["activations.hex"].split() for each in (first, other))
    assert len(words) == 8 * 8 + -(-3 * 3 * 5 // 8)
    assert words[: 8 * 8] != others[: 8 * 8]
    assert words[8 * 8 :] == others[8 * 8 :]
    assert {bit for word in words[8 * 8 :] for bit in f"{int(word, 16):08b}"} == {"0", "1"}


def test_a_layer_with_an_input_of_its_own_reads_that() -> None:
    subject = queue()
    layer = replace(subject.layer, geometry=replace(subject.layer.geometry, own_input=True))
    network = replace(subject.network, layers=(layer, *subject.network.layers[1:]))
    own = replace(subject, network=network)
    made = own_input(layer.name, layer.geometry, subject.image)
    assert np.array_equal(input_bits(own), made)
    assert not np.array_equal(input_bits(subject), made)
    assert texts(own)["activations.hex"] != texts(subject)["activations.hex"]


def test_names_of_layers_are_spelled_so_that_nothing_in_them_is_code() -> None:
    text = layer_names(["one", 'a b";$finish;"'])
    assert r'    1: return "a_b\042\073\044finish\073\042";' in text.splitlines()
