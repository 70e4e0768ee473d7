"""How helpers are compiled: to LLVM's language only, and optimized once, in the kernel that they end up in.

Numba optimizes every function by itself and makes machine code of it, with all that it calls, before it is
compiled into its callers: what lies ten calls deep is compiled ten times, and used once. Measured on the loop
over cycles of the compiled engine, that is three quarters of the time. Nor are helpers linked into each
other: a kernel is handed all that are called below it, each once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from llvmlite.binding import Linkage
from numba import njit
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import AnnotateTypes, InlineOverloads, NativeLowering, NopythonRewrites
from numba.core.untyped_passes import (
    FindLiterallyCalls,
    InlineClosureLikes,
    InlineInlinables,
    LiteralUnroll,
    MakeFunctionToJitFunction,
    RewriteDynamicRaises,
    WithLifting,
)

Helper = TypeVar("Helper", bound=Callable[..., Any])
_njit: Any = njit
_library: Any = JITCodeLibrary  # Numba's classes have no types
_lowering: Any = NativeLowering
_compiler: Any = CompilerBase

_WITHOUT_EFFECT = (
    *(AnnotateTypes, InlineOverloads, NopythonRewrites, FindLiterallyCalls, InlineClosureLikes),
    *(InlineInlinables, LiteralUnroll, MakeFunctionToJitFunction, RewriteDynamicRaises, WithLifting),
)
"""Passes for what helpers have not: closures, comprehensions, array expressions, ``with``, ``literally``."""


class _UnoptimizedLibrary(_library):
    """Code that waits for the kernel that it is linked into."""

    _shared_module: Any

    def _optimize_final_module(self) -> None:
        """Leave it to the kernel."""

    def finalize(self) -> None:
        """Link nothing in, and make no machine code."""
        self._raise_if_finalized()
        for library in self._linking_libraries:
            self._reload_init.update(library._reload_init)
        self._final_module.verify()
        self._finalized = True

    def _get_module_for_linking(self) -> Any:
        """Return a module of this helper and of all that are called below it, for a kernel."""
        if self._shared_module is None:
            module = self._final_module.clone()
            for library in self._below():
                helps = isinstance(library, _UnoptimizedLibrary)
                linked = library._final_module if helps else library._get_module_for_linking()
                module.link_in(linked, preserve=True)
            for function in module.functions:
                if not function.is_declaration and function.linkage == Linkage.external:
                    function.linkage = "linkonce_odr"  # as Numba does: another may bring the same function
            self._shared_module = module
        return self._shared_module

    def _below(self) -> Iterator[Any]:
        """Yield what this helper calls, and what that calls if it is one, each library once."""
        seen, found = {self}, [self]
        while found:
            for library in found.pop()._linking_libraries:
                if library not in seen:
                    seen.add(library)
                    yield library
                    if isinstance(library, _UnoptimizedLibrary):
                        found.append(library)


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
        """Take Numba's own passes that have an effect, but for the last."""
        builder: Any = DefaultPassBuilder
        passes = builder.define_nopython_pipeline(self.state)
        passes.passes = [
            (_HelperLowering if step is NativeLowering else step, says)
            for step, says in passes.passes
            if step not in _WITHOUT_EFFECT
        ]
        passes._finalized = False
        passes.finalize()
        return [passes]


def helper(function: Helper) -> Helper:
    """Compile a function that only kernels of its file call into them."""
    compiled: Helper = _njit(nogil=True, pipeline_class=HelperCompiler)(function)
    return compiled
