"""The first step of each job: waits for the approval of its environment, and gets the tokens of the job."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener


def main() -> None:
    """Write the job's variables for its next steps."""
    asked = {
        "id": os.environ["JOB"],
        "environment": os.environ["ENVIRONMENT_OF_JOB"],
        "permissions": json.loads(os.environ["PERMISSIONS"]),
    }
    request = Request(os.environ["RUNNER_STAND_IN"], json.dumps(asked).encode(), method="POST")
    with build_opener(ProxyHandler({})).open(request) as response:
        given = json.load(response)
    if "refused" in given:
        sys.exit(given["refused"])
    for secret in given["hidden"]:
        sys.stdout.write(f"::add-mask::{secret}\n")
    with Path(os.environ["GITHUB_ENV"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in given["variables"].items())


if __name__ == "__main__":
    main()
