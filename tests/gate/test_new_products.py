"""What `make new-product` writes passes the gate as it is, and so does another environment of the product."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

import environments
from modules.synthesis import synthesize
from ops.__main__ import app
from ops.gate.model import Outcome
from ops.gate.register import of_products
from ops.gate.reports import as_text
from ops.gate.run import run
from ops.gate.stacks import expected_stacks
from tests.gate.project import POLICIES
from tests.products import values

SHAPES = {
    "only a name": (),
    "services, a worker, a schedule and stores": (
        *("--service", "api port=8000 paths=/api/*,/health health=/health size=medium internet=yes"),
        *("--service", "web-site port=80 stores=none"),
        *("--worker", "mail-sender command='python -m shop.mailer' internet=yes stores=database"),
        *("--schedule", "invoices when='cron(15 3 * * ? *)' command='python -m shop.invoices'"),
        *("--database", "--cache", "--region", "eu-central-1"),
    ),
    "stages in one account, an existing zone, a store that no service uses": (
        *("--service", "web port=8080 health=/up stores=none", "--database", "--region", "ap-northeast-1"),
        *("--staging-account", "210987654321", "--prod-account", "210987654321"),
        *("--host", "shop.example.org", "--zone", "existing id=Z0123456789ABC"),
    ),
    "a region without GuardDuty": ("--region", "ap-southeast-5"),
    "a region without GuardDuty, Security Hub and the firewall": ("--region", "mx-central-1"),
    "stages in one account of such a region": (
        *("--service", "web internet=yes", "--database", "--region", "ap-southeast-7"),
        *("--staging-account", "210987654321", "--prod-account", "210987654321"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("options", SHAPES.values(), ids=SHAPES)
def test_a_new_product_passes_the_gate(options: tuple[str, ...], tmp_path: Path) -> None:
    folder, out = tmp_path / "values", tmp_path / "out"
    folder.mkdir()
    for command in (("new-product", "shop", "--yes", *options), ("new-environment", "shop-demo")):
        with values(folder):
            done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.output
    with values(folder):
        synthesize(environments.load_all(), out, organization=False)
        verdict = run(
            out=out,
            policies=POLICIES,
            products=of_products(),
            expected=expected_stacks(),
            today=datetime.now(UTC).date(),
        )
    assert verdict.outcome is Outcome.CLEAN, as_text(verdict)
