// Moves valid items to the front and keeps their order: log2(N) stages of shifts by the holes below each.
module o3_compress #(
    parameter int N = 8,
    parameter int WIDTH = 8,
    localparam int RANK_BITS = $clog2(N + 1)
) (
    input  logic [N-1:0]                valid,
    input  logic [N-1:0][WIDTH-1:0]     items,
    output logic [N-1:0]                front_valid,
    output logic [N-1:0][WIDTH-1:0]     front,
    output logic [N-1:0][RANK_BITS-1:0] rank,        // valid items below each place
    output logic [RANK_BITS-1:0]        total
);
  localparam int STAGES = N < 2 ? 1 : $clog2(N);

  // Valid items up to and with each place: prefix sums over ever longer stretches.
  logic [RANK_BITS-1:0] sum[STAGES+1][N];
  // Where each item is after each stage, and how far it still has to go.
  logic                 there[STAGES+1][N];
  logic [WIDTH-1:0]     item [STAGES+1][N];
  logic [RANK_BITS-1:0] holes[STAGES+1][N];

  always_comb begin
    for (int i = 0; i < N; i++) sum[0][i] = RANK_BITS'(valid[i]);
    for (int s = 0; s < STAGES; s++)
      for (int i = 0; i < N; i++) sum[s+1][i] = sum[s][i] + (i >= (1 << s) ? sum[s][(i+N-(1<<s))%N] : '0);
    total = sum[STAGES][N-1];
    for (int i = 0; i < N; i++) begin
      rank[i] = sum[STAGES][i] - RANK_BITS'(valid[i]);
      there[0][i] = valid[i];
      item[0][i] = items[i];
      holes[0][i] = RANK_BITS'(i) - rank[i];
    end
    for (int s = 0; s < STAGES; s++)
      for (int i = 0; i < N; i++) begin
        there[s+1][i] = there[s][i] && !holes[s][i][s];
        item[s+1][i] = item[s][i];
        holes[s+1][i] = holes[s][i];
        if (i + (1 << s) < N && there[s][(i+(1<<s))%N] && holes[s][(i+(1<<s))%N][s]) begin
          there[s+1][i] = 1'b1;
          item[s+1][i] = item[s][(i+(1<<s))%N];
          holes[s+1][i] = holes[s][(i+(1<<s))%N];
        end
      end
    for (int i = 0; i < N; i++) begin
      front_valid[i] = there[STAGES][i];
      front[i] = item[STAGES][i];
    end
  end
endmodule
