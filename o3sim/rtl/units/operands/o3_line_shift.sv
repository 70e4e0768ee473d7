// Takes the word of a PE out of a line of the line buffer: each edge from the run that it is of, all runs shifted alike.
module o3_line_shift
  import o3_pkg::*;
(
    input  layer_t                    layer,
    input  logic [ACCESS_BITS-1:0]    line,
    input  logic [BASE_BITS-1:0]      base,         // of the neuron
    input  logic [WORD_BITS-1:0]      number,       // of its word
    output logic [PE_WIDTH_EDGES-1:0] activations
);
  always_comb begin
    int first, starts;
    logic [PE_WIDTH_EDGES-1:0] bits;
    first = int'(number) * PE_WIDTH_EDGES;
    starts = offset_of(layer, first);
    activations = '0;
    for (int run = 0; run < LINE_RUNS; run++) begin
      bits = PE_WIDTH_EDGES'(line[run*LINE_EDGES+:LINE_EDGES] >> (int'(base) + starts) % PE_WIDTH_EDGES);
      for (int j = 0; j < PE_WIDTH_EDGES; j++)
        if (first + j < EDGES[layer] && offset_of(layer, first + j) - starts - j == run_offset(run)) activations[j] = bits[j];
    end
  end
endmodule
