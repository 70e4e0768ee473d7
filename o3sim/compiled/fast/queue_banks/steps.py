"""The loops over cycles of machines whose queue is in banks."""

from __future__ import annotations

from o3sim.compiled.fast.banked.cycle import banked_loop
from o3sim.compiled.fast.cycle import ideal_loop
from o3sim.compiled.fast.queue import QueueSteps
from o3sim.compiled.fast.queue_banks.scheduler import selecting_in_banks
from o3sim.compiled.fast.queue_banks.sequencer import enqueue_in_banks, sequence_to_banks
from o3sim.compiled.fast.queue_banks.windows import show_to_banks, squash_in_banks

_BANKS = QueueSteps(show_to_banks, sequence_to_banks, squash_in_banks, selecting_in_banks, enqueue_in_banks)

run_queue_banks = ideal_loop(_BANKS)
run_banked_queue_banks = banked_loop(_BANKS)
