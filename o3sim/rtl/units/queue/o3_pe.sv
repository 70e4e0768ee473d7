// A processing element: PE_CONTEXTS ops interleaved, a word a cycle.
module o3_pe
  import o3_pkg::*;
  import o3_queue_pkg::*;
(
    input  logic                                         clk,
    input  logic                                         rst,
    input  layer_t                                       layer,
    input  seen_t    [OUTPUT_BUFFER_WRITE_WIDTH_OPS-1:0] seen,
    // Contexts.
    output logic [PE_CONTEXTS-1:0]                       free,      // after this cycle's verdicts and squashes
    output logic                                         stalled,
    input  logic [PE_CONTEXTS-1:0]                       placed,
    input  op_t  [PE_CONTEXTS-1:0]                       placed_ops,
    // Thresholds: an op is issued with that of its channel.
    output logic [PE_CONTEXTS-1:0][CHANNEL_BITS-1:0]     threshold_channel,
    input  logic [PE_CONTEXTS-1:0][COUNT_BITS-1:0]       threshold,
    // The next word.
    output logic                                         asks,
    output op_t                                          asks_op,
    output logic [WORD_BITS-1:0]                         asks_word,
    output request_t                                     request,
    input  reply_t                                       reply,
    output logic                                         granted,
    // Outcomes.
    output outcome_t [PE_CONTEXTS:0]                     known,        // from this cycle on; first that of a word
    output outcome_t                                     offered,
    input  logic                                         taken,
    // What happens to ops in contexts.
    output logic [PE_CONTEXTS-1:0]                       issued,
    output op_t  [PE_CONTEXTS-1:0]                       issued_ops,
    output logic [PE_CONTEXTS-1:0]                       squashed,
    output logic [PE_CONTEXTS-1:0][OP_BITS-1:0]          squashed_index
);
  localparam int CONTEXT_BITS = bits_for(PE_CONTEXTS - 1);
  localparam int ISSUE_CYCLES = SCHEDULER_SELECT_CYCLES + SCHEDULER_ISSUE_LATENCY_CYCLES;
  localparam int TIMER_BITS = bits_for(ISSUE_CYCLES + PE_LATENCY_CYCLES + 1);

  typedef struct packed {
    logic                   valid;
    op_t                    op;
    logic [COUNT_BITS-1:0]  threshold;
    logic                   is_constant;  // decided after 0 edges: it needs no word
    logic [WORD_BITS-1:0]   words_in;
    logic [GATHER_BITS-1:0] gathered;     // buffer words of the next one that it has
    logic [TIMER_BITS-1:0]  timer;        // cycles until its next word may go in with its last verdict known
    logic [SELECT_BITS-1:0] countdown;    // until its issue: at 0 it is issued
  } context_t;
  context_t [PE_CONTEXTS-1:0] contexts, now;

  // Verdicts, and squashes by what is seen.
  outcome_t verdict;
  logic [PE_CONTEXTS-1:0] ends, hit, dropped;
  always_comb begin
    known[0] = verdict;
    for (int c = 0; c < PE_CONTEXTS; c++) begin
      logic word_ends, constant_ends;
      // Its last word may have gone in since, and another op have come.
      word_ends = contexts[c].valid && verdict.valid && verdict.index == contexts[c].op.index;
      constant_ends = contexts[c].valid && contexts[c].is_constant && contexts[c].timer == 0;
      ends[c] = word_ends || constant_ends;
      known[1+c] = '{valid: constant_ends, index: contexts[c].op.index, window: contexts[c].op.window,
                     outcome: contexts[c].threshold == 0, window_is_1: contexts[c].threshold == 0};
      hit[c] = 1'b0;
      for (int s = 0; s < OUTPUT_BUFFER_WRITE_WIDTH_OPS; s++)
        hit[c] = hit[c] | (seen[s].valid && seen[s].outcome && seen[s].window == contexts[c].op.window);
      dropped[c] = PRUNING_POOLING && contexts[c].valid && !ends[c] && hit[c];
      squashed[c] = dropped[c] && contexts[c].countdown == 0;  // else it is squashed in the queue
      squashed_index[c] = contexts[c].op.index;
      free[c] = !contexts[c].valid || ends[c] || dropped[c];
      threshold_channel[c] = placed_ops[c].channel;
    end
  end

  // What the contexts hold with the ops that come in this cycle.
  always_comb
    for (int c = 0; c < PE_CONTEXTS; c++) begin
      logic is_constant;
      is_constant = needs_no_word(layer, threshold[c]);
      now[c] = contexts[c];
      now[c].valid = !free[c];
      if (placed[c])
        now[c] = '{valid: 1'b1, op: placed_ops[c], threshold: threshold[c], is_constant: is_constant,
                   words_in: '0, gathered: '0, timer: TIMER_BITS'(ISSUE_CYCLES + int'(is_constant)),
                   countdown: SELECT_BITS'(SCHEDULER_SELECT_CYCLES)};
      issued[c] = SCHEDULER_SELECT_CYCLES == 0 ? placed[c] : !free[c] && contexts[c].countdown == 1;
      issued_ops[c] = now[c].op;
    end

  // Whose word goes next: the oldest op whose last verdict is known, else the oldest that has begun, as a guess.
  logic has_known, has_guess;
  logic [CONTEXT_BITS-1:0] oldest_known, oldest_guess, chosen;
  always_comb begin
    has_known = 1'b0;
    has_guess = 1'b0;
    oldest_known = '0;
    oldest_guess = '0;
    for (int c = 0; c < PE_CONTEXTS; c++)
      if (now[c].valid && !now[c].is_constant) begin
        if (now[c].timer == 0) begin
          if (!has_known || now[c].op.index < now[oldest_known].op.index) oldest_known = CONTEXT_BITS'(c);
          has_known = 1'b1;
        end else if (now[c].words_in != 0) begin
          if (!has_guess || now[c].op.index < now[oldest_guess].op.index) oldest_guess = CONTEXT_BITS'(c);
          has_guess = 1'b1;
        end
      end
  end
  assign chosen = has_known ? oldest_known : oldest_guess;
  assign asks = !stalled && (has_known || (PE_SPECULATE && has_guess));
  assign asks_op = now[chosen].op;
  assign asks_word = now[chosen].words_in;
  logic [WEIGHT_BITS-1:0] weight_address;
  assign weight_address = WEIGHT_BITS'(WEIGHT_WORD[layer] + int'(asks_op.channel) * CHANNEL_WORDS[layer]
      + weight_word(layer, asks_word));
  logic [GATHER_BITS-1:0] next_gathered;
  logic [PE_WIDTH_EDGES-1:0] activations;
  o3_gathering gathering (
      .clk, .layer, .asks, .op(asks_op), .context_number(chosen), .number(asks_word), .gathered(now[chosen].gathered),
      .weight_address, .request, .reply, .granted, .next_gathered, .activations);

  o3_datapath datapath (
      .clk, .rst, .layer, .word_valid(granted), .word_op(asks_op), .word_context(chosen), .word_number(asks_word),
      .word_starts(asks_word == 0), .word_left(edges_behind(layer, asks_word)),
      .word_threshold(now[chosen].threshold), .activations, .weights(reply.weight_data),
      .dropped, .dropped_index(squashed_index), .verdict);

  // Of outcomes known in the same cycle that of a word comes first, then those of ops that need none, by age.
  outcome_t [PE_CONTEXTS:0] by_age;
  always_comb begin
    by_age = known;
    for (int i = 1; i <= PE_CONTEXTS; i++)
      for (int j = 1; j < PE_CONTEXTS; j++)
        if (by_age[j+1].valid && (!by_age[j].valid || by_age[j+1].index < by_age[j].index))
          {by_age[j], by_age[j+1]} = {by_age[j+1], by_age[j]};
  end
  o3_held_outcomes held_outcomes (.clk, .rst, .coming(by_age), .offered, .taken, .stalled);

  always_ff @(posedge clk) begin
    for (int c = 0; c < PE_CONTEXTS; c++) begin
      contexts[c] <= now[c];
      if (now[c].timer != 0) contexts[c].timer <= now[c].timer - 1'b1;
      if (now[c].countdown != 0 && !placed[c]) contexts[c].countdown <= now[c].countdown - 1'b1;
      if (asks && int'(chosen) == c) contexts[c].gathered <= next_gathered;
      if (granted && int'(chosen) == c) begin
        contexts[c].words_in <= asks_word + 1'b1;
        contexts[c].timer <= PRUNING_THRESHOLD ? TIMER_BITS'(PE_LATENCY_CYCLES - 1) : '0;
        if (int'(asks_word) == WORDS[layer] - 1) contexts[c].valid <= 1'b0;
      end
    end
    if (rst) for (int c = 0; c < PE_CONTEXTS; c++) contexts[c].valid <= 1'b0;
  end
endmodule
