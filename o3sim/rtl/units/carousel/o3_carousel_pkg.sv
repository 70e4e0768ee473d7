// What the units of a carousel share: groups of PEs, windows in tiles, and lines of the tables.
package o3_carousel_pkg;
  import o3_pkg::*;

  localparam int GROUP_PES = PE_COUNT / SCHEDULER_GROUPS;
  localparam int SLOTS = SCHEDULER_OPEN_CHANNELS;         // of open channels
  localparam int MOST_LANES = most(LANES), MOST_TILES = most(TILES);

  localparam int CONTEXT_BITS = bits_for(PE_CONTEXTS - 1);
  localparam int MEMBER_BITS = bits_for(most(MEMBERS));
  localparam int SLOT_BITS = bits_for(SLOTS - 1);
  localparam int PLACE_BITS = bits_for(most(PLACES));
  localparam int TILE_BITS = bits_for(most(TILES));
  localparam int READ_BITS = bits_for(most(READS));
  localparam int LOCATION_BITS = bits_for(PATCH_WORDS - 1);

  // A window on its way to a context: of a channel whose words go round.
  typedef struct packed {
    logic                    valid;
    logic [SLOT_BITS-1:0]    slot;
    logic [TILE_BITS-1:0]    tile;
    logic [CHANNEL_BITS-1:0] channel;
    logic [PLACE_BITS-1:0]   place;
    logic [PLACE_BITS-1:0]   position;  // in the pooled map
  } window_t;

  // A window whose outcome is known, on its way to those who count them.
  typedef struct packed {
    logic                 valid;
    logic [SLOT_BITS-1:0] slot;
    logic [TILE_BITS-1:0] tile;
  } ended_t;

  // A part of a word on its way to the memories of all PEs.
  typedef struct packed {
    logic                      valid;
    logic [LOCATION_BITS-1:0]  location;
    logic [PE_WIDTH_EDGES-1:0] mask;
    logic [PE_WIDTH_EDGES-1:0] bits;
  } part_t;

  // Tables: shapes alone give them.
  typedef struct packed {
    logic [31:0] position;
    logic [31:0] needed;    // reads, of all tiles up to its own, that are to be out before it
  } window_line_t;
  typedef struct packed {
    logic [31:0] end_place;
    logic [31:0] end_read;
  } tile_line_t;
  typedef struct packed {
    logic [31:0] location;
    logic [31:0] number;    // of the word that it is a part of
    logic [31:0] base;      // bit under tap (0, 0) of that word's neuron
    logic [31:0] address;   // in the activation buffer
  } read_line_t;
  typedef struct packed {
    logic        valid;     // else all taps of the word lie in the padding
    logic [31:0] location;
  } location_line_t;

  // What the edges of a word count together.
  function automatic logic [COUNT_BITS-1:0] count_of(input layer_t layer, input logic [WORD_BITS-1:0] number);
    int edges = is_last_word(layer, number) ? last_edges(layer) : PE_WIDTH_EDGES;
    return COUNT_BITS'(edges * weight_of(layer, edge_of(layer, number, 0)));
  endfunction

  // The ops of a window are numbered channel by channel and window by window.
  function automatic op_t op_of(
      input layer_t layer, input logic [PLACE_BITS-1:0] position, input logic [CHANNEL_BITS-1:0] channel,
      input logic [MEMBER_BITS-1:0] member);
    op_t op;
    int row = int'(position) / POOLED_WIDTH[layer] * POOL_SIZE[layer] + int'(member) / POOL_SIZE[layer];
    int column = int'(position) % POOLED_WIDTH[layer] * POOL_SIZE[layer] + int'(member) % POOL_SIZE[layer];
    op.index = OP_BITS'((int'(channel) * PLACES[layer] + int'(position)) * MEMBERS[layer] + int'(member));
    op.window = WINDOW_BITS'(int'(position) * OUT_CHANNELS[layer] + int'(channel));
    op.channel = channel;
    op.base = BASE_BITS'((row * PADDED_WIDTH[layer] + column) * STRIDE[layer] * IN_CHANNELS[layer]);
    return op;
  endfunction
endpackage
