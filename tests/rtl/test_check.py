"""RTL against the simulator: every event, every output bit. Each test builds one machine with Verilator."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from o3sim.errors import InputError
from o3sim.rtl.check import difference, events_of, run_rtl
from o3sim.rtl.emit import Subject, output_bits
from o3sim.rtl.memories import hex_text, output_words
from o3sim.rtl.parameters import parameters
from tests.rtl.building import build_runtime, emit
from tests.rtl.samples import PATCHED, WOUND, gone_round, queue, queue_in_banks, windows

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


def test_a_queue_in_banks_is_the_same_and_a_bit_in_a_memory_makes_a_difference(
    tmp_path: Path, settings: list[str]
) -> None:
    registered = {"scheduler__select_cycles": 1, "pruning__squash_latency_cycles": 2}
    subject, folder = queue_in_banks(sequencer__order="member_major", **registered), tmp_path / "rtl"
    assert built(subject, folder, settings) == []
    assert events_of(folder) > 1000
    for memory, line in {"weights.hex": 9, "thresholds.hex": 1, "activations.hex": 10}.items():
        kept = (folder / memory).read_text()
        flipped(folder / memory, line)
        run_rtl(folder, *settings)
        assert difference(subject, folder)[2].startswith("first difference in cycle "), memory
        (folder / memory).write_text(kept)
    run_rtl(folder, *settings)
    assert difference(subject, folder) == []


def test_words_out_of_a_line_buffer_are_the_same(tmp_path: Path, settings: list[str]) -> None:
    """Of one bank, which writes output bits too: PEs that read lines meet no write."""
    keys = {"activation_buffer__line_buffer": True, "activation_buffer__banks": 1}
    subject = windows("window", WOUND, output_buffer__write_width_ops=2, **keys)
    assert int(parameters(subject.architecture, subject.layer, 0)["LINE_RUNS"]) == 2
    assert built(subject, tmp_path / "rtl", settings) == []


def test_windows_whose_columns_are_sent_to_patches_are_the_same(tmp_path: Path, settings: list[str]) -> None:
    subject = windows("group", PATCHED, pe__pick="barrel", activation_buffer__patch_kbit=1)
    assert built(subject, tmp_path / "rtl", settings) == []


def test_weight_words_that_go_round_are_the_same(tmp_path: Path, settings: list[str]) -> None:
    subject = gone_round()
    assert int(parameters(subject.architecture, subject.layer, 0)["TILES"]) > 1
    assert built(subject, tmp_path / "rtl", settings) == []


def test_wrong_bits_in_the_buffer_are_found(tmp_path: Path) -> None:
    subject = queue()
    emit(subject, tmp_path)
    shutil.copy(tmp_path / "expected.txt", tmp_path / "trace.txt")
    words = [int(word, 16) for word in (tmp_path / "activations.hex").read_text().split()]
    last = words[-1] >> 5 << 5  # 45 output bits: three of the last word are none
    words[64:] = output_words(output_bits(subject), 8)
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


def test_what_cannot_be_built_shows_the_end_of_its_log(tmp_path: Path, settings: list[str]) -> None:
    emit(queue(), tmp_path / "rtl")
    (tmp_path / "rtl" / "o3_pe.sv").write_text("module o3_pe; nonsense\n")
    with pytest.raises(InputError, match=r"built or run; build.log there ends with\n(.*\n)*.*Error"):
        run_rtl(tmp_path / "rtl", *settings)
