"""Import networks out of plain arrays: what any training framework can save with ``np.savez``."""
