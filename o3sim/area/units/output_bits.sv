// Output bits on their way to the banks: each bank writes the word of the first bit that is its own, with all bits of that
// word; the others wait. The map was cleared while nobody read it, so that only bits of 1 are written.
module output_bits #(
    parameter int PORTS = 4,
    parameter int BANKS = 8,
    parameter int WIDTH = 32,
    localparam int PLACE_BITS = $clog2(WIDTH), WORD_BITS = 18,
    localparam int BANK_BITS = BANKS < 2 ? 1 : $clog2(BANKS), LOCAL_BITS = WORD_BITS - (BANKS < 2 ? 0 : $clog2(BANKS))
) (
    input  logic                               clk,
    input  logic                               rst,
    input  logic [PORTS-1:0]                   comes,
    input  logic [PORTS-1:0][WORD_BITS-1:0]    word,
    input  logic [PORTS-1:0][PLACE_BITS-1:0]   place,
    output logic                               held_up,
    output logic [BANKS-1:0]                   writes,
    output logic [BANKS-1:0][LOCAL_BITS-1:0]   address,
    output logic [BANKS-1:0][WIDTH-1:0]        mask
);
  typedef struct packed {
    logic                  valid;
    logic [WORD_BITS-1:0]  word;
    logic [PLACE_BITS-1:0] place;
  } bit_t;
  bit_t [PORTS-1:0] held, waiting, left;
  always_comb
    for (int i = 0; i < PORTS; i++)
      waiting[i] = held_up ? held[i] : '{valid: comes[i], word: word[i], place: place[i]};
  always_comb
    for (int i = 0; i < PORTS; i++) begin
      left[i] = waiting[i];
      left[i].valid = 1'b0;
      for (int j = 0; j < i; j++)
        if (waiting[i].valid && waiting[j].valid && waiting[j].word != waiting[i].word
            && (BANKS == 1 || waiting[j].word[BANK_BITS-1:0] == waiting[i].word[BANK_BITS-1:0]))
          left[i].valid = 1'b1;
    end
  // Where a bit lies in its word does not depend on the bank, and all that a bank takes in a cycle are of one word.
  logic [PORTS-1:0][WIDTH-1:0] place_of;
  logic [BANKS-1:0][PORTS-1:0] taken;
  logic [BANKS-1:0][LOCAL_BITS-1:0] local_of;
  logic [BANKS-1:0][WIDTH-1:0] bits;
  always_comb begin
    for (int i = 0; i < PORTS; i++) place_of[i] = WIDTH'(1) << waiting[i].place;
    for (int b = 0; b < BANKS; b++) begin
      local_of[b] = '0;
      bits[b] = '0;
      for (int i = 0; i < PORTS; i++) begin
        taken[b][i] = waiting[i].valid && !left[i].valid && (BANKS == 1 || int'(waiting[i].word[BANK_BITS-1:0]) == b);
        if (taken[b][i]) begin
          local_of[b] = local_of[b] | waiting[i].word[WORD_BITS-1-:LOCAL_BITS];
          bits[b] = bits[b] | place_of[i];
        end
      end
    end
  end
  always_ff @(posedge clk) begin
    held <= left;
    held_up <= 1'b0;
    for (int i = 0; i < PORTS; i++) if (left[i].valid && !rst) held_up <= 1'b1;
    for (int b = 0; b < BANKS; b++) writes[b] <= |taken[b] && !rst;
    address <= local_of;
    mask <= bits;
  end
endmodule
