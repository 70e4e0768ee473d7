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
    input  layer_t                                     layer,
    input  logic                                       begins,         // another layer, in the next cycle
    input  ended_t [PE_COUNT-1:0]                      ended,
    output logic   [TILE_BITS-1:0]                     filling,        // tiles that are whole, as of the end of the last cycle
    output logic   [READ_BITS-1:0]                     reads_out,
    output part_t  [MOST_LANES-1:0]                    sent,
    input  logic   [WRITES-1:0]                        writes,         // single bits
    input  logic   [WRITES-1:0][ACTIVATION_BANK_BITS-1:0] write_bank,
    input  logic   [WRITES-1:0][ACTIVATION_BITS-1:0]   write_address,
    input  logic   [WRITES-1:0][bits_for(PE_WIDTH_EDGES-1)-1:0] write_place,
    input  logic   [WRITES-1:0]                        write_bit
);
  localparam int BANKS = ACTIVATION_BUFFER_BANKS, PORTS = ACTIVATION_PORTS;
  logic [PE_WIDTH_EDGES-1:0] memory[ACTIVATION_WORDS];
  read_line_t reads[READ_LINES];
  tile_line_t tiles[TILE_LINES];
  initial begin
    $readmemh("activations.hex", memory);
    $readmemh("reads.hex", reads);
    $readmemh("tiles.hex", tiles);
  end
  always_ff @(posedge clk)
    for (int w = 0; w < WRITES; w++) if (writes[w] && !rst) memory[write_address[w]][write_place[w]] <= write_bit[w];

  // A half is free in the cycle after the one in which the outcome of the last window of its tile is known.
  logic [MOST_TILES-1:0][bits_for(MOST_WINDOWS)-1:0] windows_ended;
  function automatic int end_of(input int tile);
    return tile < 0 ? 0 : int'(tiles[TILE_LINE[layer]+tile].end_place);
  endfunction
  logic has_room;
  always_comb begin
    has_room = int'(filling) < 2;
    if (!has_room) has_room = int'(windows_ended[filling-2'd2]) 
        == (end_of(int'(filling) - 2) - end_of(int'(filling) - 3)) * OUT_CHANNELS[layer];
    if (int'(filling) == TILES[layer]) has_room = 1'b0;
  end

  // The bits of a word's neuron that lie in a buffer word; taps of the padding are constants.
  function automatic part_t part_of(input read_line_t line, input logic [PE_WIDTH_EDGES-1:0] word);
    part_t made;
    int pixel = int'(line.base) / IN_CHANNELS[layer];
    int row = pixel / PADDED_WIDTH[layer], column = pixel % PADDED_WIDTH[layer];
    made = '{valid: 1'b1, location: LOCATION_BITS'(line.location), mask: '1, bits: word};
    if (!FILLS_WORDS[layer])
      for (int j = 0; j < PE_WIDTH_EDGES; j++) begin
        int edge_number, tap, at, y, x;
        logic is_inside;
        edge_number = edge_of(layer, WORD_BITS'(line.number), j);
        if (edge_number >= EDGES[layer]) edge_number = 0;
        tap = edge_number % TAPS[layer] / IN_CHANNELS[layer];
        at = int'(line.base) + offset_of(layer, edge_number);
        y = row + tap / KERNEL_WIDTH[layer];
        x = column + tap % KERNEL_WIDTH[layer];
        is_inside = y >= PADDING_PIXELS[layer] && y < PADDED_HEIGHT[layer] - PADDING_PIXELS[layer]
            && x >= PADDING_PIXELS[layer] && x < PADDED_WIDTH[layer] - PADDING_PIXELS[layer];
        made.mask[j] = !is_inside || at / PE_WIDTH_EDGES == int'(line.address);
        made.bits[j] = is_inside ? word[at%PE_WIDTH_EDGES] : PADDING_BIT[layer];
      end
    return made;
  endfunction

  logic [READ_BITS-1:0] next_out;
  always_comb begin
    logic [PORTS-1:0] busy;
    logic goes_on;
    int count;
    busy = '0;
    for (int w = 0; w < WRITES; w++) if (writes[w]) busy[write_bank[w]] = 1'b1;
    goes_on = has_room;
    count = 0;
    sent = '0;
    for (int i = 0; i < MOST_LANES; i++) begin
      read_line_t line;
      line = reads[READ_LINE[layer]+(int'(reads_out)+i)%READS[layer]];
      goes_on = goes_on && i < LANES[layer] && int'(reads_out) + i < int'(tiles[TILE_LINE[layer]+int'(filling)].end_read)
          && (BANKS == 0 || !busy[int'(line.address)%PORTS]);
      if (goes_on) begin
        sent[i] = part_of(line, memory[INPUT_WORD[layer]+int'(line.address)]);
        busy[int'(line.address)%PORTS] = 1'b1;
        count = count + 1;
      end
    end
    next_out = reads_out + READ_BITS'(count);
  end

  always_ff @(posedge clk) begin
    reads_out <= next_out;
    if (has_room && int'(next_out) == int'(tiles[TILE_LINE[layer]+int'(filling)].end_read)) filling <= filling + 1'b1;
    for (int t = 0; t < MOST_TILES; t++) begin
      int count;
      count = int'(windows_ended[t]);
      for (int p = 0; p < PE_COUNT; p++) if (ended[p].valid && int'(ended[p].tile) == t) count = count + 1;
      windows_ended[t] <= (bits_for(MOST_WINDOWS))'(count);
    end
    if (begins) begin
      reads_out <= '0;
      filling <= '0;
      windows_ended <= '0;
    end
  end
endmodule
