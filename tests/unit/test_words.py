"""Words that make a text hard to read for a reader whose first language isn't English are in no tracked file."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.cases import every_case

ROOT = Path(__file__).parents[2]
BANNED = re.compile(r"\b(mend(?:s|ed|ing)?|anew|nobody|whoever|beforehand|can't be told)\b", re.IGNORECASE)
INSTEAD = {
    "mend": "fix or correct",
    "anew": "again, or re-create",
    "nobody": "no one, or name what is missing",
    "whoever": "name who it is",
    "beforehand": "first, or with --yes",
    "can't be told": "unknown",
}
ALLOWED = {
    "tests/unit/test_words.py": "lists the words",
    "requirements.txt": "generated; names and hashes of packages",
    "ops/iam/reference.json": "generated from AWS's own texts",
}


def tracked() -> list[str]:
    listed = subprocess.run(("git", "ls-files", "-z"), cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and name not in ALLOWED]


def banned_in(text: str) -> list[str]:
    """Lines with a banned word, each with its number."""
    return [f"{number}: {line.strip()}" for number, line in enumerate(text.splitlines(), 1) if BANNED.search(line)]


@every_case("text", ["Mend it", "deployed anew", "nobody's", "WHOEVER", "say it beforehand", "it can't be told"])
def test_a_banned_word_is_found(text: str) -> None:
    assert banned_in(f"fine\n{text}\n") == [f"2: {text}"]


@every_case("text", ["recommends", "an amendment", "somebody", "it is told", "who ever"])
def test_other_words_are_fine(text: str) -> None:
    assert not banned_in(text)


def test_no_banned_word_is_in_a_tracked_file() -> None:
    found = []
    for name in tracked():
        path = ROOT / name
        try:
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
        except UnicodeDecodeError:
            continue  # Not a text.
        found += [f"{name}:{line}" for line in banned_in(text)]
    assert not found, "\n".join([*found, *(f"write {good} for {bad!r}" for bad, good in INSTEAD.items())])


def test_every_exception_exists_and_has_a_reason() -> None:
    assert all(reason and (ROOT / name).is_file() for name, reason in ALLOWED.items())
