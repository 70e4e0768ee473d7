// Gives ops, or windows, contexts of some PEs: each goes to the PE that holds fewest ops, to the lowest of them, into its
// lowest free context. Places are numbered level by level: level 0 has the PEs that hold nothing, level 1
// those that hold at most one op once level 0 is given out, and so on; item n takes place n.
module placement #(
    parameter int PES = 4,
    parameter int CONTEXTS = 2,
    parameter int ITEMS = 4,   // that come in a cycle at most
    parameter int WIDTH = 8,   // bits of one
    localparam int PLACES = PES * CONTEXTS,
    localparam int PLACE_BITS = $clog2(PLACES + 1),
    localparam int LOAD_BITS = $clog2(CONTEXTS + 1)
) (
    input  logic [PES-1:0][CONTEXTS-1:0]            free,           // after this cycle's verdicts and squashes
    input  logic [PES-1:0]                          stalled,        // such a PE is given none
    input  logic [ITEMS-1:0][WIDTH-1:0]             items,
    input  logic [ITEMS-1:0]                        items_valid,
    output logic [PLACE_BITS-1:0]                   free_contexts,  // of PEs that do not stall
    output logic [PES-1:0][CONTEXTS-1:0]            placed,
    output logic [PES-1:0][CONTEXTS-1:0][WIDTH-1:0] placed_items
);

  logic [PES-1:0][LOAD_BITS-1:0] load;
  logic [PLACES-1:0] offered, unused_valid, unused_front;
  logic [PLACES-1:0][PLACE_BITS-1:0] rank;
  always_comb
    for (int p = 0; p < PES; p++) begin
      load[p] = LOAD_BITS'(CONTEXTS - $countones(free[p]));
      for (int level = 0; level < CONTEXTS; level++)
        offered[level*PES+p] = !stalled[p] && int'(load[p]) <= level;
    end
  o3_compress #(.N(PLACES), .WIDTH(1)) number (
      .valid(offered), .items(offered), .front_valid(unused_valid), .front(unused_front),
      .rank(rank), .total(free_contexts));

  // What each place is given: item n comes to place n of those that are there, and to no lower one.
  logic [PLACES-1:0] given;
  logic [PLACES-1:0][WIDTH-1:0] given_items;
  always_comb begin
    given = '0;
    given_items = '0;
    for (int place = 0; place < PLACES; place++)
      for (int n = 0; n < ITEMS && n <= place; n++)
        if (items_valid[n] && offered[place] && int'(rank[place]) == n) begin
          given[place] = 1'b1;
          given_items[place] = items[n];
        end
  end

  // The lowest free context of a PE is at the level of its load, the next one above it.
  always_comb begin
    placed = '0;
    placed_items = '0;
    for (int p = 0; p < PES; p++) begin
      logic [LOAD_BITS-1:0] level;
      level = load[p];
      for (int c = 0; c < CONTEXTS; c++)
        if (free[p][c]) begin
          for (int l = c; l < CONTEXTS; l++)  // contexts below are at a level each, busy or free
            if (int'(level) == l) begin
              placed[p][c] = given[l*PES+p];
              placed_items[p][c] = given_items[l*PES+p];
            end
          level = level + 1'b1;
        end
    end
  end
endmodule
