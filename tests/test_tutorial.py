"""docs/tutorial.md, word for word: its commands run in a copy of the project, and print what it shows.

`make rehearse` alone isn't run: it takes about 15 minutes, and tests/rehearsal has its own rehearsals.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.copies import copy_project, plain_environment
from tests.products import AEP

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
REHEARSAL = "make rehearse ENV=shop-staging\n"


def steps() -> list[tuple[str, list[str]]]:
    """The page's commands, each block with the lines that it shows."""
    found: list[tuple[str, list[str]]] = []
    for language, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language == "sh":
            found.append((text, []))
        else:
            found[-1][1].extend(text.splitlines())
    return found


@pytest.mark.slow
def test_the_tutorial_s_commands_print_what_it_shows(tmp_path: Path) -> None:
    folder = where = copy_project(tmp_path / "project", AEP)
    left = tmp_path / "left"  # The folder that a block leaves the shell in is the next block's.
    for commands, shown in steps():
        if commands == REHEARSAL:
            continue
        done = subprocess.run(
            ("bash", "-e", "-c", f"{commands}\npwd > {left}"),
            cwd=where,
            env=plain_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}{done.stdout[-4000:]}"
        where = Path(left.read_text(encoding="utf-8").strip())
        for line in shown:
            pattern = ".*".join(re.escape(part) for part in line.rstrip().split("…"))
            assert re.search(f"^{pattern}", done.stdout, re.MULTILINE), f"{line!r} isn't in:\n{done.stdout[-4000:]}"
    assert (folder / "cdktf.out" / "stacks" / "shop-staging-cutover" / "cdk.tf.json").is_file()


def test_the_rehearsal_is_a_step_of_the_page() -> None:
    commands = [text for text, _ in steps()]
    assert REHEARSAL in commands
    assert len(commands) > 6
