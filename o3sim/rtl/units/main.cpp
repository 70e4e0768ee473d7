// Clock and reset for o3_testbench. Ends with 1 if the layer does not end.
#include <cstdio>

#include "Vo3_testbench.h"
#include "verilated.h"

constexpr long MOST_CYCLES = 1'000'000'000;

int main(int argc, char** argv) {
    VerilatedContext context;
    context.commandArgs(argc, argv);
    Vo3_testbench testbench{&context};
    testbench.rst = 1;
    for (int half = 0; half < 4; ++half) {
        testbench.clk = half & 1;
        testbench.eval();
    }
    testbench.rst = 0;
    for (long cycle = 0; cycle < MOST_CYCLES && !testbench.finished; ++cycle) {
        testbench.clk = 0;
        testbench.eval();
        testbench.clk = 1;
        testbench.eval();
    }
    testbench.final();
    if (testbench.finished) return 0;
    std::fputs("the layer does not end\n", stderr);
    return 1;
}
