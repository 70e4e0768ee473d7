// Outcomes of a group that goes in step lie side by side in the map: they are pooled with what came before and shifted into
// words.
module group_bits #(
    parameter int OUTCOMES = 32,
    parameter int WIDTH = 32
) (
    input  logic                clk,
    input  logic                rst,
    input  logic                ends,
    input  logic [OUTCOMES-1:0] outcomes,
    input  logic [OUTCOMES-1:0] ends_window,  // the last member of a window
    output logic                writes,
    output logic [WIDTH-1:0]    word
);
  logic [OUTCOMES-1:0] bits, there;
  logic window_is_1;
  logic [$clog2(WIDTH)-1:0] place;
  logic is_1;
  assign is_1 = window_is_1 | bits[0];
  always_ff @(posedge clk) begin
    writes <= 1'b0;
    if (ends) begin
      bits <= outcomes;
      there <= ends_window;
    end else begin
      bits <= bits >> 1;
      there <= there >> 1;
      window_is_1 <= is_1 && !there[0];
      if (there[0]) begin
        word <= {is_1, word[WIDTH-1:1]};
        place <= place + 1'b1;
        writes <= int'(place) == WIDTH - 1;
      end
    end
    if (rst) begin
      there <= '0;
      place <= '0;
      window_is_1 <= 1'b0;
    end
  end
endmodule
