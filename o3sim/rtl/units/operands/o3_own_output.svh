// Writes the activation buffer, read by PEs or sent to them: a part of o3_testbench.
if (!HAS_PATCHES) begin : g_read
  always_ff @(posedge clk)
    if (shows_output) $writememh("output.hex", core.memories.g_read.activation_buffer.memory);
end else begin : g_sent
  always_ff @(posedge clk)
    if (shows_output) $writememh("output.hex", core.memories.g_sent.activation_buffer.memory);
end
