"""What synthesizes the stacks: the setting `ENGINE` of make and of the environment. No other module reads it.

It is outside `modules.bindings`, because importing that package prepares the process for one of these engines.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SETTING = "ENGINE"
"""Environment variable; the Makefile has the same names."""


class UnknownEngineError(ValueError):
    """The setting names an engine that doesn't exist."""


class MissingEngineError(Exception):
    """An engine is needed whose packages aren't installed; the message says which command installs them."""


class UnknownToEngineError(Exception):
    """The engine in Python doesn't know an operation, a class, an argument or a value; the message names it."""


@dataclass(frozen=True)
class Engine:
    """An engine, and the packages that it synthesizes with."""

    name: str
    library: str
    """Python package of the CDK."""
    provider: str
    """Python package of the bindings of the AWS provider."""
    output: str
    """The folder that it writes to; engines with the same folder write the same stacks."""
    target: str
    """The make target that installs it."""


_CDKTF = ("cdktf", "cdktf_cdktf_provider_aws", "cdktf.out", "setup-dev")
ENGINES = {
    engine.name: engine
    for engine in (
        Engine("node", *_CDKTF),
        Engine("python", *_CDKTF),
        Engine("cdktn", "cdktn", "cdktn_provider_aws", "cdktn.out", "setup-cdktn"),
    )
}
DEFAULT = "python"


_only: list[str] = []


def use_only(name: str) -> None:
    """Let this process use an engine whatever the setting says; before it imports `modules.bindings`."""
    _only[:] = [name]


def chosen(variables: Mapping[str, str] | None = None) -> Engine:
    """The engine that the setting names, or the default; by default this process's.

    Raises:
        UnknownEngineError: There is no such engine.
    """
    if variables is None:
        variables = {SETTING: _only[0]} if _only else os.environ
    name = variables.get(SETTING) or DEFAULT
    if name not in ENGINES:
        allowed = ", ".join(ENGINES)
        raise UnknownEngineError(
            f"{SETTING}={name!r}: must be one of {allowed}; change it on make's command line or in the environment, "
            f"or leave it out for {DEFAULT}"
        )
    return ENGINES[name]


def require(engine: Engine) -> None:
    """Check that an engine's packages are installed.

    Raises:
        MissingEngineError: They aren't.
    """
    for package in (engine.library, engine.provider):
        if package not in sys.modules and importlib.util.find_spec(package) is None:
            raise MissingEngineError(f"{SETTING}={engine.name} needs {package}; run: make {engine.target}")


def with_node(unknown: UnknownToEngineError, program: Path, names: Sequence[str], output: Path) -> int:
    """Synthesize again with node, with one line of warning. Returns the exit code.

    Args:
        unknown: What the engine in Python doesn't know.
        program: main.py.
        names: Its arguments.
        output: Where it writes.

    Raises:
        MissingEngineError: node isn't installed.
    """
    import subprocess  # noqa: PLC0415  (seldom needed)

    node = ENGINES["node"]
    what = f"the engine in Python doesn't know {unknown}"
    try:
        require(node)
    except MissingEngineError:
        raise MissingEngineError(f"{what}; node does, or says what is wrong with it; run: make {node.target}") from None
    sys.stderr.write(f"warning: synthesis is slower than it can be: {what}; node synthesizes\n")
    variables = {**os.environ, SETTING: node.name, "CDKTF_OUTDIR": str(output)}
    command = [sys.executable, *(["-O"] if sys.flags.optimize else []), str(program), *names]
    return subprocess.run(command, env=variables, check=False).returncode  # noqa: S603  (this program again)
