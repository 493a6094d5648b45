"""`python -m rehearsal.emulator`: serve emulated AWS until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
from pathlib import Path

MOTO_SETTINGS = {
    # A certificate is valid when it is first looked at.
    "MOTO_ACM_VALIDATION_WAIT": "0",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
}


def _account(text: str) -> str:
    if not re.fullmatch(r"\d{12}", text):
        raise argparse.ArgumentTypeError(f"{text!r} must be 12 digits")
    return text


def main() -> None:
    """Serve on 127.0.0.1, and print the endpoint on standard output once it responds."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.emulator", description="Emulated AWS on 127.0.0.1.")
    parser.add_argument(
        "--account", required=True, type=_account, help="account id of credentials that no account is known for"
    )
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument(
        "--access", type=Path, help="evaluate permissions of each call, and append a record of each to this file"
    )
    given = parser.parse_args()
    # At once: there is nothing to save, and taking this much memory apart takes seconds.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    for name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
        del os.environ[name]
    # moto reads them when it is imported.
    os.environ.update(MOTO_SETTINGS)
    from rehearsal.emulator.server import serve  # noqa: PLC0415

    server = serve(given.account, given.port, given.access)
    sys.stdout.write(json.dumps({"endpoint": f"http://127.0.0.1:{server.port}"}) + "\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
