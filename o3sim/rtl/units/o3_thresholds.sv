// The thresholds of the channels, in matches: a port for every op that can begin in a cycle.
module o3_thresholds
  import o3_pkg::*;
#(
    parameter int PORTS = 1
) (
    input  layer_t                             layer,
    input  logic [PORTS-1:0][CHANNEL_BITS-1:0] channel,
    output logic [PORTS-1:0][COUNT_BITS-1:0]   threshold
);
  logic [COUNT_BITS-1:0] memory[THRESHOLDS];
  initial $readmemh("thresholds.hex", memory);
  always_comb for (int p = 0; p < PORTS; p++) threshold[p] = memory[THRESHOLD[layer]+int'(channel[p])];
endmodule
