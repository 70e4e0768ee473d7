// Selects ops of a bank of the queue for free contexts of its PEs. An op is ready when fewer than
// SCHEDULER_WINDOW_IN_FLIGHT_OPS older ops of its window are not seen: since the oldest go first, exactly those are in
// flight before it.
module o3_scheduler
  import o3_pkg::*;
  import o3_queue_pkg::*;
(
    input  entry_t [BANK_DEPTH_OPS-1:0]            entries,
    input  logic   [BANK_DEPTH_OPS-1:0]            waiting,
    input  logic   [FREE_BITS-1:0]                 free_contexts,  // of PEs that can be given an op
    input  logic                                   more_coming,    // the sequencer can add to the queue
    output logic   [BANK_DEPTH_OPS-1:0]            selected,
    output op_t    [SCHEDULER_ISSUE_WIDTH_OPS-1:0] ops,            // the selected ones, oldest first
    output logic   [SCHEDULER_ISSUE_WIDTH_OPS-1:0] ops_valid
);
  localparam int DEPTH = BANK_DEPTH_OPS, WIDTH = SCHEDULER_ISSUE_WIDTH_OPS;

  logic [DEPTH-1:0] eligible;
  always_comb begin
    logic blocked;
    blocked = 1'b0;
    for (int i = 0; i < DEPTH; i++) begin
      eligible[i] = waiting[i] && !blocked
          && (SCHEDULER_WINDOW_IN_FLIGHT_OPS == 0 || int'(entries[i].rank) < SCHEDULER_WINDOW_IN_FLIGHT_OPS);
      if (SCHEDULER_POLICY == IN_ORDER && waiting[i] && !eligible[i]) blocked = 1'b1;
    end
  end

  // A lockstep group starts when every context is free and the queue holds a full group, or no more comes.
  logic starts;
  always_comb begin
    starts = 1'b1;
    if (SCHEDULER_POLICY == LOCKSTEP)
      starts = int'(free_contexts) == ALL_CONTEXTS && ($countones(waiting) >= ALL_CONTEXTS || !more_coming);
  end

  op_t  [DEPTH-1:0] queued, oldest;
  logic [DEPTH-1:0] oldest_valid;
  logic [DEPTH-1:0][$clog2(DEPTH+1)-1:0] rank;
  logic [$clog2(DEPTH+1)-1:0] unused_total;
  always_comb for (int i = 0; i < DEPTH; i++) queued[i] = entries[i].op;
  o3_compress #(.N(DEPTH), .WIDTH($bits(op_t))) select (
      .valid(eligible), .items(queued), .front_valid(oldest_valid), .front(oldest),
      .rank(rank), .total(unused_total));

  always_comb begin
    for (int i = 0; i < DEPTH; i++)
      selected[i] = starts && eligible[i] && int'(rank[i]) < WIDTH && int'(rank[i]) < int'(free_contexts);
    for (int i = 0; i < WIDTH; i++) begin
      ops_valid[i] = i < DEPTH && starts && oldest_valid[i%DEPTH] && i < int'(free_contexts);
      ops[i] = oldest[i%DEPTH];
    end
  end
endmodule
