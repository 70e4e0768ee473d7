// A machine with an issue queue, in one part or in banks: units and what goes between them, as docs/machine.md has it.
module o3_core
  import o3_pkg::*;
  import o3_queue_pkg::*;
(
    input  logic clk,
    input  logic rst,
    output logic done  // all ops of a layer have retired or were squashed, and no output bit is held up
);
  layer_t layer;
  logic begins;
  o3_layers layers (.clk, .rst, .done, .layer, .begins);
  outcome_t [OUTPUT_BUFFER_WRITE_WIDTH_OPS-1:0] retired;
  seen_t [OUTPUT_BUFFER_WRITE_WIDTH_OPS-1:0] seen;

  // Sequencer and scoreboard.
  op_t  [SEQUENCER_WIDTH_OPS-1:0] looked_at;
  logic [SEQUENCER_WIDTH_OPS-1:0] settled, squashed_early, dispatched;
  logic [SEQUENCER_WIDTH_OPS-1:0][RANK_BITS-1:0] rank;
  logic exhausted;
  logic [SCHEDULER_BANKS-1:0][ROOM_BITS-1:0] room;
  o3_sequencer sequencer (
      .clk, .rst(begins), .layer, .room, .settled, .ops(looked_at), .squashed(squashed_early), .dispatched, .exhausted);
  o3_scoreboard scoreboard (.clk, .rst(begins), .retired, .seen, .ops(looked_at), .dispatched, .settled, .rank);

  // Banks of the issue queue: each selects and places ops for PEs of its own.
  entry_t [SCHEDULER_BANKS-1:0][BANK_DEPTH_OPS-1:0] entries;
  logic [SCHEDULER_BANKS-1:0][BANK_DEPTH_OPS-1:0] squashed_in_queue;
  logic [PE_COUNT-1:0][PE_CONTEXTS-1:0] free, placed;
  op_t  [PE_COUNT-1:0][PE_CONTEXTS-1:0] placed_ops;
  logic [PE_COUNT-1:0] stalled;
  for (genvar b = 0; b < SCHEDULER_BANKS; b++) begin : g_bank
    logic [SEQUENCER_WIDTH_OPS-1:0] to_bank;
    always_comb
      for (int i = 0; i < SEQUENCER_WIDTH_OPS; i++)
        to_bank[i] = dispatched[i] && int'(bank_of(looked_at[i].window)) == b;
    logic [BANK_DEPTH_OPS-1:0] waiting, selected;
    o3_issue_queue issue_queue (
        .clk, .rst(begins), .seen, .dispatched(to_bank), .ops(looked_at), .rank, .selected, .room(room[b]),
        .entries(entries[b]), .squashed(squashed_in_queue[b]), .waiting);
    op_t  [SCHEDULER_ISSUE_WIDTH_OPS-1:0] selected_ops;
    logic [SCHEDULER_ISSUE_WIDTH_OPS-1:0] selected_valid;
    logic [FREE_BITS-1:0] free_contexts;
    o3_scheduler scheduler (
        .entries(entries[b]), .waiting, .free_contexts, .more_coming(!exhausted && room[b] != 0), .selected,
        .ops(selected_ops), .ops_valid(selected_valid));
    o3_placement #(.PES(BANK_PES), .CONTEXTS(PE_CONTEXTS), .ITEMS(SCHEDULER_ISSUE_WIDTH_OPS),
                   .WIDTH($bits(op_t))) placement (
        .free(free[b*BANK_PES+:BANK_PES]), .stalled(stalled[b*BANK_PES+:BANK_PES]), .items(selected_ops),
        .items_valid(selected_valid), .free_contexts, .placed(placed[b*BANK_PES+:BANK_PES]),
        .placed_items(placed_ops[b*BANK_PES+:BANK_PES]));
  end

  // PEs.
  logic [PE_COUNT-1:0] asks, granted, taken;
  request_t [PE_COUNT-1:0] request;
  reply_t [PE_COUNT-1:0] reply;
  op_t  [PE_COUNT-1:0] asks_op;
  logic [PE_COUNT-1:0][WORD_BITS-1:0] asks_word;
  logic [PE_COUNT-1:0][PE_CONTEXTS-1:0][CHANNEL_BITS-1:0] threshold_channel;
  logic [PE_COUNT-1:0][PE_CONTEXTS-1:0][COUNT_BITS-1:0] threshold;
  outcome_t [PE_COUNT-1:0][PE_CONTEXTS:0] known;
  outcome_t [PE_COUNT-1:0] offered;
  logic [PE_COUNT-1:0][PE_CONTEXTS-1:0] issued, squashed_in_pe;
  op_t  [PE_COUNT-1:0][PE_CONTEXTS-1:0] issued_ops;
  logic [PE_COUNT-1:0][PE_CONTEXTS-1:0][OP_BITS-1:0] squashed_index;
  for (genvar p = 0; p < PE_COUNT; p++) begin : g_pe
    o3_pe pe (
        .clk, .rst(begins), .layer, .seen, .free(free[p]), .stalled(stalled[p]), .placed(placed[p]), .placed_ops(placed_ops[p]),
        .threshold_channel(threshold_channel[p]), .threshold(threshold[p]),
        .asks(asks[p]), .asks_op(asks_op[p]), .asks_word(asks_word[p]),
        .request(request[p]), .reply(reply[p]), .granted(granted[p]),
        .known(known[p]), .offered(offered[p]), .taken(taken[p]),
        .issued(issued[p]), .issued_ops(issued_ops[p]),
        .squashed(squashed_in_pe[p]), .squashed_index(squashed_index[p]));
  end
  o3_thresholds #(.PORTS(ALL_CONTEXTS)) thresholds (.layer, .channel(threshold_channel), .threshold);

  logic will_hold_up, will_write;
  o3_memories memories (
      .clk, .rst, .layer, .begins, .request, .reply, .oldest_column('0), .columns_there(), .sent(), .offered, .taken, .retired,
      .will_hold_up, .will_write);

  // The end of the layer.
  logic [OP_BITS-1:0] ended, now_ended;
  always_comb begin
    now_ended = ended;
    for (int i = 0; i < SEQUENCER_WIDTH_OPS; i++) now_ended = now_ended + OP_BITS'(squashed_early[i]);
    for (int b = 0; b < SCHEDULER_BANKS; b++)
      for (int i = 0; i < BANK_DEPTH_OPS; i++) now_ended = now_ended + OP_BITS'(squashed_in_queue[b][i]);
    for (int p = 0; p < PE_COUNT; p++)
      for (int c = 0; c < PE_CONTEXTS; c++) now_ended = now_ended + OP_BITS'(squashed_in_pe[p][c]);
    for (int i = 0; i < OUTPUT_BUFFER_WRITE_WIDTH_OPS; i++) now_ended = now_ended + OP_BITS'(retired[i].valid);
  end
  assign done = int'(now_ended) == OPS[layer] && !will_hold_up;
  always_ff @(posedge clk)
    if (begins) ended <= '0;
    else ended <= now_ended;
endmodule
