"""Where the cycles of a run went, and what each unit costs: measured by running without its limits."""
