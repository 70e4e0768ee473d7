"""Names of table columns for people: words, and the unit in brackets."""

from __future__ import annotations

from o3sim.results.result_table import quantity

_NAMES = {
    "cycles_per_image": "cycles per image",
    "latency_us": "latency of an image (µs)",
    "images_per_s": "images per second",
    "energy_pj_per_image": "energy of an image (pJ)",
    "fj_per_edge": "energy per edge (fJ)",
    "on_chip_fj_per_edge": "energy per edge without DRAM (fJ)",
    "tops_per_watt": "efficiency (TOPS/W)",
    "utilisation": "utilisation",
    "area.lut": "area (LUTs)",
    "area.ff": "area (flip-flops)",
    "area.bram36": "area (BRAM36)",
    "area.images_per_s_per_klut": "images per second per 1,000 LUTs",
    "area.clock_mhz": "estimated clock on an ECP5 (MHz)",
    "area.images_per_s_at_clock": "images per second at the estimated clock",
}
_UNITS = {
    "cycles": "cycles",
    "edges": "edges",
    "ops": "ops",
    "kbit": "kbit",
    "mhz": "MHz",
    "pj": "pJ",
    "us": "µs",
}


_SPELT = {"pe": "PE", "dram": "DRAM"}


def axis_name(column: str) -> str:
    """Return what to write along an axis that shows a column, or an expression over columns.

    Examples
    --------
    >>> axis_name("issue_queue.depth_ops")
    'issue queue depth (ops)'
    >>> axis_name("energy_pj.pe")
    'energy PE (pJ)'
    >>> axis_name("reads of a word: events.words_executed / events.weight_reads")
    'reads of a word'
    >>> axis_name("cycles * images")
    'cycles * images'
    """
    name, column = quantity(column)
    if name or not column.replace(".", "").isidentifier():
        return name or column
    column = column.removeprefix("arch.")
    words, unit = _parted(column)
    return _NAMES.get(column, f"{words} ({unit})" if unit else words)


def short_name(column: str) -> str:
    """Return the same without the unit, to stand before a value.

    Examples
    --------
    >>> short_name("issue_queue.depth_ops")
    'issue queue depth'
    """
    return _parted(column.removeprefix("arch."))[0]


def _parted(column: str) -> tuple[str, str]:
    """Return a column's name in words, and its unit."""
    unit, words = "", []
    for part in column.split("."):
        stem, _, suffix = part.rpartition("_")
        if stem and suffix in _UNITS:
            unit = _UNITS[suffix]
        else:
            stem = part
        words.append(_SPELT.get(stem, stem.replace("_", " ")))
    return " ".join(words), unit
