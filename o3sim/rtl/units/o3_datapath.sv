// The arithmetic of a PE. A word goes in in cycle t; its operands are there in t + 1, when they are compared,
// counted and added to the matches of its op; the verdict is known from t + PE_LATENCY_CYCLES on.
module o3_datapath
  import o3_pkg::*;
#(
    localparam int CONTEXT_BITS = bits_for(PE_CONTEXTS - 1)
) (
    input  logic                       clk,
    input  logic                       rst,
    input  layer_t                     layer,
    // A word that goes in.
    input  logic                       word_valid,
    input  op_t                        word_op,
    input  logic [CONTEXT_BITS-1:0]    word_context,
    input  logic [WORD_BITS-1:0]       word_number,
    input  logic                       word_starts,  // the first of its op that goes in
    input  logic [COUNT_BITS-1:0]      word_left,    // edges of its op in the words that are left then
    input  logic [COUNT_BITS-1:0]      word_threshold,
    // Its operands, a cycle later.
    input  logic [PE_WIDTH_EDGES-1:0]  activations,
    input  logic [PE_WIDTH_EDGES-1:0]  weights,
    // Ops that were dropped in this cycle: their words are forgotten.
    input  logic [PE_CONTEXTS-1:0]              dropped,
    input  logic [PE_CONTEXTS-1:0][OP_BITS-1:0] dropped_index,
    // The verdict known from this cycle on.
    output outcome_t                   verdict
);
  // In the last word of an op only the edges that it has count.
  logic [PE_WIDTH_EDGES-1:0] last_mask;
  assign last_mask = {PE_WIDTH_EDGES{1'b1}} >> (PE_WIDTH_EDGES - last_edges(layer));

  typedef struct packed {
    logic                    valid;
    op_t                     op;
    logic [CONTEXT_BITS-1:0] context_number;
    logic [WORD_BITS-1:0]    number;
    logic                    starts;
    logic [COUNT_BITS-1:0]   left;
    logic [COUNT_BITS-1:0]   threshold;
  } word_t;
  word_t words;                                     // whose operands are there in this cycle
  outcome_t [PE_LATENCY_CYCLES:2] stages;           // decided words, so many cycles after they went in
  logic [COUNT_BITS-1:0] so_far[PE_CONTEXTS];      // so far, of the op in each context

  logic [PE_WIDTH_EDGES-1:0] equal, own_weights;
  logic [$clog2(PE_WIDTH_EDGES+1)-1:0] ones;
  assign equal = ~(activations ^ own_weights) & (is_last_word(layer, words.number) ? last_mask : '1);
  o3_popcount #(.WIDTH(PE_WIDTH_EDGES)) popcount (.word(equal), .ones(ones));

  // Bit planes: edges of the next plane take the channel's weights from the first on, and count half as much.
  logic [COUNT_BITS-1:0] matched;
  if (most(PLANES) == 1) begin : g_bits
    assign own_weights = weights;
    assign matched = COUNT_BITS'(ones);
  end else begin : g_planes
    always_comb begin
      matched = '0;
      for (int j = 0; j < PE_WIDTH_EDGES; j++) begin
        int edge_number;
        edge_number = edge_of(layer, words.number, j);
        own_weights[j] = weights[edge_number%TAPS[layer]%PE_WIDTH_EDGES];
        if (equal[j]) matched = matched + COUNT_BITS'(weight_of(layer, edge_number));
      end
    end
  end

  // With `sum` matches: 1 if sum >= threshold, 0 if sum + edges left < threshold.
  logic [COUNT_BITS-1:0] sum;
  logic is_1, is_0, decides;
  assign sum = (words.starts ? '0 : so_far[words.context_number]) + matched;
  assign is_1 = sum >= words.threshold;
  assign is_0 = sum + words.left < words.threshold;
  assign decides = words.left == 0 || (PRUNING_THRESHOLD && (is_1 || is_0));

  assign verdict = stages[PE_LATENCY_CYCLES];

  // Later words of an op that is decided now, or dropped, say nothing more.
  function automatic logic forgotten(input logic [OP_BITS-1:0] index);
    logic gone = verdict.valid && verdict.index == index;
    for (int c = 0; c < PE_CONTEXTS; c++) gone = gone | (dropped[c] && dropped_index[c] == index);
    return gone;
  endfunction

  always_ff @(posedge clk) begin
    words <= '{valid: word_valid, op: word_op, context_number: word_context, number: word_number,
               starts: word_starts, left: word_left, threshold: word_threshold};
    stages[2] <= '{valid: words.valid && decides && !forgotten(words.op.index), index: words.op.index,
                   window: words.op.window, outcome: is_1, window_is_1: is_1};
    for (int s = 3; s <= PE_LATENCY_CYCLES; s++) begin
      stages[s] <= stages[s-1];
      stages[s].valid <= stages[s-1].valid && !forgotten(stages[s-1].index);
    end
    if (words.valid) so_far[words.context_number] <= sum;
    if (rst) begin
      words.valid <= 1'b0;
      for (int s = 2; s <= PE_LATENCY_CYCLES; s++) stages[s].valid <= 1'b0;
    end
  end
endmodule
