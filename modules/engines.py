"""What synthesizes the stacks: the setting `ENGINE` of make and of the environment. No other module reads it.

It is outside `modules.bindings`, because importing that package prepares the process for one of these engines.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import util
from pathlib import Path

SETTING = "ENGINE"
"""Environment variable; the Makefile has the same names."""


class EngineError(ValueError):
    """The engine can't be used."""


class UnknownEngineError(EngineError):
    """The setting names an engine that doesn't exist."""


class MissingEngineError(EngineError):
    """The engine isn't installed where this Python finds packages."""


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
PYTHON, NODE = "python", "node"
DEFAULT = PYTHON
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


def installed(variables: Mapping[str, str] | None = None) -> Engine:
    """The engine that the setting names, if its packages are installed; the one in Python needs none.

    Raises:
        UnknownEngineError: There is no such engine.
        MissingEngineError: A package of it is missing.
    """
    engine = chosen(variables)
    for package in () if engine.name == PYTHON else (engine.library, engine.provider):
        if not util.find_spec(package):
            raise MissingEngineError(
                f"{SETTING}={engine.name} needs the package {package}, which isn't in {sys.prefix}; "
                f"make {engine.target} installs it, and make synth {SETTING}={engine.name} uses it"
            )
    return engine


def with_node(unknown: UnknownToEngineError, program: Path, names: Sequence[str], output: str | None) -> int:
    """Synthesize again with node, with one line of warning. Returns the exit code.

    Args:
        unknown: What the engine in Python doesn't know.
        program: main.py.
        names: Its arguments.
        output: The folder that cdktf's CLI told it to write to.

    Raises:
        MissingEngineError: node isn't installed.
    """
    import subprocess  # noqa: PLC0415  (seldom needed)

    what = f"the engine in Python doesn't know {unknown}"
    try:
        node = installed({SETTING: NODE})
    except MissingEngineError as error:
        raise MissingEngineError(f"{what}; node does, or says what is wrong with it, but {error}") from None
    sys.stderr.write(f"warning: synthesis is slower than it can be: {what}; node synthesizes\n")
    variables = {**os.environ, SETTING: node.name, **({"CDKTF_OUTDIR": output} if output else {})}
    command = [sys.executable, *(["-O"] if sys.flags.optimize else []), str(program), *names]
    return subprocess.run(command, env=variables, check=False).returncode  # noqa: S603  (this program again)
