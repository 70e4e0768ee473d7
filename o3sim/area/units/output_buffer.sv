// Takes so many outcomes a cycle, one of a PE, PE after PE from the one after the last written on.
module output_buffer #(
    parameter int PES = 8,
    parameter int PORTS = 4,
    parameter int OUTCOME_BITS = 26,
    localparam int PE_BITS = PES < 2 ? 1 : $clog2(PES)
) (
    input  logic                                clk,
    input  logic                                rst,
    input  logic                                held_up,
    input  logic [PES-1:0]                      offers,
    input  logic [PES-1:0][OUTCOME_BITS-1:0]    offered,
    output logic [PES-1:0]                      taken,
    output logic [PORTS-1:0]                    retires,
    output logic [PORTS-1:0][OUTCOME_BITS-1:0]  retired
);
  logic [PE_BITS-1:0] first;
  logic [PES-1:0] rotated, front_valid, takes;
  logic [PES-1:0][OUTCOME_BITS-1:0] items, front;
  logic [PES-1:0][$clog2(PES+1)-1:0] rank;
  logic [$clog2(PES+1)-1:0] total;
  logic [2*PES-1:0] turned;
  assign rotated = PES'({offers, offers} >> first);
  always_comb for (int i = 0; i < PES; i++) items[i] = offered[PE_BITS'(i+int'(first))];
  o3_compress #(.N(PES), .WIDTH(OUTCOME_BITS)) compress (
      .valid(rotated), .items(items), .front_valid(front_valid), .front(front), .rank(rank), .total(total));
  always_comb begin
    for (int i = 0; i < PES; i++) takes[i] = rotated[i] && int'(rank[i]) < PORTS && !held_up;
    turned = {takes, takes} << first;
    taken = turned[2*PES-1:PES];
  end
  always_ff @(posedge clk) begin
    for (int i = 0; i < PORTS; i++) begin
      retires[i] <= !rst && !held_up && front_valid[i%PES] && i < PES;
      retired[i] <= front[i%PES];
    end
    if (rst) first <= '0;
    else
      for (int i = 0; i < PES; i++) if (takes[i]) first <= PE_BITS'(i + int'(first) + 1);
  end
endmodule
