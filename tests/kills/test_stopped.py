"""Ctrl-C, SIGTERM, full disks and folders that cannot be: one line at most, and nothing half-written."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from tests.kills.running import Commands, Ended
from tests.kills.test_kills import killing
from tests.kills.unhurt import OLD, Unhurt, files_of, is_temporary

TRIES = int(os.environ.get("O3SIM_KILLS", "1"))
STATUSES = {signal.SIGINT: (130,), signal.SIGTERM: (143, -signal.SIGTERM)}
"""What a shell shows of either; one that Python leaves to the system is negative here."""


def _is_one_line(ended: Ended) -> None:
    lines = ended.err.splitlines()
    assert len([line for line in lines if line.startswith("error: ")]) == 1, ended.err
    assert "Traceback" not in ended.err
    assert lines[-1].startswith("error: "), ended.err


@pytest.mark.parametrize("number", STATUSES, ids=lambda number: number.name)
def test_a_signal_ends_it_and_the_next_run_works(
    unhurt: Unhurt, tmp_path: Path, number: signal.Signals
) -> None:
    moments = random.Random(unhurt.command.words)
    for place in range(TRIES):
        folder = unhurt.fresh(tmp_path / str(place), over=True)
        stop = killing(moments.uniform(0, unhurt.ended.took_s), number)
        ended = unhurt.commands.run(folder, *unhurt.command.words.split(), meanwhile=stop)
        assert ended.status in (0, *STATUSES[number]), ended.err
        assert "Traceback" not in ended.err
        assert "Exception ignored" not in ended.err
        assert "error: " not in ended.err
        unhurt.assert_whole(folder)
        ended = unhurt.go_on(folder)
        assert ended.status == 0, ended.err
        unhurt.assert_finished(folder)


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_a_full_disk_is_one_line_and_the_next_run_works(unhurt: Unhurt, tmp_path: Path, share: float) -> None:
    folder = unhurt.fresh(tmp_path / "full", over=True)
    written = [len(content) for path, content in unhurt.after.items() if path not in unhurt.before]
    words = unhurt.command.words.split()
    ended = unhurt.commands.run(folder, *words, most_bytes=int(share * max(written)))
    assert ended.status == 2, ended.err
    _is_one_line(ended)
    assert "File too large" in ended.err
    unhurt.assert_whole(folder)
    assert not [path for path in files_of(folder) if is_temporary(path)]
    ended = unhurt.go_on(folder)
    assert ended.status == 0, ended.err
    unhurt.assert_finished(folder)


def _run_into(unhurt: Unhurt, commands: Commands, folder: Path, target: str) -> Ended:
    words = unhurt.command.words.split()
    for option in ("-o", "--save", "--json"):
        if option in words:
            words[words.index(option) + 1] = target
    if words[0] == "golden":
        words[2] = target
    return commands.run(folder, *words)


def test_a_folder_below_a_file_is_refused(unhurt: Unhurt, commands: Commands, tmp_path: Path) -> None:
    folder = unhurt.fresh(tmp_path / "there")
    (folder / "file").write_bytes(OLD)
    before = files_of(folder)
    suffix = Path(unhurt.command.words.split()[-1]).suffix
    ended = _run_into(unhurt, commands, folder, f"file/x{suffix}")
    assert ended.status == 2, ended.err
    _is_one_line(ended)
    assert files_of(folder) == before


def test_a_read_only_folder_is_refused(unhurt: Unhurt, commands: Commands, tmp_path: Path) -> None:
    folder = unhurt.fresh(tmp_path / "there")
    (folder / "closed").mkdir(mode=0o555)
    if os.access(folder / "closed", os.W_OK):
        pytest.skip("writes into read-only folders, as root does")
    suffix = Path(unhurt.command.words.split()[-1]).suffix
    ended = _run_into(unhurt, commands, folder, f"closed/x{suffix}")
    assert ended.status == 2, ended.err
    _is_one_line(ended)
    assert list((folder / "closed").iterdir()) == []
