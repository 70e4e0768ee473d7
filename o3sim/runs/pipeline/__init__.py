"""Pipelines of layers: every layer on units of its own, all at once, rows handed on as they are done."""
