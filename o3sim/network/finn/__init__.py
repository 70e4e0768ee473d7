"""FINN's streaming units: how many cycles each takes an image, and how a folding sizes them."""
