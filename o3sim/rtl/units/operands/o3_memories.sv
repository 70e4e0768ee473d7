// What PEs read and write: the activation buffer, the weight buffer, and the way of outcomes to output bits.
module o3_memories
  import o3_pkg::*;
(
    input  logic                                         clk,
    input  logic                                         rst,
    input  layer_t                                       layer,
    input  logic                                         begins,        // another layer, in the next cycle
    // Operands: a word goes in in a cycle in which all its banks serve it.
    input  request_t [PE_COUNT-1:0]                      request,
    output reply_t   [PE_COUNT-1:0]                      reply,
    // Columns of the map, with patches: what PEs and counters need from, what they have, and what is sent.
    input  logic     [COLUMN_BITS-1:0]                   oldest_column,
    output logic     [COLUMN_BITS-1:0]                   columns_there,
    output sent_t                                        sent,
    // Outcomes.
    input  outcome_t [PE_COUNT-1:0]                      offered,
    output logic     [PE_COUNT-1:0]                      taken,
    output outcome_t [OUTPUT_BUFFER_WRITE_WIDTH_OPS-1:0] retired,       // in this cycle, in the order of writing
    output logic                                         will_hold_up,  // words of output bits, as of the end of this cycle
    output logic                                         will_write     // a bank in the next cycle
);
  localparam int WRITES = OUTPUT_BUFFER_WRITE_WIDTH_OPS;
  logic [WRITES-1:0] writes, write_bit;
  logic [WRITES-1:0][ACTIVATION_BANK_BITS-1:0] write_bank;
  logic [WRITES-1:0][ACTIVATION_BITS-1:0] write_address;
  logic [WRITES-1:0][bits_for(PE_WIDTH_EDGES-1)-1:0] write_place;
  logic held_up;

  // Priority rotates with the cycles of a layer.
  logic [PE_BITS-1:0] first;
  always_ff @(posedge clk)
    if (begins || int'(first) == PE_COUNT - 1) first <= '0;
    else first <= first + 1'b1;

  logic [PE_COUNT-1:0] asks_weights, weights_served;
  logic [PE_COUNT-1:0][MOST_READS-1:0] asks_activations, activations_served;
  logic [PE_COUNT-1:0][MOST_READS-1:0][ACTIVATION_BITS-1:0] addresses;
  logic [PE_COUNT-1:0][MOST_READS-1:0][ACCESS_BITS-1:0] activation_data;
  logic [PE_COUNT-1:0][WEIGHT_BITS-1:0] weight_address;
  logic [PE_COUNT-1:0][PE_WIDTH_EDGES-1:0] weight_data;
  for (genvar p = 0; p < PE_COUNT; p++) begin : g_pe
    assign asks_activations[p] = request[p].activations;
    assign addresses[p] = request[p].addresses;
    assign asks_weights[p] = request[p].weights;
    assign weight_address[p] = request[p].weight_address;
    assign reply[p] = '{activations: activations_served[p], activation_data: activation_data[p],
                        weights: weights_served[p], weight_data: weight_data[p]};
  end

  if (LINE_RUNS != 0) begin : g_lines
    o3_line_buffer #(.WRITES(WRITES), .CONTENT("activations.hex")) activation_buffer (
        .clk, .rst, .first, .asks(asks_activations), .address(addresses), .served(activations_served),
        .data(activation_data), .writes, .write_address, .write_place, .write_bit);
    assign columns_there = '0;
    assign sent = '0;
  end else if (!HAS_PATCHES) begin : g_read
    o3_banks #(.BANKS(ACTIVATION_BUFFER_BANKS), .PES(PE_COUNT), .READS(MOST_READS), .WIDTH(PE_WIDTH_EDGES),
               .WORDS(ACTIVATION_WORDS), .WRITES(WRITES), .CONTENT("activations.hex")) activation_buffer (
        .clk, .rst, .first, .asks(asks_activations), .address(addresses), .served(activations_served),
        .data(activation_data), .writes, .write_bank, .write_address, .write_place, .write_bit);
    assign columns_there = '0;
    assign sent = '0;
  end else begin : g_sent
    o3_columns #(.WRITES(WRITES), .CONTENT("activations.hex")) activation_buffer (
        .clk, .rst, .layer, .begins, .oldest(oldest_column), .there(columns_there), .sent, .writes, .write_bank,
        .write_address, .write_place, .write_bit);
    assign activations_served = '0;
    assign activation_data = '0;
  end
  o3_banks #(.BANKS(WEIGHT_BUFFER_BANKS), .PES(PE_COUNT), .WIDTH(PE_WIDTH_EDGES), .WORDS(WEIGHT_WORDS),
             .WRITES(1), .CONTENT("weights.hex")) weight_buffer (
      .clk, .rst, .first, .asks(asks_weights), .address(weight_address), .served(weights_served),
      .data(weight_data), .writes(1'b0), .write_bank('0), .write_address('0), .write_place('0), .write_bit(1'b0));

  o3_output_buffer output_buffer (.clk, .rst(begins), .held_up, .offered, .taken, .retired);
  o3_output_bits output_bits (
      .clk, .rst, .layer, .begins, .retired, .writes, .write_bank, .write_address, .write_place, .write_bit, .held_up,
      .will_hold_up, .will_write);
endmodule
