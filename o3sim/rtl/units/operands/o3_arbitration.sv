// Who gets the banks of one buffer. Each bank chooses for itself: the word of the first PE, in the order of priority,
// that asks it, and serves all who want that word. A bank that writes reads nothing.
module o3_arbitration #(
    parameter int  BANKS = 4,
    parameter int  PES = 4,
    parameter int  READS = 1,  // words that a PE asks for in a cycle at most
    parameter int  ADDRESS_BITS = 8,
    localparam int PE_BITS = PES < 2 ? 1 : $clog2(PES),
    localparam int BANK_BITS = BANKS < 2 ? 1 : $clog2(BANKS)
) (
    input  logic [PE_BITS-1:0]                          first,    // the PE of highest priority in this cycle
    input  logic [BANKS-1:0]                            writing,
    input  logic [PES-1:0][READS-1:0]                   asks,
    input  logic [PES-1:0][READS-1:0][ADDRESS_BITS-1:0] address,
    output logic [BANKS-1:0][ADDRESS_BITS-1:0]          chosen,   // by each bank
    output logic [PES-1:0][READS-1:0][BANK_BITS-1:0]    bank,     // that each address lies in
    output logic [PES-1:0][READS-1:0]                   served
);
  logic [BANKS-1:0] reads;
  always_comb begin
    reads = '0;
    chosen = '0;
    for (int p = 0; p < PES; p++) for (int r = 0; r < READS; r++) bank[p][r] = BANK_BITS'(int'(address[p][r]) % BANKS);
    for (int n = 0; n < PES; n++) begin
      int p;
      p = int'(first) + n;
      if (p >= PES) p = p - PES;
      for (int r = 0; r < READS; r++)
        if (asks[p][r] && !reads[bank[p][r]] && !writing[bank[p][r]]) begin
          reads[bank[p][r]] = 1'b1;
          chosen[bank[p][r]] = address[p][r];
        end
    end
    for (int p = 0; p < PES; p++)
      for (int r = 0; r < READS; r++)
        served[p][r] = asks[p][r] && reads[bank[p][r]] && chosen[bank[p][r]] == address[p][r];
  end
endmodule
