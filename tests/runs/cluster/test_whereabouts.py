"""Whether SLURM has nodes other than this machine."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from o3sim.runs.cluster.whereabouts import nodes_are_here


@pytest.mark.parametrize(
    ("answer", "here"),
    [
        ("echo NAME", True),
        ("echo localhost; echo NAME", True),
        ("echo NAME; echo node2", False),
        ("echo node2", False),
        ("true", False),
        ("echo NAME; exit 1", False),
        ('test "$*" = "--noheader --Node --format=%n --partition=a b" && echo NAME', True),
    ],
)
def test_only_this_machine_in_all_the_partition(
    answer: str, here: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "sinfo"
    tool.write_text(f"#!/bin/sh\n{answer.replace('NAME', socket.gethostname())}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert nodes_are_here("a b") is here


def test_without_sinfo_nodes_may_be_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not nodes_are_here(None)
