// The way of one PE to all banks: four banks to a table of six inputs, level by level, a word wide.
module crossbar #(
    parameter int BANKS = 16,
    parameter int WIDTH = 32,
    localparam int LEVELS = BANKS < 2 ? 1 : ($clog2(BANKS) + 1) / 2,
    localparam int ALL = 4 ** LEVELS
) (
    input  logic                        clk,
    input  logic [BANKS-1:0][WIDTH-1:0] read,
    input  logic [2*LEVELS-1:0]         bank,
    output logic [WIDTH-1:0]            word
);
  logic [2*LEVELS-1:0] bank_of_last;
  logic [LEVELS:0][ALL-1:0][WIDTH-1:0] ways;
  always_ff @(posedge clk) bank_of_last <= bank;
  always_comb begin
    ways = '0;
    ways[0][BANKS-1:0] = read;
    for (int level = 0; level < LEVELS; level++)
      for (int i = 0; i < ALL / 4 ** (level + 1); i++)
        ways[level+1][i] = ways[level][4*i+int'(bank_of_last[2*level+:2])];
    word = BANKS == 1 ? read[0] : ways[LEVELS][0];
  end
endmodule
