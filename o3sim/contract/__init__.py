"""What every engine stands on: events, counters, invariants, programs, plans; nothing of it ticks."""
