"""Figures: one kind a file, each a pure function for the data and one that draws them."""
