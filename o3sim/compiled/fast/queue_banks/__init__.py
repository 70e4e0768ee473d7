"""An issue queue in banks that each select for PEs of their own, in the fast engine."""
