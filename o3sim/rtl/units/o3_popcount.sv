// Counts the ones of a word: six bits a leaf, then a tree of adders.
module o3_popcount #(
    parameter int WIDTH = 32,
    localparam int COUNT_BITS = $clog2(WIDTH + 1)
) (
    input  logic [WIDTH-1:0]      word,
    output logic [COUNT_BITS-1:0] ones
);
  if (WIDTH <= 6) begin : g_leaf
    always_comb begin
      ones = '0;
      for (int i = 0; i < WIDTH; i++) ones = ones + COUNT_BITS'(word[i]);
    end
  end else begin : g_tree
    localparam int LOW = (WIDTH + 5) / 6 / 2 * 6;
    logic [$clog2(LOW+1)-1:0] low;
    logic [$clog2(WIDTH-LOW+1)-1:0] high;
    o3_popcount #(.WIDTH(LOW)) count_low (.word(word[LOW-1:0]), .ones(low));
    o3_popcount #(.WIDTH(WIDTH - LOW)) count_high (.word(word[WIDTH-1:LOW]), .ones(high));
    assign ones = COUNT_BITS'(low) + COUNT_BITS'(high);
  end
endmodule
