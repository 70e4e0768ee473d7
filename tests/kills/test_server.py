"""The server's ctrl-C reaches a command while it runs, and nothing around it."""

from __future__ import annotations

import signal

import pytest

from tests.kills.server import interrupt_within


def _stop() -> None:
    signal.raise_signal(signal.SIGINT)


def _command() -> None:
    _stop()


def _done() -> str:
    signal.raise_signal(signal.SIGINT)
    return "done"


def test_an_interrupt_gets_out_of_a_command_and_changes_none_that_has_ended() -> None:
    before = signal.signal(signal.SIGINT, interrupt_within(_command.__code__))
    try:
        with pytest.raises(KeyboardInterrupt):
            _command()
        _stop()  # before a command, or after it
        signal.signal(signal.SIGINT, interrupt_within(_done.__code__))
        assert _done() == "done"
    finally:
        signal.signal(signal.SIGINT, before)
