// Walks the ops of a layer, whose sizes are registers, in program order; so many are looked at in a cycle.
module sequencer #(
    parameter int LOOKUPS = 4,
    localparam int ADDRESS_BITS = 18, TAG_BITS = 12, CHANNEL_BITS = 12, PLACE_BITS = 9, MEMBER_BITS = 3,
    localparam int OP_BITS = 2 * TAG_BITS + 2 * ADDRESS_BITS
) (
    input  logic                             clk,
    input  logic                             rst,
    input  logic [CHANNEL_BITS-1:0]          channels,
    input  logic [PLACE_BITS-1:0]            columns,
    input  logic [MEMBER_BITS-1:0]           members,
    input  logic [1:0]                       row_members,
    input  logic [ADDRESS_BITS-1:0]          words,            // from the weights of a channel to the next
    input  logic [ADDRESS_BITS-1:0]          member_step,
    input  logic [ADDRESS_BITS-1:0]          member_row_step,
    input  logic [ADDRESS_BITS-1:0]          column_step,
    input  logic [ADDRESS_BITS-1:0]          row_step,
    input  logic [LOOKUPS-1:0]               settled,
    input  logic [LOOKUPS-1:0]               has_room,
    output logic [LOOKUPS-1:0][OP_BITS-1:0]  ops,
    output logic [LOOKUPS-1:0]               dispatched
);
  typedef struct packed {
    logic [TAG_BITS-1:0]     age;
    logic [TAG_BITS-1:0]     window;
    logic [CHANNEL_BITS-1:0] channel;
    logic [PLACE_BITS-1:0]   column;
    logic [MEMBER_BITS-1:0]  member;
    logic [1:0]              row_member;
    logic [ADDRESS_BITS-1:0] place_address;
    logic [ADDRESS_BITS-1:0] address;
    logic [ADDRESS_BITS-1:0] weight_address;
  } cursor_t;
  function automatic cursor_t next_cursor(input cursor_t at);
    cursor_t next = at;
    next.age = at.age + 1'b1;
    if (at.member != members) begin
      next.member = at.member + 1'b1;
      next.row_member = at.row_member == row_members ? '0 : at.row_member + 1'b1;
      next.address = at.address + (at.row_member == row_members ? member_row_step : member_step);
    end else begin
      next.member = '0;
      next.row_member = '0;
      next.window = at.window + 1'b1;
      if (at.channel != channels) begin
        next.channel = at.channel + 1'b1;
        next.weight_address = at.weight_address + words;
      end else begin
        next.channel = '0;
        next.weight_address = '0;
        next.column = at.column == columns ? '0 : at.column + 1'b1;
        next.place_address = at.place_address + (at.column == columns ? row_step : column_step);
      end
      next.address = next.place_address;
    end
    return next;
  endfunction

  cursor_t cursor;
  cursor_t [LOOKUPS:0] walk;
  always_comb begin
    logic goes_on;
    goes_on = 1'b1;
    walk[0] = cursor;
    for (int i = 0; i < LOOKUPS; i++) begin
      ops[i] = {walk[i].age, walk[i].address, walk[i].weight_address, walk[i].window};
      walk[i+1] = next_cursor(walk[i]);
      dispatched[i] = goes_on && !settled[i] && has_room[i];
      goes_on = goes_on && (settled[i] || has_room[i]);
    end
  end
  always_ff @(posedge clk)
    if (rst) cursor <= '0;
    else for (int i = 0; i < LOOKUPS; i++) if (settled[i] || dispatched[i]) cursor <= walk[i+1];
endmodule
