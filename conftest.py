"""What pytest cannot even import where an extra is not installed."""

from importlib.util import find_spec

# Looking for doctests imports every module, and these import PyTorch; tests/train skips, and says why.
collect_ignore_glob = [] if find_spec("torch") else ["o3sim/train/*"]
