"""Layers whose windows counters hand to contexts, members one after another (``docs/engine.md``)."""
