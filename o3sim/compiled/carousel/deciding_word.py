"""The deciding word of an op that joins at any word: after how many words a bound is met.

An op has met a bound when its matches are as many as decide 1, or its mismatches more than leave room for 1.
Neither becomes fewer with a word, so where a stretch of words ends without a bound there is none in it, and
eight words, of a byte each, are summed at a time.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.extending import intrinsic

from o3sim.compiled.carousel.memory import CarouselMemory
from o3sim.compiled.carousel.records import (
    edges_before,
    eight_matches,
    matches,
    most_mismatches,
    outcome_of,
    plane_of,
    weight_before,
)
from o3sim.compiled.carousel.units import Context
from o3sim.compiled.kernel import inlined, noinline

_BYTE = 255
_EVEN_BYTES = 0x00FF00FF00FF00FF
_EACH = 0x0001000100010001
_SUM = 0xFFFF


@intrinsic
def _ask_for_line(typingctx: Any, address: Any) -> Any:
    """Ask for the line of memory that an address lies in."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte, number = ir.PointerType(ir.IntType(8)), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        ask = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        to_read, near, data = ir.Constant(number, 0), ir.Constant(number, 3), ir.Constant(number, 1)
        builder.call(ask, [builder.inttoptr(args[0], byte), to_read, near, data])
        return context.get_dummy_value()

    return types.void(types.int64), codegen


_ask_for: Any = _ask_for_line  # called with the address alone


@inlined
def ask_for_words(x: CarouselMemory, channel: int, position: int, first: int) -> None:
    """Ask for the words of a neuron from one on, which an op is likely to hear soon.

    On VGG-16 a fifth of the time was spent waiting for them.
    """
    layer = x.layer
    if layer.counts_bytes:
        row = (channel * layer.positions + position) * layer.words
        _ask_for(layer.eight_matches_at + layer.first_byte + row + first)


@inlined
def decide(x: CarouselMemory, context: Context, first: int) -> int:
    """Note the outcome of an op that hears from a word on; return its words up to the deciding one."""
    layer = x.layer
    if not layer.checks_bounds:
        context.outcome = outcome_of(layer, context.position * layer.out_channels + context.channel)
        return layer.words
    most = most_mismatches(layer, context.pattern * layer.out_channels + context.channel)
    row = (context.channel * layer.positions + context.position) * layer.words
    if layer.counts_bytes:
        return _decide_by_bytes(x, context, first, row, most)
    return _decide_word_by_word(x, context, first, row, most)


@inlined
def edges_of_words(x: CarouselMemory, pattern: int, first: int, words: int) -> int:
    """Count the edges of so many words from one on, around the neuron."""
    total, end = x.layer.words, first + words
    row = pattern * (total + 1)
    before = edges_before(x.layer, row + first)
    if end <= total:
        return edges_before(x.layer, row + end) - before
    return edges_before(x.layer, row + total) - before + edges_before(x.layer, row + end - total)


@inlined
def _decide_by_bytes(x: CarouselMemory, context: Context, first: int, row: int, most: int) -> int:
    """Decide an op whose words are bytes of one plane."""
    layer = x.layer
    edges = context.pattern * (layer.words + 1)
    all_edges = edges_before(layer, edges + layer.words)
    decides_1 = all_edges - most
    seen_before = -edges_before(layer, edges + first)
    place = row + layer.first_byte
    matched, word, end = 0, first, layer.words
    while True:
        if word == end:  # at most once, since all words decide
            word, end = 0, first
            seen_before += all_edges
        byte = place + word
        size = min(8 - (byte & 7), end - word)
        bytes_left = eight_matches(layer, byte >> 3) >> ((byte & 7) << 3)
        more = matched + _sum_of(bytes_left, size)
        seen = seen_before + edges_before(layer, edges + word + size)
        if more >= decides_1 or seen - more > most:
            break
        matched = more
        word += size
    while True:
        matched += bytes_left & _BYTE
        bytes_left >>= 8
        word += 1
        if matched >= decides_1 or seen_before + edges_before(layer, edges + word) - matched > most:
            break
    context.outcome = 1 if matched >= decides_1 else 0
    return word - first if end == layer.words else word - first + layer.words


@inlined
def _sum_of(eight: int, size: int) -> int:
    """Sum the lowest bytes of eight."""
    if size < 8:
        eight &= (1 << (size << 3)) - 1
    pairs = (eight & _EVEN_BYTES) + (eight >> 8 & _EVEN_BYTES)
    return pairs * _EACH >> 48 & _SUM


@noinline
def _decide_word_by_word(x: CarouselMemory, context: Context, first: int, row: int, most: int) -> int:
    """Decide an op whose words have planes, or more edges than a byte counts."""
    layer = x.layer
    edges = context.pattern * (layer.words + 1)
    total = weight_before(layer, edges + layer.words)
    matched = seen = words = 0
    word = first
    while matched < total - most and seen - matched <= most:
        matched += matches(layer, row + word) << plane_of(layer, word)
        seen += weight_before(layer, edges + word + 1) - weight_before(layer, edges + word)
        word = word + 1 if word + 1 < layer.words else 0
        words += 1
    context.outcome = 1 if matched >= total - most else 0
    return words
