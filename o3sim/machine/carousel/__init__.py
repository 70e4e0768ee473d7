"""The carousel as readable SimPy units: weight words that go round, and contexts that join at any word."""
