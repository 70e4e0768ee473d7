"""Readable tables of results for the terminal."""
