// The outcomes of a PE that wait to be written, known first in front; while there are any, the PE stalls.
module o3_held_outcomes
  import o3_pkg::*;
#(
    parameter int COMING = 1 + PE_CONTEXTS  // outcomes that may be known in one cycle
) (
    input  logic                  clk,
    input  logic                  rst,
    input  outcome_t [COMING-1:0] coming,   // in the order of writing
    output outcome_t              offered,  // to the output buffer, in this cycle
    input  logic                  taken,
    output logic                  stalled
);
  // Those that wait lie without holes in the first places; behind them come the new ones.
  outcome_t [OUTCOMES-1:0] held;
  assign stalled = held[0].valid;

  outcome_t [OUTCOMES:0] waiting;
  always_comb begin
    int count;
    waiting = '0;
    waiting[OUTCOMES-1:0] = held;
    count = 0;
    for (int i = 0; i < OUTCOMES; i++) count = count + int'(held[i].valid);
    for (int i = 0; i < COMING; i++)
      if (coming[i].valid) begin
        waiting[count] = coming[i];
        count = count + 1;
      end
  end
  assign offered = waiting[0];

  always_ff @(posedge clk) begin
    if (rst) held <= '0;
    else
      for (int i = 0; i < OUTCOMES; i++) held[i] <= taken ? waiting[i+1] : waiting[i];
  end
endmodule
