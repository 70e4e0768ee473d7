"""Importer of SCALE-Sim's tables of layers."""
