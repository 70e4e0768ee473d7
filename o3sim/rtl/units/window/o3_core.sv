// A machine without an issue queue: units and what goes between them (docs/machine.md, section 13).
module o3_core
  import o3_pkg::*;
  import o3_tasks_pkg::*;
(
    input  logic clk,
    input  logic rst,
    output logic done  // all ops of a layer have ended, and no output bit is on its way
);
  layer_t layer;
  logic begins;
  o3_layers layers (.clk, .rst, .done, .layer, .begins);
  outcome_t [OUTPUT_BUFFER_WRITE_WIDTH_OPS-1:0] retired;

  // Counters.
  logic  [PE_COUNT-1:0][PE_CONTEXTS-1:0] free, placed;
  task_t [PE_COUNT-1:0][PE_CONTEXTS-1:0] placed_tasks;
  logic  [PE_COUNT-1:0] stalled;
  task_t [SCHEDULER_COUNTERS-1:0][SCHEDULER_WINDOWS_PER_CYCLE-1:0] handed_out;
  logic  [SCHEDULER_COUNTERS-1:0][SCHEDULER_WINDOWS_PER_CYCLE-1:0] handed_out_valid;
  logic [COLUMN_BITS-1:0] columns_there, oldest_column;
  logic [PLACE_BITS-1:0] next_place;
  o3_counters counters (
      .clk, .rst(begins), .layer, .free, .stalled, .columns_there, .next_place, .placed, .placed_tasks, .handed_out,
      .handed_out_valid);

  // PEs.
  logic [PE_COUNT-1:0] asks, granted, taken;
  request_t [PE_COUNT-1:0] request;
  reply_t [PE_COUNT-1:0] reply;
  sent_t sent;
  logic [PE_COUNT-1:0][PLACE_BITS-1:0] held_place;
  op_t  [PE_COUNT-1:0] asks_op;
  logic [PE_COUNT-1:0][WORD_BITS-1:0] asks_word;
  logic [PE_COUNT-1:0][PE_CONTEXTS-1:0][CHANNEL_BITS-1:0] threshold_channel;
  logic [PE_COUNT-1:0][PE_CONTEXTS-1:0][COUNT_BITS-1:0] threshold;
  outcome_t [PE_COUNT-1:0][PE_CONTEXTS:0] known;
  outcome_t [PE_COUNT-1:0] offered;
  logic [PE_COUNT-1:0][PE_CONTEXTS-1:0] issued;
  logic [PE_COUNT-1:0][PE_CONTEXTS:0] folded;
  logic [PE_COUNT-1:0][PE_CONTEXTS:0][MEMBER_BITS-1:0] dropped;
  op_t  [PE_COUNT-1:0][PE_CONTEXTS-1:0] issued_ops;
  for (genvar p = 0; p < PE_COUNT; p++) begin : g_pe
    o3_pe #(.GROUP_NUMBER(SCHEDULER_GROUPS == 0 ? 0 : p / RANGE)) pe (
        .clk, .rst(begins), .layer, .free(free[p]), .stalled(stalled[p]), .placed(placed[p]), .placed_tasks(placed_tasks[p]),
        .oldest_place(held_place[p]),
        .threshold_channel(threshold_channel[p]), .threshold(threshold[p]),
        .asks(asks[p]), .asks_op(asks_op[p]), .asks_word(asks_word[p]),
        .request(request[p]), .reply(reply[p]), .sent, .granted(granted[p]),
        .known(known[p]), .folded(folded[p]), .dropped(dropped[p]), .offered(offered[p]), .taken(taken[p]),
        .issued(issued[p]), .issued_ops(issued_ops[p]));
  end
  o3_thresholds #(.PORTS(ALL_CONTEXTS)) thresholds (.layer, .channel(threshold_channel), .threshold);

  logic will_hold_up, will_write;
  o3_memories memories (
      .clk, .rst, .layer, .begins, .request, .reply, .oldest_column, .columns_there, .sent, .offered, .taken, .retired,
      .will_hold_up, .will_write);

  // With patches: columns from those of the oldest place on are needed.
  always_comb begin
    logic [PLACE_BITS-1:0] oldest;
    oldest = next_place;
    for (int p = 0; p < PE_COUNT; p++) if (held_place[p] < oldest) oldest = held_place[p];
    oldest_column = int'(oldest) == PLACES[layer] ? COLUMN_BITS'(COLUMNS[layer]) : COLUMN_BITS'(first_column(layer, oldest));
  end

  // The end of the layer.
  logic [OP_BITS-1:0] ended, now_ended;
  always_comb begin
    now_ended = ended;
    for (int p = 0; p < PE_COUNT; p++)
      for (int k = 0; k <= PE_CONTEXTS; k++) now_ended = now_ended + OP_BITS'(folded[p][k]) + OP_BITS'(dropped[p][k]);
    for (int i = 0; i < OUTPUT_BUFFER_WRITE_WIDTH_OPS; i++) now_ended = now_ended + OP_BITS'(retired[i].valid);
  end
  assign done = int'(now_ended) == OPS[layer] && !will_hold_up && !will_write;
  always_ff @(posedge clk)
    if (begins) ended <= '0;
    else ended <= now_ended;
endmodule
