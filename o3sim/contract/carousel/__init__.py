"""What both engines stand on where weight words go round: sizes, tiles, and the order of channels."""
