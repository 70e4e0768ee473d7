"""Machines without an issue queue: counters hand windows to the contexts of PEs."""
