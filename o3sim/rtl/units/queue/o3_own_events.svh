// Squashes and dispatches of a machine with an issue queue: a part of o3_testbench.
for (int p = 0; p < PE_COUNT; p++)
  for (int c = 0; c < PE_CONTEXTS; c++)
    if (core.squashed_in_pe[p][c]) $display("%0d 3 squash %0d pe%0d", cycle, core.squashed_index[p][c], p);
for (int i = 0; i < SEQUENCER_WIDTH_OPS; i++) begin
  if (core.squashed_early[i]) $display("%0d 3 squash %0d sequencer", cycle, core.looked_at[i].index);
  if (core.dispatched[i]) $display("%0d 4 dispatch %0d queue", cycle, core.looked_at[i].index);
end
for (int b = 0; b < SCHEDULER_BANKS; b++)
  for (int i = 0; i < o3_queue_pkg::BANK_DEPTH_OPS; i++)
    if (core.squashed_in_queue[b][i]) $display("%0d 3 squash %0d queue", cycle, core.entries[b][i].op.index);
