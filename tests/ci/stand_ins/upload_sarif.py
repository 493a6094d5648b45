"""Uploads a SARIF file, as github/codeql-action/upload-sarif does.

https://docs.github.com/en/rest/code-scanning/code-scanning#upload-an-analysis-as-sarif-data
"""

from __future__ import annotations

import base64
import gzip
import json
import os
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener


def main() -> None:
    """Check that it is SARIF, and upload it."""
    content = Path(os.environ["SARIF"]).read_bytes()
    if json.loads(content)["version"] != "2.1.0":
        raise SystemExit("no SARIF 2.1.0")
    body = {
        "commit_sha": os.environ["GITHUB_SHA"],
        "ref": os.environ["GITHUB_REF"],
        "sarif": base64.b64encode(gzip.compress(content)).decode(),
        "category": os.environ["CATEGORY"],
    }
    address = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/code-scanning/sarifs"
    headers = {"Authorization": f"Bearer {os.environ['JOB_TOKEN']}"}
    with build_opener(ProxyHandler({})).open(Request(address, json.dumps(body).encode(), headers, method="POST")):
        pass


if __name__ == "__main__":
    main()
