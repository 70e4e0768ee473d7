// Brings a word of a PE together from the buffer words that it lies in, one after another: each is turned to its place, and
// what of it belongs there is kept beside the context.
module gathering #(
    parameter int WIDTH = 32,
    parameter int CONTEXTS = 2,
    localparam int PLACE_BITS = $clog2(WIDTH),
    localparam int CONTEXT_BITS = CONTEXTS < 2 ? 1 : $clog2(CONTEXTS)
) (
    input  logic                    clk,
    input  logic                    served,
    input  logic [WIDTH-1:0]        word,
    input  logic [PLACE_BITS-1:0]   turn,
    input  logic [PLACE_BITS-1:0]   first,   // places of the word that it fills, from here
    input  logic [PLACE_BITS-1:0]   last,    // to here
    input  logic [CONTEXT_BITS-1:0] context_number,
    output logic [WIDTH-1:0]        gathered
);
  logic [CONTEXTS-1:0][WIDTH-1:0] kept;
  logic [WIDTH-1:0] turned;
  assign turned = WIDTH'({word, word} >> turn);
  always_comb
    for (int i = 0; i < WIDTH; i++)
      gathered[i] = i >= int'(first) && i <= int'(last) ? turned[i] : kept[context_number][i];
  always_ff @(posedge clk) if (served) kept[context_number] <= gathered;
endmodule
