"""Measurements and studies, run through the scripts of the same names; not part of the package."""
