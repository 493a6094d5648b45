"""Measures how long the report takes to write, against synthesis with node, and to open in Chromium.

With 5,000 resources, it is opened in turn with an empty page of the same bytes. Medians of runs that alternate.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from benchmarks.promises import Promise
from benchmarks.synth import OUT, ROOT
from ops.report.page import filled
from tests.report.chromium import chromium

RESOURCES = 5000
PROMISED = 4


def seconds(*arguments: str, cwd: Path = ROOT) -> float:
    """How long one run of Python takes."""
    begun = time.perf_counter()
    given = {**os.environ, "ENGINE": "node"}  # The baseline.
    subprocess.run([sys.executable, *arguments], cwd=cwd, env=given, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def embedded(html: str, id_: str) -> dict[str, Any]:
    """The data in a script element of the page."""
    begin = html.index(">", html.index(f'id="{id_}"')) + 1
    found: dict[str, Any] = json.loads(html[begin : html.index("</script>", begin)])
    return found


def larger(html: str) -> str:
    """The page with many more resources, all of them of its first environment."""
    data, rows = embedded(html, "contents"), embedded(html, "resources")["rows"]
    first = data["environments"][0]["name"]
    more = [{**rows[number % len(rows)], "environment": first} for number in range(RESOURCES)]
    drawings = html[html.index("<template") : html.rindex("</template>") + len("</template>")]
    return filled(data, {"rows": more}, [drawings])


def opened(browser: Browser, file: Path, view: str) -> float:
    """Milliseconds until a page is laid out."""
    page = browser.new_page()
    page.goto(f"{file.as_uri()}#{view}")
    taken: float = page.evaluate("(document.body.offsetHeight, performance.now())")
    page.close()
    return taken


def promises(runs: int) -> Iterator[Promise]:
    """Measure writing and opening it."""
    times = [(seconds("-O", "main.py"), seconds("-m", "ops", "report")) for _ in range(runs)]
    synthesis, report = (statistics.median(each) for each in zip(*times, strict=True))
    yield Promise("writing it: times synthesizing the same environments", report / synthesis, 1)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        page, empty = Path(folder, "page.html"), Path(folder, "empty.html")
        html = larger((OUT / "reports" / "index.html").read_text(encoding="utf-8"))
        page.write_text(html, encoding="utf-8")
        empty.write_text(f"<!doctype html><title>x</title><!--{'x' * len(html)}-->", encoding="utf-8")
        print(f"  {RESOURCES:,} resources: {len(html) / 1e6:.1f} MB")
        for view in ("overview", "resources"):
            times = [(opened(browser, page, view), opened(browser, empty, view)) for _ in range(2 * runs + 1)]
            ours, theirs = (statistics.median(each) for each in zip(*times, strict=True))
            yield Promise(f"opening its {view}: times an empty page with the same bytes", ours / theirs, PROMISED)
