// The counters: each hands up to SCHEDULER_WINDOWS_PER_CYCLE tasks a cycle to its range of PEs. With one list
// for all (window) the counter that is first rotates with the cycles; with bound channels or places (group)
// each counter has a list of its own.
module o3_counters
  import o3_pkg::*;
  import o3_tasks_pkg::*;
(
    input  logic                                   clk,
    input  logic                                   rst,
    input  layer_t                                 layer,
    input  logic  [PE_COUNT-1:0][PE_CONTEXTS-1:0]  free,
    input  logic  [PE_COUNT-1:0]                   stalled,
    input  logic  [COLUMN_BITS-1:0]                columns_there,   // with patches: a task goes out when its columns are
    output logic  [PLACE_BITS-1:0]                 next_place,      // the first of all lists, or PLACES for none
    output logic  [PE_COUNT-1:0][PE_CONTEXTS-1:0]  placed,
    output task_t [PE_COUNT-1:0][PE_CONTEXTS-1:0]  placed_tasks,
    output task_t [SCHEDULER_COUNTERS-1:0][SCHEDULER_WINDOWS_PER_CYCLE-1:0] handed_out,
    output logic  [SCHEDULER_COUNTERS-1:0][SCHEDULER_WINDOWS_PER_CYCLE-1:0] handed_out_valid
);
  localparam int COUNTERS = SCHEDULER_COUNTERS, WIDTH = SCHEDULER_WINDOWS_PER_CYCLE, ALL = COUNTERS * WIDTH;
  localparam int FREE_BITS = $clog2(RANGE * PE_CONTEXTS + 1);

  function automatic logic is_there(input task_t next);
    return !HAS_PATCHES || end_column(layer, next.place) <= int'(columns_there);
  endfunction

  logic [COUNTERS-1:0][FREE_BITS-1:0] free_contexts;
  for (genvar c = 0; c < COUNTERS; c++) begin : g_range
    o3_placement #(.PES(RANGE), .CONTEXTS(PE_CONTEXTS), .ITEMS(WIDTH), .WIDTH($bits(task_t))) placement (
        .free(free[c*RANGE+:RANGE]), .stalled(stalled[c*RANGE+:RANGE]), .items(handed_out[c]),
        .items_valid(handed_out_valid[c]), .free_contexts(free_contexts[c]),
        .placed(placed[c*RANGE+:RANGE]), .placed_items(placed_tasks[c*RANGE+:RANGE]));
  end

  if (SCHEDULER_GROUPS == 0) begin : g_window
    localparam int COUNTER_BITS = bits_for(COUNTERS - 1);
    logic [COUNTER_BITS-1:0] first;
    task_t [ALL-1:0] tasks;
    logic [ALL-1:0] present;
    logic [$clog2(ALL+1)-1:0] taken;
    o3_counter #(.SHOWN(ALL)) list (.clk, .rst, .layer, .tasks, .present, .taken);
    always_comb begin
      int next, counter;
      next = 0;
      handed_out = '0;
      handed_out_valid = '0;
      for (int turn = 0; turn < COUNTERS; turn++) begin
        counter = int'(first) + turn;
        if (counter >= COUNTERS) counter = counter - COUNTERS;
        for (int i = 0; i < WIDTH; i++)
          if (i < int'(free_contexts[counter]) && present[next] && is_there(tasks[next])) begin
            handed_out[counter][i] = tasks[next];
            handed_out_valid[counter][i] = 1'b1;
            next = next + 1;
          end
      end
      taken = ($clog2(ALL+1))'(next);
    end
    assign next_place = present[0] ? tasks[0].place : PLACE_BITS'(PLACES[layer]);
    always_ff @(posedge clk)
      if (rst || int'(first) == COUNTERS - 1) first <= '0;
      else first <= first + 1'b1;
  end else begin : g_group
    logic [COUNTERS-1:0][PLACE_BITS-1:0] next_places;
    for (genvar g = 0; g < COUNTERS; g++) begin : g_list
      task_t [WIDTH-1:0] tasks;
      logic [WIDTH-1:0] present;
      logic [$clog2(WIDTH+1)-1:0] taken;
      assign taken = ($clog2(WIDTH + 1))'($countones(handed_out_valid[g]));
      if (SCHEDULER_ASSIGNMENT == BY_LIST) begin : g_table
        o3_listed_counter #(.GROUP_NUMBER(g), .SHOWN(WIDTH)) list (.clk, .rst, .layer, .tasks, .present, .taken);
      end else begin : g_steps
        o3_counter #(.GROUP_NUMBER(g), .SHOWN(WIDTH)) list (.clk, .rst, .layer, .tasks, .present, .taken);
      end
      assign handed_out[g] = tasks;
      for (genvar i = 0; i < WIDTH; i++) begin : g_task
        assign handed_out_valid[g][i] = present[i] && i < int'(free_contexts[g]) && is_there(tasks[i]);
      end
      assign next_places[g] = present[0] ? tasks[0].place : PLACE_BITS'(PLACES[layer]);
    end
    always_comb begin
      next_place = PLACE_BITS'(PLACES[layer]);
      for (int g = 0; g < COUNTERS; g++) if (next_places[g] < next_place) next_place = next_places[g];
    end
  end
endmodule
