"""The carousel as Numba kernels, cycle for cycle that of :mod:`o3sim.machine.carousel`."""
