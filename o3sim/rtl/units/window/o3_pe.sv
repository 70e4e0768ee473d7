// A processing element without a queue before it: its contexts hold tasks, whose members take turns in them.
module o3_pe
  import o3_pkg::*;
  import o3_tasks_pkg::*;
#(
    parameter int GROUP_NUMBER = 0  // whose weight banks it reads
) (
    input  logic                                         clk,
    input  logic                                         rst,
    input  layer_t                                       layer,
    // Contexts.
    output logic  [PE_CONTEXTS-1:0]                      free,       // after this cycle's verdicts
    output logic                                         stalled,
    input  logic  [PE_CONTEXTS-1:0]                      placed,
    input  task_t [PE_CONTEXTS-1:0]                      placed_tasks,
    output logic  [PLACE_BITS-1:0]                       oldest_place,  // of those held as of the end of the last cycle, or PLACES
    // Thresholds: a member begins with that of its channel.
    output logic  [PE_CONTEXTS-1:0][CHANNEL_BITS-1:0]    threshold_channel,
    input  logic  [PE_CONTEXTS-1:0][COUNT_BITS-1:0]      threshold,
    // The next word.
    output logic                                         asks,
    output op_t                                          asks_op,
    output logic  [WORD_BITS-1:0]                        asks_word,
    output request_t                                     request,
    input  reply_t                                       reply,
    input  sent_t                                        sent,       // into the patch
    output logic                                         granted,
    // Outcomes, in the order in which they are taken note of.
    output outcome_t [PE_CONTEXTS:0]                     known,        // from this cycle on
    output logic  [PE_CONTEXTS:0]                        folded,       // into the state of its window, here
    output logic  [PE_CONTEXTS:0][MEMBER_BITS-1:0]       dropped,      // members after it that need not begin
    output outcome_t                                     offered,
    input  logic                                         taken,
    // Members that begin.
    output logic  [PE_CONTEXTS-1:0]                      issued,
    output op_t   [PE_CONTEXTS-1:0]                      issued_ops
);
  localparam int CONTEXT_BITS = bits_for(PE_CONTEXTS - 1);
  localparam int TIMER_BITS = bits_for(SCHEDULER_ISSUE_LATENCY_CYCLES + PE_LATENCY_CYCLES + 1);

  typedef struct packed {
    logic                   valid;
    task_t                  work;
    logic [MEMBER_BITS-1:0] member;       // that is at work
    logic                   passes;       // the last word of a bundle's member went in: the next one begins
    logic [COUNT_BITS-1:0]  threshold;
    logic                   is_constant;
    logic [WORD_BITS-1:0]   words_in;
    logic [GATHER_BITS-1:0] gathered;     // buffer words of the next one that it has
    logic [TIMER_BITS-1:0]  timer;        // cycles until its next word may go in with its last verdict known
    logic                   is_late;      // member of those that begin after others
    logic [ORDER_BITS-1:0]  order;        // of these, among those that began in the same cycle
    logic                   was_1;        // one of the members before it
  } context_t;
  context_t [PE_CONTEXTS-1:0] contexts, after_verdicts, now;
  op_t [PE_CONTEXTS-1:0] ops;             // at work
  always_comb for (int c = 0; c < PE_CONTEXTS; c++) ops[c] = member_of(layer, contexts[c].work.first, contexts[c].member);

  function automatic logic has_more(input context_t held);
    return int'(held.member) + 1 < int'(held.work.members);
  endfunction

  // The next member of a task, which begins in this cycle.
  function automatic context_t next_member(input context_t held, input int order, input logic is_1);
    context_t next = held;
    next.member = held.member + 1'b1;
    next.passes = 1'b0;
    next.words_in = '0;
    next.gathered = '0;
    next.timer = TIMER_BITS'(held.is_constant);
    next.is_late = 1'b1;
    next.order = ORDER_BITS'(order);
    next.was_1 = is_window(layer) && (held.was_1 || is_1);
    return next;
  endfunction

  always_comb begin
    oldest_place = PLACE_BITS'(PLACES[layer]);
    for (int c = 0; c < PE_CONTEXTS; c++)
      if (contexts[c].valid && contexts[c].work.place < oldest_place) oldest_place = contexts[c].work.place;
  end

  // Verdicts, in order: that of a word, then of constant members those that are first of their task, by
  // context, then the others in the order in which they began.
  outcome_t verdict;
  logic [PE_CONTEXTS:0] known_word, known_in_context, known_is_last;
  logic [PE_CONTEXTS:0][CONTEXT_BITS-1:0] known_context;
  outcome_t [PE_CONTEXTS:0] coming;

  // The context of a verdict may have gone on, or be free: what there is to know of its task goes with it.
  logic [PE_LATENCY_CYCLES:1] last_of_task, window_was_1;

  always_comb begin
    int count;
    known = '0;
    known_context = '0;
    known_in_context = '0;
    known_is_last = '0;
    known[0] = verdict;
    known_is_last[0] = last_of_task[PE_LATENCY_CYCLES];
    known[0].window_is_1 = verdict.outcome || window_was_1[PE_LATENCY_CYCLES];
    for (int c = 0; c < PE_CONTEXTS; c++)
      if (contexts[c].valid && !contexts[c].passes && verdict.valid && ops[c].index == verdict.index) begin
        known_in_context[0] = 1'b1;
        known_context[0] = CONTEXT_BITS'(c);
        known_is_last[0] = !has_more(contexts[c]);
      end
    count = 1;
    for (int c = 0; c < PE_CONTEXTS; c++)
      if (contexts[c].valid && contexts[c].is_constant && contexts[c].timer == 0 && !contexts[c].is_late) begin
        known_context[count] = CONTEXT_BITS'(c);
        known_in_context[count] = 1'b1;
        count = count + 1;
      end
    for (int n = 0; n <= PE_CONTEXTS + 1; n++)
      for (int c = 0; c < PE_CONTEXTS; c++)
        if (contexts[c].valid && contexts[c].is_constant && contexts[c].timer == 0 && contexts[c].is_late
            && int'(contexts[c].order) == n) begin
          known_context[count] = CONTEXT_BITS'(c);
          known_in_context[count] = 1'b1;
          count = count + 1;
        end
    for (int k = 1; k <= PE_CONTEXTS; k++)
      if (known_in_context[k]) begin
        known[k] = '{valid: 1'b1, index: ops[known_context[k]].index, window: ops[known_context[k]].window,
                     outcome: contexts[known_context[k]].threshold == 0,
                     window_is_1: contexts[known_context[k]].threshold == 0 || contexts[known_context[k]].was_1};
        known_is_last[k] = !has_more(contexts[known_context[k]]);
      end
  end

  // A 1 drops the members of its window that have not begun; an outcome with members to come goes into the
  // state of the window, the others are offered to the output buffer.
  always_comb
    for (int k = 0; k <= PE_CONTEXTS; k++) begin
      context_t held;
      logic ends;
      held = contexts[known_context[k]];
      dropped[k] = '0;
      ends = known_is_last[k];
      if (PRUNING_POOLING && is_window(layer) && known[k].valid && known[k].outcome && known_in_context[k]) begin
        dropped[k] = held.work.members - held.member - 1'b1;
        ends = 1'b1;
      end
      folded[k] = known[k].valid && is_window(layer) && !ends;
      coming[k] = known[k];
      coming[k].valid = known[k].valid && !folded[k];
    end

  // The next member begins, or the context is free.
  logic [PE_CONTEXTS-1:0] begun;
  always_comb begin
    after_verdicts = contexts;
    begun = '0;
    for (int c = 0; c < PE_CONTEXTS; c++)
      if (contexts[c].valid && contexts[c].passes) begin
        after_verdicts[c] = next_member(contexts[c], 0, 1'b0);
        begun[c] = 1'b1;
      end
    for (int k = 0; k <= PE_CONTEXTS; k++)
      if (known[k].valid && known_in_context[k]) begin
        if (dropped[k] != 0 || known_is_last[k]) after_verdicts[known_context[k]].valid = 1'b0;
        else begin
          after_verdicts[known_context[k]] = next_member(contexts[known_context[k]], k + 1, known[k].outcome);
          begun[known_context[k]] = 1'b1;
        end
      end
    for (int c = 0; c < PE_CONTEXTS; c++) free[c] = !after_verdicts[c].valid;
  end

  // What the contexts hold with the tasks that come in this cycle.
  always_comb
    for (int c = 0; c < PE_CONTEXTS; c++) begin
      logic is_constant;
      issued[c] = begun[c] || placed[c];
      threshold_channel[c] = placed_tasks[c].first.channel;
      is_constant = needs_no_word(layer, threshold[c]);
      now[c] = after_verdicts[c];
      if (placed[c])
        now[c] = '{valid: 1'b1, work: placed_tasks[c], member: '0, passes: 1'b0, threshold: threshold[c],
                   is_constant: is_constant, words_in: '0, gathered: '0, is_late: 1'b0, order: '0, was_1: 1'b0,
                   timer: TIMER_BITS'(SCHEDULER_ISSUE_LATENCY_CYCLES + int'(is_constant))};
      issued_ops[c] = member_of(layer, now[c].work.first, now[c].member);
    end

  // Whose word goes next: of the members whose last verdict is known, else, as a guess, of those that have
  // begun and have words left, the oldest; or that of the first context after the one served last.
  logic [CONTEXT_BITS-1:0] last_context, chosen;
  logic has_known, has_guess;
  always_comb begin
    logic able, better;
    logic [CONTEXT_BITS-1:0] known_one, guess_one;
    has_known = 1'b0;
    has_guess = 1'b0;
    known_one = '0;
    guess_one = '0;
    for (int n = 0; n < PE_CONTEXTS; n++) begin
      int c;
      c = n;
      if (PE_PICK == BARREL) c = (int'(last_context) + 1 + n) % PE_CONTEXTS;
      able = now[c].valid && !now[c].is_constant && int'(now[c].words_in) < WORDS[layer];
      if (able && now[c].timer == 0) begin
        better = PE_PICK == OLDEST && issued_ops[c].index < issued_ops[known_one].index;
        if (!has_known || better) known_one = CONTEXT_BITS'(c);
        has_known = 1'b1;
      end else if (able && now[c].words_in != 0) begin
        better = PE_PICK == OLDEST && issued_ops[c].index < issued_ops[guess_one].index;
        if (!has_guess || better) guess_one = CONTEXT_BITS'(c);
        has_guess = 1'b1;
      end
    end
    chosen = has_known ? known_one : guess_one;
  end
  assign asks = !stalled && (has_known || (PE_SPECULATE && has_guess));
  assign asks_op = issued_ops[chosen];
  assign asks_word = now[chosen].words_in;
  // Word by word the groups' weights lie side by side, so that each has banks of its own.
  localparam int UNITS = SCHEDULER_GROUPS == 0 ? 1 : SCHEDULER_GROUPS;
  logic [WEIGHT_BITS-1:0] weight_address;
  assign weight_address = WEIGHT_BITS'(
      WEIGHT_WORD[layer] + (int'(now[chosen].work.weight_row) * CHANNEL_WORDS[layer] + weight_word(layer, asks_word)) * UNITS + GROUP_NUMBER);
  logic [GATHER_BITS-1:0] next_gathered;
  logic [PE_WIDTH_EDGES-1:0] activations;
  if (!HAS_PATCHES) begin : g_read
    o3_gathering gathering (
        .clk, .layer, .asks, .op(asks_op), .context_number(chosen), .number(asks_word), .gathered(now[chosen].gathered),
        .weight_address, .request, .reply, .granted, .next_gathered, .activations);
  end else begin : g_patch
    o3_patch patch (
        .clk, .layer, .sent, .place(now[chosen].work.place), .member(now[chosen].member), .number(asks_word), .activations);
    assign request = '{activations: '0, addresses: '0, weights: asks, weight_address: weight_address};
    assign granted = asks && reply.weights;
    assign next_gathered = '0;
  end

  o3_datapath datapath (
      .clk, .rst, .layer, .word_valid(granted), .word_op(asks_op), .word_context(chosen), .word_number(asks_word),
      .word_starts(asks_word == 0), .word_left(edges_behind(layer, asks_word)),
      .word_threshold(now[chosen].threshold), .activations, .weights(reply.weight_data), .dropped('0), .dropped_index('0), .verdict);

  o3_held_outcomes held_outcomes (.clk, .rst, .coming, .offered, .taken, .stalled);

  logic last_word;
  assign last_word = int'(asks_word) == WORDS[layer] - 1;
  always_ff @(posedge clk) begin
    last_of_task <= {last_of_task[PE_LATENCY_CYCLES-1:1], !has_more(now[chosen])};
    window_was_1 <= {window_was_1[PE_LATENCY_CYCLES-1:1], now[chosen].was_1};
    for (int c = 0; c < PE_CONTEXTS; c++) begin
      contexts[c] <= now[c];
      if (now[c].timer != 0) contexts[c].timer <= now[c].timer - 1'b1;
      if (asks && int'(chosen) == c) contexts[c].gathered <= next_gathered;
      if (granted && int'(chosen) == c) begin
        contexts[c].words_in <= asks_word + 1'b1;
        contexts[c].timer <= PRUNING_THRESHOLD ? TIMER_BITS'(PE_LATENCY_CYCLES - 1) : '0;
        if (last_word && !has_more(now[c])) contexts[c].valid <= 1'b0;
        if (last_word && has_more(now[c])) contexts[c].passes <= !is_window(layer);
      end
    end
    if (granted) last_context <= chosen;
    if (rst) begin
      for (int c = 0; c < PE_CONTEXTS; c++) contexts[c].valid <= 1'b0;
      last_context <= CONTEXT_BITS'(PE_CONTEXTS - 1);
    end
  end
endmodule
