// A carousel: units and what goes between them (docs/machine.md, section 14).
module o3_core
  import o3_pkg::*;
  import o3_carousel_pkg::*;
(
    input  logic clk,
    input  logic rst,
    output logic done  // all windows of a layer are written, and no output bit is on its way
);
  layer_t layer;
  logic begins;
  o3_layers layers (.clk, .rst, .done, .layer, .begins);

  // Which context has its turn, and the word that passes: for so many cycles as a PE has contexts.
  logic [CONTEXT_BITS-1:0] turn;
  logic [WORD_BITS-1:0] passing;
  always_ff @(posedge clk) begin
    turn <= int'(turn) == CONTEXTS[layer] - 1 ? '0 : turn + 1'b1;
    if (int'(turn) == CONTEXTS[layer] - 1) passing <= int'(passing) == WORDS[layer] - 1 ? '0 : passing + 1'b1;
    if (begins) begin
      turn <= '0;
      passing <= '0;
    end
  end

  // Streams of each group.
  logic [PE_COUNT-1:0] wants, hears;
  window_t [PE_COUNT-1:0] given;
  ended_t [PE_COUNT-1:0] window_ended;
  logic [TILE_BITS-1:0] filling;
  logic [READ_BITS-1:0] reads_out;
  logic [PE_COUNT-1:0][SLOT_BITS-1:0] hears_slot;
  logic [SCHEDULER_GROUPS-1:0][SLOTS-1:0] heard;
  logic [SCHEDULER_GROUPS-1:0][SLOTS-1:0][CHANNEL_BITS-1:0] channels;
  logic [SCHEDULER_GROUPS-1:0][SLOTS-1:0][PE_WIDTH_EDGES-1:0] stream_words;
  for (genvar g = 0; g < SCHEDULER_GROUPS; g++) begin : g_group
    localparam int FIRST = g * GROUP_PES;
    o3_streams #(.GROUP_NUMBER(g)) streams (
        .clk, .rst(begins), .layer, .filling, .reads_out, .wants(wants[FIRST+:GROUP_PES]), .given(given[FIRST+:GROUP_PES]),
        .ended(window_ended[FIRST+:GROUP_PES]), .channels(channels[g]));
    always_comb begin
      heard[g] = '0;
      for (int p = FIRST; p < FIRST + GROUP_PES; p++) if (hears[p]) heard[g][hears_slot[p]] = 1'b1;
    end
  end
  o3_stream_words weight_buffer (
      .clk, .rst(begins), .layer, .begins(turn == 0), .passing, .hears(heard), .channels, .words(stream_words));

  // Where the words of windows lie in the memories of PEs.
  location_line_t locations[LOCATION_LINES];
  initial $readmemh("locations.hex", locations);

  // PEs.
  logic [PE_COUNT-1:0][CHANNEL_BITS-1:0] threshold_channel;
  logic [PE_COUNT-1:0][COUNT_BITS-1:0] threshold;
  op_t [PE_COUNT-1:0] asks_op;
  logic [PE_COUNT-1:0][WORD_BITS-1:0] asks_word;
  outcome_t [PE_COUNT-1:0][0:0] known;
  logic [PE_COUNT-1:0] folded, member_begins;
  logic [PE_COUNT-1:0][MEMBER_BITS-1:0] dropped;
  outcome_t [PE_COUNT-1:0][PE_CONTEXTS-1:0] offered;
  logic [PE_COUNT-1:0][PE_CONTEXTS-1:0] taken, issued;
  op_t [PE_COUNT-1:0][PE_CONTEXTS-1:0] issued_ops;
  part_t [MOST_LANES-1:0] sent;
  for (genvar p = 0; p < PE_COUNT; p++) begin : g_pe
    logic [PLACE_BITS-1:0] place;
    logic [MEMBER_BITS-1:0] member;
    op_t issued_op;
    o3_pe pe (
        .clk, .rst(begins), .layer, .turn, .passing, .wants(wants[p]), .given(given[p]), .ended(window_ended[p]),
        .threshold_channel(threshold_channel[p]), .threshold(threshold[p]),
        .hears(hears[p]), .hears_slot(hears_slot[p]), .hears_op(asks_op[p]), .words_heard(asks_word[p]),
        .place, .member, .location(locations[LOCATION_LINE[layer]
            +(int'(place)*MEMBERS[layer]+int'(member))*WORDS[layer]+int'(passing)]), .sent,
        .stream_words(stream_words[p/GROUP_PES]),
        .known(known[p]), .folded(folded[p]), .dropped(dropped[p]), .offered(offered[p]), .taken(taken[p]),
        .issued(member_begins[p]), .issued_op);
    always_comb begin
      issued[p] = '0;
      issued[p][turn] = member_begins[p];
      for (int c = 0; c < PE_CONTEXTS; c++) issued_ops[p][c] = issued_op;
    end
  end
  o3_thresholds #(.PORTS(PE_COUNT)) thresholds (.layer, .channel(threshold_channel), .threshold);

  // No PE asks: what it hears it takes.
  logic [PE_COUNT-1:0] asks, granted;
  assign asks = hears;
  assign granted = hears;

  // Activations, outcomes and output bits.
  localparam int WRITES = OUTPUT_BUFFER_WRITE_WIDTH_OPS;
  outcome_t [WRITES-1:0] retired;
  logic [WRITES-1:0] writes, write_bit;
  logic [WRITES-1:0][ACTIVATION_BANK_BITS-1:0] write_bank;
  logic [WRITES-1:0][ACTIVATION_BITS-1:0] write_address;
  logic [WRITES-1:0][bits_for(PE_WIDTH_EDGES-1)-1:0] write_place;
  logic held_up, will_hold_up, will_write;
  o3_broadcast #(.WRITES(WRITES)) activation_buffer (
      .clk, .rst, .layer, .begins, .ended(window_ended), .filling, .reads_out, .sent, .writes, .write_bank, .write_address,
      .write_place, .write_bit);
  o3_output_buffer #(.PORTS(ALL_CONTEXTS)) output_buffer (.clk, .rst(begins), .held_up, .offered, .taken, .retired);
  o3_output_bits output_bits (
      .clk, .rst, .layer, .begins, .retired, .writes, .write_bank, .write_address, .write_place, .write_bit, .held_up,
      .will_hold_up, .will_write);

  // The end of the layer.
  logic [bits_for(MOST_WINDOWS)-1:0] written, now_written;
  always_comb begin
    now_written = written;
    for (int i = 0; i < WRITES; i++) now_written = now_written + (bits_for(MOST_WINDOWS))'(retired[i].valid);
  end
  assign done = int'(now_written) == WINDOWS[layer] && !will_hold_up && !will_write;
  always_ff @(posedge clk)
    if (begins) written <= '0;
    else written <= now_written;
endmodule
