"""docs/runbooks/go-live-day.md is the page that a rehearsal of today's code writes."""

from __future__ import annotations

import os
import re
import shlex
import signal
from pathlib import Path

import pytest

from rehearsal.rollout import StepError
from rehearsal.transcript import Transcript

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "runbooks" / "go-live-day.md").read_text(encoding="utf-8")
DAY = (ROOT / "rehearsal" / "day.py").read_text(encoding="utf-8")


def test_it_has_every_part_of_the_day_in_order() -> None:
    parts = re.findall(r'headline\("([^"]+)"\)', DAY)
    assert len(parts) >= 9
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == parts


COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def test_every_command_is_one_that_operators_type() -> None:
    """Without what only a rehearsal passes: its ports and certificate, its short watch, and --yes."""
    assert len(COMMANDS) > 30
    for line in COMMANDS:
        assert re.match(r"(?:… \| )?bin/ops |make ", line), line
        assert not re.search(r"127\.0\.0\.1|--connect-to|--ca-file|--watch|--yes|--json", line), line
    assert "127.0.0.1" not in PAGE, "a port of the rehearsal"


def test_it_has_every_command_of_the_day() -> None:
    steps = {shlex.split(line.removeprefix("… | "))[1] for line in COMMANDS if "bin/ops" in line}
    assert steps >= {
        "rollout",
        "plan",
        "apply",
        "secrets",
        "migrate",
        "verify",
        "cutover",
        "golive",
        "rollback",
        "gate",
        "promote",
        "deploy",
        "run",
    }
    assert re.search(r"^All \d+ ", PAGE, re.MULTILINE)


def test_a_release_is_deployed_rolled_back_and_a_task_is_run() -> None:
    deploys = [line for line in COMMANDS if line.startswith("bin/ops deploy ")]
    assert deploys == ["bin/ops deploy prod backend", "bin/ops deploy prod backend --rollback"]
    *_, part = PAGE.partition("## Deploy a release")
    part = part.partition("\n## Roll back")[0]
    digests = re.findall(r"^backend: aep-backend-prod:\d+, \S+@(sha256:\w{64}); 2 of 2 tasks run", part, re.MULTILINE)
    new, previous = digests
    assert new != previous
    promoted = PAGE.partition("## Promote the images")[2].partition("\n## ")[0]
    assert f"@{previous}" in promoted, "the rollback returns to the image of the rollout"
    codes = re.findall(r"exit code (\d+)\):\n\n```sh\nbin/ops run prod backend ", part)
    assert codes == ["0", "3"], "the exit code is the task's"


def test_no_machine_path_and_no_secret_is_in_it() -> None:
    assert not re.search(r"/(tmp|home|work|root)/", PAGE)
    assert "planted" not in PAGE


def test_a_page_has_neither_what_only_the_rehearsal_passes_nor_its_addresses(tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()
    says = "print('tested at http://127.0.0.1:4711; https://app.example.com returns 200 at 127.0.0.1')"
    (tmp_path / "ops" / "__main__.py").write_text(f"{says}\nprint({str(tmp_path)!r})\n", encoding="utf-8")
    log = Transcript(tmp_path, dict(os.environ))
    log.headline("Verify")
    log.ops("Look", "show", "prod", rehearsed=())
    log.role = "aep-prod-planner"
    log.ops("Check", "verify", "prod", rehearsed=("--connect-to", "127.0.0.1:4711:4712"))
    page = log.page("Runbook", "About.")
    assert re.findall(r"^(.+) \(\d+ s, exit code 0\):$", page, re.MULTILINE) == ["Look", "Check, as `aep-prod-planner`"]
    assert "\nbin/ops verify prod\n" in page
    assert "\ntested; https://app.example.com returns 200\n.\n" in page
    assert "4711" not in page


ASKS = """
import sys
del sys.modules["ops"]
sys.path.insert(0, {root!r})
from ops.terminal import ask_hidden
answer = ask_hidden("Value: ")
print(f"has {{len(answer):,}} bytes")
sys.exit("x" not in answer)
"""
"""Asks as the project's commands do."""


def test_a_pasted_value_is_typed_whole_and_not_kept(tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops" / "__init__.py").touch()
    (tmp_path / "ops" / "__main__.py").write_text(ASKS.format(root=str(ROOT)), encoding="utf-8")
    log = Transcript(tmp_path, dict(os.environ))
    log.headline("Secrets")
    log.typed("Set it", "secrets", "set", answers={"Value:": "x" * 5_000})
    assert "has 5,000 bytes" in log.said
    assert "xx" not in log.everything()
    with pytest.raises(StepError, match="ended with 1"):
        log.typed("Set it", "secrets", "set", answers={"Value:": "y"})


WATCHES = """
import os, signal, sys, time
print("step: weight 0", file=sys.stderr)
def stop(number, _):
    os.write(2, b"rolling back\\n")
    sys.exit(128 + number)
signal.signal(signal.SIGTERM, stop)
print("watching weight 10", file=sys.stderr)
time.sleep({seconds})
"""


def test_a_command_is_stopped_once_it_watches(tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()
    program = tmp_path / "ops" / "__main__.py"
    program.write_text(WATCHES.format(seconds=60), encoding="utf-8")
    log = Transcript(tmp_path, dict(os.environ))
    log.headline("Stop it")
    log.interrupted("Move traffic", signal.SIGTERM, "cutover", "run", "prod", once="watching", rehearsed=("--yes",))
    assert log.said == "step: weight 0\nwatching weight 10\nrolling back"
    assert "\nbin/ops cutover run prod\n" in log.page("Runbook", "About.")
    program.write_text(WATCHES.format(seconds=0), encoding="utf-8")
    with pytest.raises(StepError, match="ended with 0"):
        log.interrupted("Move traffic", signal.SIGTERM, "cutover", "run", "prod", once="moving")


SHIFTS = """
import pathlib, sys, time
if "--stop" in sys.argv:
    pathlib.Path("stopped").touch()
    sys.exit(0)
print("  AllowTraffic: {status}", file=sys.stderr)
for _ in range(600):
    if pathlib.Path("stopped").exists():
        print("stopped", file=sys.stderr)
        sys.exit(1)
    time.sleep(0.05)
"""
"""Shifts requests until another command stops it."""


def test_another_command_runs_while_one_is_suspended(tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()
    program = tmp_path / "ops" / "__main__.py"
    program.write_text(SHIFTS.format(status="InProgress"), encoding="utf-8")
    log = Transcript(tmp_path, dict(os.environ))
    log.headline("Deploy")

    def deploy(expect: int) -> str:
        return log.during(
            "Deploy",
            lambda: log.ops("Stop it", "deploy", "prod", "app", "--stop", rehearsed=()),
            *("deploy", "prod", "app"),
            once="  AllowTraffic: InProgress",
            expect=expect,
            rehearsed=("--yes",),
        )

    assert deploy(1).endswith("stopped")
    commands = [each.command for entries in log.sections().values() for each in entries]
    assert commands == ["bin/ops deploy prod app", "bin/ops deploy prod app --stop"]
    with pytest.raises(StepError, match="another command after '  AllowTraffic: InProgress': ended with 1"):
        deploy(0)
    program.write_text(SHIFTS.format(status="Pending"), encoding="utf-8")
    with pytest.raises(StepError, match="ended with 1"):
        deploy(1)
