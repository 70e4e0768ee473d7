// What a PE keeps of the ops in its contexts where all PEs go in step: where each begins. Which word of them is next is the
// same for all, and comes from outside.
module lockstep_contexts #(
    parameter int CONTEXTS = 2,
    localparam int ADDRESS_BITS = 18, COUNT_BITS = 16,
    localparam int CONTEXT_BITS = CONTEXTS < 2 ? 1 : $clog2(CONTEXTS)
) (
    input  logic                                   clk,
    input  logic                                   starts,
    input  logic [CONTEXTS-1:0][ADDRESS_BITS-1:0]  bases,
    input  logic [CONTEXTS-1:0][ADDRESS_BITS-1:0]  weight_bases,
    input  logic [CONTEXTS-1:0][COUNT_BITS-1:0]    bounds,
    input  logic [CONTEXT_BITS-1:0]                turn,
    input  logic [ADDRESS_BITS-1:0]                word_offset,
    input  logic [ADDRESS_BITS-1:0]                word,
    output logic [ADDRESS_BITS-1:0]                activation_address,
    output logic [ADDRESS_BITS-1:0]                weight_address,
    output logic [COUNT_BITS-1:0]                  bound
);
  logic [CONTEXTS-1:0][ADDRESS_BITS-1:0] base, weight_base;
  logic [CONTEXTS-1:0][COUNT_BITS-1:0] held_bound;
  assign activation_address = base[turn] + word_offset;
  assign weight_address = weight_base[turn] + word;
  assign bound = held_bound[turn];
  always_ff @(posedge clk)
    if (starts) begin
      base <= bases;
      weight_base <= weight_bases;
      held_bound <= bounds;
    end
endmodule
