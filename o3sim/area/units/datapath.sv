// The arithmetic of a PE: XNOR, count, running matches of each context, the two comparisons, registers up to the
// latency. Edges that are left come with the word, since they depend on the layer that runs.
module datapath #(
    parameter int WIDTH = 32,
    parameter int CONTEXTS = 2,
    parameter int LATENCY = 2,
    parameter bit THRESHOLD = 1,
    parameter int COUNT_BITS = 16,
    localparam int CONTEXT_BITS = CONTEXTS < 2 ? 1 : $clog2(CONTEXTS)
) (
    input  logic                    clk,
    input  logic                    rst,
    input  logic                    valid,
    input  logic [CONTEXT_BITS-1:0] context_number,
    input  logic                    generation,  // tells an op from the one before it in its context
    input  logic                    is_first,
    input  logic                    is_last,
    input  logic [COUNT_BITS-1:0]   left,
    input  logic [COUNT_BITS-1:0]   bound,
    input  logic [WIDTH-1:0]        activations,
    input  logic [WIDTH-1:0]        weights,
    input  logic [CONTEXTS-1:0]     dropped,
    output logic                    known,
    output logic [CONTEXT_BITS-1:0] known_context,
    output logic                    known_generation,
    output logic                    outcome
);
  typedef struct packed {
    logic                    valid;
    logic [CONTEXT_BITS-1:0] context_number;
    logic                    generation;
    logic                    outcome;
  } stage_t;
  stage_t [LATENCY:2] stages;
  logic word_valid, word_first, word_last, word_generation;
  logic [CONTEXT_BITS-1:0] word_context;
  logic [COUNT_BITS-1:0] word_left, word_bound, sum;
  logic [CONTEXTS-1:0][COUNT_BITS-1:0] so_far;
  logic [$clog2(WIDTH+1)-1:0] ones;
  logic is_1, is_0;
  o3_popcount #(.WIDTH(WIDTH)) popcount (.word(~(activations ^ weights)), .ones(ones));
  assign sum = (word_first ? '0 : so_far[word_context]) + COUNT_BITS'(ones);
  assign is_1 = sum >= word_bound;
  assign is_0 = sum + word_left < word_bound;

  function automatic logic forgotten(input stage_t stage);
    return dropped[stage.context_number]
        || (known && known_context == stage.context_number && known_generation == stage.generation);
  endfunction
  stage_t decided;
  assign decided = '{valid: word_valid && (word_last || (THRESHOLD && (is_1 || is_0))), context_number: word_context,
                     generation: word_generation, outcome: is_1};
  assign known = stages[LATENCY].valid;
  assign known_context = stages[LATENCY].context_number;
  assign known_generation = stages[LATENCY].generation;
  assign outcome = stages[LATENCY].outcome;

  always_ff @(posedge clk) begin
    word_valid <= valid && !rst;
    word_context <= context_number;
    word_generation <= generation;
    word_first <= is_first;
    word_last <= is_last;
    word_left <= left;
    word_bound <= bound;
    if (word_valid) so_far[word_context] <= sum;
    stages[2] <= decided;
    stages[2].valid <= decided.valid && !forgotten(decided) && !rst;
    for (int s = 3; s <= LATENCY; s++) begin
      stages[s] <= stages[s-1];
      stages[s].valid <= stages[s-1].valid && !forgotten(stages[s-1]) && !rst;
    end
  end
endmodule
