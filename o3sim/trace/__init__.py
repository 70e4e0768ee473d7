"""Traces: observers of a machine that write what they see, one format a file."""
