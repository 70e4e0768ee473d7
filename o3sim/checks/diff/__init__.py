"""Compare two traces or two results: where they part first, and what changed."""
