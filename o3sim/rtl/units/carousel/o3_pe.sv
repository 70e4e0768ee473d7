// A processing element of a carousel: in a cycle one of its contexts has its turn, takes note of what is known, goes on to
// the next member or window, and hears the word that passes.
module o3_pe
  import o3_pkg::*;
  import o3_carousel_pkg::*;
(
    input  logic                              clk,
    input  logic                              rst,
    input  layer_t                            layer,
    input  logic     [CONTEXT_BITS-1:0]       turn,
    input  logic     [WORD_BITS-1:0]          passing,     // the word
    // Windows.
    output logic                              wants,
    input  window_t                           given,
    output ended_t                            ended,
    output logic     [CHANNEL_BITS-1:0]       threshold_channel,
    input  logic     [COUNT_BITS-1:0]         threshold,
    // The word that it hears.
    output logic                              hears,
    output logic     [SLOT_BITS-1:0]          hears_slot,
    output op_t                               hears_op,
    output logic     [WORD_BITS-1:0]          words_heard, // before it
    output logic     [PLACE_BITS-1:0]         place,
    output logic     [MEMBER_BITS-1:0]        member,
    input  location_line_t                    location,    // of its activations
    input  part_t    [MOST_LANES-1:0]    sent,
    input  logic     [SLOTS-1:0][PE_WIDTH_EDGES-1:0] stream_words,
    // Outcomes.
    output outcome_t                          known,       // taken note of in this cycle
    output logic                              folded,      // into the state of its window, here
    output logic     [MEMBER_BITS-1:0]        dropped,     // members after it that need not begin
    output outcome_t [PE_CONTEXTS-1:0]        offered,
    input  logic     [PE_CONTEXTS-1:0]        taken,
    // A member that begins.
    output logic                              issued,
    output op_t                               issued_op
);
  localparam int TIMER_BITS = bits_for(SCHEDULER_ISSUE_LATENCY_CYCLES + 1);

  typedef struct packed {
    window_t                window;
    logic [MEMBER_BITS-1:0] member;       // that is at work
    logic                   was_1;        // one of the members before it
    logic [COUNT_BITS-1:0]  threshold;
    logic                   is_constant;
    logic [TIMER_BITS-1:0]  timer;        // cycles until its first word may go in, or a constant one is known
    logic [WORD_BITS-1:0]   words_heard;
    logic [COUNT_BITS-1:0]  left;         // edges in the other words, as they count
    logic                   is_known;
    logic                   outcome;
    outcome_t               ended;        // outcome of the window before, while the one before that is not written
  } context_t;
  context_t [PE_CONTEXTS-1:0] contexts, with_verdict;
  outcome_t [PE_CONTEXTS-1:0] results;    // that wait to be written
  outcome_t verdict;

  // Outcomes that are known, of all contexts.
  always_comb begin
    with_verdict = contexts;
    for (int c = 0; c < PE_CONTEXTS; c++) begin
      op_t op;
      op = op_of(layer, contexts[c].window.position, contexts[c].window.channel, contexts[c].member);
      if (contexts[c].window.valid && !contexts[c].is_known) begin
        if (contexts[c].is_constant) begin
          with_verdict[c].is_known = contexts[c].timer == 0;
          with_verdict[c].outcome = contexts[c].threshold == 0;
        end else if (verdict.valid && verdict.index == op.index) begin
          with_verdict[c].is_known = 1'b1;
          with_verdict[c].outcome = verdict.outcome;
        end
      end
    end
  end

  // The turn: note of an outcome, then the next member, or the end of the window, or another window.
  context_t held, after_outcome, now;
  op_t held_op;
  logic ends, stalls;
  assign held = with_verdict[turn];
  assign held_op = op_of(layer, held.window.position, held.window.channel, held.member);
  always_comb begin
    known = '{valid: held.window.valid && held.is_known, index: held_op.index, window: held_op.window,
              outcome: held.outcome, window_is_1: held.outcome || held.was_1};
    ends = known.valid && ((PRUNING_POOLING && held.outcome) || int'(held.member) == MEMBERS[layer] - 1);
    folded = known.valid && !ends;
    dropped = ends ? MEMBER_BITS'(MEMBERS[layer] - 1) - held.member : '0;
    ended = '{valid: ends, slot: held.window.slot, tile: held.window.tile};
    after_outcome = held;
    if (ends) begin
      after_outcome.window.valid = 1'b0;
      after_outcome.ended = known;
    end else if (folded) begin
      after_outcome.member = held.member + 1'b1;
      after_outcome.was_1 = held.was_1 || held.outcome;
      after_outcome.words_heard = '0;
      after_outcome.left = COUNT_BITS'(FULL_COUNT[layer]);
      after_outcome.is_known = 1'b0;
      after_outcome.timer = TIMER_BITS'(held.is_constant);
    end
    offered = results;
    stalls = after_outcome.ended.valid && results[turn].valid;
    if (after_outcome.ended.valid && !stalls) begin
      offered[turn] = after_outcome.ended;
      after_outcome.ended.valid = 1'b0;
    end
  end
  assign wants = !after_outcome.window.valid && !stalls;
  assign threshold_channel = given.channel;

  always_comb begin
    logic is_constant;
    is_constant = needs_no_word(layer, threshold);
    now = after_outcome;
    if (given.valid)
      now = '{window: given, member: '0, was_1: 1'b0, threshold: threshold, is_constant: is_constant,
              timer: TIMER_BITS'(SCHEDULER_ISSUE_LATENCY_CYCLES + int'(is_constant)), words_heard: '0,
              left: COUNT_BITS'(FULL_COUNT[layer]), is_known: 1'b0, outcome: 1'b0, ended: after_outcome.ended};
    issued = given.valid || folded;
    issued_op = op_of(layer, now.window.position, now.window.channel, now.member);
    hears = now.window.valid && !stalls && !now.is_constant && now.timer == 0 && int'(now.words_heard) < WORDS[layer];
  end
  assign hears_slot = now.window.slot;
  assign hears_op = issued_op;
  assign words_heard = now.words_heard;
  assign place = now.window.place;
  assign member = now.member;

  // An op may begin with any word; the last one in natural order, which may have fewer edges, can come before others.
  logic [COUNT_BITS-1:0] left;
  assign left = now.left - count_of(layer, passing);

  logic [PE_WIDTH_EDGES-1:0] activations;
  logic [SLOT_BITS-1:0] last_slot;
  always_ff @(posedge clk) last_slot <= hears_slot;
  o3_tile_memory tile_memory (.clk, .layer, .sent, .location, .activations);
  o3_datapath datapath (
      .clk, .rst, .layer, .word_valid(hears), .word_op(hears_op), .word_context(turn), .word_number(passing),
      .word_starts(now.words_heard == 0), .word_left(left), .word_threshold(now.threshold), .activations,
      .weights(stream_words[last_slot]), .dropped('0), .dropped_index('0), .verdict);

  always_ff @(posedge clk) begin
    for (int c = 0; c < PE_CONTEXTS; c++) begin
      contexts[c] <= int'(turn) == c ? now : with_verdict[c];
      if (int'(turn) == c ? now.timer != 0 : contexts[c].timer != 0)
        contexts[c].timer <= (int'(turn) == c ? now.timer : contexts[c].timer) - 1'b1;
      results[c] <= offered[c];
      if (taken[c]) results[c].valid <= 1'b0;
      if (int'(turn) == c && hears) begin
        contexts[c].words_heard <= now.words_heard + 1'b1;
        contexts[c].left <= left;
      end
    end
    if (rst)
      for (int c = 0; c < PE_CONTEXTS; c++) begin
        contexts[c].window.valid <= 1'b0;
        contexts[c].ended.valid <= 1'b0;
        results[c].valid <= 1'b0;
      end
  end
endmodule
