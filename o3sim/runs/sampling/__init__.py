"""Stretches of large layers are run, and what all would have taken is estimated (``docs/sampling.md``)."""
