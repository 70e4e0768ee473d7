"""Published claims beside what this simulator measures: behind `o3sim reproduce`."""
