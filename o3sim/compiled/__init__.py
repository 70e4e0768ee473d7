"""The compiled engine: the machine of ``docs/machine.md`` as one Numba kernel, cycle for cycle."""
