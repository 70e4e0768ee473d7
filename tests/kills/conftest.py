"""One server of commands for all tests here; each command run once, unhurt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kills.commands import COMMANDS
from tests.kills.running import Commands
from tests.kills.unhurt import Unhurt, run_unhurt


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """Where commands are started."""
    server = Commands()
    yield server
    server.close()


@pytest.fixture(scope="session")
def unhurt_of(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Unhurt]:
    """What a command leaves that nobody hurts, by the command's name."""
    known: dict[str, Unhurt] = {}

    def get(name: str) -> Unhurt:
        if name not in known:
            pytest.importorskip(COMMANDS[name].extra, reason="needs an extra")
            folder: Path = tmp_path_factory.mktemp("unhurt")
            known[name] = run_unhurt(commands, COMMANDS[name], folder)
        return known[name]

    return get


@pytest.fixture(params=COMMANDS)
def unhurt(request: pytest.FixtureRequest, unhurt_of: Callable[[str], Unhurt]) -> Unhurt:
    """What each command leaves."""
    return unhurt_of(request.param)
