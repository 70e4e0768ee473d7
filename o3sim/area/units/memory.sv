// A bank: one port to read, whose word is there in the next cycle, and one to write.
module memory #(
    parameter int WORDS = 512,
    parameter int WIDTH = 32,
    localparam int ADDRESS_BITS = WORDS < 2 ? 1 : $clog2(WORDS)
) (
    input  logic                     clk,
    input  logic                     writes,
    input  logic [ADDRESS_BITS-1:0]  write_address,
    input  logic [WIDTH-1:0]         written,
    input  logic [ADDRESS_BITS-1:0]  address,
    output logic [WIDTH-1:0]         word
);
  logic [WIDTH-1:0] words[WORDS];
  always_ff @(posedge clk) begin
    word <= words[address];
    if (writes) words[write_address] <= written;
  end
endmodule
