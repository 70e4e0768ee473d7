// The activation buffer of a machine whose PEs have patch memories: sends the columns of the map to all of them, one after
// another, a word of each bank a cycle; a bank that writes sends nothing. A column is begun when the oldest
// place with a task that has not left its context needs none that lies in its slot. That a column's rows, which
// lie apart in the map, come side by side is a network of shifts that the contract does not count.
module o3_columns
  import o3_pkg::*;
#(
    parameter int    WRITES = 1,
    parameter string CONTENT = ""
) (
    input  logic                                       clk,
    input  logic                                       rst,
    input  layer_t                                     layer,
    input  logic                                       begins,         // another layer, in the next cycle
    input  logic [COLUMN_BITS-1:0]                     oldest,         // column that is needed, or COLUMNS for none
    output logic [COLUMN_BITS-1:0]                     there,          // columns that were filled, as of the end of the last cycle
    output sent_t                                      sent,
    input  logic [WRITES-1:0]                          writes,         // single bits
    input  logic [WRITES-1:0][ACTIVATION_BANK_BITS-1:0] write_bank,
    input  logic [WRITES-1:0][ACTIVATION_BITS-1:0]     write_address,
    input  logic [WRITES-1:0][bits_for(PE_WIDTH_EDGES-1)-1:0] write_place,
    input  logic [WRITES-1:0]                          write_bit
);
  localparam int BANKS = ACTIVATION_BUFFER_BANKS, PORTS = ACTIVATION_PORTS;
  logic [PE_WIDTH_EDGES-1:0] memory[ACTIVATION_WORDS];
  initial $readmemh(CONTENT, memory);
  always_ff @(posedge clk)
    for (int w = 0; w < WRITES; w++) if (writes[w] && !rst) memory[write_address[w]][write_place[w]] <= write_bit[w];

  // The column to send: its place in the row of places, the row, and how many of its words went out.
  logic [COLUMN_BITS-1:0] column, row;
  logic [COLUMN_WORD_BITS-1:0] words_out;

  logic [MOST_COLUMN_WORDS*PE_WIDTH_EDGES-1:0] bits;
  always_comb begin
    bits = '0;
    for (int b = 0; b < MOST_COLUMN_WORDS * PE_WIDTH_EDGES; b++) begin
      int pixel, seen, at;  // bits of a column are those of its pixels, plane by plane
      pixel = b / IN_CHANNELS[layer];
      seen = pixel / SEEN_HEIGHT[layer] * PADDED_HEIGHT[layer] + int'(row) * POOL_SIZE[layer] * STRIDE[layer]
          + pixel % SEEN_HEIGHT[layer];  // row of the map
      at = INPUT_WORD[layer] * PE_WIDTH_EDGES + (seen * PADDED_WIDTH[layer] + int'(column)) * IN_CHANNELS[layer]
          + b % IN_CHANNELS[layer];
      if (pixel < PLANES[layer] * SEEN_HEIGHT[layer]) bits[b] = memory[at/PE_WIDTH_EDGES][at%PE_WIDTH_EDGES];
    end
  end

  logic [PORTS-1:0] writing;
  logic [COLUMN_WORD_BITS-1:0] next_out;
  always_comb begin
    int left, count;
    writing = '0;
    for (int w = 0; w < WRITES; w++) if (writes[w]) writing[write_bank[w]] = 1'b1;
    left = COLUMN_WORDS[layer] - int'(words_out);
    count = BANKS == 0 ? left : BANKS - $countones(writing);
    if (count > left) count = left;
    if (int'(there) == COLUMNS[layer] || int'(there) >= int'(oldest) + PATCH_COLUMNS[layer]) count = 0;
    sent = '0;
    sent.slot = PATCH_SLOT_BITS'(int'(there) % PATCH_COLUMNS[layer]);
    sent.first = words_out;
    for (int i = 0; i < SENT_WORDS; i++) begin
      sent.valid[i] = i < count;
      sent.words[i] = bits[(int'(words_out)+i)%COLUMN_WORDS[layer]*PE_WIDTH_EDGES+:PE_WIDTH_EDGES];
    end
    next_out = words_out + COLUMN_WORD_BITS'(count);
  end

  always_ff @(posedge clk) begin
    words_out <= next_out;
    if (int'(next_out) == COLUMN_WORDS[layer]) begin
      words_out <= '0;
      there <= there + 1'b1;
      column <= int'(column) == ROW_COLUMNS[layer] - 1 ? '0 : column + 1'b1;
      if (int'(column) == ROW_COLUMNS[layer] - 1) row <= row + 1'b1;
    end
    if (begins) begin
      words_out <= '0;
      there <= '0;
      column <= '0;
      row <= '0;
    end
  end
endmodule
