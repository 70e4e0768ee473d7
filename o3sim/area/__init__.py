"""LUTs, flip-flops and block RAMs of a machine on a Xilinx 7, unit by unit, and chips to hold it against.

What a unit takes is a form in its sizes (:mod:`o3sim.area.forms`), whose constants are fitted to what Yosys
makes of it (``sh scripts/area-fit``). ``docs/area.md`` has the measurements and the errors.
"""
