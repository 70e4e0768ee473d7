// What the units around the issue queue share.
package o3_queue_pkg;
  import o3_pkg::*;

  // Each bank of the queue has as many ops, and as many PEs of its own; a central queue is one bank.
  localparam int BANK_DEPTH_OPS = ISSUE_QUEUE_DEPTH_OPS / SCHEDULER_BANKS, BANK_PES = PE_COUNT / SCHEDULER_BANKS;

  localparam int BANK_BITS = bits_for(SCHEDULER_BANKS - 1);
  localparam int ROOM_BITS = bits_for(BANK_DEPTH_OPS);
  localparam int FREE_BITS = bits_for(BANK_PES * PE_CONTEXTS);
  localparam int RANK_BITS = bits_for(most(MEMBERS) - 1);
  localparam int SELECT_BITS = bits_for(SCHEDULER_SELECT_CYCLES);

  // An outcome that is seen, by all who are to see it.
  typedef struct packed {
    logic                   valid;
    logic [WINDOW_BITS-1:0] window;
    logic                   outcome;
  } seen_t;

  // An op that waits in the issue queue.
  typedef struct packed {
    op_t                    op;
    logic [RANK_BITS-1:0]   rank;      // older ops of its window whose outcome is not seen
    logic                   selected;  // it has a context, and is issued when `countdown` is 1
    logic [SELECT_BITS-1:0] countdown;
  } entry_t;

  // Windows in a row go to banks in turns, and so do those of a channel, however many channels there are.
  function automatic logic [BANK_BITS-1:0] bank_of(input logic [WINDOW_BITS-1:0] window);
    return BANK_BITS'((int'(window) + int'(window) / SCHEDULER_BANKS) % SCHEDULER_BANKS);
  endfunction
endpackage
