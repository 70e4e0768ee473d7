// Each bank reads the word of the first PE that asks it, from `first` on around, and serves all who want that word.
module arbitration #(
    parameter int PES = 8,
    parameter int BANKS = 8,
    parameter int ADDRESS_BITS = 16,
    localparam int PE_BITS = PES < 2 ? 1 : $clog2(PES),
    localparam int BANK_BITS = BANKS < 2 ? 1 : $clog2(BANKS),
    localparam int LOCAL_BITS = ADDRESS_BITS - (BANKS < 2 ? 0 : $clog2(BANKS))
) (
    input  logic                               clk,
    input  logic                               rst,
    input  logic [PES-1:0]                     asks,
    input  logic [PES-1:0][BANK_BITS-1:0]      bank,
    input  logic [PES-1:0][LOCAL_BITS-1:0]     address,
    input  logic [BANKS-1:0]                   writing,
    output logic [BANKS-1:0]                   reads,
    output logic [BANKS-1:0][LOCAL_BITS-1:0]   chosen,
    output logic [PES-1:0]                     served
);
  logic [PES-1:0] from_first;  // PEs from the first on
  always_ff @(posedge clk)
    if (rst || from_first == (1 << (PES - 1))) from_first <= '1;
    else from_first <= from_first << 1;
  always_comb
    for (int b = 0; b < BANKS; b++) begin
      logic [PES-1:0] wanted, early, grant;
      for (int p = 0; p < PES; p++) wanted[p] = asks[p] && (BANKS == 1 || int'(bank[p]) == b);
      early = wanted & from_first;
      grant = |early ? early & (~early + 1'b1) : wanted & (~wanted + 1'b1);
      reads[b] = |wanted && !writing[b];
      chosen[b] = '0;
      for (int p = 0; p < PES; p++) chosen[b] = chosen[b] | ({LOCAL_BITS{grant[p]}} & address[p]);
    end
  always_comb
    for (int p = 0; p < PES; p++)
      served[p] = asks[p] && reads[BANKS == 1 ? 0 : bank[p]] && chosen[BANKS == 1 ? 0 : bank[p]] == address[p];
endmodule
