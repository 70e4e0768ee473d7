// Takes OUTPUT_BUFFER_WRITE_WIDTH_OPS outcomes a cycle, one of a port, port after port from the one after the last
// written on. A PE has a port; on a carousel each of its contexts has.
module o3_output_buffer
  import o3_pkg::*;
#(
    parameter int PORTS = PE_COUNT
) (
    input  logic                                         clk,
    input  logic                                         rst,
    input  logic                                         held_up,  // words of output bits wait for their bank
    input  outcome_t [PORTS-1:0]                         offered,
    output logic     [PORTS-1:0]                         taken,
    output outcome_t [OUTPUT_BUFFER_WRITE_WIDTH_OPS-1:0] retired   // in this cycle, in the order of writing
);
  localparam int WIDTH = OUTPUT_BUFFER_WRITE_WIDTH_OPS;
  logic [bits_for(PORTS-1)-1:0] first, next_first;

  always_comb begin
    int count;
    count = 0;
    taken = '0;
    retired = '0;
    next_first = first;
    for (int n = 0; n < PORTS; n++) begin
      int p;
      p = int'(first) + n;
      if (p >= PORTS) p = p - PORTS;
      if (offered[p].valid && count < WIDTH && !held_up) begin
        taken[p] = 1'b1;
        retired[count] = offered[p];
        count = count + 1;
        next_first = (bits_for(PORTS - 1))'(p + 1);  // behind the last port begins as before the first
      end
    end
  end

  always_ff @(posedge clk) first <= rst ? '0 : next_first;
endmodule
