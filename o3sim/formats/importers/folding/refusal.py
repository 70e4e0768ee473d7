"""The reason why a network cannot be run, before it is known where that stands."""

from __future__ import annotations

from o3sim.errors import InputError


class CannotRunError(InputError):
    """A machine of this kind cannot run an operation; whoever reads the file adds file and node."""
