"""Rewrite the golden traces: ``sh scripts/regen-goldens``. Read the difference before you keep it."""

from __future__ import annotations

from tests.golden.cases import GOLDENS, path_of, stale_files, text_of


def main() -> None:
    """Write the trace of every golden that changed, and remove those that are no more."""
    for name, golden in GOLDENS.items():
        path, text = path_of(name), text_of(golden)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {path.name}")
    for path in stale_files():
        path.unlink()
        print(f"removed {path.name}")


if __name__ == "__main__":
    main()
