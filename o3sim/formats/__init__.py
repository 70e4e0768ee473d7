"""Files of other projects, read and written: networks and data sets."""
