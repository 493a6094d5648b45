"""Writes docs/examples/upgrade.md: an upgrade from the previous cdktf and bindings. `python -m tests.upgrade.example`.

All of it is real: a copy of the project gets the previous versions, with its own .venv, and `ops upgrade` raises them.
It needs the package index that pip is configured with.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ops.requirements import versions
from ops.upgrade import pins, run
from tests.copies import ROOT, copy_project, git, plain_environment
from tests.products import AEP

PAGE = ROOT / "docs" / "examples" / "upgrade.md"
PREVIOUS = {"cdktf": "0.20.12", "cdktf-cdktf-provider-aws": "19.65.1"}
"""The last releases before the pinned ones that belong together."""
COMMAND = "make upgrade PACKAGE="
_GATE = "The gate, with the new packages:"
_HEAD = """# An upgrade

This is what `make upgrade` prints before the gate's verdict, in a copy of this project that still has cdktf {cdktf}
and the bindings {bindings}, which pin another version of the AWS provider. The stacks are AEP's. `~` is a value that
changes, `+` one that is added, `-` one that is removed; `~1` in a path is a slash
([JSON Pointer](https://datatracker.ietf.org/doc/html/rfc6901)). [Keeping up](../keeping-up.md) says how to read it.

```text
$ {command}
"""


@dataclass(frozen=True)
class Example:
    """What the command did in the copy."""

    folder: Path
    code: int
    printed: str
    said: str

    @property
    def page(self) -> str:
        """The page."""
        given = _HEAD.format(
            command=f'{COMMAND}"{" ".join(words())}"',
            cdktf=PREVIOUS["cdktf"],
            bindings=PREVIOUS["cdktf-cdktf-provider-aws"],
        )
        return f"{given}{self.printed.partition(_GATE)[0].rstrip()}\n```\n"


def words() -> list[str]:
    """The packages to raise: those of PREVIOUS, to what the project pins now."""
    present = pins.exact((ROOT / run.PYPROJECT).read_text(encoding="utf-8"))
    return [f"{name}=={present[name]}" for name in PREVIOUS]


def example(folder: Path) -> Example:
    """Run the upgrade in a copy that has the previous versions.

    Args:
        folder: The copy; it doesn't exist yet.
    """
    copy = copy_project(folder)
    run._raise(copy, PREVIOUS)
    git(copy, "commit", "-q", "-a", "-m", "The previous versions")
    found = versions((copy / "requirements-dev.txt").read_text(encoding="utf-8"))
    assert PREVIOUS.items() <= found.items()
    given = {
        **plain_environment(),
        "ENVIRONMENTS": str(AEP.relative_to(ROOT)),
        **{f"GIT_{who}_{what}": "user@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    subprocess.run(("make", "setup-dev"), cwd=copy, env=given, capture_output=True, check=True)
    command = ("make", "upgrade", f"PACKAGE={' '.join(words())}")
    done = subprocess.run(command, cwd=copy, env=given, capture_output=True, text=True, check=False)
    return Example(copy, done.returncode, done.stdout, done.stderr)


if __name__ == "__main__":
    with TemporaryDirectory() as here:
        PAGE.write_text(example(Path(here) / "project").page, encoding="utf-8")
    sys.stdout.write(f"Wrote {PAGE.relative_to(ROOT)}.\n")
