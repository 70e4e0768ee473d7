// Writes the activation buffer, read by PEs, through a line buffer or not, or sent to them: a part of o3_testbench.
if (LINE_RUNS != 0) begin : g_lines
  always_ff @(posedge clk)
    if (shows_output) $writememh("output.hex", core.memories.g_lines.activation_buffer.memory);
end else if (!HAS_PATCHES) begin : g_read
  always_ff @(posedge clk)
    if (shows_output) $writememh("output.hex", core.memories.g_read.activation_buffer.memory);
end else begin : g_sent
  always_ff @(posedge clk)
    if (shows_output) $writememh("output.hex", core.memories.g_sent.activation_buffer.memory);
end
