// What all units share: the generated sizes of one machine and of the layers that it runs, and the types that go
// between units.
package o3_pkg;
  // Values of parameters that choose among ways.
  localparam int OUT_OF_ORDER = 0, IN_ORDER = 1, LOCKSTEP = 2;
  localparam int WINDOW_MAJOR = 0, MEMBER_MAJOR = 1;
  localparam int POSITION = 0, CHANNEL = 1;
  localparam int OLDEST = 0, BARREL = 1;
  localparam int BY_CHANNEL = 0, BY_POSITION = 1, BY_LIST = 2;

  `include "o3_parameters.svh"

  // Bits of a number from 0 to `most`.
  function automatic int bits_for(input int most);
    return most < 2 ? 1 : $clog2(most + 1);
  endfunction

  // The layer that runs: what there is one of for each layer has it as its index.
  localparam int LAYER_BITS = bits_for(LAYERS - 1);
  typedef logic [LAYER_BITS-1:0] layer_t;
  typedef int of_layers_t[LAYERS];

  // The largest of all layers.
  function automatic int most(input of_layers_t sizes);
    most = 0;
    for (int l = 0; l < LAYERS; l++) if (sizes[l] > most) most = sizes[l];
  endfunction

  localparam int MOST_WINDOWS = most(WINDOWS);
  localparam int ALL_CONTEXTS = PE_COUNT * PE_CONTEXTS;
  localparam int OUTCOMES = PE_LATENCY_CYCLES + 1 + PE_CONTEXTS * CONTEXT_OUTCOMES;  // of a PE that may wait

  localparam int OP_BITS = bits_for(most(OPS));
  localparam int WINDOW_BITS = bits_for(MOST_WINDOWS - 1);
  localparam int CHANNEL_BITS = bits_for(most(OUT_CHANNELS) - 1);
  localparam int WORD_BITS = bits_for(most(WORDS));
  localparam int ACTIVATION_BITS = bits_for(ACTIVATION_WORDS - 1);
  localparam int ACTIVATION_PORTS = ACTIVATION_BUFFER_BANKS == 0 ? 1 : ACTIVATION_BUFFER_BANKS;
  localparam int ACTIVATION_BANK_BITS = bits_for(ACTIVATION_PORTS - 1);
  localparam int WEIGHT_BITS = bits_for(WEIGHT_WORDS - 1);
  localparam int COUNT_BITS = bits_for(2 * most(FULL_COUNT) + 1);  // of matches, and a count of edges beside it
  localparam int PE_BITS = bits_for(PE_COUNT - 1);
  localparam int GATHER_BITS = bits_for(MOST_READS);

  // Columns of the padded map: with patches all PEs hold the newest.
  localparam int MOST_COLUMN_WORDS = most(COLUMN_WORDS);
  localparam int SENT_WORDS = ACTIVATION_BUFFER_BANKS == 0 || ACTIVATION_BUFFER_BANKS > MOST_COLUMN_WORDS
      ? MOST_COLUMN_WORDS : ACTIVATION_BUFFER_BANKS;  // in a cycle, at most
  localparam int COLUMN_BITS = bits_for(most(COLUMNS));
  localparam int COLUMN_WORD_BITS = bits_for(MOST_COLUMN_WORDS);
  localparam int PATCH_SLOT_BITS = bits_for(most(PATCH_COLUMNS) - 1);

  // Words of a column on their way to all PEs.
  typedef struct packed {
    logic [SENT_WORDS-1:0]                     valid;
    logic [PATCH_SLOT_BITS-1:0]                      slot;
    logic [COLUMN_WORD_BITS-1:0]               first;  // of the column's words
    logic [SENT_WORDS-1:0][PE_WIDTH_EDGES-1:0] words;
  } sent_t;

  // Words have all edges, but for the last one of a neuron, or of each of its bit planes where planes begin words.
  function automatic logic is_last_word(input layer_t layer, input logic [WORD_BITS-1:0] number);
    return PLANES_BEGIN_WORDS ? int'(number) % CHANNEL_WORDS[layer] == CHANNEL_WORDS[layer] - 1
        : int'(number) == WORDS[layer] - 1;
  endfunction

  // Edges of the last word.
  function automatic int last_edges(input layer_t layer);
    return PLANES_BEGIN_WORDS ? TAPS[layer] - (CHANNEL_WORDS[layer] - 1) * PE_WIDTH_EDGES
        : EDGES[layer] - (WORDS[layer] - 1) * PE_WIDTH_EDGES;
  endfunction

  // The number, in natural order, of edge `j` of a word.
  function automatic int edge_of(input layer_t layer, input logic [WORD_BITS-1:0] number, input int j);
    return PLANES_BEGIN_WORDS
        ? int'(number) / CHANNEL_WORDS[layer] * TAPS[layer] + int'(number) % CHANNEL_WORDS[layer] * PE_WIDTH_EDGES + j
        : int'(number) * PE_WIDTH_EDGES + j;
  endfunction

  // An edge counts 2^p in a bit plane: the first has the highest weight.
  function automatic int weight_of(input layer_t layer, input int edge_number);
    return 1 << (PLANES[layer] - 1 - edge_number / TAPS[layer]);
  endfunction

  // Edges of a neuron in the words behind one, in natural order, by their weights: what is left of the first plane that
  // is not through, and all planes behind it.
  function automatic logic [COUNT_BITS-1:0] edges_behind(input layer_t layer, input logic [WORD_BITS-1:0] number);
    int next = (int'(number) + 1) * PE_WIDTH_EDGES, of_plane = TAPS[layer] - next % TAPS[layer];
    if (int'(number) == WORDS[layer] - 1) return '0;
    return COUNT_BITS'(of_plane * weight_of(layer, next) + TAPS[layer] * (weight_of(layer, next) - 1));
  endfunction

  // The word of its channel's weights that a word of a neuron takes: planes share them.
  function automatic int weight_word(input layer_t layer, input logic [WORD_BITS-1:0] number);
    return edge_of(layer, number, 0) % TAPS[layer] / PE_WIDTH_EDGES;
  endfunction

  // Whether an op is decided after 0 edges.
  function automatic logic needs_no_word(input layer_t layer, input logic [COUNT_BITS-1:0] threshold);
    return PRUNING_THRESHOLD && (threshold == 0 || int'(threshold) > FULL_COUNT[layer]);
  endfunction

  // One neuron on its way: `index` is its place in program order, and its age.
  typedef struct packed {
    logic [OP_BITS-1:0]         index;
    logic [WINDOW_BITS-1:0]     window;
    logic [CHANNEL_BITS-1:0]    channel;
    logic [BASE_BITS-1:0]       base;  // bit of the activation buffer under tap (0, 0)
  } op_t;

  // An outcome on its way from a PE to the output buffer and on to all who are to see it.
  typedef struct packed {
    logic                   valid;
    logic [OP_BITS-1:0]     index;
    logic [WINDOW_BITS-1:0] window;
    logic                   outcome;
    logic                   window_is_1;  // by it, or by what its PE knows of the window from before
  } outcome_t;

  // What one access gives: a buffer word; from a line buffer a line, of each run of bits that a word may be made of
  // as many as a PE shifts its own out of.
  localparam int LINE_EDGES = 2 * PE_WIDTH_EDGES - 1;
  localparam int ACCESS_BITS = LINE_RUNS == 0 ? PE_WIDTH_EDGES : LINE_RUNS * LINE_EDGES;

  // What a PE asks of the memories for its next word, and what it is served.
  typedef struct packed {
    logic [MOST_READS-1:0]                      activations;
    logic [MOST_READS-1:0][ACTIVATION_BITS-1:0] addresses;
    logic                                       weights;
    logic [WEIGHT_BITS-1:0]                     weight_address;
  } request_t;
  typedef struct packed {
    logic [MOST_READS-1:0]                     activations;
    logic [MOST_READS-1:0][ACCESS_BITS-1:0]    activation_data;  // of what was served in the last cycle
    logic                                      weights;
    logic [PE_WIDTH_EDGES-1:0]                 weight_data;      // likewise
  } reply_t;

  // The buffer words that one word of a neuron lies in, in ascending order.
  typedef struct packed {
    logic [MOST_READS-1:0]                      valid;
    logic [MOST_READS-1:0][ACTIVATION_BITS-1:0] address;
  } reads_t;

  function automatic reads_t reads_of(
      input layer_t layer, input logic [BASE_BITS-1:0] base, input logic [WORD_BITS-1:0] number);
    reads_t reads = '0;
    int count = 0;
    for (int f = 0; f < FETCHES; f++) begin
      logic [BASE_BITS-1:0] offset = FETCH_BITS[((FETCH_ROW[layer]+int'(number))*FETCHES+f)*BASE_BITS+:BASE_BITS];
      logic [ACTIVATION_BITS-1:0] address = ACTIVATION_BITS'((int'(base) + int'(offset)) / PE_WIDTH_EDGES);
      if (count == 0 || reads.address[(count+MOST_READS-1)%MOST_READS] != address) begin
        reads.address[count%MOST_READS] = address;
        reads.valid[count%MOST_READS] = 1'b1;
        count = count + 1;
      end
    end
    return reads;
  endfunction

  // Where edge `edge_number` of a neuron lies, from the bit under tap (0, 0) on: channels run fastest, then taps, then
  // the planes of the map.
  function automatic int offset_of(input layer_t layer, input int edge_number);
    int row_edges = KERNEL_WIDTH[layer] * IN_CHANNELS[layer];
    int tap = edge_number % TAPS[layer], row = edge_number / TAPS[layer] * PADDED_HEIGHT[layer] + tap / row_edges;
    return row * PADDED_WIDTH[layer] * IN_CHANNELS[layer] + tap % row_edges;
  endfunction

  // Of a line buffer: how much further than beside a word's first edge the bits of a run of its edges lie.
  function automatic int run_offset(input int run);
    return int'(RUN_OFFSETS[run*BASE_BITS+:BASE_BITS]);
  endfunction
endpackage
