"""The folder in which stacks are synthesized is removed, also after a process that was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modules.synthesis import synthesize

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_what_a_killed_synthesis_left_is_removed_and_a_running_one_s_folder_is_not(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from modules import synthesis\n"
        "def wait(*_): print(flush=True); sys.stdin.read()\n"
        "synthesis.build = wait\n"
        "synthesis.synthesize([__import__('environments').load('staging')], Path(sys.argv[1]), organization=False)"
    )

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, str(tmp_path)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout and process.stdout.readline()
        return process

    (tmp_path / "stacks").mkdir()
    killed = start()
    killed.terminate()
    killed.communicate()
    (left,) = tmp_path.glob(".synth-*")
    running = start()
    try:
        (its,) = tmp_path.glob(".synth-*")
        assert its != left
        synthesize([], tmp_path, organization=False)
        assert [*tmp_path.glob(".synth-*")] == [its]
    finally:
        running.kill()
        running.communicate()
    synthesize([], tmp_path, organization=False)
    assert not [*tmp_path.glob(".synth-*")]
