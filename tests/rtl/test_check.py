"""RTL against the simulator: every event, every output bit. Each test builds one machine with Verilator."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from o3sim.errors import InputError
from o3sim.network.layer import Geometry
from o3sim.rtl.check import difference, events_of, run_rtl
from o3sim.rtl.emit import Subject, output_bits
from o3sim.rtl.layer_sizes import weight_places
from o3sim.rtl.memories import hex_text, output_words
from o3sim.rtl.tiles import tables
from tests.rtl.building import build_runtime, emit
from tests.rtl.draws import subject as subject_of
from tests.rtl.samples import (
    BEHIND,
    CODES,
    PATCHED,
    TILED,
    gone_round,
    in_a_row,
    queue,
    queue_in_banks,
    windows,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("verilator") is None, reason="needs `verilator` (apt-get install verilator)"
    ),
]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What Verilator brings along, compiled once."""
    return build_runtime(tmp_path_factory.mktemp("runtime"))


def built(subject: Subject, folder: Path, settings: list[str]) -> list[str]:
    """Write, build and run RTL; say where it differs."""
    emit(subject, folder)
    run_rtl(folder, *settings)
    return difference(subject, folder)


def flipped(path: Path, line: int) -> None:
    """Change the lowest bit of a word in a memory."""
    words = path.read_text().split()
    words[line] = f"{int(words[line], 16) ^ 1:0{len(words[line])}x}"
    path.write_text("\n".join(words) + "\n")


def first_cycle_of(folder: Path, layer: int) -> int:
    """Return the cycle in which one of the layers in a row begins."""
    lines = (folder / "expected.txt").read_text().splitlines()
    return [int(line.split()[0]) for line in lines if " layer_start " in line][layer]


def test_layers_in_a_row_are_the_same_and_a_bit_in_a_memory_makes_a_difference(
    tmp_path: Path, settings: list[str]
) -> None:
    """Of a queue in banks. The second reads what the RTL has written of the first, which takes codes."""
    registered = {"scheduler__select_cycles": 1, "pruning__squash_latency_cycles": 2}
    first = queue_in_banks(sequencer__order="member_major", pe__width_edges=16, **registered)
    subject, folder = subject_of(first.architecture, CODES, 1, BEHIND), tmp_path / "rtl"
    assert built(subject, folder, settings) == []
    assert events_of(folder) > 1000
    second = weight_places(subject.layers, subject.architecture)[1]
    assert second == 6  # 5 channels of a word, and one to begin at the first of two banks
    begins = first_cycle_of(folder, 1)
    for memory, line, is_second in [
        ("weights.hex", 1, False),
        ("thresholds.hex", 2, False),
        ("activations.hex", 3, False),
        ("weights.hex", second, True),
        ("thresholds.hex", 5 + 1, True),
    ]:
        kept = (folder / memory).read_text()
        flipped(folder / memory, line)
        run_rtl(folder, *settings)
        found = re.match(r"first difference in cycle (\d+)", difference(subject, folder)[2])
        assert found, memory
        assert (int(found[1]) > begins) == is_second, memory
        (folder / memory).write_text(kept)
    run_rtl(folder, *settings)
    assert difference(subject, folder) == []


def test_words_out_of_a_line_buffer_are_the_same(tmp_path: Path, settings: list[str]) -> None:
    """Of one bank, which writes output bits too: PEs that read lines meet no write."""
    keys = {"activation_buffer__line_buffer": True, "activation_buffer__banks": 1, "pe__width_edges": 16}
    machine = windows("window", output_buffer__write_width_ops=2, **keys).architecture
    assert built(subject_of(machine, CODES, 1, BEHIND), tmp_path / "rtl", settings) == []


def test_windows_whose_columns_are_sent_to_patches_are_the_same(tmp_path: Path, settings: list[str]) -> None:
    """Pooling windows in the first layer, bundles of neurons in the second."""
    first = windows("group", PATCHED, pe__pick="barrel", activation_buffer__patch_kbit=1)
    assert built(in_a_row(first, BEHIND), tmp_path / "rtl", settings) == []


def test_weight_words_that_go_round_are_the_same(tmp_path: Path, settings: list[str]) -> None:
    """In the second layer a PE has one context, and reads of ideal banks what was written a cycle before."""
    first = gone_round(activation_buffer__banks="ideal")
    subject = in_a_row(first, Geometry("dense", 1, 1, 3 * 3 * 3, 6))
    assert len(tables("hidden", TILED, subject.architecture).tiles) > 1
    assert built(subject, tmp_path / "rtl", settings) == []


def test_wrong_bits_in_the_buffer_are_found(tmp_path: Path) -> None:
    subject = queue()
    emit(subject, tmp_path)
    shutil.copy(tmp_path / "expected.txt", tmp_path / "trace.txt")
    words = [int(word, 16) for word in (tmp_path / "activations.hex").read_text().split()]
    last = words[-1] >> 5 << 5  # 45 output bits: three of the last word are none
    words[64:] = output_words(output_bits(subject)[0], 8)
    words[-1] |= last
    output = tmp_path / "output.hex"

    def differs(word: int, bit: int) -> list[str]:
        changed = [each ^ bit if n == word else each for n, each in enumerate(words)]
        output.write_text("// a comment\n" + hex_text(changed, 8))
        return difference(subject, tmp_path)

    assert differs(0, 0) == []
    assert differs(64 + 2, 8) == [f"output bit of window {2 * 8 + 3} is wrong in {output}"]
    assert differs(64 + 5, 32) == [f"bit 5 of word 69, no output bit, has changed in {output}"]
    assert differs(63, 1) == [f"bit 0 of word 63, no output bit, has changed in {output}"]


def test_wrong_bits_of_each_layer_in_a_row_are_found(tmp_path: Path) -> None:
    subject = in_a_row(queue(), BEHIND)
    emit(subject, tmp_path)
    shutil.copy(tmp_path / "expected.txt", tmp_path / "trace.txt")
    bits = np.array([int(word, 16) >> bit & 1 for word in hex_words(tmp_path) for bit in range(8)])
    for number, made in enumerate(output_bits(subject)):
        bits[subject.regions.output_places(number)] = made.ravel()
    output = tmp_path / "output.hex"
    output.write_text(hex_text(output_words(bits, 8), 8))
    assert difference(subject, tmp_path) == []
    for layer, name, window in [(0, "hidden", 7), (1, "hidden2", 0)]:
        changed = bits.copy()
        changed[subject.regions.output_places(layer)[window]] ^= 1
        output.write_text(hex_text(output_words(changed, 8), 8))
        assert difference(subject, tmp_path) == [
            f"output bit of window {window} of layer {name} is wrong in {output}"
        ]


def hex_words(folder: Path) -> list[str]:
    return (folder / "activations.hex").read_text().split()


def test_what_cannot_be_built_shows_the_end_of_its_log(tmp_path: Path, settings: list[str]) -> None:
    emit(queue(), tmp_path / "rtl")
    (tmp_path / "rtl" / "o3_pe.sv").write_text("module o3_pe; nonsense\n")
    with pytest.raises(InputError, match=r"built or run; build.log there ends with\n(.*\n)*.*Error"):
        run_rtl(tmp_path / "rtl", *settings)
