"""Pages in headless Chromium: what is in them after a script has used them, and what the console said."""

from __future__ import annotations

import re
import shutil
import subprocess
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(BROWSER is None, reason="needs Chromium or Chrome on the PATH")


class Seen(NamedTuple):
    """The page after the script, and lines of the console."""

    dom: str
    console: list[str]


def use(page: str, script: str, folder: Path, width: int = 1200) -> Seen:
    """Open a page in a browser, let a script use it, and return what is there then.

    The script is allowed beside the page's own, which shows that no other would be.
    """
    digest = b64encode(sha256(script.encode()).digest()).decode()
    page = page.replace("script-src ", f"script-src &#x27;sha256-{digest}&#x27; ", 1)
    place = folder / "used.html"
    place.write_text(page.replace("</body>", f"<script>{script}</script></body>"))
    done = subprocess.run(
        [
            str(BROWSER),
            *("--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            f"--window-size={width},800",
            "--enable-logging=stderr",
            f"--user-data-dir={folder}/profile",
            f"file://{place}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return Seen(done.stdout, re.findall(r"CONSOLE.*", done.stderr))
