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

  // From the first PE on: a stage for each bit of its number, round the PEs, however many there are.
  logic [PE_BITS:0][PES-1:0][OUTCOME_BITS:0] turned;
  always_comb begin
    for (int i = 0; i < PES; i++) turned[0][i] = {offers[i], offered[i]};
    for (int s = 0; s < PE_BITS; s++)
      for (int i = 0; i < PES; i++) turned[s+1][i] = first[s] ? turned[s][(i+(1<<s))%PES] : turned[s][i];
    for (int i = 0; i < PES; i++) {rotated[i], items[i]} = turned[PE_BITS][i];
  end
  o3_compress #(.N(PES), .WIDTH(OUTCOME_BITS)) compress (
      .valid(rotated), .items(items), .front_valid(front_valid), .front(front), .rank(rank), .total(total));

  // Back again: what is taken is told to the PEs, and the next cycle begins behind the last of them.
  logic [2*PES-1:0] unturned;
  logic [PE_BITS:0] behind, next;
  always_comb begin
    behind = '0;
    for (int i = 0; i < PES; i++) begin
      takes[i] = rotated[i] && int'(rank[i]) < PORTS && !held_up;
      if (takes[i]) behind = (PE_BITS + 1)'(i + 1);
    end
    next = first + behind;
    unturned = {takes, takes} << first;
    taken = unturned[2*PES-1:PES];
  end
  always_ff @(posedge clk) begin
    for (int i = 0; i < PORTS; i++) begin
      retires[i] <= !rst && !held_up && front_valid[i%PES] && i < PES;
      retired[i] <= front[i%PES];
    end
    if (rst) first <= '0;
    else first <= PE_BITS'(int'(next) < PES ? next : next - (PE_BITS + 1)'(PES));
  end
endmodule
