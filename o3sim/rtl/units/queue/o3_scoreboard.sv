// Which windows are seen to be 1, and how many ops of each are dispatched and not seen yet. What retires is
// seen PRUNING_SQUASH_LATENCY_CYCLES later by all who are to see it.
// Only the sequencer looks windows up; queue and PEs hear of what is seen by broadcast.
module o3_scoreboard
  import o3_pkg::*;
  import o3_queue_pkg::*;
(
    input  logic                                             clk,
    input  logic                                             rst,
    input  outcome_t [OUTPUT_BUFFER_WRITE_WIDTH_OPS-1:0]     retired,     // in this cycle
    output seen_t    [OUTPUT_BUFFER_WRITE_WIDTH_OPS-1:0]     seen,
    input  op_t      [SEQUENCER_WIDTH_OPS-1:0]               ops,         // looked up
    input  logic     [SEQUENCER_WIDTH_OPS-1:0]               dispatched,
    output logic     [SEQUENCER_WIDTH_OPS-1:0]               settled,
    output logic     [SEQUENCER_WIDTH_OPS-1:0][RANK_BITS-1:0] rank        // older ops of its window not seen
);
  logic [MOST_WINDOWS-1:0]                is_1;
  logic [MOST_WINDOWS-1:0][RANK_BITS-1:0] unseen;

  seen_t [PRUNING_SQUASH_LATENCY_CYCLES:1][OUTPUT_BUFFER_WRITE_WIDTH_OPS-1:0] on_the_way;
  assign seen = on_the_way[PRUNING_SQUASH_LATENCY_CYCLES];
  always_ff @(posedge clk)
    if (rst) on_the_way <= '0;
    else begin
      for (int i = 0; i < OUTPUT_BUFFER_WRITE_WIDTH_OPS; i++)
        on_the_way[1][i] <= '{valid: retired[i].valid, window: retired[i].window, outcome: retired[i].outcome};
      for (int s = 2; s <= PRUNING_SQUASH_LATENCY_CYCLES; s++) on_the_way[s] <= on_the_way[s-1];
    end

  always_comb begin
    settled = '0;
    rank = '0;
    for (int i = 0; i < SEQUENCER_WIDTH_OPS; i++) begin
      if (PRUNING_POOLING) begin
        settled[i] = is_1[ops[i].window];
        rank[i] = unseen[ops[i].window];
        for (int s = 0; s < OUTPUT_BUFFER_WRITE_WIDTH_OPS; s++)
          if (seen[s].valid && seen[s].window == ops[i].window) begin
            settled[i] = settled[i] | seen[s].outcome;
            rank[i] = rank[i] - 1'b1;
          end
        for (int j = 0; j < i; j++) if (ops[j].window == ops[i].window) rank[i] = rank[i] + 1'b1;
      end
    end
  end

  always_ff @(posedge clk) begin
    if (rst) begin
      is_1 <= '0;
      unseen <= '0;
    end else if (PRUNING_POOLING) begin
      // Several in a cycle may be of one window: the last assignment has them all.
      for (int s = 0; s < OUTPUT_BUFFER_WRITE_WIDTH_OPS; s++)
        if (seen[s].valid) begin
          if (seen[s].outcome) is_1[seen[s].window] <= 1'b1;
          unseen[seen[s].window] <= unseen[seen[s].window] - seen_of(seen[s].window);
        end
      for (int i = 0; i < SEQUENCER_WIDTH_OPS; i++)
        if (dispatched[i]) unseen[ops[i].window] <= rank[i] + 1'b1;
    end
  end

  function automatic logic [RANK_BITS-1:0] seen_of(input logic [WINDOW_BITS-1:0] window);
    logic [RANK_BITS-1:0] count = '0;
    for (int s = 0; s < OUTPUT_BUFFER_WRITE_WIDTH_OPS; s++)
      if (seen[s].valid && seen[s].window == window) count = count + 1'b1;
    return count;
  endfunction
endmodule
