"""The generated header: parameters as SystemVerilog, those of layers as arrays."""

from __future__ import annotations

Size = int | bool | str
Value = Size | list[Size]
"""One for the machine, or one of each layer; strings are SystemVerilog."""

_REMARKS = {
    "PE_COUNT": "The machine, by the keys of its architecture. Of banks 0 stands for ideal, of groups for\n"
    "// none, of ops in flight for no limit: that is also where no pooling window prunes. The issue\n"
    "// width is that of each of SCHEDULER_BANKS.",
    "LIST_TASKS": "Tasks of the longest list of a group, where lists are tables.",
    "CONTEXT_OUTCOMES": "Outcomes of a context that wait to be written, at most.",
    "HAS_PATCHES": "Whether PEs have patches, or read the banks; whether each bit plane begins a word.",
    "LAYERS": "Layers that run one after another, and the number of the first. Of what follows each has its\n"
    "// own, counted from 0.",
    "PLANES": "Bit planes of the input; taps of a neuron, its edges in all planes, and what these count\n"
    "// together; its words, and those of its channel's weights, which planes share.",
    "MEMBERS": "Neurons of a window; windows, and neurons, of the layer.",
    "WINDOW_OUTCOMES": "Outcomes of a window that are written.",
    "PLACES": "Tasks of a channel.",
    "CONTEXTS": "What a carousel has in the layer.",
    "TILES": "Tiles, the buffer words that fill them, the words of neurons, and how many go out in a cycle.",
    "WINDOW_LINE": "Where its lines begin in the tables, and how many lines these have in all.",
    "SEEN_HEIGHT": "Rows and columns of the map that the neurons of a window see. With patches all PEs hold\n"
    "// the newest PATCH_COLUMNS columns of the map.",
    "INPUT_WORD": "Where its input begins in the activation buffer, and its output by the contract, from\n"
    "// there on; the bit of the buffer where output bits begin, and the padding between rows of them.",
    "WEIGHT_WORD": "Where its weights, its thresholds and its rows of FETCH_BITS begin.",
    "ACTIVATION_WORDS": "Sizes of the memories.",
    "MOST_READS": "Buffer words that a word of a neuron lies in, at most, and bits of the map that find\n"
    "// them: for each word FETCHES offsets from that under tap (0, 0), BASE_BITS each; word 0 lowest.",
    "LINE_RUNS": "Of a line buffer: runs of edges that a word may be made of, and how many bits each lies\n"
    "// further than beside the word's first edge, BASE_BITS each, the first lowest; 0 where there is none.",
}


def header(values: dict[str, Value], title: str) -> str:
    """Write the parameters as SystemVerilog, to be included in a package.

    >>> print(header({"PE_COUNT": 4, "LAYERS": 2, "WORDS": [3, 9]}, "a machine").splitlines()[-1])
    localparam int WORDS[LAYERS] = '{3, 9};
    """
    lines = [f"// {title}"]
    for name, value in values.items():
        if name in _REMARKS:
            lines += ["", f"// {_REMARKS[name]}"]
        lines.append(f"localparam {_typed(name, value)};")
    return "\n".join(lines) + "\n"


def layer_names(names: list[str]) -> str:
    """Write a function that returns the name of a layer, as it stands in traces."""
    cases = [f"    {number}: return {_quoted('_'.join(name.split()))};" for number, name in enumerate(names)]
    head = "\n// As they stand in traces.", "function automatic string layer_name(input int layer);"
    return (
        "\n".join([*head, "  case (layer)", *cases, '    default: return "";', "  endcase", "endfunction"])
        + "\n"
    )


def _typed(name: str, value: Value) -> str:
    if isinstance(value, list):
        of_kind = "bit" if isinstance(value[0], bool) else "int"
        return f"{of_kind} {name}[LAYERS] = '{{{', '.join(_literal(each) for each in value)}}}"
    if isinstance(value, bool):
        return f"bit {name} = {_literal(value)}"
    if isinstance(value, str) and "'h" in value:
        return f"logic [{int(value.partition(chr(39))[0]) - 1}:0] {name} = {value}"
    return f"int {name} = {value}"


def _literal(value: Size) -> str:
    return f"1'b{int(value)}" if isinstance(value, bool) else str(value)


def _quoted(text: str) -> str:
    """Write a string of SystemVerilog, whatever is in it."""
    return '"' + "".join(_spelled(octet) for octet in text.encode()) + '"'


def _spelled(octet: int) -> str:
    return chr(octet) if octet < 128 and (chr(octet).isalnum() or chr(octet) in "_-.") else f"\\{octet:03o}"
