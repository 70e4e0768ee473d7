"""Many design points: sweeps, searches, and what-if machines."""
