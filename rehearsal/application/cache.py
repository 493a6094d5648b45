"""Redis, as the application finds it in production: TLS only, and one user with a password (docs/adr/0006)."""

from __future__ import annotations

import secrets
from pathlib import Path

from environments.names import Names
from environments.schema import Environment
from rehearsal.application import programs
from rehearsal.application.certificates import Authority
from rehearsal.application.probes import cache_answers
from rehearsal.application.stores import Store


def cache(environment: Environment, authority: Authority, home: Path, log: Path) -> Store:
    """An empty Redis, not running yet.

    Args:
        environment: Names the application's user.
        authority: Signs its certificate.
        home: Its working folder.
        log: Where its output goes.

    Raises:
        OpsError: It isn't installed.
    """
    program = programs.find("redis-server", "redis-server")
    user, password = Names(environment).resource("app"), secrets.token_urlsafe(24)
    pair = authority.issue("redis", ["127.0.0.1"])
    programs.hand_over(pair.certificate, pair.key)
    port = programs.free_port()
    settings = {
        "bind": "127.0.0.1",
        "port": 0,
        "tls-port": port,
        "tls-cert-file": pair.certificate,
        "tls-key-file": pair.key,
        "tls-auth-clients": "no",
        "dir": home,
        "save": '""',
    }
    users = {"default": "off -@all", user: f"on >{password} ~* &* +@all -@admin"}
    url = f"rediss://{user}:{password}@127.0.0.1:{port}/0"
    return Store(
        "Redis",
        [program, "-"],
        url=url,
        answers=lambda: cache_answers(url, str(authority.file)),
        log=log,
        given="".join(
            [f"{name} {value}\n" for name, value in settings.items()]
            + [f"user {name} {rules}\n" for name, rules in users.items()]
        ),
    )
