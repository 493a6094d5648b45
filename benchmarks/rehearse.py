"""Measures a rehearsal, phase by phase, and planning all phases against one `terraform plan` after another.

    python -m benchmarks.rehearse [--environment prod] [--runs N]

The rollout runs on emulated AWS from synthesis to the empty second plan. Then, with everything applied, planning
all phases with `bin/ops plan` alternates with the baseline: `terraform plan` in one folder after the
other. Both start from the same initialized folders, against the same emulator; times are medians, memory
is the highest of the whole process tree (see benchmarks/synth.py). The exit code says whether the promise is kept.
"""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.gate import verdict
from benchmarks.synth import ROOT, Way, peak_memory, run
from environments import load
from ops.terraform.schedule import PROVIDER_BYTES, default_jobs
from rehearsal.context import Rehearsal, emulated_environment
from rehearsal.rollout import nothing_left
from rehearsal.steps import every_phase_applies

FASTER = 1.5
"""How much faster planning all phases must be than one after another, on two cores."""
MINUTES = 8
"""What a rollout may take on two cores."""


def main() -> int:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rehearse", description="Measure a rehearsal.")
    parser.add_argument("--environment", default="prod", help="what is rehearsed (default: prod)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each way to plan; the median counts (default: 3)")
    arguments = parser.parse_args()
    environment = load(arguments.environment)
    start = time.perf_counter()
    subprocess.run([sys.executable, "-O", "main.py", environment.name], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    print(f"{environment.name}\n  synthesis {time.perf_counter() - start:6.1f} s")
    with emulated_environment(environment, ROOT / "cdktf.out", "benchmark") as rehearsal:
        seen = every_phase_applies(rehearsal)
        applied = time.perf_counter()
        for phase in seen.phases:
            planning = (seen.planning or {}).get(phase.phase, 0)
            print(f"  {phase.phase:13} {phase.seconds + planning:6.1f} s   of it planning {planning:5.1f} s")
        nothing_left(rehearsal)
        whole = time.perf_counter() - start
        print(f"  second plan   {time.perf_counter() - applied:6.1f} s")
        print(f"  whole rollout {whole:6.1f} s (at most {MINUTES} minutes)   {verdict(whole <= 60 * MINUTES)}")
        return 0 if compare(rehearsal, arguments.runs) and whole <= 60 * MINUTES else 1


def compare(rehearsal: Rehearsal, runs: int) -> bool:
    """Planning all phases at once against one after another; whether the promise is kept."""
    name = rehearsal.environment.name
    folders = [stack.folder for stack in rehearsal.session.stacks().values()]
    plans = [f"terraform -chdir={shlex.quote(str(each))} plan -input=false -out={_plan(each)}" for each in folders]
    one_by_one = Way("one after another", ["bash", "-ec", "\n".join(plans)], {}, rehearsal.folder)
    at_once = Way(
        "ops plan", [sys.executable, "-m", "ops", "plan", name, "--out", str(rehearsal.folder)], {}, rehearsal.folder
    )
    times: dict[str, list[float]] = {way.name: [] for way in (one_by_one, at_once)}
    for _ in range(runs):
        for way in (one_by_one, at_once):
            times[way.name].append(run(way)[0])
    medians = {each: statistics.median(taken) for each, taken in times.items()}
    memory = {way.name: peak_memory(way) for way in (one_by_one, at_once)}
    ratio, most = medians[one_by_one.name] / medians[at_once.name], default_jobs() * PROVIDER_BYTES
    print(f"planning {len(folders)} phases, median of {runs} runs, {default_jobs()} at once on {os.cpu_count()} cores")
    for each, seconds in medians.items():
        print(f"  {each:18} {seconds:6.1f} s {memory[each] / 1e6:6.0f} MB")
    print(f"  times faster (at least {FASTER}) {ratio:5.2f}   {verdict(ratio >= FASTER)}")
    print(f"  memory at most {most / 1e6:.0f} MB   {verdict(memory[at_once.name] <= most)}")
    return ratio >= FASTER and memory[at_once.name] <= most


def _plan(folder: Path) -> str:
    return shlex.quote(str(folder / "baseline.tfplan"))


if __name__ == "__main__":
    sys.exit(main())
