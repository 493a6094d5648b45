"""Takes the screenshots in docs/images: `make screenshots`. The reports of a plan and a rehearsal are made up."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from modules.output import OUT
from ops.report.command import report
from tests.report import reports
from tests.report.chromium import chromium

IMAGES = Path("docs/images")
VIEWS: dict[str, tuple[str, Literal["light", "dark"]]] = {
    "report-overview": ("overview", "light"),
    "report-resource": ("resources/prod/prod-state/aws_s3_bucket.state", "dark"),
}
"""View and colour scheme of each screenshot."""


def main() -> None:
    """Write the page and its screenshots."""
    reports.write(OUT)
    report(out=OUT)
    file = OUT / "reports" / "index.html"
    with chromium() as browser:
        for name, (view, scheme) in VIEWS.items():
            shown = browser.new_page(viewport={"width": 1200, "height": 860}, color_scheme=scheme)
            shown.goto(f"{file.absolute().as_uri()}#{view}")
            shown.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
