"""How a task serves: on a free port of 127.0.0.1, until the rehearsal closes its standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Thread

from flask import Flask
from werkzeug.serving import make_server


def serve(application: Flask, told: Callable[[str], None] = lambda _: None) -> None:
    """Serve; say on which port in a line of standard output; hand over each line of standard input, and repeat it.

    Standard input ends with the rehearsal, however that ends, and the task with it.
    """
    server = make_server("127.0.0.1", 0, application, threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    _say(str(server.port))
    for line in sys.stdin:
        told(line.strip())
        _say(line.strip())
    server.shutdown()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
