"""`python bin/with_pip_configuration.py uv pip install …`: runs uv with the mirrors, certificates and proxy of pip.

uv doesn't read pip's configuration (https://docs.astral.sh/uv/pip/compatibility/), but companies set their mirror
there. What is set for uv itself wins. This runs before any package is installed, so it needs Python and pip only.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping

VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX",),
    "extra-index-url": ("UV_INDEX",),
    "find-links": ("UV_FIND_LINKS",),
    "no-index": ("UV_NO_INDEX",),
    "trusted-host": ("UV_INSECURE_HOST",),
    "cert": ("SSL_CERT_FILE",),
    "client-cert": ("SSL_CLIENT_CERT",),
    "proxy": ("HTTPS_PROXY", "HTTP_PROXY"),
    "timeout": ("UV_HTTP_TIMEOUT",),
    "default-timeout": ("UV_HTTP_TIMEOUT",),
}
"""uv's variables for pip's options: https://docs.astral.sh/uv/reference/environment/."""
SEPARATORS = {"UV_FIND_LINKS": ","}
"""Between several values, where it isn't a space."""
SECTIONS = ("global", "install", ":env:")
"""Of pip's configuration, the strongest last: https://pip.pypa.io/en/stable/topics/configuration/#precedence-override-order."""


def translated(listed: str) -> dict[str, str]:
    """Return uv's variables for what `pip config list` prints."""
    found: dict[tuple[str, str], str] = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if option in VARIABLES and value:
            found[section, option] = str(ast.literal_eval(value))
    return {
        variable: SEPARATORS.get(variable, " ").join(found[section, option].split())
        for section in SECTIONS
        for option, variables in VARIABLES.items()
        if (section, option) in found
        for variable in variables
    }


def variables(listed: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that uv runs in. As pip, it takes a package from any index; the hashes are pinned."""
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", **translated(listed), **given}


if __name__ == "__main__":
    pip = subprocess.run((sys.executable, "-m", "pip", "config", "list"), capture_output=True, text=True, check=False)
    if pip.returncode:
        sys.exit(f"error: pip can't read its configuration: {pip.stderr.strip()}")
    os.execvpe(sys.argv[1], sys.argv[1:], variables(pip.stdout, os.environ))  # noqa: S606
