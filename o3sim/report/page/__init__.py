"""One HTML page about a sweep: opens offline, needs nothing beside it."""
