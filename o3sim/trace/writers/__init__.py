"""Trace formats, one a file: the file's name is the format's (see :mod:`o3sim.trace.writer`)."""
