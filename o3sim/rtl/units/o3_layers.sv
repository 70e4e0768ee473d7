// Which layer runs. The next one begins in the cycle after the last of the one before, as if the machine had been
// reset: only what lies in memories goes on.
module o3_layers
  import o3_pkg::*;
(
    input  logic   clk,
    input  logic   rst,
    input  logic   done,   // with the layer that runs, in this cycle
    output layer_t layer,
    output logic   begins  // a layer does, in the next cycle
);
  logic goes_on;
  assign goes_on = done && int'(layer) != LAYERS - 1;
  assign begins = rst || goes_on;
  always_ff @(posedge clk)
    if (rst) layer <= '0;
    else if (goes_on) layer <= layer + 1'b1;
endmodule
