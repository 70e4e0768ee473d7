// Walks the ops of a layer in program order: squashes those of settled windows, dispatches the others.
// It looks at up to SEQUENCER_WIDTH_OPS ops a cycle and stops at one whose bank of the queue has no room.
module o3_sequencer
  import o3_pkg::*;
  import o3_queue_pkg::*;
(
    input  logic                                 clk,
    input  logic                                 rst,
    input  layer_t                               layer,
    input  logic [SCHEDULER_BANKS-1:0][ROOM_BITS-1:0] room,     // of the queue, as of the end of the last cycle
    input  logic [SEQUENCER_WIDTH_OPS-1:0]       settled,   // windows of the ops looked at, from the scoreboard
    output op_t  [SEQUENCER_WIDTH_OPS-1:0]       ops,       // looked at in this cycle
    output logic [SEQUENCER_WIDTH_OPS-1:0]       squashed,
    output logic [SEQUENCER_WIDTH_OPS-1:0]       dispatched,
    output logic                                 exhausted  // as of the end of the last cycle
);
  localparam int ROW_BITS = bits_for(most(POOLED_HEIGHT)), COLUMN_BITS = bits_for(most(POOLED_WIDTH));
  localparam int MEMBER_BITS = bits_for(most(MEMBERS) - 1), RUN_BITS = bits_for(SEQUENCER_GROUP_WINDOWS);

  // A window, as it lies in the output map.
  typedef struct packed {
    logic [ROW_BITS-1:0]     row;
    logic [COLUMN_BITS-1:0]  column;
    logic [CHANNEL_BITS-1:0] channel;
  } place_t;

  // Where the walk is: op `index` is member `member` of the window at `place`, the `run`-th of its group
  // of windows (member_major), which begins at `group_place`.
  typedef struct packed {
    logic [OP_BITS-1:0]     index;
    place_t                 place;
    logic [MEMBER_BITS-1:0] member;
    logic [RUN_BITS-1:0]    run;
    place_t                 group_place;
  } cursor_t;

  function automatic place_t next_place(input place_t at);
    place_t next = at;
    if (SEQUENCER_OUTERMOST == POSITION) begin
      next.channel = at.channel + 1'b1;
      if (int'(at.channel) == OUT_CHANNELS[layer] - 1) begin
        next.channel = '0;
        next.column = at.column + 1'b1;
        if (int'(at.column) == POOLED_WIDTH[layer] - 1) begin
          next.column = '0;
          next.row = at.row + 1'b1;
        end
      end
    end else begin
      next.column = at.column + 1'b1;
      if (int'(at.column) == POOLED_WIDTH[layer] - 1) begin
        next.column = '0;
        next.row = at.row + 1'b1;
        if (int'(at.row) == POOLED_HEIGHT[layer] - 1) begin
          next.row = '0;
          next.channel = at.channel + 1'b1;
        end
      end
    end
    return next;
  endfunction

  function automatic logic is_last(input place_t at);
    return int'(at.row) == POOLED_HEIGHT[layer] - 1 && int'(at.column) == POOLED_WIDTH[layer] - 1
        && int'(at.channel) == OUT_CHANNELS[layer] - 1;
  endfunction

  function automatic cursor_t next_cursor(input cursor_t at);
    cursor_t next = at;
    logic last_member = int'(at.member) == MEMBERS[layer] - 1;
    next.index = at.index + 1'b1;
    if (SEQUENCER_ORDER == WINDOW_MAJOR) begin
      next.member = last_member ? '0 : at.member + 1'b1;
      if (last_member) next.place = next_place(at.place);
    end else if (int'(at.run) == SEQUENCER_GROUP_WINDOWS - 1 || is_last(at.place)) begin
      next.run = '0;
      next.member = last_member ? '0 : at.member + 1'b1;
      next.place = last_member ? next_place(at.place) : at.group_place;
      next.group_place = next.place;
    end else begin
      next.run = at.run + 1'b1;
      next.place = next_place(at.place);
    end
    return next;
  endfunction

  function automatic op_t op_at(input cursor_t at);
    op_t op;
    int row = int'(at.place.row) * POOL_SIZE[layer] + int'(at.member) / POOL_SIZE[layer];
    int column = int'(at.place.column) * POOL_SIZE[layer] + int'(at.member) % POOL_SIZE[layer];
    int position = int'(at.place.row) * POOLED_WIDTH[layer] + int'(at.place.column);
    op.index = at.index;
    op.window = WINDOW_BITS'(position * OUT_CHANNELS[layer] + int'(at.place.channel));
    op.channel = at.place.channel;
    op.base = BASE_BITS'(INPUT_WORD[layer] * PE_WIDTH_EDGES
        + (row * PADDED_WIDTH[layer] + column) * STRIDE[layer] * IN_CHANNELS[layer]);
    return op;
  endfunction

  cursor_t cursor;
  cursor_t [SEQUENCER_WIDTH_OPS:0] walk;  // the cursor, and where it would be after one op, two ops, ...
  logic [SEQUENCER_WIDTH_OPS-1:0] present;  // whether there are so many left
  assign exhausted = int'(cursor.index) == OPS[layer];

  always_comb begin
    cursor_t at;
    at = cursor;
    walk[0] = at;
    for (int i = 0; i < SEQUENCER_WIDTH_OPS; i++) begin
      ops[i] = op_at(at);
      present[i] = int'(cursor.index) + i < OPS[layer];
      at = next_cursor(at);
      walk[i+1] = at;
    end
  end

  always_comb begin
    logic [SCHEDULER_BANKS-1:0][ROOM_BITS-1:0] left;
    logic [BANK_BITS-1:0] bank;
    logic goes_on;
    left = room;
    goes_on = 1'b1;
    for (int i = 0; i < SEQUENCER_WIDTH_OPS; i++) begin
      bank = bank_of(ops[i].window);
      squashed[i] = goes_on && present[i] && settled[i];
      dispatched[i] = goes_on && present[i] && !settled[i] && left[bank] != 0;
      if (dispatched[i]) left[bank] = left[bank] - 1'b1;
      goes_on = squashed[i] || dispatched[i];
    end
  end

  always_ff @(posedge clk) begin
    if (rst) cursor <= '0;
    else
      for (int i = 0; i < SEQUENCER_WIDTH_OPS; i++) if (squashed[i] || dispatched[i]) cursor <= walk[i+1];
  end
endmodule
