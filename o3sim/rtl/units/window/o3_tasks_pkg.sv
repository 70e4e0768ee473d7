// What counters hand out: tasks. A task is a pooling window, or, in a layer without a pool, up to
// SCHEDULER_BUNDLE_POSITIONS neighbouring neurons of a channel in a row of the map.
package o3_tasks_pkg;
  import o3_pkg::*;

  localparam bit IS_WINDOW = POOL_SIZE > 1;
  localparam int BUNDLE =
      SCHEDULER_BUNDLE_POSITIONS < POOLED_WIDTH ? SCHEDULER_BUNDLE_POSITIONS : POOLED_WIDTH;
  localparam int TASK_MEMBERS = IS_WINDOW ? MEMBERS : BUNDLE;  // of a task, at most
  localparam int TASK_COLUMNS = IS_WINDOW ? POOLED_WIDTH : (POOLED_WIDTH + BUNDLE - 1) / BUNDLE;
  localparam int PLACES = POOLED_HEIGHT * TASK_COLUMNS;
  localparam int TASK_WIDTH = IS_WINDOW ? POOL_SIZE : BUNDLE;  // members of a row
  localparam int RANGE = PE_COUNT / SCHEDULER_COUNTERS;   // PEs of a counter

  localparam int PLACE_BITS = bits_for(PLACES + SCHEDULER_COUNTERS);
  localparam int MEMBER_BITS = bits_for(TASK_MEMBERS);
  localparam int ORDER_BITS = bits_for(PE_CONTEXTS + 2);

  typedef struct packed {
    op_t                    first;    // its first member
    logic [PLACE_BITS-1:0]  place;
    logic [CHANNEL_BITS-1:0] weight_row;  // of its channel, among those of the group of PEs
    logic [MEMBER_BITS-1:0] members;
  } task_t;

  // The tasks of a layer lie at places, row by row of the map.
  function automatic task_t task_at(
      input logic [PLACE_BITS-1:0] place, input logic [CHANNEL_BITS-1:0] channel,
      input logic [CHANNEL_BITS-1:0] weight_row);
    task_t made;
    int row = int'(place) / TASK_COLUMNS, column = int'(place) % TASK_COLUMNS;
    int left = POOLED_WIDTH - column * BUNDLE;            // neurons of a row that a bundle can take
    int members = IS_WINDOW ? MEMBERS : left < BUNDLE ? left : BUNDLE;
    int position = IS_WINDOW ? int'(place) : row * POOLED_WIDTH + column * BUNDLE;  // of the output map
    int earlier = IS_WINDOW ? position * MEMBERS : position;  // neurons of a channel at places before
    int neuron_row = row * POOL_SIZE;
    int neuron_column = IS_WINDOW ? column * POOL_SIZE : column * BUNDLE;
    made.members = MEMBER_BITS'(members);
    made.place = place;
    made.weight_row = weight_row;
    made.first.index = SEQUENCER_OUTERMOST == POSITION
        ? OP_BITS'(earlier * OUT_CHANNELS + int'(channel) * members)
        : OP_BITS'(int'(channel) * POOLED_HEIGHT * POOLED_WIDTH * MEMBERS + earlier);
    made.first.window = WINDOW_BITS'(position * OUT_CHANNELS + int'(channel));
    made.first.channel = channel;
    made.first.base = BASE_BITS'((neuron_row * PADDED_WIDTH + neuron_column) * STRIDE * IN_CHANNELS);
    return made;
  endfunction

  // The columns of the padded map that tasks at a place read: from one on, and up to but without the other.
  function automatic int first_column(input logic [PLACE_BITS-1:0] place);
    int task_columns = IS_WINDOW ? POOL_SIZE * STRIDE : BUNDLE * STRIDE;
    return int'(place) / TASK_COLUMNS * ROW_COLUMNS + int'(place) % TASK_COLUMNS * task_columns;
  endfunction

  function automatic int end_column(input logic [PLACE_BITS-1:0] place);
    int column = int'(place) % TASK_COLUMNS;
    int last = IS_WINDOW ? column : (column + 1) * BUNDLE < POOLED_WIDTH ? (column + 1) * BUNDLE - 1 : POOLED_WIDTH - 1;
    return int'(place) / TASK_COLUMNS * ROW_COLUMNS + last * POOL_SIZE * STRIDE + SEEN_WIDTH;
  endfunction

  // One of the members of a task, from 0.
  function automatic op_t member_of(input op_t first, input logic [MEMBER_BITS-1:0] member);
    op_t op = first;
    int row = int'(member) / POOL_SIZE, column = int'(member) % POOL_SIZE;
    op.index = first.index + OP_BITS'(member);
    if (IS_WINDOW)
      op.base = first.base + BASE_BITS'((row * PADDED_WIDTH + column) * STRIDE * IN_CHANNELS);
    else begin
      op.base = first.base + BASE_BITS'(int'(member) * STRIDE * IN_CHANNELS);
      op.window = first.window + WINDOW_BITS'(int'(member) * OUT_CHANNELS);
    end
    return op;
  endfunction
endpackage
