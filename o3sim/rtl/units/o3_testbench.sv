// Runs the layers and prints its events: `cycle kind-number kind op unit value`, for `make trace.txt` to put in
// order; those of one way to dispatch are in o3_own_events.svh. After the last cycle the buffer with the output
// bits is written to output.hex, by o3_own_output.svh.
module o3_testbench
  import o3_pkg::*;
(
    input  logic clk,
    input  logic rst,
    output logic finished
);
  logic done;
  o3_core core (.clk, .rst, .done);

  int cycle;
  logic begins;          // a layer does, in this cycle
  logic ended, written;  // the last cycle is over; the last output bits are in the buffer
  logic last;
  assign last = int'(core.layer) == LAYERS - 1;
  always_ff @(posedge clk)
    if (rst) begin
      cycle <= 0;
      begins <= 1'b1;
      ended <= 1'b0;
      written <= 1'b0;
      finished <= 1'b0;
    end else begin
      cycle <= cycle + 1;
      begins <= done && !last;
      if (done && last) ended <= 1'b1;
      if (ended) written <= 1'b1;
      if (written) finished <= 1'b1;
    end
  int number;
  assign number = LAYER_NUMBER + int'(core.layer);
  logic shows_output;
  assign shows_output = !rst && written && !finished;
  `include "o3_own_output.svh"

  always_ff @(posedge clk)
    if (!rst && !ended) begin
      if (begins) $display("%0d 0 layer_start %0d %s", cycle, number, layer_name(int'(core.layer)));
      for (int p = 0; p < PE_COUNT; p++) begin
        for (int k = 0; k < $bits(core.known[0]) / $bits(outcome_t); k++)
          if (core.known[p][k].valid)
            $display("%0d 2 decide %0d pe%0d %0d", cycle, core.known[p][k].index, p, core.known[p][k].outcome);
        for (int c = 0; c < PE_CONTEXTS; c++)
          if (core.issued[p][c])
            $display("%0d 5 issue %0d pe%0d.%0d", cycle, core.issued_ops[p][c].index, p, c);
        if (core.granted[p])
          $display("%0d 6 word %0d pe%0d %0d", cycle, core.asks_op[p].index, p, core.asks_word[p]);
        if (core.asks[p] && !core.granted[p]) $display("%0d 7 stall %0d pe%0d", cycle, core.asks_op[p].index, p);
      end
      `include "o3_own_events.svh"
      for (int i = 0; i < OUTPUT_BUFFER_WRITE_WIDTH_OPS; i++)
        if (core.retired[i].valid)
          $display("%0d 8 retire %0d output %0d", cycle, core.retired[i].index, core.retired[i].outcome);
      if (done) $display("%0d 9 layer_end %0d %s", cycle, number, layer_name(int'(core.layer)));
    end
endmodule
