"""Configuration: YAML read with positions, checked against models, shipped files found by name."""
