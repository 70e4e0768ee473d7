// What a PE has before its own memory of activations: the words of a broadcast that are of its part, and where they go.
module patch #(
    parameter int ADDRESS_BITS = 11,
    parameter int BROADCASTS = 2,
    localparam int WORD_BITS = 18
) (
    input  logic                                        clk,
    input  logic [BROADCASTS-1:0]                       comes,
    input  logic [WORD_BITS-1:0]                        word,    // the first; the others lie behind it
    input  logic [WORD_BITS-1:0]                        first,   // of its part
    input  logic [WORD_BITS-1:0]                        end_of_part,
    input  logic [ADDRESS_BITS-1:0]                     base,
    output logic [BROADCASTS-1:0]                       writes,
    output logic [BROADCASTS-1:0][ADDRESS_BITS-1:0]     address
);
  always_ff @(posedge clk)
    for (int b = 0; b < BROADCASTS; b++) begin
      logic [WORD_BITS-1:0] at;
      at = word + WORD_BITS'(b);
      writes[b] <= comes[b] && at >= first && at < end_of_part;
      address[b] <= base + ADDRESS_BITS'(at - first);
    end
endmodule
