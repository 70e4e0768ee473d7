// What happens in windows, and hand-outs of counters: a part of o3_testbench.
for (int p = 0; p < PE_COUNT; p++)
  for (int k = 0; k <= PE_CONTEXTS; k++) begin
    if (core.folded[p][k])
      $display("%0d 8 retire %0d pe%0d %0d", cycle, core.known[p][k].index, p, core.known[p][k].outcome);
    for (int m = 1; m <= int'(core.dropped[p][k]); m++)
      $display("%0d 3 squash %0d window", cycle, int'(core.known[p][k].index) + m);
  end
for (int c = 0; c < SCHEDULER_COUNTERS; c++)
  for (int i = 0; i < SCHEDULER_WINDOWS_PER_CYCLE; i++)
    if (core.handed_out_valid[c][i])
      for (int m = 0; m < int'(core.handed_out[c][i].members); m++)
        $display("%0d 4 dispatch %0d counter%0d", cycle, int'(core.handed_out[c][i].first.index) + m, c);
