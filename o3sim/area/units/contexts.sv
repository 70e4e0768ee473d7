// What a PE keeps of the ops in its contexts, where they come from a queue: the oldest word that may go in is asked for,
// and what is broadcast drops ops of its windows.
module contexts #(
    parameter int CONTEXTS = 2,
    parameter int SEEN = 8,          // outcomes that are broadcast in a cycle; 0 without pooling
    parameter bit THRESHOLD = 1,
    parameter int LATENCY = 3,
    localparam int TAG_BITS = 12, ADDRESS_BITS = 18, COUNT_BITS = 16, WORD_BITS = 10, ROW_BITS = 6,
    localparam int OP_BITS = 2 * TAG_BITS + 2 * ADDRESS_BITS,
    localparam int CONTEXT_BITS = CONTEXTS < 2 ? 1 : $clog2(CONTEXTS),
    localparam int PORTS = SEEN == 0 ? 1 : SEEN,
    localparam int TIMER_BITS = $clog2(LATENCY + 2)
) (
    input  logic                                clk,
    input  logic                                rst,
    input  logic [PORTS-1:0]                    seen,
    input  logic [PORTS-1:0][TAG_BITS-1:0]      seen_window,
    input  logic [CONTEXTS-1:0]                 placed,
    input  logic [CONTEXTS-1:0][OP_BITS-1:0]    ops,
    input  logic [CONTEXTS-1:0][COUNT_BITS-1:0] bounds,
    input  logic [WORD_BITS-1:0]                words,      // of an op of this layer
    input  logic [ROW_BITS-1:0]                 row_words,  // of a row of its kernel
    input  logic [ADDRESS_BITS-1:0]             row_step,
    input  logic                                known,
    input  logic [CONTEXT_BITS-1:0]             known_context,
    input  logic                                known_generation,
    input  logic                                stalled,
    input  logic                                granted,
    output logic [CONTEXTS-1:0]                 free,
    output logic [CONTEXTS-1:0]                 dropped,
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
    logic [TAG_BITS-1:0]     window;
    logic [ADDRESS_BITS-1:0] activation_address;
    logic [ADDRESS_BITS-1:0] weight_address;
    logic [COUNT_BITS-1:0]   bound;
    logic [WORD_BITS-1:0]    words_left;
    logic [ROW_BITS-1:0]     row_left;
    logic                    has_begun;
    logic [TIMER_BITS-1:0]   timer;
  } context_t;
  context_t [CONTEXTS-1:0] held, now;

  always_comb
    for (int c = 0; c < CONTEXTS; c++) begin
      logic ends, hit;
      ends = known && int'(known_context) == c && known_generation == held[c].generation;
      hit = 1'b0;
      if (SEEN != 0) for (int s = 0; s < PORTS; s++) hit = hit | (seen[s] && seen_window[s] == held[c].window);
      dropped[c] = held[c].valid && hit && !ends;
      free[c] = !held[c].valid || ends || hit;
      now[c] = held[c];
      now[c].valid = !free[c];
      if (placed[c]) begin
        now[c] = '0;
        now[c].valid = 1'b1;
        now[c].generation = !held[c].generation;
        {now[c].age, now[c].window, now[c].activation_address, now[c].weight_address} = ops[c];
        now[c].bound = bounds[c];
        now[c].words_left = words;
        now[c].row_left = row_words;
      end
    end

  logic has_known, has_guess;
  always_comb begin
    logic [CONTEXT_BITS-1:0] oldest_known, oldest_guess;
    has_known = 1'b0;
    has_guess = 1'b0;
    oldest_known = '0;
    oldest_guess = '0;
    for (int c = 0; c < CONTEXTS; c++)
      if (now[c].valid && now[c].words_left != 0) begin
        if (now[c].timer == 0) begin
          if (!has_known || now[c].age < now[oldest_known].age) oldest_known = CONTEXT_BITS'(c);
          has_known = 1'b1;
        end else if (now[c].has_begun) begin
          if (!has_guess || now[c].age < now[oldest_guess].age) oldest_guess = CONTEXT_BITS'(c);
          has_guess = 1'b1;
        end
      end
    chosen = has_known ? oldest_known : oldest_guess;
  end
  assign asks = !stalled && (has_known || has_guess);
  assign activation_address = now[chosen].activation_address;
  assign weight_address = now[chosen].weight_address;
  assign bound = now[chosen].bound;
  assign generation = now[chosen].generation;
  assign is_first = !now[chosen].has_begun;
  assign is_last = now[chosen].words_left == 1;

  always_ff @(posedge clk)
    for (int c = 0; c < CONTEXTS; c++) begin
      held[c] <= now[c];
      if (now[c].timer != 0) held[c].timer <= now[c].timer - 1'b1;
      if (granted && int'(chosen) == c) begin
        logic ends_row;
        ends_row = now[c].row_left == 1;
        held[c].activation_address <= activation_address + (ends_row ? row_step : ADDRESS_BITS'(1));
        held[c].weight_address <= weight_address + 1'b1;
        held[c].row_left <= ends_row ? row_words : now[c].row_left - 1'b1;
        held[c].words_left <= now[c].words_left - 1'b1;
        held[c].has_begun <= 1'b1;
        held[c].timer <= THRESHOLD ? TIMER_BITS'(LATENCY - 1) : '0;
      end
      if (rst) held[c].valid <= 1'b0;
    end
endmodule
