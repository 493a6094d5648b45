"""The images in docs/images are those that `make diagram` writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.__main__ import app
from ops.report.architecture import architecture
from ops.report.drawing import THEMES, drawing
from tests.cases import every_case
from tests.products import OF_AEP
from tests.report.environments import view_of

ROOT = Path(__file__).parents[2]
IMAGES = sorted(path.name for path in (ROOT / "docs" / "images").glob("*.svg"))
ENVIRONMENTS = {subject.environment.name: subject.environment for subject in OF_AEP}


@every_case("image", IMAGES)
def test_an_image_is_up_to_date(output: Path, image: str) -> None:
    name, _, theme = image.removesuffix(".svg").rpartition("-")
    environment = ENVIRONMENTS[name]
    drawn = drawing(architecture(view_of(output, environment), environment), theme)
    assert (ROOT / "docs" / "images" / image).read_text(encoding="utf-8") == drawn, "run: make diagram"


@pytest.mark.parametrize(
    ("page", "name"), [("README.md", "docs/images/prod"), ("docs/architecture.md", "images/prod-starter")]
)
def test_pages_have_both_versions(page: str, name: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert all(f"{name}-{theme}.svg" in text for theme in THEMES)
    assert all(f"{Path(name).name}-{theme}.svg" in IMAGES for theme in THEMES)


def test_the_command_writes_both_versions(output: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["diagram", "prod", "--out", str(output), "--images", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["prod-dark.svg", "prod-light.svg"]


def test_an_environment_that_was_not_synthesized_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["diagram", "prod", "--out", str(tmp_path), "--images", str(tmp_path)])
    assert result.exit_code == 2
    assert result.output.startswith("error: ") and result.output.count("\n") == 1
    assert "make synth" in result.output
