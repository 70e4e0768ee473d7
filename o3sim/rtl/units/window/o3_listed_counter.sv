// A list of tasks that is a table, and the walk along it: as o3_counter, where no steps through places and channels
// give the list of a group.
module o3_listed_counter
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
  typedef struct packed {
    logic        valid;
    logic [31:0] weight_row;
    logic [31:0] channel;
    logic [31:0] place;
  } line_t;
  line_t lines[LAYERS*SCHEDULER_COUNTERS*LIST_TASKS];
  initial $readmemh("lists.hex", lines);

  logic [$clog2(LIST_TASKS+1)-1:0] next;
  always_comb
    for (int i = 0; i < SHOWN; i++) begin
      line_t line;
      line = lines[(int'(layer)*SCHEDULER_COUNTERS+GROUP_NUMBER)*LIST_TASKS+(int'(next)+i)%LIST_TASKS];
      present[i] = int'(next) + i < LIST_TASKS && line.valid;
      tasks[i] = task_at(layer, PLACE_BITS'(line.place), CHANNEL_BITS'(line.channel), CHANNEL_BITS'(line.weight_row));
    end

  always_ff @(posedge clk)
    if (rst) next <= '0;
    else next <= next + ($clog2(LIST_TASKS+1))'(taken);
endmodule
