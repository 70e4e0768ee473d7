"""The interactive timeline: one HTML page on which machines are looked at cycle by cycle."""
