"""What synthesizes the stacks: the setting `ENGINE` of make and of the environment. No other module reads it.

It is outside `modules.bindings`, because importing that package prepares the process for one of these engines.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import util

SETTING = "ENGINE"
"""Environment variable; the Makefile has the same names."""


class EngineError(ValueError):
    """The engine can't be used."""


class UnknownEngineError(EngineError):
    """The setting names an engine that doesn't exist."""


class MissingEngineError(EngineError):
    """The engine isn't installed where this Python finds packages."""


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


_CDKTF = ("cdktf", "cdktf_cdktf_provider_aws", "cdktf.out", "setup")
ENGINES = {
    engine.name: engine
    for engine in (
        Engine("node", *_CDKTF),
        Engine("python", *_CDKTF),
        Engine("cdktn", "cdktn", "cdktn_provider_aws", "cdktn.out", "setup-cdktn"),
    )
}
DEFAULT = "node"


def chosen(variables: Mapping[str, str] = os.environ) -> Engine:
    """The engine that the setting names, or the default.

    Raises:
        UnknownEngineError: There is no such engine.
    """
    name = variables.get(SETTING) or DEFAULT
    if name not in ENGINES:
        allowed = ", ".join(ENGINES)
        raise UnknownEngineError(
            f"{SETTING}={name!r}: must be one of {allowed}; change it on make's command line or in the environment, "
            f"or leave it out for {DEFAULT}"
        )
    return ENGINES[name]


def installed(variables: Mapping[str, str] = os.environ) -> Engine:
    """The engine that the setting names, if its packages are installed.

    Raises:
        UnknownEngineError: There is no such engine.
        MissingEngineError: A package of it is missing.
    """
    engine = chosen(variables)
    for package in (engine.library, engine.provider):
        if not util.find_spec(package):
            raise MissingEngineError(
                f"{SETTING}={engine.name} needs the package {package}, which isn't in {sys.prefix}; "
                f"make {engine.target} installs it, and make synth {SETTING}={engine.name} uses it"
            )
    return engine
