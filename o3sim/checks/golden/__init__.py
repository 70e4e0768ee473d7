"""Golden results and traces of custom designs: recorded once, checked ever after."""
