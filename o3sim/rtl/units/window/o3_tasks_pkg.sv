// What counters hand out: tasks. A task is a pooling window, or, in a layer without a pool, up to
// TASK_WIDTH neighbouring neurons of a channel in a row of the map.
package o3_tasks_pkg;
  import o3_pkg::*;

  localparam int RANGE = PE_COUNT / SCHEDULER_COUNTERS;   // PEs of a counter

  localparam int PLACE_BITS = bits_for(most(PLACES) + SCHEDULER_COUNTERS);
  localparam int MEMBER_BITS = bits_for(most(TASK_MEMBERS));
  localparam int ORDER_BITS = bits_for(PE_CONTEXTS + 2);

  typedef struct packed {
    op_t                    first;    // its first member
    logic [PLACE_BITS-1:0]  place;
    logic [CHANNEL_BITS-1:0] weight_row;  // of its channel, among those of the group of PEs
    logic [MEMBER_BITS-1:0] members;
  } task_t;

  function automatic logic is_window(input layer_t layer);
    return POOL_SIZE[layer] > 1;
  endfunction

  // The tasks of a layer lie at places, row by row of the map.
  function automatic task_t task_at(
      input layer_t layer, input logic [PLACE_BITS-1:0] place, input logic [CHANNEL_BITS-1:0] channel,
      input logic [CHANNEL_BITS-1:0] weight_row);
    task_t made;
    int row = int'(place) / TASK_COLUMNS[layer], column = int'(place) % TASK_COLUMNS[layer];
    int left = POOLED_WIDTH[layer] - column * TASK_WIDTH[layer];        // neurons of a row that a bundle can take
    int members = is_window(layer) ? MEMBERS[layer] : left < TASK_WIDTH[layer] ? left : TASK_WIDTH[layer];
    int position = is_window(layer) ? int'(place) : row * POOLED_WIDTH[layer] + column * TASK_WIDTH[layer];  // of the output map
    int earlier = is_window(layer) ? position * MEMBERS[layer] : position;  // neurons of a channel at places before
    int neuron_row = row * POOL_SIZE[layer];
    int neuron_column = column * TASK_WIDTH[layer];
    made.members = MEMBER_BITS'(members);
    made.place = place;
    made.weight_row = weight_row;
    made.first.index = SEQUENCER_OUTERMOST == POSITION
        ? OP_BITS'(earlier * OUT_CHANNELS[layer] + int'(channel) * members)
        : OP_BITS'(int'(channel) * POOLED_HEIGHT[layer] * POOLED_WIDTH[layer] * MEMBERS[layer] + earlier);
    made.first.window = WINDOW_BITS'(position * OUT_CHANNELS[layer] + int'(channel));
    made.first.channel = channel;
    made.first.base = BASE_BITS'(INPUT_WORD[layer] * PE_WIDTH_EDGES
        + (neuron_row * PADDED_WIDTH[layer] + neuron_column) * STRIDE[layer] * IN_CHANNELS[layer]);
    return made;
  endfunction

  // The columns of the padded map that tasks at a place read: from one on, and up to but without the other.
  function automatic int first_column(input layer_t layer, input logic [PLACE_BITS-1:0] place);
    return int'(place) / TASK_COLUMNS[layer] * ROW_COLUMNS[layer] + int'(place) % TASK_COLUMNS[layer] * TASK_WIDTH[layer] * STRIDE[layer];
  endfunction

  function automatic int end_column(input layer_t layer, input logic [PLACE_BITS-1:0] place);
    int column = int'(place) % TASK_COLUMNS[layer];
    int end_of_bundle = (column + 1) * TASK_WIDTH[layer] < POOLED_WIDTH[layer] ? (column + 1) * TASK_WIDTH[layer] : POOLED_WIDTH[layer];
    int last = is_window(layer) ? column : end_of_bundle - 1;
    return int'(place) / TASK_COLUMNS[layer] * ROW_COLUMNS[layer] + last * POOL_SIZE[layer] * STRIDE[layer] + SEEN_WIDTH[layer];
  endfunction

  // One of the members of a task, from 0.
  function automatic op_t member_of(input layer_t layer, input op_t first, input logic [MEMBER_BITS-1:0] member);
    op_t op = first;
    int row = int'(member) / POOL_SIZE[layer], column = int'(member) % POOL_SIZE[layer];
    op.index = first.index + OP_BITS'(member);
    if (is_window(layer))
      op.base = first.base + BASE_BITS'((row * PADDED_WIDTH[layer] + column) * STRIDE[layer] * IN_CHANNELS[layer]);
    else begin
      op.base = first.base + BASE_BITS'(int'(member) * STRIDE[layer] * IN_CHANNELS[layer]);
      op.window = first.window + WINDOW_BITS'(int'(member) * OUT_CHANNELS[layer]);
    end
    return op;
  endfunction
endpackage
