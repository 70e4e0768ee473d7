"""What a run will take, said before it runs: edges, bounds on cycles, time and memory."""
