// The oldest ready ops of the queue, as many as can be issued and as there are free contexts.
module selection #(
    parameter int DEPTH = 16,
    parameter int ISSUE = 4,
    parameter int OP_BITS = 60,
    localparam int RANK_BITS = 3, COUNT_BITS = $clog2(DEPTH + 1)
) (
    input  logic [DEPTH-1:0]                 waiting,
    input  logic [DEPTH-1:0][RANK_BITS-1:0]  older,      // ops of its window that are not seen
    input  logic [RANK_BITS-1:0]             in_flight,  // so many may be
    input  logic [DEPTH-1:0][OP_BITS-1:0]    entries,
    input  logic [COUNT_BITS-1:0]            free_contexts,
    output logic [DEPTH-1:0]                 selected,
    output logic [ISSUE-1:0]                 issues,
    output logic [ISSUE-1:0][OP_BITS-1:0]    issued
);
  logic [DEPTH-1:0] ready, front_valid;
  logic [DEPTH-1:0][OP_BITS-1:0] front;
  logic [DEPTH-1:0][COUNT_BITS-1:0] rank;
  logic [COUNT_BITS-1:0] unused_total;
  always_comb for (int i = 0; i < DEPTH; i++) ready[i] = waiting[i] && older[i] < in_flight;
  o3_compress #(.N(DEPTH), .WIDTH(OP_BITS)) oldest (
      .valid(ready), .items(entries), .front_valid(front_valid), .front(front), .rank(rank), .total(unused_total));
  always_comb begin
    for (int i = 0; i < DEPTH; i++) selected[i] = ready[i] && int'(rank[i]) < ISSUE && rank[i] < free_contexts;
    for (int i = 0; i < ISSUE; i++) begin
      issues[i] = front_valid[i%DEPTH] && COUNT_BITS'(i) < free_contexts;
      issued[i] = front[i%DEPTH];
    end
  end
endmodule
