"""How helpers are compiled: to LLVM's language only, and optimized once, in the kernel that they end up in.

Numba optimizes every function by itself and makes machine code of it, with all that it calls, before it is
compiled into its callers: what lies ten calls deep is compiled ten times, and used once. Measured on the loop
over cycles of the compiled engine, that is three quarters of the time.
"""

from __future__ import annotations

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering

_library: Any = JITCodeLibrary  # Numba's classes have no types
_lowering: Any = NativeLowering
_compiler: Any = CompilerBase


class _UnoptimizedLibrary(_library):
    """Code that waits for the kernel that it is linked into."""

    def _optimize_final_module(self) -> None:
        """Leave it to the kernel."""

    def _finalize_final_module(self) -> None:
        """Make no machine code."""
        self._finalized = True


def _no_function() -> Any:
    """Return what Numba knows the code by: a built-in function of its own, that fails where it is called."""
    nothing: dict[Any, Any] = {}
    return nothing.__getitem__


class _HelperLowering(_lowering):
    """Numba's last pass, that leaves out what is for calls from Python."""

    _name = "helper_lowering"

    def run_pass(self, state: Any) -> bool:
        """Lower a helper."""
        codegen, flags = state.targetctx.codegen(), state.flags
        state.library = _UnoptimizedLibrary(codegen, state.func_id.func_qualname)
        flags.no_cpython_wrapper = flags.no_cfunc_wrapper = flags.no_compile = True
        super().run_pass(state)

        lowered = state.cr
        only_in_kernels = _no_function()
        state.targetctx.insert_user_function(only_in_kernels, lowered.fndesc, [state.library])
        state.cr = lowered._replace(cfunc=only_in_kernels)
        return True


_register: Any = register_pass
_register(mutates_CFG=True, analysis_only=False)(_HelperLowering)


class HelperCompiler(_compiler):
    """Numba's compiler for functions that only kernels call."""

    def define_pipelines(self) -> list[Any]:
        """Take Numba's own passes, but for the last."""
        builder: Any = DefaultPassBuilder
        passes = builder.define_nopython_pipeline(self.state)
        passes.passes = [
            (_HelperLowering if step is NativeLowering else step, says) for step, says in passes.passes
        ]
        passes._finalized = False
        passes.finalize()
        return [passes]
