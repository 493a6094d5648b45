"""The page of go-live day is that of a rehearsal as it is played today."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "runbooks" / "go-live-day.md").read_text(encoding="utf-8")
DAY = (ROOT / "rehearsal" / "day.py").read_text(encoding="utf-8")


def test_it_has_every_part_of_the_day_in_order() -> None:
    parts = re.findall(r'headline\("([^"]+)"\)', DAY)
    assert len(parts) >= 9
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == parts


def test_every_command_of_it_was_run() -> None:
    commands = [shlex.split(line)[3:] for line in re.findall(r"^(?:… \| )?python -m ops .*$", PAGE, re.MULTILINE)]
    steps = {words[0] for words in commands}
    assert steps >= {
        "bootstrap",
        "plan",
        "apply",
        "secrets",
        "migrate",
        "verify",
        "cutover",
        "golive",
        "rollback",
        "gate",
    }
    assert re.search(r"^All \d+ are green\.$", PAGE, re.MULTILINE)


def test_nothing_of_a_machine_or_a_secret_is_in_it() -> None:
    assert not re.search(r"/(tmp|home|work|root)/", PAGE)
    assert "planted" not in PAGE
