"""Energy: counted events times a table of picojoules per event, plus leakage."""
