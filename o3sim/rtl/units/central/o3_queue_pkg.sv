// What the units around the issue queue share.
package o3_queue_pkg;
  import o3_pkg::*;

  localparam int ROOM_BITS = bits_for(ISSUE_QUEUE_DEPTH_OPS);
  localparam int RANK_BITS = bits_for(MEMBERS + 1);
  localparam int SELECT_BITS = bits_for(SCHEDULER_SELECT_CYCLES);

  // An op that waits in the issue queue.
  typedef struct packed {
    op_t                    op;
    logic [RANK_BITS-1:0]   rank;      // older ops of its window whose outcome is not seen
    logic                   selected;  // it has a context, and is issued when `countdown` is 1
    logic [SELECT_BITS-1:0] countdown;
  } entry_t;
endpackage
