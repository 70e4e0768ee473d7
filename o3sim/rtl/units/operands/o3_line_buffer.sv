// The activation buffer of a machine with a line buffer, as PEs see it. A word is one access, by the address of its first
// edge, and an access gives a line: the bits from there on, and those of each further run of edges that a word may go on
// with, of the next rows or bit planes of a kernel. So a line depends on its address only and serves all who want it, whatever
// their words are; each shifts its own out of it. PEs ask no bank that writes. That rows come and go is no part
// of the contract, so here all are held.
module o3_line_buffer
  import o3_pkg::*;
#(
    parameter int    WRITES = 1,
    parameter string CONTENT = ""
) (
    input  logic                                                     clk,
    input  logic                                                     rst,
    input  logic [PE_BITS-1:0]                                       first,   // the PE of highest priority in this cycle
    input  logic [PE_COUNT-1:0][MOST_READS-1:0]                      asks,
    input  logic [PE_COUNT-1:0][MOST_READS-1:0][ACTIVATION_BITS-1:0] address,
    output logic [PE_COUNT-1:0][MOST_READS-1:0]                      served,
    output logic [PE_COUNT-1:0][MOST_READS-1:0][ACCESS_BITS-1:0]     data,    // of what was served in the last cycle
    input  logic [WRITES-1:0]                                        writes,  // single bits
    input  logic [WRITES-1:0][ACTIVATION_BITS-1:0]                   write_address,
    input  logic [WRITES-1:0][bits_for(PE_WIDTH_EDGES-1)-1:0]        write_place,
    input  logic [WRITES-1:0]                                        write_bit
);
  localparam int BANKS = ACTIVATION_BUFFER_BANKS, PORTS = BANKS == 0 ? 1 : BANKS;
  logic [PE_WIDTH_EDGES-1:0] memory[ACTIVATION_WORDS];
  initial $readmemh(CONTENT, memory);
  always_ff @(posedge clk)
    for (int w = 0; w < WRITES; w++) if (writes[w] && !rst) memory[write_address[w]][write_place[w]] <= write_bit[w];

  // A run lies in three buffer words at most, at the same place in them whatever the address.
  function automatic logic [ACCESS_BITS-1:0] line_of(input logic [ACTIVATION_BITS-1:0] at);
    logic [ACCESS_BITS-1:0] line = '0;
    for (int run = 0; run < LINE_RUNS; run++) begin
      logic [3*PE_WIDTH_EDGES-1:0] words = '0;
      for (int w = 0; w < 3; w++) begin
        int word = int'(at) + run_offset(run) / PE_WIDTH_EDGES + w;
        if (word < ACTIVATION_WORDS) words[w*PE_WIDTH_EDGES+:PE_WIDTH_EDGES] = memory[word];
      end
      line[run*LINE_EDGES+:LINE_EDGES] = LINE_EDGES'(words >> run_offset(run) % PE_WIDTH_EDGES);
    end
    return line;
  endfunction

  if (BANKS == 0) begin : g_ideal
    assign served = asks;
    always_ff @(posedge clk)
      for (int p = 0; p < PE_COUNT; p++)
        for (int r = 0; r < MOST_READS; r++) data[p][r] <= line_of(address[p][r]);
  end else begin : g_banked
    logic [PORTS-1:0][ACTIVATION_BITS-1:0] chosen;
    logic [PORTS-1:0][ACCESS_BITS-1:0]     read;  // one line of each bank, a cycle later
    logic [PE_COUNT-1:0][MOST_READS-1:0][bits_for(PORTS-1)-1:0] bank, bank_of_last;
    o3_arbitration #(.BANKS(BANKS), .PES(PE_COUNT), .READS(MOST_READS), .ADDRESS_BITS(ACTIVATION_BITS)) arbitration (
        .first, .writing('0), .asks, .address, .chosen, .bank, .served);
    always_comb
      for (int p = 0; p < PE_COUNT; p++)
        for (int r = 0; r < MOST_READS; r++) data[p][r] = read[bank_of_last[p][r]];
    always_ff @(posedge clk) begin
      for (int b = 0; b < BANKS; b++) read[b] <= line_of(chosen[b]);
      bank_of_last <= bank;
    end
  end
endmodule
