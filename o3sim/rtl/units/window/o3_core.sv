// A machine without an issue queue, for one layer: units and what goes between them (docs/machine.md, section 13).
module o3_core
  import o3_pkg::*;
  import o3_tasks_pkg::*;
(
    input  logic clk,
    input  logic rst,
    output logic done  // all ops have ended, and no output bit is on its way
);
  outcome_t [OUTPUT_BUFFER_WRITE_WIDTH_OPS-1:0] retired;

  // Counters.
  logic  [PE_COUNT-1:0][PE_CONTEXTS-1:0] free, placed;
  task_t [PE_COUNT-1:0][PE_CONTEXTS-1:0] placed_tasks;
  logic  [PE_COUNT-1:0] stalled;
  task_t [SCHEDULER_COUNTERS-1:0][SCHEDULER_WINDOWS_PER_CYCLE-1:0] handed_out;
  logic  [SCHEDULER_COUNTERS-1:0][SCHEDULER_WINDOWS_PER_CYCLE-1:0] handed_out_valid;
  o3_counters counters (.clk, .rst, .free, .stalled, .placed, .placed_tasks, .handed_out, .handed_out_valid);

  // PEs and their operands.
  logic [PE_COUNT-1:0] asks, asks_weights, weights_served, granted, taken;
  logic [PE_COUNT-1:0][MOST_READS-1:0] asks_activations, activations_served;
  logic [PE_COUNT-1:0][MOST_READS-1:0][ACTIVATION_BITS-1:0] activation_addresses;
  logic [PE_COUNT-1:0][MOST_READS-1:0][PE_WIDTH_EDGES-1:0] activation_data;
  op_t  [PE_COUNT-1:0] asks_op;
  logic [PE_COUNT-1:0][WORD_BITS-1:0] asks_word;
  logic [PE_COUNT-1:0][WEIGHT_BITS-1:0] weight_address;
  logic [PE_COUNT-1:0][PE_WIDTH_EDGES-1:0] weights;
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
        .clk, .rst, .free(free[p]), .stalled(stalled[p]), .placed(placed[p]), .placed_tasks(placed_tasks[p]),
        .threshold_channel(threshold_channel[p]), .threshold(threshold[p]),
        .asks(asks[p]), .asks_op(asks_op[p]), .asks_word(asks_word[p]),
        .asks_activations(asks_activations[p]), .activation_addresses(activation_addresses[p]),
        .activations_served(activations_served[p]), .activation_data(activation_data[p]),
        .asks_weights(asks_weights[p]), .weight_address(weight_address[p]), .weights_served(weights_served[p]),
        .weights(weights[p]), .granted(granted[p]),
        .known(known[p]), .folded(folded[p]), .dropped(dropped[p]), .offered(offered[p]), .taken(taken[p]),
        .issued(issued[p]), .issued_ops(issued_ops[p]));
  end
  o3_thresholds #(.PORTS(ALL_CONTEXTS)) thresholds (.channel(threshold_channel), .threshold);

  // Operand supply: a word goes in in a cycle in which all its banks serve it. Priority rotates.
  logic [PE_BITS-1:0] first;
  localparam int WRITES = OUTPUT_BUFFER_WRITE_WIDTH_OPS;
  logic [WRITES-1:0] writes, write_bit;
  logic [WRITES-1:0][ACTIVATION_BITS-1:0] write_address;
  logic [WRITES-1:0][bits_for(PE_WIDTH_EDGES-1)-1:0] write_place;
  logic held_up, will_hold_up, will_write;
  o3_banks #(.BANKS(ACTIVATION_BUFFER_BANKS), .PES(PE_COUNT), .READS(MOST_READS), .WIDTH(PE_WIDTH_EDGES), .WORDS(ACTIVATION_WORDS),
             .WRITES(WRITES), .CONTENT("activations.hex")) activation_buffer (
      .clk, .rst, .first, .asks(asks_activations), .address(activation_addresses), .served(activations_served),
      .data(activation_data),
      .writes, .write_address, .write_place, .write_bit);
  o3_banks #(.BANKS(WEIGHT_BUFFER_BANKS), .PES(PE_COUNT), .WIDTH(PE_WIDTH_EDGES), .WORDS(WEIGHT_WORDS),
             .WRITES(1), .CONTENT("weights.hex")) weight_buffer (
      .clk, .rst, .first, .asks(asks_weights), .address(weight_address), .served(weights_served), .data(weights),
      .writes(1'b0), .write_address('0), .write_place('0), .write_bit(1'b0));
  always_ff @(posedge clk)
    if (rst || int'(first) == PE_COUNT - 1) first <= '0;
    else first <= first + 1'b1;

  // Outcomes and output bits.
  o3_output_buffer output_buffer (.clk, .rst, .held_up, .offered, .taken, .retired);
  o3_output_bits output_bits (
      .clk, .rst, .retired, .writes, .write_address, .write_place, .write_bit, .held_up, .will_hold_up, .will_write);

  // The end of the layer.
  logic [OP_BITS-1:0] ended, now_ended;
  always_comb begin
    now_ended = ended;
    for (int p = 0; p < PE_COUNT; p++)
      for (int k = 0; k <= PE_CONTEXTS; k++) now_ended = now_ended + OP_BITS'(folded[p][k]) + OP_BITS'(dropped[p][k]);
    for (int i = 0; i < WRITES; i++) now_ended = now_ended + OP_BITS'(retired[i].valid);
  end
  assign done = int'(now_ended) == OPS && !will_hold_up && !will_write;
  always_ff @(posedge clk)
    if (rst) ended <= '0;
    else ended <= now_ended;
endmodule
