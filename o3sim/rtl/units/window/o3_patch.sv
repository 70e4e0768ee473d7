// The patch memory of a PE: the newest PATCH_COLUMNS columns of the map, each in a slot. A word of a neuron is put
// together from the columns under it in one access.
module o3_patch
  import o3_pkg::*;
  import o3_tasks_pkg::*;
(
    input  logic                      clk,
    input  layer_t                    layer,
    input  sent_t                     sent,         // in this cycle, to all PEs
    // The next word.
    input  logic [PLACE_BITS-1:0]     place,        // of the task that it is of
    input  logic [MEMBER_BITS-1:0]    member,
    input  logic [WORD_BITS-1:0]      number,
    output logic [PE_WIDTH_EDGES-1:0] activations   // a cycle later
);
  logic [MOST_COLUMN_WORDS*PE_WIDTH_EDGES-1:0] slots[most(PATCH_COLUMNS)];
  always_ff @(posedge clk)
    for (int i = 0; i < SENT_WORDS; i++)
      if (sent.valid[i]) slots[sent.slot][(int'(sent.first)+i)*PE_WIDTH_EDGES+:PE_WIDTH_EDGES] <= sent.words[i];

  // Tap (0, 0) of the member, as column of the map and row within its columns.
  int column, row;
  always_comb begin
    column = first_column(layer, place) + int'(member) % TASK_WIDTH[layer] * STRIDE[layer];
    row = int'(member) / TASK_WIDTH[layer] * STRIDE[layer];
  end

  always_ff @(posedge clk)
    for (int j = 0; j < PE_WIDTH_EDGES; j++) begin
      int edge_number, tap, seen;
      edge_number = int'(number) * PE_WIDTH_EDGES + j;
      if (edge_number >= EDGES[layer]) edge_number = 0;
      tap = edge_number % TAPS[layer] / IN_CHANNELS[layer];
      seen = edge_number / TAPS[layer] * SEEN_HEIGHT[layer] + row + tap / KERNEL_WIDTH[layer];
      activations[j] <= slots[(column+tap%KERNEL_WIDTH[layer])%PATCH_COLUMNS[layer]]
          [seen*IN_CHANNELS[layer]+edge_number%IN_CHANNELS[layer]];
    end
endmodule
