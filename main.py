"""Synthesizes the Terraform JSON of every phase: `python -O main.py [ENVIRONMENT | organization ...]`.

Without a name, it synthesizes all environments and, if there are values for it, the organization. A broken one is
reported, doesn't stop the others, and makes the exit code 3.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import environments
from environments.schema.validation import InvalidEnvironmentError
from modules import engines
from modules.interrupts import INTERRUPTED, Interrupted, install
from modules.output import output
from modules.phases import ORGANIZATION
from modules.process import UNREAD, is_unread, prepare
from modules.progress import progress

# cdktf's CLI sets it. cdktf itself writes to a temporary folder first.
OUTPUT = os.environ.pop("CDKTF_OUTDIR", None)
PARTLY = 3
"""Exit code: the valid environments were synthesized, but others have problems."""


DISK = re.compile(r"(?:EACCES|EDQUOT|EFBIG|EIO|ENOSPC|ENOTDIR|EPERM|EROFS): .*")
"""The errors of node that are about a disk: https://nodejs.org/api/errors.html#common-system-errors."""


def main(names: list[str]) -> int:
    """Synthesize, and return the exit code. A full or read-only disk, or a signal, is a message of one line."""
    try:
        try:
            return _main(names)
        except engines.UnknownToEngineError as error:
            return engines.with_node(error, Path(__file__), names, OUTPUT)
    except engines.MissingEngineError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt as error:
        print(str(error) or "interrupted", file=sys.stderr)  # noqa: T201
        return error.exit_code if isinstance(error, Interrupted) else INTERRUPTED
    except OSError as error:
        if is_unread(error):
            return UNREAD
        problem, sys.unraisablehook = str(error), _ignore
    except Exception as error:  # jsii's class of errors can't be imported here: a mistyped name doesn't wait for jsii.
        if not (found := DISK.search(str(error))):
            raise
        problem = found[0]
    print(f"error: the stacks can't be written: {problem}", file=sys.stderr)  # noqa: T201
    return 2


def _ignore(_: object) -> None:
    """Ignore what jsii's engine complains about when it is deleted before it has started."""


def _main(names: list[str]) -> int:
    try:
        engine = engines.installed()
        loaded = None if names else environments.load_each()
        named = [environments.load(name) for name in names if name != ORGANIZATION]
        if ORGANIZATION in names:
            environments.load_organization()
    except (engines.EngineError, environments.UnknownEnvironmentError, InvalidEnvironmentError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    target = Path(OUTPUT or output(os.environ.get("ENVIRONMENTS", ""), engine.output))
    chosen = list(loaded.environments) if loaded else named
    problems = [*loaded.broken.values(), *loaded.conflicts] if loaded else []
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)  # noqa: T201
    # With node, these load cdktf and start its engine; an error about a mistyped name doesn't wait for that.
    from modules.documents import DocumentsTooLongError  # noqa: PLC0415
    from modules.synthesis import summary, synthesize  # noqa: PLC0415

    organization = ORGANIZATION in names if loaded is None else loaded.organization is not None
    try:
        with progress() as step:
            synthesize(chosen, target, organization=organization, step=step)
    except (DocumentsTooLongError, InvalidEnvironmentError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    shown = [summary(target, [environment.name for environment in chosen], organization=organization)]
    if problems:
        shown.append(f"invalid values: {', '.join(dict.fromkeys(problem.name for problem in problems))}")
    print("\n".join(shown), flush=True)  # noqa: T201
    return PARTLY if problems else 0


if __name__ == "__main__":
    prepare()
    install()
    sys.exit(main(sys.argv[1:]))
