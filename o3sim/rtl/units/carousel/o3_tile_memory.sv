// The memory of a PE on a carousel: a tile in each half. A word is there a cycle after it was asked for.
module o3_tile_memory
  import o3_pkg::*;
  import o3_carousel_pkg::*;
(
    input  logic                       clk,
    input  layer_t                     layer,
    input  part_t [MOST_LANES-1:0]     sent,         // in this cycle, to all PEs
    input  location_line_t             location,     // to read
    output logic [PE_WIDTH_EDGES-1:0]  activations
);
  logic [PE_WIDTH_EDGES-1:0] memory[PATCH_WORDS];
  always_ff @(posedge clk) begin
    activations <= location.valid ? memory[location.location[LOCATION_BITS-1:0]] : {PE_WIDTH_EDGES{PADDING_BIT[layer]}};
    // Several parts of a word may come in one cycle: one after another they go into it.
    for (int i = 0; i < MOST_LANES; i++)
      if (sent[i].valid)
        memory[sent[i].location] = (memory[sent[i].location] & ~sent[i].mask) | (sent[i].bits & sent[i].mask);
  end
endmodule
