// Writes the activation buffer: a part of o3_testbench.
always_ff @(posedge clk) if (shows_output) $writememh("output.hex", core.activation_buffer.memory);
