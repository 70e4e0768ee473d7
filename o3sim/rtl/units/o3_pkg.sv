// What all units share: the generated sizes of one machine and one layer, and the types that go between units.
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

  localparam int MEMBERS = POOL_SIZE * POOL_SIZE;
  localparam int WINDOWS = POOLED_HEIGHT * POOLED_WIDTH * OUT_CHANNELS;
  localparam int OPS = WINDOWS * MEMBERS;
  localparam int ALL_CONTEXTS = PE_COUNT * PE_CONTEXTS;
  localparam int OUTCOMES = PE_LATENCY_CYCLES + 1 + PE_CONTEXTS * CONTEXT_OUTCOMES;  // of a PE that may wait

  localparam int OP_BITS = bits_for(OPS);
  localparam int WINDOW_BITS = bits_for(WINDOWS - 1);
  localparam int CHANNEL_BITS = bits_for(OUT_CHANNELS - 1);
  localparam int WORD_BITS = bits_for(WORDS);
  localparam int ACTIVATION_BITS = bits_for(ACTIVATION_WORDS - 1);
  localparam int WEIGHT_BITS = bits_for(WEIGHT_WORDS - 1);
  localparam int COUNT_BITS = bits_for(2 * EDGES + 1);  // of matches, and a count of edges beside it
  localparam int PE_BITS = bits_for(PE_COUNT - 1);
  localparam int GATHER_BITS = bits_for(MOST_READS);

  // Columns of the padded map, over the rows that the neurons of a window see: with patches all PEs hold the newest.
  localparam int KERNEL_HEIGHT = EDGES / (KERNEL_WIDTH * IN_CHANNELS);
  localparam int SEEN_HEIGHT = (POOL_SIZE - 1) * STRIDE + KERNEL_HEIGHT;
  localparam int SEEN_WIDTH = (POOL_SIZE - 1) * STRIDE + KERNEL_WIDTH;
  localparam int ROW_COLUMNS = (POOLED_WIDTH - 1) * POOL_SIZE * STRIDE + SEEN_WIDTH;  // of a row of windows
  localparam int COLUMNS = ROW_COLUMNS * POOLED_HEIGHT;
  localparam int COLUMN_WORDS = (SEEN_HEIGHT * IN_CHANNELS + PE_WIDTH_EDGES - 1) / PE_WIDTH_EDGES;
  localparam int PATCH_COLUMNS_OR_1 = PATCH_COLUMNS == 0 ? 1 : PATCH_COLUMNS;
  localparam int SENT_WORDS = ACTIVATION_BUFFER_BANKS == 0 || ACTIVATION_BUFFER_BANKS > COLUMN_WORDS
      ? COLUMN_WORDS : ACTIVATION_BUFFER_BANKS;  // in a cycle, at most
  localparam int COLUMN_BITS = bits_for(COLUMNS);
  localparam int COLUMN_WORD_BITS = bits_for(COLUMN_WORDS);
  localparam int PATCH_SLOT_BITS = bits_for(PATCH_COLUMNS_OR_1 - 1);

  // Words of a column on their way to all PEs.
  typedef struct packed {
    logic [SENT_WORDS-1:0]                     valid;
    logic [PATCH_SLOT_BITS-1:0]                      slot;
    logic [COLUMN_WORD_BITS-1:0]               first;  // of the column's words
    logic [SENT_WORDS-1:0][PE_WIDTH_EDGES-1:0] words;
  } sent_t;

  localparam int LAST_EDGES = EDGES - (WORDS - 1) * PE_WIDTH_EDGES;  // of the last word of a neuron

  // Edges of a neuron in the words behind one, in natural order.
  function automatic logic [COUNT_BITS-1:0] edges_behind(input logic [WORD_BITS-1:0] number);
    return int'(number) == WORDS - 1 ? '0 : COUNT_BITS'(EDGES - (int'(number) + 1) * PE_WIDTH_EDGES);
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

  function automatic reads_t reads_of(input logic [BASE_BITS-1:0] base, input logic [WORD_BITS-1:0] number);
    reads_t reads = '0;
    int count = 0;
    for (int f = 0; f < FETCHES; f++) begin
      logic [BASE_BITS-1:0] offset = FETCH_BITS[(int'(number)*FETCHES+f)*BASE_BITS+:BASE_BITS];
      logic [ACTIVATION_BITS-1:0] address = ACTIVATION_BITS'((int'(base) + int'(offset)) / PE_WIDTH_EDGES);
      if (count == 0 || reads.address[(count+MOST_READS-1)%MOST_READS] != address) begin
        reads.address[count%MOST_READS] = address;
        reads.valid[count%MOST_READS] = 1'b1;
        count = count + 1;
      end
    end
    return reads;
  endfunction

  // Where edge `edge_number` of a neuron lies, from the bit under tap (0, 0) on: channels run fastest, then taps.
  function automatic int offset_of(input int edge_number);
    return edge_number / (KERNEL_WIDTH * IN_CHANNELS) * PADDED_WIDTH * IN_CHANNELS
        + edge_number % (KERNEL_WIDTH * IN_CHANNELS);
  endfunction

  // Of a line buffer: how much further than beside a word's first edge the bits of a run of its edges lie.
  function automatic int run_offset(input int run);
    return int'(RUN_OFFSETS[run*BASE_BITS+:BASE_BITS]);
  endfunction
endpackage
