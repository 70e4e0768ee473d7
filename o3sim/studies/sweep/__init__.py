"""Sweeps: many design points on the same profiles, safe to interrupt, one table out."""
