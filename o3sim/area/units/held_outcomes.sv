// Outcomes of a PE that wait to be written, known first in front.
module held_outcomes #(
    parameter int ENTRIES = 4,
    parameter int COMING = 3,
    parameter int OUTCOME_BITS = 26,  // where the output bit lies, and what it is
    localparam int ALL = ENTRIES + COMING
) (
    input  logic                                clk,
    input  logic                                rst,
    input  logic [COMING-1:0]                   coming,
    input  logic [COMING-1:0][OUTCOME_BITS-1:0] outcomes,
    input  logic                                taken,
    output logic                                stalled,
    output logic                                offers,
    output logic [OUTCOME_BITS-1:0]             offered
);
  logic [ENTRIES-1:0] valid;
  logic [ENTRIES-1:0][OUTCOME_BITS-1:0] held;
  logic [ALL-1:0] front_valid;
  logic [ALL-1:0][OUTCOME_BITS-1:0] front;
  logic [ALL-1:0][$clog2(ALL+1)-1:0] unused_rank;
  logic [$clog2(ALL+1)-1:0] unused_total;
  o3_compress #(.N(ALL), .WIDTH(OUTCOME_BITS)) collapse (
      .valid({coming, valid}), .items({outcomes, held}), .front_valid(front_valid), .front(front), .rank(unused_rank),
      .total(unused_total));
  assign stalled = valid[0];
  assign offers = front_valid[0];
  assign offered = front[0];
  always_ff @(posedge clk)
    for (int i = 0; i < ENTRIES; i++) begin
      valid[i] <= !rst && (taken ? (i + 1 < ALL && front_valid[(i+1)%ALL]) : front_valid[i]);
      held[i] <= taken ? front[(i+1)%ALL] : front[i];
    end
endmodule
