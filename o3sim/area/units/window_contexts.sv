// What a PE keeps of the windows in its contexts: members take turns in a context, and the rest of a window is dropped
// when one is 1. Nothing is broadcast into it.
module window_contexts #(
    parameter int CONTEXTS = 2,
    parameter bit BARREL = 0,
    parameter int LATENCY = 3,
    localparam int TAG_BITS = 12, ADDRESS_BITS = 18, COUNT_BITS = 16, WORD_BITS = 10, ROW_BITS = 6, MEMBER_BITS = 4,
    localparam int TASK_BITS = TAG_BITS + 2 * ADDRESS_BITS,
    localparam int CONTEXT_BITS = CONTEXTS < 2 ? 1 : $clog2(CONTEXTS),
    localparam int TIMER_BITS = $clog2(LATENCY + 2)
) (
    input  logic                                clk,
    input  logic                                rst,
    input  logic [CONTEXTS-1:0]                 placed,
    input  logic [CONTEXTS-1:0][TASK_BITS-1:0]  tasks,
    input  logic [CONTEXTS-1:0][COUNT_BITS-1:0] bounds,
    input  logic [WORD_BITS-1:0]                words,
    input  logic [ROW_BITS-1:0]                 row_words,
    input  logic [ADDRESS_BITS-1:0]             row_step,
    input  logic [MEMBER_BITS-1:0]              members,
    input  logic [1:0]                          row_members,
    input  logic [ADDRESS_BITS-1:0]             member_step,      // from a member to the next
    input  logic [ADDRESS_BITS-1:0]             member_row_step,  // from the last of a row to the next row's first
    input  logic                                known,
    input  logic [CONTEXT_BITS-1:0]             known_context,
    input  logic                                known_generation,
    input  logic                                outcome,
    input  logic                                stalled,
    input  logic                                granted,
    output logic [CONTEXTS-1:0]                 free,
    output logic                                ends_window,
    output logic                                asks,
    output logic [CONTEXT_BITS-1:0]             chosen,
    output logic [ADDRESS_BITS-1:0]             activation_address,
    output logic [ADDRESS_BITS-1:0]             weight_address,
    output logic [COUNT_BITS-1:0]               bound,
    output logic                                generation,
    output logic                                is_first,
    output logic                                is_last
);
  typedef struct packed {
    logic                    valid;
    logic                    generation;
    logic [TAG_BITS-1:0]     age;
    logic [ADDRESS_BITS-1:0] base;               // of the member at work
    logic [ADDRESS_BITS-1:0] weight_base;
    logic [ADDRESS_BITS-1:0] activation_address;
    logic [WORD_BITS-1:0]    words_in;
    logic [COUNT_BITS-1:0]   bound;
    logic [ROW_BITS-1:0]     row_left;
    logic [MEMBER_BITS-1:0]  members_left;
    logic [1:0]              row_members_left;
    logic [TIMER_BITS-1:0]   timer;
  } context_t;
  context_t [CONTEXTS-1:0] held, now;

  always_comb begin
    ends_window = 1'b0;
    for (int c = 0; c < CONTEXTS; c++) begin
      logic ends, ends_row;
      ends = known && int'(known_context) == c && known_generation == held[c].generation;
      ends_row = held[c].row_members_left == 1;
      now[c] = held[c];
      free[c] = !held[c].valid;
      if (ends) begin
        if (outcome || held[c].members_left == 1) begin
          now[c].valid = 1'b0;
          free[c] = 1'b1;
          ends_window = 1'b1;
        end
        now[c].generation = !held[c].generation;
        now[c].base = held[c].base + (ends_row ? member_row_step : member_step);
        now[c].activation_address = now[c].base;
        now[c].members_left = held[c].members_left - 1'b1;
        now[c].row_members_left = ends_row ? row_members : held[c].row_members_left - 1'b1;
        now[c].words_in = '0;
        now[c].row_left = row_words;
        now[c].timer = '0;
      end
      if (placed[c]) begin
        now[c] = '0;
        now[c].valid = 1'b1;
        now[c].generation = !held[c].generation;
        {now[c].age, now[c].base, now[c].weight_base} = tasks[c];
        now[c].activation_address = now[c].base;
        now[c].bound = bounds[c];
        now[c].row_left = row_words;
        now[c].members_left = members;
        now[c].row_members_left = row_members;
      end
    end
  end

  logic has_known, has_guess;
  logic [CONTEXT_BITS-1:0] last_context;
  always_comb begin
    logic [CONTEXT_BITS-1:0] known_one, guess_one;
    has_known = 1'b0;
    has_guess = 1'b0;
    known_one = '0;
    guess_one = '0;
    for (int n = 0; n < CONTEXTS; n++) begin
      int c;
      c = BARREL ? (int'(last_context) + 1 + n) % CONTEXTS : n;
      if (now[c].valid && now[c].words_in != words) begin
        if (now[c].timer == 0) begin
          if (!has_known || (!BARREL && now[c].age < now[known_one].age)) known_one = CONTEXT_BITS'(c);
          has_known = 1'b1;
        end else if (now[c].words_in != 0) begin
          if (!has_guess || (!BARREL && now[c].age < now[guess_one].age)) guess_one = CONTEXT_BITS'(c);
          has_guess = 1'b1;
        end
      end
    end
    chosen = has_known ? known_one : guess_one;
  end
  assign asks = !stalled && (has_known || has_guess);
  assign activation_address = now[chosen].activation_address;
  assign weight_address = now[chosen].weight_base + ADDRESS_BITS'(now[chosen].words_in);
  assign bound = now[chosen].bound;
  assign generation = now[chosen].generation;
  assign is_first = now[chosen].words_in == 0;
  assign is_last = now[chosen].words_in + 1'b1 == words;

  always_ff @(posedge clk) begin
    if (granted) last_context <= chosen;
    for (int c = 0; c < CONTEXTS; c++) begin
      held[c] <= now[c];
      if (now[c].timer != 0) held[c].timer <= now[c].timer - 1'b1;
      if (granted && int'(chosen) == c) begin
        logic ends_row;
        ends_row = now[c].row_left == 1;
        held[c].activation_address <= activation_address + (ends_row ? row_step : ADDRESS_BITS'(1));
        held[c].row_left <= ends_row ? row_words : now[c].row_left - 1'b1;
        held[c].words_in <= now[c].words_in + 1'b1;
        held[c].timer <= TIMER_BITS'(LATENCY - 1);
      end
      if (rst) held[c].valid <= 1'b0;
    end
  end
endmodule
