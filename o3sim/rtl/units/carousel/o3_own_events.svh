// What happens in windows, and hand-outs of the groups: a part of o3_testbench.
for (int p = 0; p < PE_COUNT; p++) begin
  if (core.folded[p])
    $display("%0d 8 retire %0d pe%0d %0d", cycle, core.known[p][0].index, p, core.known[p][0].outcome);
  for (int m = 1; m <= int'(core.dropped[p]); m++)
    $display("%0d 3 squash %0d window", cycle, int'(core.known[p][0].index) + m);
  if (core.given[p].valid)
    for (int m = 0; m < MEMBERS[core.layer]; m++)
      $display("%0d 4 dispatch %0d counter%0d", cycle, int'(core.asks_op[p].index) + m,
               p / o3_carousel_pkg::GROUP_PES);
end
