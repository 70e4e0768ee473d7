"""Where the installed command begins: ctrl-C ends it quietly while it is still being loaded, too."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Load the command line and run it."""
    try:
        from o3sim.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)  # as :mod:`o3sim.cli.app` does from then on
