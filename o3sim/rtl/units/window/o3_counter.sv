// A list of tasks, and the walk along it: the next tasks are shown, as many are taken as contexts are free.
// The list has every PLACE_STEP-th place from FIRST_PLACE on and every CHANNEL_STEP-th channel from
// FIRST_CHANNEL on.
module o3_counter
  import o3_pkg::*;
  import o3_tasks_pkg::*;
#(
    parameter int FIRST_PLACE = 0,
    parameter int PLACE_STEP = 1,
    parameter int FIRST_CHANNEL = 0,
    parameter int CHANNEL_STEP = 1,
    parameter int SHOWN = 1
) (
    input  logic                    clk,
    input  logic                    rst,
    output task_t [SHOWN-1:0]       tasks,
    output logic  [SHOWN-1:0]       present,  // whether so many are left
    input  logic  [$clog2(SHOWN+1)-1:0] taken
);
  typedef struct packed {
    logic [PLACE_BITS-1:0]   place;
    logic [CHANNEL_BITS:0]   channel;
    logic                    over;
  } cursor_t;
  localparam logic EMPTY = FIRST_PLACE >= PLACES || FIRST_CHANNEL >= OUT_CHANNELS;
  localparam cursor_t BEGINNING =
      '{place: PLACE_BITS'(FIRST_PLACE), channel: (CHANNEL_BITS + 1)'(FIRST_CHANNEL), over: EMPTY};

  function automatic cursor_t next_cursor(input cursor_t at);
    cursor_t next = at;
    logic last_place = int'(at.place) + PLACE_STEP >= PLACES;
    logic last_channel = int'(at.channel) + CHANNEL_STEP >= OUT_CHANNELS;
    logic steps_place, steps_channel;
    steps_channel = SEQUENCER_OUTERMOST == POSITION || last_place;
    steps_place = SEQUENCER_OUTERMOST != POSITION || last_channel;
    if (steps_channel)
      next.channel = last_channel ? (CHANNEL_BITS + 1)'(FIRST_CHANNEL) : at.channel + (CHANNEL_BITS + 1)'(CHANNEL_STEP);
    if (steps_place) next.place = last_place ? PLACE_BITS'(FIRST_PLACE) : at.place + PLACE_BITS'(PLACE_STEP);
    next.over = at.over || (last_place && last_channel);
    return next;
  endfunction

  // Channels that are dealt out to groups lie one after another in the rows of each.
  function automatic logic [CHANNEL_BITS-1:0] weight_row_of(input logic [CHANNEL_BITS-1:0] channel);
    if (SCHEDULER_GROUPS == 0 || SCHEDULER_ASSIGNMENT == BY_POSITION) return channel;
    return OUT_CHANNELS < SCHEDULER_GROUPS ? '0 : CHANNEL_BITS'(int'(channel) / CHANNEL_STEP);
  endfunction

  cursor_t cursor;
  cursor_t [SHOWN:0] walk;
  always_comb begin
    cursor_t at;
    at = cursor;
    walk[0] = at;
    for (int i = 0; i < SHOWN; i++) begin
      tasks[i] = task_at(at.place, at.channel[CHANNEL_BITS-1:0], weight_row_of(at.channel[CHANNEL_BITS-1:0]));
      present[i] = !at.over;
      at = next_cursor(at);
      walk[i+1] = at;
    end
  end

  always_ff @(posedge clk)
    if (rst) cursor <= BEGINNING;
    else cursor <= walk[taken];
endmodule
