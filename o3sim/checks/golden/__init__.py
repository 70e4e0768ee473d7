"""Golden results and traces of a user's own designs: recorded once, checked ever after."""
