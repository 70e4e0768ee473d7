"""Layers whose words banks can refuse: cycle by cycle, PEs beside each other (``docs/engine.md``)."""
