// A list of tasks, and the walk along it: the next tasks are shown, as many are taken as contexts are free.
// It has places from one on in even steps, and of each of them channels likewise: all of both, or those of a group.
module o3_counter
  import o3_pkg::*;
  import o3_tasks_pkg::*;
#(
    parameter int GROUP_NUMBER = 0,
    parameter int SHOWN = 1
) (
    input  logic                    clk,
    input  logic                    rst,
    input  layer_t                  layer,
    output task_t [SHOWN-1:0]       tasks,
    output logic  [SHOWN-1:0]       present,  // whether so many are left
    input  logic  [$clog2(SHOWN+1)-1:0] taken
);
  // Groups are dealt places, or channels, in turns. Where there are fewer channels than groups, EACH of these take the
  // places of a channel in turns.
  int each, first_place, place_step, first_channel, channel_step;
  always_comb begin
    each = OUT_CHANNELS[layer] < SCHEDULER_GROUPS ? SCHEDULER_GROUPS / OUT_CHANNELS[layer] : 1;
    first_place = 0;
    place_step = 1;
    first_channel = 0;
    channel_step = 1;
    if (SCHEDULER_GROUPS != 0 && SCHEDULER_ASSIGNMENT == BY_POSITION) begin
      first_place = GROUP_NUMBER;
      place_step = SCHEDULER_GROUPS;
    end else if (SCHEDULER_GROUPS != 0) begin
      first_place = GROUP_NUMBER % each;
      place_step = each;
      first_channel = GROUP_NUMBER / each;
      channel_step = each == 1 ? SCHEDULER_GROUPS : OUT_CHANNELS[layer];
    end
  end

  // Both count from the first.
  typedef struct packed {
    logic [PLACE_BITS-1:0]   place;
    logic [CHANNEL_BITS:0]   channel;
    logic                    over;
  } cursor_t;

  function automatic cursor_t next_cursor(input cursor_t at);
    cursor_t next = at;
    logic last_place = first_place + int'(at.place) + place_step >= PLACES[layer];
    logic last_channel = first_channel + int'(at.channel) + channel_step >= OUT_CHANNELS[layer];
    logic steps_place, steps_channel;
    steps_channel = SEQUENCER_OUTERMOST == POSITION || last_place;
    steps_place = SEQUENCER_OUTERMOST != POSITION || last_channel;
    if (steps_channel) next.channel = last_channel ? '0 : at.channel + (CHANNEL_BITS + 1)'(channel_step);
    if (steps_place) next.place = last_place ? '0 : at.place + PLACE_BITS'(place_step);
    next.over = at.over || (last_place && last_channel);
    return next;
  endfunction

  // Channels that are dealt out to groups lie one after another in the rows of each.
  function automatic logic [CHANNEL_BITS-1:0] weight_row_of(input logic [CHANNEL_BITS-1:0] channel);
    if (SCHEDULER_GROUPS == 0 || SCHEDULER_ASSIGNMENT == BY_POSITION) return channel;
    return OUT_CHANNELS[layer] < SCHEDULER_GROUPS ? '0 : CHANNEL_BITS'(int'(channel) / SCHEDULER_GROUPS);
  endfunction

  cursor_t cursor;
  cursor_t [SHOWN:0] walk;
  always_comb begin
    cursor_t at;
    logic [CHANNEL_BITS-1:0] channel;
    at = cursor;
    walk[0] = at;
    for (int i = 0; i < SHOWN; i++) begin
      channel = CHANNEL_BITS'(first_channel + int'(at.channel));
      tasks[i] = task_at(layer, PLACE_BITS'(first_place + int'(at.place)), channel, weight_row_of(channel));
      present[i] = !at.over && first_place < PLACES[layer] && first_channel < OUT_CHANNELS[layer];
      at = next_cursor(at);
      walk[i+1] = at;
    end
  end

  always_ff @(posedge clk)
    if (rst) cursor <= '0;
    else cursor <= walk[taken];
endmodule
