"""Choose in which order edges and window members are evaluated, from what calibration images show."""
