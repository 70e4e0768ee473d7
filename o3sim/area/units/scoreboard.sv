// Windows that ops in flight belong to: whether each is seen to be 1, how many of its ops are not seen, how many ended.
module scoreboard #(
    parameter int WINDOWS = 32,
    parameter int LOOKUPS = 4,    // ops that the sequencer looks at in a cycle
    parameter int SEEN = 4,
    localparam int RANK_BITS = 3, WINDOW_BITS = $clog2(WINDOWS)
) (
    input  logic                                 clk,
    input  logic                                 rst,
    input  logic [SEEN-1:0]                      seen,
    input  logic [SEEN-1:0]                      outcome,
    input  logic [SEEN-1:0][WINDOW_BITS-1:0]     seen_window,
    input  logic [RANK_BITS-1:0]                 members,
    input  logic [LOOKUPS-1:0]                   dispatched,
    input  logic [LOOKUPS-1:0][WINDOW_BITS-1:0]  window,
    output logic [LOOKUPS-1:0]                   settled,
    output logic [LOOKUPS-1:0][RANK_BITS-1:0]    rank,
    output logic [SEEN-1:0]                      writes   // the window's bit is final
);
  logic [WINDOWS-1:0] is_1;
  logic [WINDOWS-1:0][RANK_BITS-1:0] unseen, ended;
  always_comb begin
    for (int i = 0; i < LOOKUPS; i++) begin
      settled[i] = is_1[window[i]];
      rank[i] = unseen[window[i]];
      for (int s = 0; s < SEEN; s++)
        if (seen[s] && seen_window[s] == window[i]) begin
          settled[i] = settled[i] | outcome[s];
          rank[i] = rank[i] - 1'b1;
        end
      for (int j = 0; j < i; j++) if (window[j] == window[i]) rank[i] = rank[i] + 1'b1;
    end
    for (int s = 0; s < SEEN; s++)
      writes[s] = seen[s] && !is_1[seen_window[s]] && (outcome[s] || ended[seen_window[s]] + 1'b1 == members);
  end
  always_ff @(posedge clk)
    for (int w = 0; w < WINDOWS; w++) begin
      logic [RANK_BITS-1:0] less, more;
      logic sets, starts;
      less = '0;
      more = '0;
      sets = 1'b0;
      starts = 1'b0;
      for (int s = 0; s < SEEN; s++)
        if (seen[s] && int'(seen_window[s]) == w) begin
          less = less + 1'b1;
          sets = sets | outcome[s];
        end
      for (int i = 0; i < LOOKUPS; i++)
        if (dispatched[i] && int'(window[i]) == w) begin
          more = more + 1'b1;
          starts = 1'b1;
        end
      unseen[w] <= unseen[w] + more - less;
      if (starts && unseen[w] == 0) begin  // another window takes its place
        ended[w] <= '0;
        is_1[w] <= 1'b0;
      end else begin
        ended[w] <= ended[w] + less;
        if (sets) is_1[w] <= 1'b1;
      end
      if (rst) unseen[w] <= '0;
    end
endmodule
