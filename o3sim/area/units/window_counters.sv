// One list of windows for all counters: each counter hands so many of the next to its range of PEs in a cycle, counter after
// counter from another one each cycle on. Where a window lies is counted up from the one before.
module window_counters #(
    parameter int COUNTERS = 4,
    parameter int WINDOWS = 1,      // that each hands out in a cycle
    localparam int ADDRESS_BITS = 18, TAG_BITS = 12, CHANNEL_BITS = 12, PLACE_BITS = 9,
    localparam int TASK_BITS = TAG_BITS + 2 * ADDRESS_BITS,
    localparam int SHOWN = COUNTERS * WINDOWS, SHOWN_BITS = $clog2(SHOWN + 1),
    localparam int COUNTER_BITS = COUNTERS < 2 ? 1 : $clog2(COUNTERS)
) (
    input  logic                                             clk,
    input  logic                                             rst,
    input  logic [CHANNEL_BITS-1:0]                          channels,
    input  logic [PLACE_BITS-1:0]                            columns,
    input  logic [ADDRESS_BITS-1:0]                          words,
    input  logic [ADDRESS_BITS-1:0]                          column_step,
    input  logic [ADDRESS_BITS-1:0]                          row_step,
    input  logic [SHOWN_BITS-1:0]                            present,
    input  logic [COUNTERS-1:0][$clog2(WINDOWS+1)-1:0]       wanted,  // contexts that are free
    output logic [COUNTERS-1:0][WINDOWS-1:0]                 handed,
    output logic [COUNTERS-1:0][WINDOWS-1:0][TASK_BITS-1:0]  tasks
);
  typedef struct packed {
    logic [TAG_BITS-1:0]     age;
    logic [CHANNEL_BITS-1:0] channel;
    logic [PLACE_BITS-1:0]   column;
    logic [ADDRESS_BITS-1:0] address;
    logic [ADDRESS_BITS-1:0] weight_address;
  } cursor_t;
  function automatic cursor_t next_cursor(input cursor_t at);
    cursor_t next = at;
    next.age = at.age + 1'b1;
    if (at.channel != channels) begin
      next.channel = at.channel + 1'b1;
      next.weight_address = at.weight_address + words;
    end else begin
      next.channel = '0;
      next.weight_address = '0;
      next.column = at.column == columns ? '0 : at.column + 1'b1;
      next.address = at.address + (at.column == columns ? row_step : column_step);
    end
    return next;
  endfunction

  cursor_t cursor;
  cursor_t [SHOWN:0] walk;
  logic [COUNTER_BITS-1:0] first;
  logic [COUNTERS-1:0][SHOWN_BITS-1:0] ahead;  // windows that go to counters before it
  logic [SHOWN_BITS-1:0] taken;
  always_comb begin
    walk[0] = cursor;
    for (int i = 0; i < SHOWN; i++) walk[i+1] = next_cursor(walk[i]);
    taken = '0;
    ahead = '0;
    for (int turn = 0; turn < COUNTERS; turn++) begin
      logic [COUNTER_BITS-1:0] c;
      c = COUNTER_BITS'(int'(first) + turn);
      ahead[c] = taken;
      taken = taken + SHOWN_BITS'(wanted[c]);
    end
    if (taken > present) taken = present;
    for (int c = 0; c < COUNTERS; c++)
      for (int i = 0; i < WINDOWS; i++) begin
        logic [SHOWN_BITS-1:0] number;
        number = ahead[c] + SHOWN_BITS'(i);
        handed[c][i] = i < int'(wanted[c]) && number < present;
        tasks[c][i] = {walk[number].age, walk[number].address, walk[number].weight_address};
      end
  end
  always_ff @(posedge clk) begin
    cursor <= rst ? '0 : walk[taken];
    first <= rst || int'(first) == COUNTERS - 1 ? '0 : first + 1'b1;
  end
endmodule
