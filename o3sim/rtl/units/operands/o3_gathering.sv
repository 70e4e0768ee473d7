// Brings the activations of a PE's next word together: from every buffer word that one of its edges lies in. A PE
// asks in one cycle for all that it still needs, up to the first that lies in a bank it asks already; what it is
// served is kept, up to the first that it is not served, but the last only goes in together with the weight word.
module o3_gathering
  import o3_pkg::*;
#(
    localparam int CONTEXT_BITS = bits_for(PE_CONTEXTS - 1)
) (
    input  logic                                        clk,
    input  layer_t                                      layer,
    // The next word, and how many of its buffer words its context has.
    input  logic                                        asks,
    input  op_t                                         op,
    input  logic [CONTEXT_BITS-1:0]                     context_number,
    input  logic [WORD_BITS-1:0]                        number,
    input  logic [GATHER_BITS-1:0]                      gathered,
    input  logic [WEIGHT_BITS-1:0]                      weight_address,
    // The banks.
    output request_t                                    request,
    input  reply_t                                      reply,
    // What comes of it.
    output logic                                        granted,
    output logic [GATHER_BITS-1:0]                      next_gathered,
    output logic [PE_WIDTH_EDGES-1:0]                   activations     // of a word granted in the last cycle
);
  localparam int BANKS = ACTIVATION_BUFFER_BANKS, PORTS = ACTIVATION_PORTS;
  reads_t reads;
  assign reads = reads_of(layer, op.base, number);

  always_comb begin
    logic goes_on, meets;
    goes_on = asks;
    request = '{activations: '0, addresses: reads.address, weights: asks, weight_address: weight_address};
    for (int s = 0; s < MOST_READS; s++) begin
      meets = 1'b0;
      if (BANKS != 0)
        for (int t = 0; t < s; t++)
          if (t >= int'(gathered))
            meets = meets | (int'(reads.address[t]) % PORTS == int'(reads.address[s]) % PORTS);
      if (reads.valid[s] && s >= int'(gathered)) goes_on = goes_on && !meets;
      request.activations[s] = goes_on && reads.valid[s] && s >= int'(gathered);
      if (reads.valid[s] && !goes_on) request.weights = 1'b0;
    end
  end

  always_comb begin
    logic goes_on, complete;
    int count;
    goes_on = 1'b1;
    count = int'(gathered);
    for (int s = 0; s < MOST_READS; s++)
      if (s >= int'(gathered)) begin
        goes_on = goes_on && request.activations[s] && reply.activations[s];
        if (goes_on) count = s + 1;
      end
    complete = count == $countones(reads.valid);
    granted = asks && complete && reply.weights;
    if (granted) next_gathered = '0;
    else if (complete) next_gathered = GATHER_BITS'(count - 1);
    else next_gathered = GATHER_BITS'(count);
  end

  // Data comes a cycle later.
  logic [WORD_BITS-1:0] last_number;
  logic [BASE_BITS-1:0] last_base;
  always_ff @(posedge clk) begin
    last_number <= number;
    last_base <= op.base;
  end

  if (LINE_RUNS != 0) begin : g_line
    o3_line_shift line_shift (
        .layer, .line(reply.activation_data[0]), .base(last_base), .number(last_number), .activations);
  end else begin : g_words
    // What was read before lies beside its context, but for the last word, which is read when all is there.
    localparam int KEPT = MOST_READS > 1 ? MOST_READS - 1 : 1;
    logic [PE_CONTEXTS-1:0][KEPT-1:0][PE_WIDTH_EDGES-1:0] kept;
    logic [MOST_READS-1:0] was_read;
    logic [CONTEXT_BITS-1:0] last_context;
    reads_t last_reads;
    logic [MOST_READS-1:0][PE_WIDTH_EDGES-1:0] together;
    always_comb
      for (int s = 0; s < MOST_READS; s++)
        together[s] = s == MOST_READS - 1 || was_read[s] ? reply.activation_data[s] : kept[last_context][s%KEPT];
    always_ff @(posedge clk) begin
      was_read <= request.activations & reply.activations;
      last_context <= context_number;
      last_reads <= reads;
      for (int s = 0; s < MOST_READS - 1; s++) if (was_read[s]) kept[last_context][s] <= reply.activation_data[s];
    end

    // Each edge takes its bit from the buffer word that it lies in.
    always_comb begin
      activations = '0;
      for (int j = 0; j < PE_WIDTH_EDGES; j++) begin
        int at, edge_number;
        edge_number = int'(last_number) * PE_WIDTH_EDGES + j;
        at = int'(last_base) + offset_of(layer, edge_number < EDGES[layer] ? edge_number : 0);
        for (int s = 0; s < MOST_READS; s++)
          if (last_reads.valid[s] && int'(last_reads.address[s]) == at / PE_WIDTH_EDGES)
            activations[j] = together[s][at%PE_WIDTH_EDGES];
      end
    end
  end
endmodule
