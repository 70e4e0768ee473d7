// The activation buffer of a carousel: sends buffer words to the memories of all PEs, tile by tile, each tile into the half
// that the one before the last has left. In a cycle words go out in their order, up to the first whose bank gives
// another or writes an output bit.
module o3_broadcast
  import o3_pkg::*;
  import o3_carousel_pkg::*;
#(
    parameter int WRITES = 1
) (
    input  logic                                       clk,
    input  logic                                       rst,
    input  ended_t [PE_COUNT-1:0]                      ended,
    output logic   [TILE_BITS-1:0]                     filling,        // tiles that are whole, as of the end of the last cycle
    output logic   [READ_BITS-1:0]                     reads_out,
    output part_t  [LANES-1:0]                    sent,
    input  logic   [WRITES-1:0]                        writes,         // single bits
    input  logic   [WRITES-1:0][ACTIVATION_BITS-1:0]   write_address,
    input  logic   [WRITES-1:0][bits_for(PE_WIDTH_EDGES-1)-1:0] write_place,
    input  logic   [WRITES-1:0]                        write_bit
);
  localparam int BANKS = ACTIVATION_BUFFER_BANKS, PORTS = BANKS == 0 ? 1 : BANKS;
  localparam int ALL = PLACES * OUT_CHANNELS;
  logic [PE_WIDTH_EDGES-1:0] memory[ACTIVATION_WORDS];
  read_line_t reads[READS];
  tile_line_t tiles[TILES];
  initial begin
    $readmemh("activations.hex", memory);
    $readmemh("reads.hex", reads);
    $readmemh("tiles.hex", tiles);
  end
  always_ff @(posedge clk)
    for (int w = 0; w < WRITES; w++) if (writes[w] && !rst) memory[write_address[w]][write_place[w]] <= write_bit[w];

  // A half is free in the cycle after the one in which the outcome of the last window of its tile is known.
  logic [TILES-1:0][bits_for(ALL)-1:0] windows_ended;
  function automatic int windows_of(input int tile);
    return (int'(tiles[tile].end_place) - (tile == 0 ? 0 : int'(tiles[(tile+TILES-1)%TILES].end_place))) * OUT_CHANNELS;
  endfunction
  logic has_room;
  always_comb begin
    has_room = int'(filling) < 2;
    if (!has_room) has_room = int'(windows_ended[filling-2'd2]) == windows_of(int'(filling) - 2);
    if (int'(filling) == TILES) has_room = 1'b0;
  end

  // The bits of a word's neuron that lie in a buffer word; taps of the padding are constants.
  function automatic part_t part_of(input read_line_t line, input logic [PE_WIDTH_EDGES-1:0] word);
    part_t made;
    int row = int'(line.base) / IN_CHANNELS / PADDED_WIDTH, column = int'(line.base) / IN_CHANNELS % PADDED_WIDTH;
    made = '{valid: 1'b1, location: LOCATION_BITS'(line.location), mask: '1, bits: word};
    if (!FILLS_WORDS)
      for (int j = 0; j < PE_WIDTH_EDGES; j++) begin
        int edge_number, at, y, x;
        logic is_inside;
        edge_number = int'(line.number) * PE_WIDTH_EDGES + j;
        if (edge_number >= EDGES) edge_number = 0;
        at = int'(line.base) + offset_of(edge_number);
        y = row + edge_number / IN_CHANNELS / KERNEL_WIDTH;
        x = column + edge_number / IN_CHANNELS % KERNEL_WIDTH;
        is_inside = y >= PADDING_PIXELS && y < PADDED_HEIGHT - PADDING_PIXELS && x >= PADDING_PIXELS
            && x < PADDED_WIDTH - PADDING_PIXELS;
        made.mask[j] = !is_inside || at / PE_WIDTH_EDGES == int'(line.address);
        made.bits[j] = is_inside ? word[at%PE_WIDTH_EDGES] : PADDING_BIT;
      end
    return made;
  endfunction

  logic [READ_BITS-1:0] next_out;
  always_comb begin
    logic [PORTS-1:0] busy;
    logic goes_on;
    int count;
    busy = '0;
    for (int w = 0; w < WRITES; w++) if (writes[w]) busy[int'(write_address[w])%PORTS] = 1'b1;
    goes_on = has_room;
    count = 0;
    sent = '0;
    for (int i = 0; i < LANES; i++) begin
      read_line_t line;
      line = reads[(int'(reads_out)+i)%READS];
      goes_on = goes_on && int'(reads_out) + i < int'(tiles[filling].end_read)
          && (BANKS == 0 || !busy[int'(line.address)%PORTS]);
      if (goes_on) begin
        sent[i] = part_of(line, memory[line.address[ACTIVATION_BITS-1:0]]);
        busy[int'(line.address)%PORTS] = 1'b1;
        count = count + 1;
      end
    end
    next_out = reads_out + READ_BITS'(count);
  end

  always_ff @(posedge clk) begin
    reads_out <= next_out;
    if (has_room && int'(next_out) == int'(tiles[filling].end_read)) filling <= filling + 1'b1;
    for (int t = 0; t < TILES; t++) begin
      int count;
      count = int'(windows_ended[t]);
      for (int p = 0; p < PE_COUNT; p++) if (ended[p].valid && int'(ended[p].tile) == t) count = count + 1;
      windows_ended[t] <= (bits_for(ALL))'(count);
    end
    if (rst) begin
      reads_out <= '0;
      filling <= '0;
      windows_ended <= '0;
    end
  end
endmodule
