"""Writes a new environment: its values, and a release file with staging's images."""

from __future__ import annotations

import ipaddress
import re
from itertools import count
from pathlib import Path

from jinja2 import Environment as Jinja
from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape

import environments
from environments.schema import Environment

# One /16 an environment, so that no two overlap and peering stays possible.
RANGES = [*ipaddress.IPv4Network("10.0.0.0/8").subnets(new_prefix=16)]
FIRST_ACCOUNT = 123456789012


PRODUCT = "aep"
"""The product of the template."""


class ScaffoldError(ValueError):
    """The environment can't be written; no file was changed."""


def new_environment(name: str, folder: Path = environments.FOLDER) -> tuple[Path, Path]:
    """Write `environments/<name>.py` and its release file.

    Args:
        name: The environment's name, lower-case words joined by hyphens.
        folder: The folder of the environments.

    Returns:
        The two files.

    Raises:
        ScaffoldError: The name isn't allowed, is a module's of the package, or a file of that name exists.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise ScaffoldError(
            f"NAME={name!r}: a name is lower-case words joined by hyphens, such as make new-environment NAME=demo"
        )
    if name.replace("-", "_") in environments.LIBRARY:
        raise ScaffoldError(
            f"NAME={name!r}: {environments.shown(environments.PACKAGE)} has a module of that name; choose another"
        )
    module = folder / f"{name.replace('-', '_')}.py"
    release = folder / "releases" / f"{PRODUCT}-{name}.json"
    for file in (module, release):
        if file.exists():
            raise ScaffoldError(f"NAME={name!r}: {environments.shown(file)} exists; choose another name")
    jinja = Jinja(
        loader=FileSystemLoader(environments.PACKAGE),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=select_autoescape(),
    )
    taken = environments.load_all() if environments.known() else ()
    text = jinja.get_template("template.py.j2").render(
        name=name, title=name.replace("-", " ").capitalize(), **_free(taken)
    )
    module.write_text(text, encoding="utf-8")
    release.write_text((folder / "releases" / f"{PRODUCT}-staging.json").read_text(encoding="utf-8"), encoding="utf-8")
    return module, release


def _free(taken: tuple[Environment, ...]) -> dict[str, str]:
    """A range and an account id that no other environment has. You replace the id."""
    used = [ipaddress.IPv4Network(environment.network.cidr) for environment in taken]
    cidr = next(free for free in RANGES if not any(free.overlaps(each) for each in used))
    accounts = {environment.account_id for environment in taken}
    account_id = next(str(number) for number in count(FIRST_ACCOUNT) if str(number) not in accounts)
    return {"cidr": str(cidr), "account_id": account_id}
