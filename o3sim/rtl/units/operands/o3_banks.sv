// The banks of one buffer. Each reads the word that it chose, and serves all who want it; the word is there in the next
// cycle. With BANKS = 0 (ideal) every PE has a port of its own.
module o3_banks #(
    parameter int    BANKS = 0,
    parameter int    PES = 4,
    parameter int    READS = 1,   // words that a PE asks for in a cycle at most
    parameter int    WIDTH = 32,
    parameter int    WORDS = 64,
    parameter int    WRITES = 1,
    parameter string CONTENT = "",
    localparam int   ADDRESS_BITS = WORDS < 2 ? 1 : $clog2(WORDS),
    localparam int   PE_BITS = PES < 2 ? 1 : $clog2(PES),
    localparam int   PLACE_BITS = WIDTH < 2 ? 1 : $clog2(WIDTH),
    localparam int   PORTS = BANKS == 0 ? 1 : BANKS,
    localparam int   BANK_BITS = PORTS < 2 ? 1 : $clog2(PORTS)
) (
    input  logic                              clk,
    input  logic                              rst,
    input  logic [PE_BITS-1:0]                first,     // the PE of highest priority in this cycle
    input  logic [PES-1:0][READS-1:0]                   asks,
    input  logic [PES-1:0][READS-1:0][ADDRESS_BITS-1:0] address,
    output logic [PES-1:0][READS-1:0]                   served,
    output logic [PES-1:0][READS-1:0][WIDTH-1:0]        data,  // of what was served in the last cycle
    input  logic [WRITES-1:0]                 writes,    // single bits
    input  logic [WRITES-1:0][BANK_BITS-1:0]  write_bank,  // whose port it takes
    input  logic [WRITES-1:0][ADDRESS_BITS-1:0] write_address,
    input  logic [WRITES-1:0][PLACE_BITS-1:0] write_place,
    input  logic [WRITES-1:0]                 write_bit
);
  logic [WIDTH-1:0] memory[WORDS];
  initial $readmemh(CONTENT, memory);

  always_ff @(posedge clk)
    for (int w = 0; w < WRITES; w++) if (writes[w] && !rst) memory[write_address[w]][write_place[w]] <= write_bit[w];

  if (BANKS == 0) begin : g_ideal
    assign served = asks;
    always_ff @(posedge clk)
      for (int p = 0; p < PES; p++) for (int r = 0; r < READS; r++) data[p][r] <= memory[address[p][r]];
  end else begin : g_banked
    logic [PORTS-1:0]                   writing;
    logic [PORTS-1:0][ADDRESS_BITS-1:0] chosen;
    logic [PORTS-1:0][WIDTH-1:0]        read;   // one word of each bank, a cycle later
    logic [PES-1:0][READS-1:0][BANK_BITS-1:0] bank, bank_of_last;

    always_comb begin
      writing = '0;
      for (int w = 0; w < WRITES; w++) if (writes[w]) writing[write_bank[w]] = 1'b1;
    end
    o3_arbitration #(.BANKS(BANKS), .PES(PES), .READS(READS), .ADDRESS_BITS(ADDRESS_BITS)) arbitration (
        .first, .writing, .asks, .address, .chosen, .bank, .served);
    always_comb
      for (int p = 0; p < PES; p++) for (int r = 0; r < READS; r++) data[p][r] = read[bank_of_last[p][r]];
    always_ff @(posedge clk) begin
      for (int b = 0; b < BANKS; b++) read[b] <= memory[chosen[b]];
      bank_of_last <= bank;
    end
  end
endmodule
