"""Data sets in their standard files: one file a format, found by what a folder or archive holds."""
