"""Layers in closed form: what PEs do between events is not stepped through (``docs/engine.md``)."""
