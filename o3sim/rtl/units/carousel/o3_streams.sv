// The streams of a group of PEs: opens its channels in order, tile by tile, and hands out their windows, those of the
// oldest first, to the contexts whose turn it is.
module o3_streams
  import o3_pkg::*;
  import o3_carousel_pkg::*;
#(
    parameter int GROUP_NUMBER = 0
) (
    input  logic                                clk,
    input  logic                                rst,
    input  layer_t                              layer,
    input  logic     [TILE_BITS-1:0]            filling,   // tiles that are in the memories, as of the end of the last cycle
    input  logic     [READ_BITS-1:0]            reads_out,
    input  logic     [GROUP_PES-1:0]            wants,     // a context that has its turn and no window
    output window_t  [GROUP_PES-1:0]            given,
    input  ended_t   [GROUP_PES-1:0]            ended,
    output logic     [SLOTS-1:0][CHANNEL_BITS-1:0] channels
);
  localparam int COUNT_BITS = bits_for(most(PLACES));
  localparam int BANKS = GROUP_BANKS == 0 ? 1 : GROUP_BANKS;
  localparam int AGE_BITS = bits_for(MOST_TILES * most(OUT_CHANNELS));

  typedef struct packed {
    logic                    valid;
    logic [AGE_BITS-1:0]     number;      // of the stream: older ones have lower ones
    logic [TILE_BITS-1:0]    tile;
    logic [CHANNEL_BITS-1:0] channel;
    logic [PLACE_BITS-1:0]   next_place;  // to hand out
    logic [PLACE_BITS-1:0]   end_place;
    logic [COUNT_BITS-1:0]   left;        // windows whose outcome is not known
  } stream_t;
  stream_t [SLOTS-1:0] slots, after;
  window_line_t windows[WINDOW_LINES];
  tile_line_t tiles[TILE_LINES];
  initial begin
    $readmemh("windows.hex", windows);
    $readmemh("tiles.hex", tiles);
  end

  function automatic logic is_filled(input logic [TILE_BITS-1:0] tile, input logic [PLACE_BITS-1:0] place);
    return tile < filling || (tile == filling && int'(reads_out) >= int'(windows[WINDOW_LINE[layer]+int'(place)].needed));
  endfunction

  function automatic logic [PLACE_BITS-1:0] end_of(input logic [TILE_BITS-1:0] tile);
    return PLACE_BITS'(tiles[TILE_LINE[layer]+int'(tile)].end_place);
  endfunction

  // The PE that chooses first rotates with the cycles.
  logic [bits_for(GROUP_PES-1)-1:0] first;
  always_ff @(posedge clk)
    if (rst || int'(first) == GROUP_PES - 1) first <= '0;
    else first <= first + 1'b1;

  // Hand-outs, and windows that end.
  logic [SLOTS-1:0][PLACE_BITS-1:0] next_place;
  always_comb begin
    int count;
    count = 0;
    given = '0;
    for (int s = 0; s < SLOTS; s++) next_place[s] = slots[s].next_place;
    for (int n = 0; n < GROUP_PES; n++) begin
      int p, oldest;
      p = (int'(first) + n) % GROUP_PES;
      oldest = -1;
      for (int s = 0; s < SLOTS; s++)
        if (slots[s].valid && next_place[s] != slots[s].end_place && is_filled(slots[s].tile, next_place[s])
            && (oldest < 0 || slots[s].number < slots[oldest].number)) oldest = s;
      if (wants[p] && count < SCHEDULER_WINDOWS_PER_CYCLE && oldest >= 0) begin
        given[p] = '{valid: 1'b1, slot: SLOT_BITS'(oldest), tile: slots[oldest].tile,
                     channel: slots[oldest].channel, place: next_place[oldest],
                     position: PLACE_BITS'(windows[WINDOW_LINE[layer]+int'(next_place[oldest])].position)};
        next_place[oldest] = next_place[oldest] + 1'b1;
        count = count + 1;
      end
    end
  end
  always_comb begin
    after = slots;
    for (int s = 0; s < SLOTS; s++) begin
      after[s].next_place = next_place[s];
      for (int p = 0; p < GROUP_PES; p++)
        if (ended[p].valid && int'(ended[p].slot) == s) after[s].left = after[s].left - 1'b1;
      if (after[s].left == 0) after[s].valid = 1'b0;
      channels[s] = slots[s].channel;
    end
  end

  // The next channel opens if there is a slot, and no open one lies in its bank, as of the end of the last cycle.
  logic [TILE_BITS-1:0] tile;      // of the next
  logic [CHANNEL_BITS:0] channel;
  logic [AGE_BITS-1:0] number;
  logic opens;
  logic [SLOT_BITS-1:0] slot;
  logic [PLACE_BITS-1:0] first_place;
  assign first_place = tile == 0 ? '0 : end_of(tile - 1'b1);
  always_comb begin
    logic has_slot, bank_is_free;
    has_slot = 1'b0;
    bank_is_free = 1'b1;
    slot = '0;
    for (int s = SLOTS - 1; s >= 0; s--) begin
      if (!slots[s].valid && s < OPEN_CHANNELS[layer]) begin
        has_slot = 1'b1;
        slot = SLOT_BITS'(s);
      end
      if (GROUP_BANKS != 0 && slots[s].valid && int'(slots[s].channel) / SCHEDULER_GROUPS % BANKS
          == int'(channel) / SCHEDULER_GROUPS % BANKS) bank_is_free = 1'b0;
    end
    opens = GROUP_NUMBER < OUT_CHANNELS[layer] && int'(tile) < TILES[layer] && has_slot && bank_is_free;
  end

  always_ff @(posedge clk) begin
    slots <= after;
    if (opens) begin
      slots[slot] <= '{valid: 1'b1, number: number, tile: tile, channel: channel[CHANNEL_BITS-1:0],
                       next_place: first_place, end_place: end_of(tile),
                       left: COUNT_BITS'(end_of(tile) - first_place)};
      number <= number + 1'b1;
      channel <= channel + (CHANNEL_BITS + 1)'(SCHEDULER_GROUPS);
      if (int'(channel) + SCHEDULER_GROUPS >= OUT_CHANNELS[layer]) begin
        channel <= (CHANNEL_BITS + 1)'(GROUP_NUMBER);
        tile <= tile + 1'b1;
      end
    end
    if (rst) begin
      for (int s = 0; s < SLOTS; s++) slots[s].valid <= 1'b0;
      number <= '0;
      channel <= (CHANNEL_BITS + 1)'(GROUP_NUMBER);
      tile <= '0;
    end
  end
endmodule
