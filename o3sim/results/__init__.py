"""Results: typed figures of a run, computed from counters, energy and clock, and their JSON."""
