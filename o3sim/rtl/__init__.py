"""The machine as hardware: SystemVerilog of one machine and layer, held to the simulator's trace."""
