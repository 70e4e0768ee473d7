// What a PE keeps of its windows on a carousel. One context has its turn in a cycle, so the state of all others lies in a
// small memory; the word that passes is the same for all, so where it lies is added to the base of the context's member.
module carousel_contexts #(
    parameter int CONTEXTS = 3,
    parameter int OPEN = 24,         // channels that a context may hear
    parameter int ADDRESS_BITS = 11, // of the PE's memory
    localparam int COUNT_BITS = 16, WORD_BITS = 10, MEMBER_BITS = 4, WINDOW_BITS = 12,
    localparam int OPEN_BITS = OPEN < 2 ? 1 : $clog2(OPEN),
    localparam int CONTEXT_BITS = CONTEXTS < 2 ? 1 : $clog2(CONTEXTS)
) (
    input  logic                    clk,
    input  logic                    rst,
    input  logic [CONTEXT_BITS-1:0] turn,
    input  logic                    handed,       // a window to the context whose turn it is
    input  logic [WINDOW_BITS-1:0]  handed_window,
    input  logic [OPEN_BITS-1:0]    handed_channel,
    input  logic [ADDRESS_BITS-1:0] handed_base,
    input  logic [COUNT_BITS-1:0]   handed_bound,
    input  logic [ADDRESS_BITS-1:0] word_offset,  // where the passing word lies, from a member's first
    input  logic [WORD_BITS-1:0]    words,
    input  logic [MEMBER_BITS-1:0]  members,
    input  logic [ADDRESS_BITS-1:0] member_step,
    input  logic                    known,        // a verdict for this context
    input  logic                    outcome,
    input  logic                    taken,        // its outcome was written
    output logic                    is_free,
    output logic                    ends_window,
    output logic                    hears,
    output logic                    is_first,
    output logic                    is_last,
    output logic [OPEN_BITS-1:0]    channel,
    output logic [COUNT_BITS-1:0]   bound,
    output logic [ADDRESS_BITS-1:0] address,
    output logic [CONTEXTS-1:0]     waits,
    output logic [CONTEXTS-1:0][WINDOW_BITS:0] waiting
);
  typedef struct packed {
    logic                    valid;
    logic [WINDOW_BITS-1:0]  window;
    logic [OPEN_BITS-1:0]    channel;
    logic [ADDRESS_BITS-1:0] base;
    logic [COUNT_BITS-1:0]   bound;
    logic [WORD_BITS-1:0]    words_heard;
    logic [MEMBER_BITS-1:0]  members_left;
  } context_t;
  context_t [CONTEXTS-1:0] held;
  context_t now, begun;
  always_comb begin
    begun = held[turn];
    ends_window = known && (outcome || begun.members_left == 1) && !waits[turn];
    is_free = !begun.valid || ends_window;
    if (known) begin
      begun.base = begun.base + member_step;
      begun.words_heard = '0;
      begun.members_left = begun.members_left - 1'b1;
    end
    begun.valid = !is_free;
    now = begun;
    if (handed)
      now = '{valid: 1'b1, window: handed_window, channel: handed_channel, base: handed_base, bound: handed_bound,
              words_heard: '0, members_left: members};
  end
  assign hears = now.valid && now.words_heard != words;
  assign is_first = now.words_heard == 0;
  assign is_last = now.words_heard + 1'b1 == words;
  assign channel = now.channel;
  assign bound = now.bound;
  assign address = now.base + word_offset;

  always_ff @(posedge clk) begin
    held[turn] <= now;
    if (hears) held[turn].words_heard <= now.words_heard + 1'b1;
    if (ends_window) begin
      waits[turn] <= 1'b1;
      waiting[turn] <= {outcome, held[turn].window};
    end else if (taken) waits <= waits & (waits - 1'b1);
    if (rst) begin
      for (int c = 0; c < CONTEXTS; c++) held[c].valid <= 1'b0;
      waits <= '0;
    end
  end
endmodule
