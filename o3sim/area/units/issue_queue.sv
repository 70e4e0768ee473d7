// Ops that wait, oldest first; those of a window that is seen to be 1 leave at once, and holes are closed in the cycle.
module issue_queue #(
    parameter int DEPTH = 16,
    parameter int COMING = 4,
    parameter int SEEN = 4,       // outcomes that are broadcast in a cycle; 0 without pooling
    parameter int OP_BITS = 60,
    localparam int TAG_BITS = 12, RANK_BITS = 3, ITEM_BITS = OP_BITS + RANK_BITS,
    localparam int PORTS = SEEN == 0 ? 1 : SEEN, ALL = DEPTH + COMING
) (
    input  logic                              clk,
    input  logic                              rst,
    input  logic [PORTS-1:0]                  seen,
    input  logic [PORTS-1:0]                  outcome,
    input  logic [PORTS-1:0][TAG_BITS-1:0]    window,   // the lowest bits of an op
    input  logic [COMING-1:0]                 comes,
    input  logic [COMING-1:0][ITEM_BITS-1:0]  coming,
    input  logic [DEPTH-1:0]                  selected,
    output logic [DEPTH-1:0]                  waiting,
    output logic [DEPTH-1:0][ITEM_BITS-1:0]   entries,
    output logic [$clog2(ALL+1)-1:0]          count
);
  logic [DEPTH-1:0] valid;
  logic [DEPTH-1:0][ITEM_BITS-1:0] held;
  always_comb
    for (int i = 0; i < DEPTH; i++) begin
      waiting[i] = valid[i];
      entries[i] = held[i];
      if (SEEN != 0)
        for (int s = 0; s < PORTS; s++)
          if (seen[s] && window[s] == held[i][TAG_BITS-1:0]) begin
            waiting[i] = waiting[i] && !outcome[s];
            entries[i][OP_BITS+:RANK_BITS] = entries[i][OP_BITS+:RANK_BITS] - 1'b1;
          end
    end
  logic [ALL-1:0] front_valid;
  logic [ALL-1:0][ITEM_BITS-1:0] front;
  logic [ALL-1:0][$clog2(ALL+1)-1:0] unused_rank;
  logic [$clog2(ALL+1)-1:0] total;
  o3_compress #(.N(ALL), .WIDTH(ITEM_BITS)) collapse (
      .valid({comes, waiting & ~selected}), .items({coming, entries}), .front_valid(front_valid), .front(front),
      .rank(unused_rank), .total(total));
  always_ff @(posedge clk) begin
    valid <= rst ? '0 : front_valid[DEPTH-1:0];
    held <= front[DEPTH-1:0];
    count <= rst ? '0 : total;
  end
endmodule
