// The channels of a group that are open: where the passing word of each lies in its weight bank, which windows are next,
// and how many are not known yet. In a cycle the PEs from `first` on whose context is free take the next windows.
module carousel_group #(
    parameter int PES = 8,
    parameter int OPEN = 4,
    parameter int WINDOWS = 2,       // handed out in a cycle at most
    localparam int COUNT_BITS = 16, ADDRESS_BITS = 12, WINDOW_BITS = 12,
    localparam int OPEN_BITS = OPEN < 2 ? 1 : $clog2(OPEN),
    localparam int PE_BITS = PES < 2 ? 1 : $clog2(PES),
    localparam int RANK_BITS = $clog2(PES + 1)
) (
    input  logic                                clk,
    input  logic                                rst,
    input  logic [PE_BITS-1:0]                  first,
    input  logic                                opens,          // a channel, in the first slot that is not open
    input  logic [ADDRESS_BITS-1:0]             opens_address,
    input  logic [COUNT_BITS-1:0]               opens_bound,
    input  logic [WINDOW_BITS-1:0]              windows,        // of a channel in the tile
    input  logic [WINDOW_BITS-1:0]              windows_there,  // whose activations are there
    input  logic [ADDRESS_BITS-1:0]             word,           // that passes
    input  logic [PES-1:0]                      is_free,
    input  logic [PES-1:0]                      ends,
    input  logic [PES-1:0][OPEN_BITS-1:0]       ends_channel,
    output logic [OPEN-1:0]                     is_open,
    output logic [OPEN-1:0][ADDRESS_BITS-1:0]   weight_address,
    output logic [PES-1:0]                      handed,
    output logic [PES-1:0][WINDOW_BITS-1:0]     handed_window,
    output logic [OPEN_BITS-1:0]                handed_channel,
    output logic [COUNT_BITS-1:0]               handed_bound
);
  logic [OPEN-1:0][ADDRESS_BITS-1:0] base;
  logic [OPEN-1:0][COUNT_BITS-1:0] bound;
  logic [OPEN-1:0][WINDOW_BITS-1:0] unknown;
  logic [OPEN_BITS-1:0] at;           // the oldest channel that has windows
  logic [WINDOW_BITS-1:0] next, left;
  logic [OPEN_BITS-1:0] slot;
  assign handed_channel = at;
  assign handed_bound = bound[at];

  // Free PEs in turn, numbered; the first of them get windows.
  logic [PES-1:0] rotated;
  logic [PES-1:0][RANK_BITS-1:0] rank;
  logic [RANK_BITS-1:0] total, unused_total;
  logic [PES-1:0] unused_valid, unused_front;
  assign rotated = PES'({is_free, is_free} >> first);
  o3_compress #(.N(PES), .WIDTH(1)) number (
      .valid(rotated), .items(rotated), .front_valid(unused_valid), .front(unused_front), .rank(rank), .total(unused_total));
  always_comb begin
    logic [PES-1:0] gets;
    logic [2*PES-1:0] turned;
    left = (windows_there < windows ? windows_there : windows) - next;
    total = '0;
    for (int p = 0; p < PES; p++) begin
      gets[p] = is_open[at] && rotated[p] && int'(rank[p]) < WINDOWS && WINDOW_BITS'(rank[p]) < left;
      total = total + RANK_BITS'(gets[p]);
    end
    turned = {gets, gets} << first;
    handed = turned[2*PES-1:PES];
    for (int p = 0; p < PES; p++) handed_window[p] = next + WINDOW_BITS'(rank[PE_BITS'(p-int'(first)+PES)]);
  end

  always_comb begin
    slot = '0;
    for (int s = OPEN - 1; s >= 0; s--) if (!is_open[s]) slot = OPEN_BITS'(s);
    for (int s = 0; s < OPEN; s++) weight_address[s] = base[s] + word;
  end
  always_ff @(posedge clk) begin
    for (int s = 0; s < OPEN; s++) begin
      logic [RANK_BITS-1:0] ended;
      ended = '0;
      for (int p = 0; p < PES; p++) ended = ended + RANK_BITS'(ends[p] && int'(ends_channel[p]) == s);
      unknown[s] <= unknown[s] - WINDOW_BITS'(ended);
      if (is_open[s] && unknown[s] == WINDOW_BITS'(ended)) is_open[s] <= 1'b0;
      if (opens && int'(slot) == s) begin
        is_open[s] <= 1'b1;
        base[s] <= opens_address;
        bound[s] <= opens_bound;
        unknown[s] <= windows;
      end
    end
    next <= next + WINDOW_BITS'(total);
    if (next + WINDOW_BITS'(total) == windows) begin
      next <= '0;
      at <= int'(at) == OPEN - 1 ? '0 : at + 1'b1;
    end
    if (rst) begin
      is_open <= '0;
      next <= '0;
      at <= '0;
    end
  end
endmodule
