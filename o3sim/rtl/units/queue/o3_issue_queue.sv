// One bank of the issue queue, or all of it: ops that wait for a PE, oldest first. Ops whose window is seen to be 1
// leave at once.
module o3_issue_queue
  import o3_pkg::*;
  import o3_queue_pkg::*;
(
    input  logic                                              clk,
    input  logic                                              rst,
    input  seen_t    [OUTPUT_BUFFER_WRITE_WIDTH_OPS-1:0]      seen,
    input  logic     [SEQUENCER_WIDTH_OPS-1:0]                dispatched,  // to this bank
    input  op_t      [SEQUENCER_WIDTH_OPS-1:0]                ops,
    input  logic     [SEQUENCER_WIDTH_OPS-1:0][RANK_BITS-1:0] rank,
    input  logic     [BANK_DEPTH_OPS-1:0]                     selected,  // by the scheduler in this cycle
    output logic     [ROOM_BITS-1:0]                          room,      // as of the end of the last cycle
    output entry_t   [BANK_DEPTH_OPS-1:0]                     entries,   // with the rank of this cycle
    output logic     [BANK_DEPTH_OPS-1:0]                     squashed,
    output logic     [BANK_DEPTH_OPS-1:0]                     waiting    // in the queue, not squashed, not selected
);
  localparam int DEPTH = BANK_DEPTH_OPS, COMING = DEPTH + SEQUENCER_WIDTH_OPS;

  logic   [DEPTH-1:0]     valid;
  entry_t [DEPTH-1:0]     held;
  logic   [ROOM_BITS-1:0] count;
  assign room = ROOM_BITS'(DEPTH) - count;

  always_comb begin
    for (int i = 0; i < DEPTH; i++) begin
      entries[i] = held[i];
      squashed[i] = 1'b0;
      for (int s = 0; s < OUTPUT_BUFFER_WRITE_WIDTH_OPS; s++)
        if (PRUNING_POOLING && seen[s].valid && seen[s].window == held[i].op.window) begin
          squashed[i] = squashed[i] | (valid[i] & seen[s].outcome);
          entries[i].rank = entries[i].rank - 1'b1;
        end
      waiting[i] = valid[i] && !squashed[i] && !held[i].selected;
    end
  end

  // What is in the queue in the next cycle: what stays, then what comes.
  logic   [COMING-1:0] next_valid, front_valid;
  entry_t [COMING-1:0] next, front;
  logic   [COMING-1:0][$clog2(COMING+1)-1:0] unused_rank;
  logic   [$clog2(COMING+1)-1:0] next_count;
  always_comb begin
    for (int i = 0; i < DEPTH; i++) begin
      next[i] = entries[i];
      next_valid[i] = valid[i] && !squashed[i];
      if (SCHEDULER_SELECT_CYCLES == 0) begin
        if (selected[i]) next_valid[i] = 1'b0;
      end else if (selected[i]) begin
        next[i].selected = 1'b1;
        next[i].countdown = SELECT_BITS'(SCHEDULER_SELECT_CYCLES);
      end else if (held[i].selected) begin
        next[i].countdown = held[i].countdown - 1'b1;
        if (held[i].countdown == 1) next_valid[i] = 1'b0;  // issued in this cycle
      end
    end
    for (int i = 0; i < SEQUENCER_WIDTH_OPS; i++) begin
      next[DEPTH+i] = '{op: ops[i], rank: rank[i], selected: 1'b0, countdown: '0};
      next_valid[DEPTH+i] = dispatched[i];
    end
  end
  o3_compress #(.N(COMING), .WIDTH($bits(entry_t))) collapse (
      .valid(next_valid), .items(next), .front_valid(front_valid), .front(front),
      .rank(unused_rank), .total(next_count));

  always_ff @(posedge clk) begin
    if (rst) begin
      valid <= '0;
      count <= '0;
    end else begin
      valid <= front_valid[DEPTH-1:0];
      count <= ROOM_BITS'(next_count);
    end
    held <= front[DEPTH-1:0];
  end
endmodule
