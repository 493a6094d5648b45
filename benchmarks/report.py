"""How long the report takes to write, against synthesis, and to open in Chromium: `python -m benchmarks.report`.

Promised: writing it for three environments takes no longer than synthesizing them with node; with 5,000 resources it
opens in at most 4 times what an empty page with the same bytes takes. Medians of runs that alternate.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from ops.report.page import filled
from tests.report.chromium import chromium

ROOT = Path(__file__).parents[1]
RESOURCES = 5000
RUNS = 7
PROMISED = 4.0


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


def main() -> int:
    """Print times and ratios; the exit code is 1 if one is above what is promised."""
    times = [(seconds("-O", "main.py"), seconds("-m", "ops", "report")) for _ in range(3)]
    synthesis, report = (statistics.median(each) for each in zip(*times, strict=True))
    print(f"report of all environments: {report:.2f} s, {report / synthesis:.2f} times their synthesis")
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        page, empty = Path(folder, "page.html"), Path(folder, "empty.html")
        html = larger((ROOT / "cdktf.out" / "reports" / "index.html").read_text(encoding="utf-8"))
        page.write_text(html, encoding="utf-8")
        empty.write_text(f"<!doctype html><title>x</title><!--{'x' * len(html)}-->", encoding="utf-8")
        for view in ("overview", "resources"):
            times = [(opened(browser, page, view), opened(browser, empty, view)) for _ in range(RUNS)]
            ours, theirs = (statistics.median(each) for each in zip(*times, strict=True))
            worst = max(worst, ours / theirs)
            size = f"{RESOURCES:,} resources, {len(html) / 1e6:.1f} MB"
            print(f"{view} of {size}: {ours:.0f} ms, {ours / theirs:.2f} times an empty page with the same bytes")
    return int(report > synthesis or worst > PROMISED)


if __name__ == "__main__":
    sys.exit(main())
