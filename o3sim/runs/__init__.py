"""One design point: any machine on a network and images, on any engine, here or elsewhere."""
