// The weight buffer of a carousel: for each open channel of each group the word that passes. It is read when the first context
// hears it and stays for the round. Open channels lie in banks of their own, so none is in another's way.
module o3_stream_words
  import o3_pkg::*;
  import o3_carousel_pkg::*;
(
    input  logic                                                             clk,
    input  logic                                                             rst,
    input  logic                                                             begins,   // a round, in this cycle
    input  layer_t                                                           layer,
    input  logic [WORD_BITS-1:0]                                             passing,
    input  logic [SCHEDULER_GROUPS-1:0][SLOTS-1:0]                           hears,
    input  logic [SCHEDULER_GROUPS-1:0][SLOTS-1:0][CHANNEL_BITS-1:0]         channels,
    output logic [SCHEDULER_GROUPS-1:0][SLOTS-1:0][PE_WIDTH_EDGES-1:0]       words     // of those heard in the last cycle
);
  logic [PE_WIDTH_EDGES-1:0] memory[WEIGHT_WORDS];
  initial $readmemh("weights.hex", memory);

  logic [SCHEDULER_GROUPS-1:0][SLOTS-1:0] heard;  // in this round, before this cycle
  always_ff @(posedge clk) begin
    for (int g = 0; g < SCHEDULER_GROUPS; g++)
      for (int s = 0; s < SLOTS; s++) begin
        if (hears[g][s] && (begins || !heard[g][s]))
          words[g][s] <= memory[WEIGHT_WORD[layer]
              +(int'(channels[g][s])/SCHEDULER_GROUPS*CHANNEL_WORDS[layer]+weight_word(layer, passing))*SCHEDULER_GROUPS+g];
        heard[g][s] <= hears[g][s] || (heard[g][s] && !begins);
      end
    if (rst) heard <= '0;
  end
endmodule
