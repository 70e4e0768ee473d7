"""Commands that are killed at random moments leave whole files, and the next run works and clears up.

``O3SIM_KILLS=50`` kills each command that many times, in place of three.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.kills.unhurt import Unhurt

KILLS = int(os.environ.get("O3SIM_KILLS", "3"))
KILLS_OF_A_RUN = 5
"""After which it is let go on to its end."""


def test_old_or_new_and_the_next_run_works(unhurt: Unhurt, tmp_path: Path) -> None:
    moments = random.Random(unhurt.command.words)
    kills = 0
    for round_ in range(20 * KILLS):
        if kills == KILLS:
            return
        folder = unhurt.fresh(tmp_path / f"round{round_}", over=round_ % 2 == 0)
        for _ in range(min(KILLS - kills, KILLS_OF_A_RUN)):
            if not _was_killed(unhurt, folder, moments):
                break
            kills += 1
        ended = unhurt.go_on(folder)
        assert ended.status == 0, ended.err
        unhurt.assert_finished(folder)
    raise AssertionError("it was hardly ever hit")


def _was_killed(unhurt: Unhurt, folder: Path, moments: random.Random) -> bool:
    """Run it and kill it, where it changes files or at any other moment, if it is not done by then."""
    words = [*unhurt.command.words.split(), *unhurt.command.again.split()]
    if moments.random() < 0.6:
        ended = unhurt.commands.run(folder, *words, die_at=moments.randint(1, unhurt.ended.changes))
    else:
        kill = killing(moments.uniform(0, unhurt.ended.took_s), signal.SIGKILL)
        ended = unhurt.commands.run(folder, *words, meanwhile=kill)
    assert ended.status in (0, -signal.SIGKILL), ended.err
    unhurt.assert_whole(folder)
    return ended.status != 0


def killing(after_s: float, number: signal.Signals) -> Callable[[int], None]:
    """Make something that sends a signal after a while."""

    def kill(process: int) -> None:
        time.sleep(after_s)
        os.kill(process, number)

    return kill
