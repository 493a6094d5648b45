"""Searches for the values of secrets in states (all versions), plans, logs and reports."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def needles(planted: Mapping[str, str]) -> dict[bytes, str]:
    """What to search for, with the secret's name: each value, and the password in it if it is a URL."""
    found = {value.encode(): name for name, value in planted.items()}
    for name, value in planted.items():
        password = urlsplit(value).password if "://" in value else None
        if password:
            found[password.encode()] = f"the password in {name}"
    return found


def in_files(folder: Path, wanted: Mapping[bytes, str]) -> Iterator[str]:
    """Where a value is in a file below a folder, or in a part of an archive such as a saved plan."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        for part, content in _parts(path):
            yield from (f"{name} in {path.relative_to(folder)}{part}" for name in _found(content, wanted))


def in_bucket(s3: Any, bucket: str, wanted: Mapping[bytes, str]) -> Iterator[str]:  # noqa: ANN401  (a boto3 client)
    """Where a value is in an object of a bucket, in any version."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    for each in (version for page in pages for version in page.get("Versions", ())):
        content = s3.get_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])["Body"].read()
        yield from (f"{name} in s3://{bucket}/{each['Key']} {each['VersionId']}" for name in _found(content, wanted))


def _parts(path: Path) -> Iterator[tuple[str, bytes]]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from ((f" ({name})", archive.read(name)) for name in archive.namelist())
    else:
        yield "", path.read_bytes()


def _found(content: bytes, wanted: Mapping[bytes, str]) -> list[str]:
    return [name for needle, name in wanted.items() if needle in content]
