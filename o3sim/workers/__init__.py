"""Worker processes: a pool of them, and what keeps orphans quiet."""
