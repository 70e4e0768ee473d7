"""``python -m o3sim`` is the command ``o3sim``."""

from o3sim.cli.start import main

if __name__ == "__main__":  # and not where documentation or tests import it
    main()
