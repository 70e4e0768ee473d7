// Clock and reset for o3_testbench. Ends with 1 if the layer has not ended after +cycles=N cycles.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "Vo3_testbench.h"
#include "verilated.h"

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
    const char* given = context.commandArgsPlusMatch("cycles=");
    const long most_cycles = *given ? std::atol(std::strchr(given, '=') + 1) : 1'000'000'000;
    for (long cycle = 0; cycle < most_cycles && !testbench.finished; ++cycle) {
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
