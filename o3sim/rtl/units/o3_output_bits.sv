// Output bits on their way to the activation buffer. A bit is final with the first 1 of its window, or with the last of
// WINDOW_OUTCOMES outcomes when none was, or always when it is not to tell which; it goes to its bank in the next
// cycle. A bank writes one word a cycle: while others wait for theirs, the output buffer takes no outcomes.
module o3_output_bits
  import o3_pkg::*;
#(
    localparam int WIDTH = OUTPUT_BUFFER_WRITE_WIDTH_OPS,
    localparam int PLACE_BITS = bits_for(PE_WIDTH_EDGES - 1),
    localparam int BANKS = ACTIVATION_PORTS
) (
    input  logic                                   clk,
    input  logic                                   rst,
    input  layer_t                                 layer,
    input  logic                                   begins,         // another layer, in the next cycle
    input  outcome_t [WIDTH-1:0]                   retired,
    output logic     [WIDTH-1:0]                   writes,         // in this cycle
    output logic     [WIDTH-1:0][ACTIVATION_BANK_BITS-1:0] write_bank,  // whose port it takes
    output logic     [WIDTH-1:0][ACTIVATION_BITS-1:0] write_address,
    output logic     [WIDTH-1:0][PLACE_BITS-1:0]   write_place,
    output logic     [WIDTH-1:0]                   write_bit,
    output logic                                   held_up,        // as of the end of the last cycle
    output logic                                   will_hold_up,   // as of the end of this one
    output logic                                   will_write      // a bank in the next cycle
);
  localparam int COUNT_BITS = bits_for(most(WINDOW_OUTCOMES)), ENDED_BITS = bits_for(most(WINDOW_OUTCOMES) - 1);
  logic [MOST_WINDOWS-1:0]                is_1;
  logic [MOST_WINDOWS-1:0][ENDED_BITS-1:0] ended;  // ops of each window that retired, while some are left

  typedef struct packed {
    logic                   valid;
    logic [WINDOW_BITS-1:0] window;
    logic                   value;
  } bit_t;
  bit_t [WIDTH-1:0] held, chosen, waiting, left, going;

  // The word of a bit, by which it takes the port of a bank. It lies where the next layer looks for it, within its
  // padding: how maps come to have other places in each layer is no part of the contract.
  function automatic int word_of(input logic [WINDOW_BITS-1:0] window);
    return FIRST_OUTPUT_WORD[layer] + int'(window) / PE_WIDTH_EDGES;
  endfunction
  function automatic int bit_of(input logic [WINDOW_BITS-1:0] window);
    return OUTPUT_BIT[layer] + int'(window)
        + int'(window) / (POOLED_WIDTH[layer] * OUT_CHANNELS[layer]) * OUTPUT_GAP_BITS[layer];
  endfunction

  logic [WIDTH-1:0][COUNT_BITS-1:0] count;  // ops of its window that have retired, with each of this cycle
  always_comb
    for (int i = 0; i < WIDTH; i++) begin
      logic was_1;
      was_1 = is_1[retired[i].window];
      count[i] = COUNT_BITS'(ended[retired[i].window]) + 1'b1;
      for (int j = 0; j < i; j++)
        if (retired[j].valid && retired[j].window == retired[i].window) begin
          was_1 = was_1 | retired[j].outcome;
          count[i] = count[i] + 1'b1;
        end
      chosen[i].valid = retired[i].valid
          && (OUTPUT_BUFFER_RELEASE_WORST_CASE
              ? int'(count[i]) == WINDOW_OUTCOMES[layer]
              : !was_1 && (retired[i].outcome || int'(count[i]) == WINDOW_OUTCOMES[layer]));
      chosen[i].window = retired[i].window;
      chosen[i].value = (OUTPUT_BUFFER_RELEASE_WORST_CASE && was_1) || retired[i].window_is_1;
    end

  // Each bank writes the word of the first bit that is its own, with all bits of it.
  assign waiting = held_up ? held : chosen;
  always_comb
    for (int i = 0; i < WIDTH; i++) begin
      logic goes, is_first;
      goes = waiting[i].valid;
      is_first = 1'b1;
      if (ACTIVATION_BUFFER_BANKS != 0)
        for (int j = 0; j < i; j++)
          if (waiting[j].valid && is_first
              && word_of(waiting[j].window) % BANKS == word_of(waiting[i].window) % BANKS) begin
            is_first = 1'b0;
            goes = goes && word_of(waiting[j].window) == word_of(waiting[i].window);
          end
      left[i] = i == 0 ? '0 : waiting[i];  // the first always goes
      left[i].valid = waiting[i].valid && !goes;
      going[i] = waiting[i];
      going[i].valid = goes;
    end
  always_comb begin
    will_hold_up = 1'b0;
    will_write = 1'b0;
    for (int i = 0; i < WIDTH; i++) begin
      will_hold_up = will_hold_up | left[i].valid;
      will_write = will_write | (ACTIVATION_BUFFER_BANKS != 0 && going[i].valid);
    end
  end

  // A bank writes in the next cycle, also that of a layer's last in the first of the next layer. Ideal banks write at once.
  typedef struct packed {
    logic                            valid;
    logic [ACTIVATION_BANK_BITS-1:0] bank;
    logic [ACTIVATION_BITS-1:0]      address;
    logic [PLACE_BITS-1:0]           place;
    logic                            value;
  } write_t;
  write_t [WIDTH-1:0] gone, written;
  always_comb
    for (int i = 0; i < WIDTH; i++) begin
      gone[i].valid = going[i].valid;
      gone[i].bank = ACTIVATION_BANK_BITS'(word_of(going[i].window) % BANKS);
      gone[i].address = ACTIVATION_BITS'(bit_of(going[i].window) / PE_WIDTH_EDGES);
      gone[i].place = PLACE_BITS'(bit_of(going[i].window) % PE_WIDTH_EDGES);
      gone[i].value = going[i].value;
    end
  if (ACTIVATION_BUFFER_BANKS == 0) begin : g_ideal
    assign written = gone;
  end else begin : g_banks
    always_ff @(posedge clk) written <= rst ? '0 : gone;
  end
  for (genvar i = 0; i < WIDTH; i++) begin : g_write
    assign writes[i] = written[i].valid;
    assign write_bank[i] = written[i].bank;
    assign write_address[i] = written[i].address;
    assign write_place[i] = written[i].place;
    assign write_bit[i] = written[i].value;
  end

  always_ff @(posedge clk) begin
    held <= left;
    held_up <= will_hold_up;
    for (int i = 0; i < WIDTH; i++)
      if (retired[i].valid) begin
        if (retired[i].outcome) is_1[retired[i].window] <= 1'b1;
        ended[retired[i].window] <= ENDED_BITS'(count[i]);
      end
    if (begins) begin
      held_up <= 1'b0;
      is_1 <= '0;
      ended <= '0;
    end
  end
endmodule
